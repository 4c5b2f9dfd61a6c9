"""Which claims a payment's text names: of the payer whose account the money came from, and of others.

At each place of the text the longest number that is one of ours counts; shorter ones inside it are kept aside, because
`2024-10023` may be one number, or a year and a number.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from itertools import chain

from hub.matching.book import BARE, FILE, Book
from hub.matching.items import Evidence, MatchRules
from hub.matching.references import SHORTEST, by_patterns
from hub.matching.wording import Spot, cleaned, runs, spots
from hub.model.payment import Payment, ReferenceKind


@dataclass(slots=True)
class Named:
    """What a text names: number -> claims, number -> claims of the files so called; `inside` stand in longer ones."""

    items: dict[str, list[int]] = field(default_factory=dict)
    files: dict[str, list[int]] = field(default_factory=dict)
    inside: dict[str, list[int]] = field(default_factory=dict)
    strangers: dict[str, list[int]] = field(default_factory=dict)
    text: str = ""
    cleaned: str = ""

    def every(self) -> list[int]:
        """All claims named, files first, each once."""
        if len(self.items) == 1 and not self.files:
            return next(iter(self.items.values()))
        return list(dict.fromkeys(chain(*self.files.values(), *self.items.values())))

    def other_numbers(self) -> list[str]:
        """Numbers in the text as long as a recognised one that are none of ours: a second claim may be meant."""
        shown = runs(self.cleaned)
        if len(shown) == len(self.items) + len(self.files) == 1:
            return []
        hits = "|".join((*self.items, *self.files))
        lengths = {len(run) for run in runs(hits)}
        return [run for run in shown if len(run) in lengths and run not in hits]


def text_of(payment: Payment) -> str:
    """All free text a number may stand in; a KID or RF is not free text."""
    if not payment.documents and (not payment.reference or payment.reference_kind in _CHECKED):
        return payment.text
    parts = [payment.text, *(document.reference for document in payment.documents)]
    if payment.reference_kind not in _CHECKED:
        parts.append(payment.reference)
    return " | ".join(part for part in parts if part)


_CHECKED = (ReferenceKind.KID, ReferenceKind.RF)


def find(payment: Payment, book: Book, owners: Collection[str], rules: MatchRules) -> Named:
    """What the text names, read with the payer's own patterns too."""
    named = Named(text=text_of(payment))
    if not named.text:
        return named
    done = -1
    named.cleaned = cleaned(named.text)
    for spot in spots(named.cleaned, letters=book.letters):
        own, file, strange, form = _lookup(spot, payment, book, owners)
        if not form:
            continue
        if spot.first > done:
            done = spot.last
            _note(named, form, own, file, strange)
        elif own:
            named.inside[form] = own
    for payer in owners if rules.remittance_patterns else ():
        for number in by_patterns(named.text, rules.remittance_patterns.get(payer, ())):
            _by_pattern(named, number, payment, book, owners)
    if named.files:
        _without_files(named)
    if named.inside:
        whole = set(named.every())
        named.inside = {form: found for form, found in named.inside.items() if not whole.issuperset(found)}
    return named


def _note(named: Named, form: str, own: list[int], file: list[int], strange: list[int]) -> None:
    if file:
        named.files[form] = file
    if own:
        named.items[form] = own
    if strange:
        named.strangers[form] = strange


def _lookup(
    spot: Spot, payment: Payment, book: Book, owners: Collection[str]
) -> tuple[list[int], list[int], list[int], str]:
    """Claims of the payer's own with this number, those of its file so called, and claims of others."""
    for form in spot.forms:
        found = book.entries(form)
        if len(found) > 1:
            found = [each for each in found if each[2] == len(form) and each[1] != BARE] or found
        own: list[int] = []
        file: list[int] = []
        strange: list[int] = []
        for index, kind, _ in found:
            if not book.fits(index, payment):
                continue
            if book.payer(index) in owners:
                (file if kind == FILE else own).append(index)
            else:
                strange.append(index)
        if own or file or strange:
            if len(found) > 1:
                own, file, strange = (list(dict.fromkeys(each)) for each in (own, file, strange))
            return own, file, [] if own or file else strange, form
    return [], [], [], ""


def _by_pattern(named: Named, number: str, payment: Payment, book: Book, owners: Collection[str]) -> None:
    """A payer's own pattern finds a number wherever it stands, also inside a word."""
    if number in named.items or number in named.files or len(number) < SHORTEST:
        return
    own, file, strange, form = _lookup(Spot(0, 0, (number,)), payment, book, owners)
    _note(named, form, own, file, strange)


def _without_files(named: Named) -> None:
    """A claim named by its file and by itself is named once."""
    in_files = {index for found in named.files.values() for index in found}
    left = {number: [index for index in found if index not in in_files] for number, found in named.items.items()}
    named.items = {number: found for number, found in left.items() if found}


def evidence_of(book: Book, named: Named) -> tuple[Evidence, ...]:
    """Which numbers were recognised; never the text itself, which may hold names."""
    rows = []
    for found, field_name in ((named.files, "file number in text"), (named.items, "number in text")):
        for number, indexes in found.items():
            alone = book.claims[indexes[0]] if len(indexes) == 1 else ""
            rows.append(Evidence(field_name, number, alone))
    return tuple(rows)


def live(book: Book, indexes: Iterable[int]) -> list[int]:
    """Those of some claims that have something payable."""
    return [index for index in indexes if book.open[index]]
