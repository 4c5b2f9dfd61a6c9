"""Reference lists a person imports: UZOVI register, tariffs, and a table of coverage answers.

The coverage table stands in for the real coverage service behind the same port (decision 14).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from hub.errors import FormatError
from hub.intake.table import Row, Table, read_table
from hub.intake.values import parse_bsn, parse_date, parse_money, parse_uzovi
from hub.model.identity import is_uzovi
from hub.model.money import Money
from hub.policy.tariff import AgreedTariff
from hub.ports import Coverage, CoverageAnswer, CoverageQuestion
from hub.programmes.register import Register, RegisterEntry, private_uzovis

_NO_ANSWER = CoverageAnswer(coverage=Coverage.NO_ANSWER)
_INSURED = {
    "yes": Coverage.INSURED,
    "no": Coverage.NOT_INSURED,
    "double": Coverage.DOUBLE,
    "too_old": Coverage.TOO_OLD,
    "no_answer": Coverage.NO_ANSWER,
    "": Coverage.NO_ANSWER,
}


class CoverageTable:
    """A coverage check that answers from a table by BSN and reference date."""

    def __init__(self, answers: Mapping[tuple[str, date], CoverageAnswer]) -> None:
        self._answers = dict(answers)

    def __repr__(self) -> str:
        return f"CoverageTable({len(self._answers)} answers)"

    def check(self, questions: Sequence[CoverageQuestion]) -> list[CoverageAnswer]:
        """One answer per question, in order; NO_ANSWER where the table has no row."""
        return [self._answers.get((item.bsn, item.reference_date), _NO_ANSWER) for item in questions]


def read_coverage(*files: bytes) -> CoverageTable:
    """Read coverage tables (`bsn;reference_date;uzovi;insured` with yes, no, double or too_old)."""
    answers: dict[tuple[str, date], CoverageAnswer] = {}
    for data in files:
        table = read_table(data, "coverage.csv")
        for row, cells in _records(table, ("bsn", "reference_date", "uzovi", "insured")):
            answers[_person_and_day(row, cells)] = _answer(row, cells)
    return CoverageTable(answers)


def read_register(data: bytes) -> Register:
    """Read a UZOVI register (`uzovi;name;concern;valid_from;valid_to;source;confidence`, optional `basic_insurance`).

    A row without a number is left out: an insurer whose number is not known is never guessed. Numbers known to carry no
    basic insurance are marked so, unless the file has its own column for it.
    """
    private = private_uzovis()
    entries = []
    for row, cells in _records(read_table(data, "register.csv"), ("uzovi", "name")):
        uzovi = parse_uzovi(cells["uzovi"])[0]
        if not uzovi:
            continue
        if not is_uzovi(uzovi):
            raise FormatError("a UZOVI number has four digits", where=f"line {row.line}")
        entries.append(_entry(row, cells, uzovi, basic=uzovi not in private))
    return Register(tuple(entries))


def read_tariffs(data: bytes) -> tuple[AgreedTariff, ...]:
    """Read agreed tariffs (`module;payer;valid_from;valid_to;amount;source`; payer is a UZOVI, a concern or `*`)."""
    return tuple(
        AgreedTariff(
            module=cells["module"],
            payer=parse_uzovi(cells["payer"])[0] if cells["payer"].isdigit() else cells["payer"],
            amount=_amount(row, cells),
            valid_from=_day(row, cells.get("valid_from", "")),
            valid_to=_day(row, cells.get("valid_to", "")),
            source=cells.get("source", ""),
        )
        for row, cells in _records(read_table(data, "tariffs.csv"), ("module", "payer", "amount"))
    )


def _records(table: Table, needed: Sequence[str]) -> list[tuple[Row, dict[str, str]]]:
    names = [name.casefold() for name in table.header]
    missing = [name for name in needed if name not in names]
    if missing:
        raise FormatError(f"columns not found: {', '.join(missing)}", where="line 1")
    if table.findings:
        raise FormatError(table.findings[0].said(), where=f"line {table.findings[0].line}")
    return [(row, dict(zip(names, (cell.strip() for cell in row.cells), strict=True))) for row in table.rows]


def _person_and_day(row: Row, cells: Mapping[str, str]) -> tuple[str, date]:
    day = parse_date(cells["reference_date"])
    if day is None:
        raise FormatError("the reference date is not a date", where=f"line {row.line}")
    return parse_bsn(cells["bsn"])[0], day


def _answer(row: Row, cells: Mapping[str, str]) -> CoverageAnswer:
    coverage = _INSURED.get(cells["insured"].casefold())
    if coverage is None:
        raise FormatError("column insured: write yes, no, double or too_old", where=f"line {row.line}")
    uzovi = parse_uzovi(cells["uzovi"])[0] if coverage is Coverage.INSURED else ""
    return CoverageAnswer(coverage=coverage, uzovi=uzovi, insured_number=cells.get("insured_number", ""))


def _entry(row: Row, cells: Mapping[str, str], uzovi: str, *, basic: bool) -> RegisterEntry:
    told = cells.get("basic_insurance", "").casefold()
    return RegisterEntry(
        uzovi=uzovi,
        name=cells["name"],
        concern=cells.get("concern", ""),
        payer=cells.get("payer", ""),
        valid_from=_day(row, cells.get("valid_from", "")),
        valid_to=_day(row, cells.get("valid_to", "")),
        basic_insurance=told in ("yes", "ja", "true", "1") if told else basic,
        source=cells.get("source", ""),
        confidence=cells.get("confidence", ""),
    )


def _amount(row: Row, cells: Mapping[str, str]) -> Money:
    amount = parse_money(cells["amount"], "EUR")
    if amount is None or amount.minor < 0:
        raise FormatError("the amount is not an amount in euros and cents", where=f"line {row.line}")
    return amount


def _day(row: Row, text: str) -> date | None:
    if not text:
        return None
    day = parse_date(text)
    if day is None:
        raise FormatError("not a date: write yyyy-mm-dd", where=f"line {row.line}")
    return day
