"""Payers' specifications as CSV or XLSX, by the column map of the payer's folder; read whole or not at all.

A specification explains a sum, so that one line nobody can read makes the rest worth nothing: the file is refused with
every such line named, and nothing of a cell is quoted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from hub.errors import FormatError
from hub.intake.table import Row, Table, read_table
from hub.intake.values import parse_money
from hub.model.money import Money
from hub.model.specification import PayerSpecification, SpecificationMap, SpecifiedLine

LARGEST = 10_000_000
"""Bytes of a file that may be a specification."""
_FIRST_LINE = 4_000
_NAMED = 5
_SECOND = re.compile(r"(.+?) #([2-9])")
_TOTAL = re.compile(r"(?i)\s*(?:sub)?tota?a?l\b.*")
_AMOUNTS = ("amount", "netting")
_REFERENCES = ("own_reference", "payer_reference", "netted_own_reference", "netted_payer_reference")


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A table with the places of the map's columns in it."""

    table: Table
    places: Mapping[str, int]
    map: SpecificationMap

    def cell(self, row: Row, field: str) -> str:
        place = self.places.get(field)
        return "" if place is None else row.cells[place].strip().lstrip("'").strip()


def find_map(payload: bytes, name: str, maps: Mapping[str, SpecificationMap]) -> str:
    """The partner whose column map fits this file's header, empty for none; FormatError when several fit."""
    if not maps or len(payload) > LARGEST or not _may_be_table(payload, maps):
        return ""
    try:
        header = read_table(payload, name).header
    except FormatError:
        return ""
    fitting = sorted(partner for partner, each in maps.items() if _places(header, each) is not None)
    if len(fitting) > 1:
        hint = "let one of the folders ask for a column the other has not"
        raise FormatError(f"the columns are those of {' and '.join(fitting)}", hint=hint)
    return fitting[0] if fitting else ""


def _may_be_table(payload: bytes, maps: Mapping[str, SpecificationMap]) -> bool:
    """Whether it is worth reading as a table: a workbook, or text whose beginning holds all columns of a map."""
    if payload.startswith(b"PK\x03\x04"):
        return b"xl/" in payload
    start = _plain(payload[:_FIRST_LINE].replace(b"\x00", b"").decode("latin-1"))
    wanted = [{_ascii(_plain(_column(name)[0])) for name in each.columns.values()} for each in maps.values()]
    return any(all(column in _ascii(start) for column in columns) for columns in wanted)


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def _ascii(text: str) -> str:
    """Without what encodings write differently; only to see quickly whether a file is worth reading."""
    return re.sub(r"[^\x20-\x7e]+", "", text)


def _column(name: str) -> tuple[str, int]:
    """A column's name and which of several of that name is meant, from 1."""
    found = _SECOND.fullmatch(name.strip())
    return (found[1], int(found[2])) if found else (name, 1)


def _places(header: Sequence[str], wanted: SpecificationMap) -> dict[str, int] | None:
    """Where the map's columns stand; None when one is missing."""
    plain = [_plain(cell) for cell in header]
    places: dict[str, int] = {}
    for field, name in wanted.columns.items():
        text, count = _column(name)
        found = [place for place, cell in enumerate(plain) if cell == _plain(text)]
        if len(found) < count:
            return None
        places[field] = found[count - 1]
    return places


def read_specification(payload: bytes, name: str, partner: str, wanted: SpecificationMap) -> PayerSpecification:
    """Everything a specification says; FormatError naming every line that cannot be read, or a total that is wrong."""
    table = read_table(payload, name)
    places = _places(table.header, wanted)
    if places is None:
        raise FormatError(f"not the columns of {wanted.name}", hint=f"they stand in {partner}/partner.yaml")
    sheet = _Sheet(table, places, wanted)
    wrong: list[str] = []
    lines: list[SpecifiedLine] = []
    totals: list[SpecifiedLine] = []
    for row in table.rows:
        said = _line(sheet, row, wrong)
        if said is not None:
            (totals if _is_total(sheet, row) else lines).append(said)
    if wrong:
        more = f" and {len(wrong) - _NAMED} more" if len(wrong) > _NAMED else ""
        hint = "correct the list, or the columns in the partner's folder"
        raise FormatError(f"not to be read: {'; '.join(wrong[:_NAMED])}{more}", hint=hint)
    told = PayerSpecification(partner=partner, name=name, currency=wanted.currency, lines=tuple(lines))
    for total in totals:
        _check_total(total, told)
    if not lines:
        raise FormatError("a specification without a line", hint="check the export")
    return told


def _line(sheet: _Sheet, row: Row, wrong: list[str]) -> SpecifiedLine | None:
    """One row; None, with the reason noted, where it cannot be read."""
    if row.ragged:
        wrong.append(f"line {row.line}: it has not the cells of the header")
        return None
    amounts = {}
    for field in _AMOUNTS:
        text = sheet.cell(row, field)
        amount = parse_money(text, sheet.map.currency) if text else Money(0, sheet.map.currency)
        if amount is None:
            wrong.append(f"line {row.line}: column {sheet.map.columns[field]} is not an amount")
            return None
        amounts[field] = amount
    if amounts["netting"].minor > 0:
        wrong.append(f"line {row.line}: column {sheet.map.columns['netting']} is positive, a netting is negative")
        return None
    own, theirs = sheet.cell(row, "own_reference"), sheet.cell(row, "payer_reference")
    if amounts["amount"] and not (own or theirs) and not _is_total(sheet, row):
        wrong.append(f"line {row.line}: an amount without a number")
        return None
    return SpecifiedLine(
        line=row.line,
        amount=amounts["amount"],
        netting=amounts["netting"],
        own_reference=own,
        payer_reference=theirs,
        netted_own_reference=sheet.cell(row, "netted_own_reference"),
        netted_payer_reference=sheet.cell(row, "netted_payer_reference"),
        remark=sheet.cell(row, "remark"),
    )


def _is_total(sheet: _Sheet, row: Row) -> bool:
    """A row that adds up: some cell says so, and none holds a number of anything."""
    numbers = {sheet.cell(row, field) for field in _REFERENCES} - {""}
    says = any(_TOTAL.fullmatch(cell) for cell in row.cells)
    return says and all(_TOTAL.fullmatch(each) for each in numbers)


def _check_total(total: SpecifiedLine, told: PayerSpecification) -> None:
    """A total of one column, or of both together, must be what the lines make."""
    paid = sum(line.amount.minor for line in told.lines)
    for said, made in _compared(total, paid, told.total.minor):
        if said not in made:
            amount, sums = Money(said, told.currency), Money(made[0], told.currency)
            hint = "ask the payer for the whole list"
            raise FormatError(f"line {total.line} says {amount} in total, the lines make {sums}", hint=hint)


def _compared(total: SpecifiedLine, paid: int, net: int) -> Iterator[tuple[int, tuple[int, ...]]]:
    if total.amount:
        yield total.amount.minor, (paid, net)
    if total.netting:
        yield total.netting.minor, (net - paid,)
