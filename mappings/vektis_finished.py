"""Finished claim files of any fixed-width Vektis standard become claim lines, read by what the standards share.

Source: layout tables; the codes of fields (`NUM362`, `BED161`) are the same in every standard, element numbers are not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from hub.errors import FormatError
from hub.model.finding import Finding
from hub.model.money import Money
from hub.model.person import Person
from schemas.vektis import Record, VektisFile
from schemas.vektis.field_rules import NO_BSN
from schemas.vektis.report import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimFileHeader:
    """What stands in the opening record of a claim file; AGB codes are empty where the header leaves them zero.

    `payment_to` is COD833: 01 service bureau, 02 practitioner, 03 practice, 04 institution.
    """

    invoice_number: str
    invoice_date: date
    period_begin: date
    period_end: date
    uzovi: str
    service_bureau: str = ""
    practitioner: str = ""
    practice: str = ""
    institution: str = ""
    payment_to: str = "04"
    test: bool = True
    vat_id: str = ""
    currency: str = "EUR"
    software_code: str = ""
    software_version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimFileLine:
    """One line of a finished claim file, signed (a credit is negative), as intake needs it to make a claim.

    `findings` is not empty when the record cannot be read; then only what could be read is filled.
    """

    record: int
    ref: str = ""
    previous_ref: str = ""
    person: Person
    uzovi: str = ""
    service_code: str = ""
    code_list: str = ""
    begins: date | None = None
    ends: date | None = None
    quantity: int = 1
    unit_price: Money | None = None
    amount: Money | None = None
    performer: str = ""
    findings: tuple[Finding, ...] = ()


def from_claim_file(file: VektisFile) -> tuple[ClaimFileHeader, list[ClaimFileLine]]:
    """Header and lines of a finished claim file of any fixed-width standard; FormatError when the header is broken.

    Run `check` first: this reads what the standards have in common, by element code (`NUM362`, `BED161`), and does not
    judge it. A line that cannot be read comes back with its finding.
    """
    header = _read_header(file.header)
    report = Report(file.format)
    lines: list[ClaimFileLine] = []
    above: dict[str, Record] = {}
    for record in file.records:
        if not record.whole:
            if record.kind in ("02", "04", file.layout.money_kind):
                lines.append(_unread(record, report))
            above.pop(record.kind, None)
            continue
        above[record.kind] = record
        if record.kind == file.layout.money_kind:
            lines.append(_read_line(record, above, header.currency, report))
    return header, lines


def _unread(record: Record, report: Report) -> ClaimFileLine:
    report.add("BROKEN-LINE", record)
    return ClaimFileLine(record=record.number, person=Person(), findings=(report.findings[-1],))


def _read_header(record: Record) -> ClaimFileHeader:
    if not record.whole:
        raise FormatError("the opening record has the wrong length", where="record 1", hint="run check on the file")
    return ClaimFileHeader(
        invoice_number=record.string("NUM029"),
        invoice_date=_existing(record, "DAT031"),
        period_begin=_existing(record, "DAT043"),
        period_end=_existing(record, "DAT044"),
        uzovi=_code(record, "COD061"),
        service_bureau=_code(record, "COD377"),
        practitioner=_code(record, "COD009"),
        practice=_code(record, "COD181"),
        institution=_code(record, "COD031"),
        payment_to=record.string("COD833"),
        test=record.string("COD856") == "T",
        vat_id=record.string("NUM351"),
        currency=record.string("COD363") or "EUR",
        software_code=_code(record, "COD805"),
        software_version=record.string("NUM284"),
    )


def _existing(record: Record, name: str) -> date:
    day = record.date_of(name)
    if day is None:
        one = record.layout.field(name)
        raise FormatError(f"{one.element} {one.name} is not filled", where=f"record 1, positions {one.start}-{one.end}")
    return day


def _code(record: Record, name: str) -> str:
    return record.string(name) if record.filled(name) else ""


def _read_line(record: Record, above: dict[str, Record], currency: str, report: Report) -> ClaimFileLine:
    try:
        return _whole_line(record, above, currency)
    except FormatError:
        return _unread(record, report)


def _whole_line(record: Record, above: dict[str, Record], currency: str) -> ClaimFileLine:
    sources = [one for one in (record, above.get("04"), above.get("02")) if one is not None]
    ref, previous = ("NUM362", "NUM363") if "NUM362" in record else ("NUM371", "NUM372")
    begins = _first_day(sources, ("DAT298", "DAT001", "DAT272", "DAT282"))
    return ClaimFileLine(
        record=record.number,
        ref=record.string(ref),
        previous_ref=record.string(previous),
        person=_person(above.get("02"), record),
        uzovi=_first(sources, ("COD061",)),
        service_code=_service_code(sources),
        code_list=_first(sources, ("COD367", "COD692")),
        begins=begins,
        ends=_first_day(sources, ("DAT299", "DAT003", "DAT283")) or begins,
        quantity=record.number_of("ANT054") if "ANT054" in record else 1,
        unit_price=Money(record.number_of("BED160"), currency) if "BED160" in record else None,
        amount=Money(record.amount_of("BED161"), currency),
        performer=_first(sources, ("COD089",)),
    )


def _first(sources: Sequence[Record], names: Iterable[str]) -> str:
    return next((one.string(name) for name in names for one in sources if one.filled(name)), "")


def _first_day(sources: Sequence[Record], names: Iterable[str]) -> date | None:
    for name in names:
        for one in sources:
            if one.filled(name):
                return one.date_of(name)
    return None


def _service_code(sources: Sequence[Record]) -> str:
    """The performance code; where a standard has a code of its own it is the field after the code list's name."""
    found = _first(sources, ("COD334", "COD388", "COD695"))
    if found:
        return found
    fields = sources[0].layout.fields
    after = [following for one, following in pairwise(fields) if one.code == "COD367"]
    return sources[0].string(after[0].element) if after else ""


def _person(insured: Record | None, line: Record) -> Person:
    """The insured of the record above, or what the line itself repeats of them when that record is broken."""
    source = insured if insured is not None and insured["NUM313"] == line["NUM313"] else line
    bsn = source["NUM313"]
    return Person(
        birth_date=source.date_of("DAT006") if "DAT006" in source else None,
        bsn="" if bsn == NO_BSN else bsn,
        sex=source.string("COD134") or "0",
        initials=source.string("NAM025"),
        prefix=source.string("NAM194"),
        name=source.string("NAM193"),
        postal_code=source.string("COD083") or source.string("COD434"),
        house_number=source.string("NUM030").lstrip("0"),
        house_suffix=source.string("NUM079"),
        insured_number=source.string("NUM003"),
        local_ref=source.string("NUM366") or source.string("COD038"),
    )
