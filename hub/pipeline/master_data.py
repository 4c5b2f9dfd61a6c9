"""Dated reference lists: read with findings by line, compared with what is stored, then applied.

A newer row ends the older one of the same code the day before it begins, so that a register never has two answers for
one day. Lists about persons carry no identifier in their code: coverage rows are kept under the blind index.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from types import MappingProxyType

from hub.errors import ConfigurationError
from hub.intake.cells import Cells, Listing, finding, read_rows
from hub.intake.lists import take_assignments
from hub.intake.values import parse_bsn, parse_money, parse_uzovi
from hub.model.identity import is_bsn, is_uzovi, mask
from hub.pipeline.intake.treatment_assignments import assignment_body
from hub.policy.tariff import ANY_PAYER
from hub.ports import Coverage
from hub.programmes.register import private_uzovis
from hub.store import reference, subjects
from hub.store.reference import ReferenceRow
from hub.store.unit import Unit

Row = tuple[int, ReferenceRow]
"""A row with the line it stood on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What holds for every row of one import. `blind` gives a BSN's blind index in the tenant."""

    valid_from: date | None = None
    source: str = ""
    blind: Callable[[str], str] = str


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of reference list: what it is called in the store, how it is read, and whether it is about persons."""

    stored: str
    read: Callable[[bytes, str, Terms], Listing[Row]]
    shown: tuple[str, ...]
    personal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What an import would change: new and changed rows to store, earlier rows that end, and those that stay."""

    kind: str
    added: tuple[ReferenceRow, ...] = ()
    changed: tuple[ReferenceRow, ...] = ()
    ended: tuple[ReferenceRow, ...] = ()
    same: tuple[ReferenceRow, ...] = ()

    @property
    def unchanged(self) -> int:
        """How many rows are stored as they were told."""
        return len(self.same)


def kind_named(name: str) -> Kind:
    """The kind of that name; ConfigurationError naming those there are."""
    if name not in KINDS:
        raise ConfigurationError(f"no reference data called {name!r}", hint=f"one of: {', '.join(KINDS)}")
    return KINDS[name]


def read(name: str, data: bytes, file_name: str, terms: Terms) -> Listing[ReferenceRow]:
    """The rows of a reference list; of rows with the same code and first day the first counts."""
    listing = kind_named(name).read(data, file_name, terms)
    first: dict[tuple[str, date], int] = {}
    findings = list(listing.findings)
    rows: list[ReferenceRow] = []
    for line, row in listing.rows:
        known = first.setdefault((row.code, row.valid_from), line)
        if known == line:
            rows.append(row)
        else:
            findings.append(finding("LIST_TWICE", line, expected=str(known)))
    return Listing(rows=tuple(rows), findings=tuple(sorted(findings, key=lambda one: one.line or 0)))


def plan(unit: Unit, name: str, rows: Sequence[ReferenceRow]) -> Plan:
    """Compare rows with what is stored, changing nothing."""
    stored = kind_named(name).stored
    known = {(row.code, row.valid_from): row for row in reference.rows_of(unit, stored)}
    wanted = {(row.code, row.valid_from): row for row in rows}
    after = {(row.code, row.valid_from): row for row in _without_overlap([*(known | wanted).values()])}
    return Plan(
        kind=stored,
        added=tuple(after[key] for key in wanted if key not in known),
        changed=tuple(after[key] for key in wanted if key in known and after[key] != known[key]),
        ended=tuple(row for key, row in after.items() if key in known and key not in wanted and row != known[key]),
        same=tuple(known[key] for key in wanted if key in known and after[key] == known[key]),
    )


def apply(unit: Unit, wanted: Plan) -> None:
    """Store what a plan says."""
    reference.put(unit, wanted.kind, (*wanted.ended, *wanted.changed, *wanted.added))
    reference.told_again(unit, wanted.kind, wanted.same)


def blinding(unit: Unit) -> Callable[[str], str]:
    """How BSNs are blinded in this tenant."""
    return lambda bsn: subjects.blind(unit, "bsn", bsn)


def shown(name: str, row: ReferenceRow) -> dict[str, str]:
    """A row for people: personal values masked."""
    body = {column: row.body.get(column, "") for column in kind_named(name).shown}
    for column in ("bsn", "patient_ref"):
        if body.get(column):
            body[column] = mask(body[column])
    start = "" if row.valid_from == date.min else row.valid_from.isoformat()
    return body | {"valid_from": start, "valid_to": row.valid_to.isoformat() if row.valid_to else ""}


def _without_overlap(rows: Iterable[ReferenceRow]) -> list[ReferenceRow]:
    by_code: dict[str, list[ReferenceRow]] = {}
    for row in rows:
        by_code.setdefault(row.code, []).append(row)
    return [row for same in by_code.values() for row in _ended_in_turn(same)]


def _ended_in_turn(rows: Sequence[ReferenceRow]) -> list[ReferenceRow]:
    ordered = sorted(rows, key=lambda row: row.valid_from)
    ended: list[ReferenceRow] = []
    for row, following in zip(ordered, [*ordered[1:], None], strict=True):
        last = following.valid_from - timedelta(days=1) if following else None
        overlaps = last is not None and (row.valid_to is None or row.valid_to > last)
        ended.append(replace(row, valid_to=last) if overlaps else row)
    return ended


def _register(data: bytes, name: str, terms: Terms) -> Listing[Row]:
    """`uzovi;name` and optionally `concern;valid_from;valid_to;basic_insurance;source;confidence`."""
    known = ("concern", "basic_insurance", "confidence", *_DATED)
    return read_rows(data, name, ("uzovi", "name"), lambda cells: _register_row(cells, terms), known)


def _register_row(cells: Cells, terms: Terms) -> Row | None:
    """One number; an insurer listed without one is named and left out, because a number is never guessed."""
    if not cells.text("uzovi"):
        cells.warn("LIST_EMPTY", "uzovi")
        return None
    uzovi = cells.passed("uzovi", parse_uzovi(cells.text("uzovi"))[0], is_uzovi, "UZOVI: 4")
    told = cells.word("basic_insurance", ("", "yes", "no", "ja", "nee", "nei"))
    basic = told in ("yes", "ja") if told else uzovi not in private_uzovis()
    body = {
        "name": cells.needed("name"),
        "concern": cells.text("concern"),
        "basic_insurance": "yes" if basic else "no",
        "confidence": cells.text("confidence"),
    }
    return _dated(cells, terms, uzovi, {"uzovi": uzovi} | body)


def _tariffs(data: bytes, name: str, terms: Terms) -> Listing[Row]:
    """`module;payer;amount` and optionally `valid_from;valid_to;source`; payer is a UZOVI, a concern or `*`."""
    return read_rows(data, name, ("module", "payer", "amount"), lambda cells: _tariff_row(cells, terms), _DATED)


def _tariff_row(cells: Cells, terms: Terms) -> Row:
    payer = cells.text("payer") or ANY_PAYER
    payer = parse_uzovi(payer)[0] if payer.isdigit() else payer
    amount = parse_money(cells.needed("amount"), "EUR")
    if cells.text("amount") and (amount is None or amount.minor < 0):
        cells.refuse("LIST_NUMBER", "amount", expected="EUR 0.91")
    module = cells.needed("module").upper()
    body = {"module": module, "payer": payer, "amount": str(amount.decimal()) if amount is not None else ""}
    return _dated(cells, terms, f"{module}:{payer.casefold()}", body)


def _assignments(data: bytes, name: str, terms: Terms) -> Listing[Row]:
    """Treatment assignments; a line without SakID or insurer is named and left out."""
    taken = take_assignments(data, name)
    cells = [(one, Cells(one.line, {"sak_id": one.sak_id, "insurer": one.insurer_orgnr})) for one in taken.rows]
    for _, one in cells:
        one.needed("sak_id")
        one.needed("insurer")
    return Listing(
        rows=tuple((one.line, _always(one.sak_id, assignment_body(one), terms)) for one, row in cells if row.good),
        findings=(*taken.findings, *(each for _, row in cells for each in row.findings)),
    )


def _coverage(data: bytes, name: str, terms: Terms) -> Listing[Row]:
    """`bsn;reference_date;uzovi;insured`; an empty reference date means every date."""
    needed = ("bsn", "reference_date", "uzovi", "insured")
    return read_rows(data, name, needed, lambda cells: _coverage_row(cells, terms))


def _coverage_row(cells: Cells, terms: Terms) -> Row:
    bsn = parse_bsn(cells.needed("bsn"))[0]
    if bsn and not is_bsn(bsn):
        cells.warn("LIST_NUMBER", "bsn", expected="BSN")
    told = _TOLD.get(cells.word("insured", tuple(_TOLD)), Coverage.NO_ANSWER)
    uzovi = parse_uzovi(cells.text("uzovi"))[0] if told is Coverage.INSURED else ""
    if told is Coverage.INSURED and not is_uzovi(uzovi):
        cells.refuse("LIST_NUMBER", "uzovi", expected="UZOVI: 4")
    day = cells.day("reference_date")
    when = day.isoformat() if day else ""
    body = {"bsn": bsn, "reference_date": when, "coverage": told.value, "uzovi": uzovi}
    return cells.line, _always(f"{terms.blind(bsn)}:{when}", body, terms)


_TOLD = {
    "yes": Coverage.INSURED,
    "no": Coverage.NOT_INSURED,
    "double": Coverage.DOUBLE,
    "too_old": Coverage.TOO_OLD,
    "no_answer": Coverage.NO_ANSWER,
    "": Coverage.NO_ANSWER,
}


def _codes(data: bytes, name: str, terms: Terms) -> Listing[Row]:
    """`list;code;en` and optionally `nb;nl;severity;who_acts;hint_en;hint_nb;hint_nl` and the days."""
    return read_rows(data, name, ("list", "code", "en"), lambda cells: _code_row(cells, terms), (*_CODE, *_DATED))


_CODE = ("nb", "nl", "severity", "who_acts", "hint_en", "hint_nb", "hint_nl")


def _code_row(cells: Cells, terms: Terms) -> Row:
    listed, code = cells.needed("list"), cells.needed("code")
    cells.passed("code", f"{listed}:{code}", lambda text: len(text) <= _LONGEST_CODE, f"list:code <= {_LONGEST_CODE}")
    body = {"list": listed, "code": code, "en": cells.needed("en")} | {name: cells.text(name) for name in _CODE}
    return _dated(cells, terms, f"{listed}:{code}", body)


_LONGEST_CODE = 60
_DATED = ("valid_from", "valid_to", "source")


def _dated(cells: Cells, terms: Terms, code: str, body: Mapping[str, str]) -> Row:
    """A row with its days: its own columns come before what holds for the whole list."""
    first = cells.day("valid_from") or terms.valid_from
    last = cells.day("valid_to")
    if first is None and not cells.text("valid_from"):
        cells.refuse("LIST_FIRST_DAY", "valid_from")
    if first and last and last < first:
        cells.refuse("LIST_DATE", "valid_to")
    row = ReferenceRow(
        code=code,
        body=body,
        valid_from=first or date.min,
        valid_to=last,
        source=cells.text("source") or terms.source,
    )
    return cells.line, row


def _always(code: str, body: Mapping[str, str], terms: Terms) -> ReferenceRow:
    """A row whose own columns say when it holds, so that it stands once and is replaced by the next import."""
    return ReferenceRow(code=code, body=body, valid_from=terms.valid_from or date.min, source=terms.source)


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "uzovi": Kind(stored="uzovi", read=_register, shown=("uzovi", "name", "concern", "basic_insurance")),
        "tariffs": Kind(stored="tariff", read=_tariffs, shown=("module", "payer", "amount")),
        "assignments": Kind(
            stored="assignment",
            read=_assignments,
            shown=("sak_id", "insurer_name", "insurer_orgnr", "patient_ref", "quota", "coverage", "codes"),
            personal=True,
        ),
        "coverage": Kind(
            stored="coverage", read=_coverage, shown=("bsn", "reference_date", "coverage", "uzovi"), personal=True
        ),
        "codes": Kind(stored="codes", read=_codes, shown=("list", "code", "en", "who_acts")),
    }
)
"""What can be imported, by the word people use."""
