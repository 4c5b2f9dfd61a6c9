"""Payments that name numbers in free text: files we sent (T2), invoices (T4).

A number counts only as a whole token, only of a payer whose account the money came from, and only when the amount is
exact. Strict matching also wants that nothing else would fit: no other open claim of that payer with the same amount,
no second number of the same length in the text.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from hub.matching.book import Book
from hub.matching.items import Evidence, Match, MatchRules, Tier
from hub.matching.outcome import post, review
from hub.matching.references import by_patterns, numbers, tokens
from hub.model.payment import Payment, ReferenceKind


@dataclass(slots=True)
class _Named:
    """What a text names: token -> items, token -> files' items, and tokens a payer's own pattern found."""

    items: dict[str, list[int]] = field(default_factory=dict)
    files: dict[str, list[int]] = field(default_factory=dict)
    strangers: list[int] = field(default_factory=list)
    patterned: set[str] = field(default_factory=set)
    runs: list[str] = field(default_factory=list)

    @property
    def all_items(self) -> list[int]:
        return list(dict.fromkeys(index for found in (*self.files.values(), *self.items.values()) for index in found))


def text_of(payment: Payment) -> str:
    """All free text a number may stand in; a KID or RF is not free text."""
    parts = [payment.text, *(document.reference for document in payment.documents)]
    if payment.reference_kind in (None, ReferenceKind.NL, ReferenceKind.OTHER):
        parts.append(payment.reference)
    return " | ".join(part for part in parts if part)


def by_text(payment: Payment, book: Book, rules: MatchRules) -> Match:
    """T2 and T4: what the text names, of the payer the account belongs to."""
    if payment.amount.minor <= 0:
        return review(payment, Tier.NONE, "outgoing")
    owners = book.owners(payment.payer_account)
    named = _find(payment, book, owners, rules)
    evidence = _evidence(book, named)
    if not named.all_items:
        code = "no_reference" if not named.strangers else ("other_payer" if owners else "payer_unknown")
        return review(payment, Tier.NONE, code, evidence, claims=book.claims(named.strangers))
    doubt = _doubt(book, named, rules)
    if doubt:
        return review(payment, Tier.TEXT, doubt, evidence, claims=book.claims(_live(book, named.all_items)))
    if named.files:
        return _file(payment, book, named, evidence, rules)
    return _invoices(payment, book, named, evidence, rules)


def _find(payment: Payment, book: Book, owners: frozenset[str], rules: MatchRules) -> _Named:
    named, text = _Named(), text_of(payment)
    named.runs = numbers(text)
    for payer in owners:
        named.patterned.update(by_patterns(text, rules.remittance_patterns.get(payer, ())))
    for token in (*(written := tokens(text)), *sorted(named.patterned - set(written))):
        for payer in sorted(owners):
            file = [index for index in book.batch(payer, token) if book.fits(index, payment)]
            if file:
                named.files.setdefault(token, []).extend(file)
        fitting = [index for index in book.numbered(token) if book.fits(index, payment)]
        own = [index for index in fitting if book.items[index].payer in owners]
        named.strangers += [index for index in fitting if book.items[index].payer not in owners]
        if own:
            named.items[token] = own
    in_files = {index for found in named.files.values() for index in found}
    named.items = {
        token: [index for index in found if index not in in_files]
        for token, found in named.items.items()
        if token not in named.files or not in_files.issuperset(found)
    }
    named.items = {token: found for token, found in named.items.items() if found}
    return named


def _evidence(book: Book, named: _Named) -> tuple[Evidence, ...]:
    """Which numbers were recognised; never the text itself, which may hold names."""
    rows = []
    for found, field_name in ((named.files, "file number in text"), (named.items, "number in text")):
        rows += [
            Evidence(
                field=field_name,
                value=token,
                claim_id=book.items[indexes[0]].claim_id if len(indexes) == 1 else "",
            )
            for token, indexes in found.items()
        ]
    return tuple(rows)


def _live(book: Book, indexes: Iterable[int]) -> list[int]:
    return [index for index in indexes if book.open[index]]


def _doubt(book: Book, named: _Named, rules: MatchRules) -> str:
    """What makes the naming itself unclear, whatever the amount; the first ground counts."""
    live = _live(book, named.all_items)
    if not live:
        return "already_paid"
    settled = any(not _live(book, found) for found in (*named.items.values(), *named.files.values()))
    grounds = {
        "not_unique": any(len(_live(book, found)) > 1 for found in named.items.values()),
        "several_payers": len({book.ledger(index) for index in live}) != 1,
        "names_other_payer": bool(named.strangers),
        "names_settled": settled and rules.strict(book.items[live[0]].payer),
        "other_number": _other_number(named),
    }
    return next((code for code, holds in grounds.items() if holds), "")


def _other_number(named: _Named) -> bool:
    """Whether another run of digits as long as a recognised number stands in the text."""
    hits = (*named.items, *named.files)
    lengths = {len(run) for token in hits for run in numbers(token)}
    return any(len(run) in lengths and not any(run in token for token in hits) for run in named.runs)


def _file(payment: Payment, book: Book, named: _Named, evidence: tuple[Evidence, ...], rules: MatchRules) -> Match:
    """T2: the granted amounts of the named files, less credits the payer may have netted, oldest first."""
    selected = _live(book, named.all_items)
    ledger, amount = book.ledger(selected[0]), payment.amount.minor
    expected = sum(book.open[index] for index in selected)
    sums = Evidence(field="granted and outstanding", value=str(expected))
    if expected == amount:
        if _tied(payment, book, named, rules):
            return review(payment, Tier.BATCH, "amount_of_another", (*evidence, sums), claims=book.claims(selected))
        return post(payment, Tier.BATCH, "exact", book=book, indexes=selected, evidence=(*evidence, sums))
    netting = _netting(book, _credits(payment, book, selected), expected - amount)
    if netting:
        told = tuple(
            Evidence(field="credit netted", value=str(book.open[i]), claim_id=book.items[i].claim_id) for i in netting
        )
        indexes = [*selected, *netting]
        return post(payment, Tier.BATCH, "netted", book=book, indexes=indexes, evidence=(*evidence, sums, *told))
    reasons = [*evidence, sums, Evidence(field="difference", value=str(amount - expected))]
    if book.balance(ledger) == amount:
        reasons.append(Evidence(field="balance of everything open with this payer", value=str(amount)))
    return review(payment, Tier.BATCH, "batch_difference", tuple(reasons), claims=book.claims(selected))


def _tied(payment: Payment, book: Book, named: _Named, rules: MatchRules) -> bool:
    """Strict: a file of one claim, named without the payer's own words, must not have a twin of the same amount."""
    live = _live(book, named.all_items)
    index = live[0]
    if len(live) > 1 or named.patterned & set(named.files) or not rules.strict(book.items[index].payer):
        return False
    return book.others_of_amount(index, payment, book.open[index]) > 0


def _credits(payment: Payment, book: Book, selected: Sequence[int]) -> list[int]:
    """Credits of the same current account that were out when the payment was booked, oldest first."""
    taken, day = set(selected), payment.booked
    return [
        index
        for index in book.credits(book.ledger(selected[0]))
        if index not in taken
        and book.fits(index, payment)
        and (day is None or (book.items[index].issue_date or day) <= day)
    ]


def _netting(book: Book, oldest_first: Sequence[int], wanted: int) -> list[int]:
    """The oldest credits that make up the difference exactly, none left out between them."""
    total, taken = 0, []
    for index in oldest_first:
        taken.append(index)
        total -= book.open[index]
        if total >= wanted:
            break
    return taken if taken and total == wanted else []


def _invoices(payment: Payment, book: Book, named: _Named, evidence: tuple[Evidence, ...], rules: MatchRules) -> Match:
    """T4: the invoices named, together exactly the amount."""
    selected = _live(book, named.all_items)
    expected = sum(book.open[index] for index in selected)
    if expected != payment.amount.minor:
        told = (*evidence, Evidence(field="payable", value=str(expected)))
        return review(payment, Tier.TEXT, "amount_differs", told, claims=book.claims(selected))
    alone = len(selected) == 1 and rules.strict(book.items[selected[0]].payer)
    if alone and book.others_of_amount(selected[0], payment, expected):
        return review(payment, Tier.TEXT, "amount_of_another", evidence, claims=book.claims(selected))
    return post(payment, Tier.TEXT, "exact", book=book, indexes=selected, evidence=evidence)
