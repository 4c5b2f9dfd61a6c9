"""Tables become rows of programmes by a confirmed column map; whole files are taken in with a digest.

Every line of the table becomes one row, also a ragged one (its identifying values are left out, because they may be
shifted). A practice list is checked for medical columns before anything else is made of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Generic, TypeVar

from hub.errors import FormatError
from hub.intake.columns import (
    ASSIGNMENTS,
    PERFORMANCE_LIST,
    PRACTICE_LIST,
    REQUIRED,
    TREATMENT_LOG,
    ColumnMap,
    detect,
)
from hub.intake.privacy import refuse_medical
from hub.intake.table import DEFAULT_LIMITS, Limits, Row, Table, read_table
from hub.intake.values import (
    WARN_LEADING_ZERO,
    parse_agb,
    parse_bsn,
    parse_date,
    parse_house_number,
    parse_moment,
    parse_money,
    parse_postal_code,
    parse_sex,
    parse_time,
    parse_uzovi,
    parse_yes_no,
)
from hub.model.finding import Finding
from hub.model.money import Money
from hub.model.person import Person
from hub.programmes.rows import Assignment, PatientRow, PerformanceRow, TreatmentRow

T = TypeVar("T")
Cell = Callable[[str], str]
"""Gives a field's cell of one row, stripped; empty when the file has no such column."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Taken(Generic[T]):
    """A file taken in: rows, the digest of its bytes, the map used, columns left out, and findings.

    `fields` are the fields the file really has; `has_history` says whether a practice list has both enrolment and
    deregistration dates.
    """

    rows: tuple[T, ...]
    sha256: str
    system: str
    fields: frozenset[str]
    dropped: tuple[str, ...]
    findings: tuple[Finding, ...]
    encoding: str = ""
    delimiter: str = ""

    @property
    def has_history(self) -> bool:
        """Whether a list can show who was enrolled on a day in the past."""
        return {"enrolled", "deregistered"} <= self.fields

    def __repr__(self) -> str:
        return f"Taken({len(self.rows)} rows, {self.system})"


def take_practice_list(
    data: bytes, name: str = "", column_map: ColumnMap | None = None, limits: Limits = DEFAULT_LIMITS
) -> Taken[PatientRow]:
    """Read a practice's list: table, medical columns refused, rows by the map (found by its columns when not given)."""
    table = read_table(data, name, limits)
    refuse_medical(table)
    return _taken(data, table, column_map or _detected(table, PRACTICE_LIST), patient_row)


def take_treatment_log(data: bytes, name: str = "", column_map: ColumnMap | None = None) -> Taken[TreatmentRow]:
    """Read a clinic's treatment log."""
    table = read_table(data, name)
    return _taken(data, table, column_map or _detected(table, TREATMENT_LOG), treatment_row)


def take_assignments(data: bytes, name: str = "", column_map: ColumnMap | None = None) -> Taken[Assignment]:
    """Read a list of assignments; a row without SakID is left out with a finding."""
    table = read_table(data, name)
    return _taken(data, table, column_map or _detected(table, ASSIGNMENTS), assignment_row)


def take_performance_list(data: bytes, name: str = "", column_map: ColumnMap | None = None) -> Taken[PerformanceRow]:
    """Read a list of performances: a medical column that the programme does not know refuses the whole file.

    Diagnosis and referral stand on the claim itself; nothing else that is medical is taken in (decision 25).
    """
    table = read_table(data, name)
    chosen = column_map or _detected(table, PERFORMANCE_LIST)
    refuse_medical(table, [table.header[place] for place in chosen.places(table.header).values()])
    return _taken(data, table, chosen, performance_row)


def apply(table: Table, column_map: ColumnMap, make: Callable[[Row, Cell], T]) -> list[T]:
    """One row of a programme per row of the table; FormatError when the map's required columns are not there."""
    missing = column_map.missing(table.header)
    if missing:
        raise FormatError(f"columns not found: {', '.join(missing)}", hint=f"map {column_map.name} expects them")
    places = column_map.places(table.header)
    return [make(row, _cell_of(row, places)) for row in table.rows]


def patient_row(row: Row, cell: Cell) -> PatientRow:
    """One enrolled person; a ragged row keeps its line only."""
    if row.ragged:
        return PatientRow(line=row.line, person=Person(), malformed=True)
    bsn, bsn_padded = parse_bsn(cell("bsn"))
    uzovi, uzovi_padded = parse_uzovi(cell("uzovi"))
    practice, practice_padded = parse_agb(cell("practice_agb"))
    performer, performer_padded = parse_agb(cell("performer_agb"))
    padded = bsn_padded or uzovi_padded or practice_padded or performer_padded
    days = {name: parse_date(text) for name in _DATES if (text := cell(name))}
    return PatientRow(
        line=row.line,
        person=_person(cell, bsn, days.get("birth_date")),
        bsn_as_in_file=cell("bsn"),
        practice_agb=practice,
        performer_agb=performer,
        reference_date=days.get("reference_date"),
        enrolled=days.get("enrolled"),
        deregistered=days.get("deregistered"),
        deceased=days.get("deceased"),
        uzovi=uzovi,
        unreadable=frozenset(name for name, day in days.items() if day is None),
        warnings=(WARN_LEADING_ZERO,) if padded else (),
    )


_DATES = ("reference_date", "birth_date", "enrolled", "deregistered", "deceased")


def _person(cell: Cell, bsn: str, birth_date: date | None) -> Person:
    number, suffix = parse_house_number(cell("house_number"))
    return Person(
        birth_date=birth_date,
        bsn=bsn,
        sex=parse_sex(cell("sex")),
        initials=cell("initials"),
        prefix=cell("prefix"),
        name=cell("name"),
        postal_code=parse_postal_code(cell("postal_code")),
        house_number=number,
        house_suffix=cell("house_suffix") or suffix,
        insured_number=cell("insured_number"),
    )


def treatment_row(row: Row, cell: Cell) -> TreatmentRow:
    """One treatment; a ragged row keeps its line only."""
    if row.ragged:
        return TreatmentRow(line=row.line, row_id="", malformed=True)
    return TreatmentRow(
        line=row.line,
        row_id=cell("row_id") or str(row.line),
        clinic_orgnr=cell("clinic_orgnr"),
        sak_id=cell("sak_id"),
        insurer_orgnr=cell("insurer_orgnr"),
        patient_ref=cell("patient_ref"),
        birth_date=parse_date(cell("birth_date")),
        fnr=cell("fnr"),
        code=cell("code"),
        text=cell("text"),
        start=parse_moment(cell("start")),
        duration=cell("duration"),
        price=parse_money(cell("price"), "NOK"),
        vat_category=cell("vat_category"),
        vat_rate=_decimal(cell("vat_rate")),
        therapist_hpr=cell("therapist_hpr"),
        therapist_name=cell("therapist_name"),
        profession=cell("profession"),
        diagnosis=cell("diagnosis"),
    )


def performance_row(row: Row, cell: Cell) -> PerformanceRow:
    """One performance; a ragged row keeps its line only."""
    if row.ragged:
        return PerformanceRow(line=row.line, row_id="", malformed=True)
    bsn, bsn_padded = parse_bsn(cell("bsn"))
    uzovi, uzovi_padded = parse_uzovi(cell("uzovi"))
    read_codes = {name: parse_agb(cell(name)) for name in _AGB_CODES}
    codes: dict[str, Any] = {name: code for name, (code, _) in read_codes.items()}
    padded = bsn_padded or uzovi_padded or any(lost for _, lost in read_codes.values())
    days = {name: parse_date(text) for name in ("birth_date", "date", "referral_date") if (text := cell(name))}
    times = {name: parse_time(text) for name in ("begin_time", "end_time") if (text := cell(name))}
    privacy = parse_yes_no(cell("privacy") or "nee")
    read = {**days, **times, "privacy": privacy}
    return PerformanceRow(
        line=row.line,
        row_id=cell("row_id"),
        bsn=bsn,
        birth_date=days.get("birth_date"),
        patient_number=cell("patient_number"),
        uzovi=uzovi,
        code=cell("code").upper(),
        day=days.get("date"),
        begins=times.get("begin_time"),
        ends=times.get("end_time"),
        profession=cell("profession"),
        performer_initials=cell("performer_initials"),
        performer_prefix=cell("performer_prefix"),
        performer_name=cell("performer_name"),
        price=parse_money(cell("price"), "EUR"),
        trajectory=cell("trajectory"),
        referral_type=_padded_code(cell("referral_type"), 2),
        referral_date=days.get("referral_date"),
        privacy=bool(privacy),
        diagnosis_list=_padded_code(cell("diagnosis_list"), 3),
        diagnosis_code=cell("diagnosis_code"),
        care_label=cell("care_label"),
        unreadable=frozenset(name for name, value in read.items() if value is None),
        warnings=(WARN_LEADING_ZERO,) if padded else (),
        **codes,
    )


_AGB_CODES = ("practice_agb", "performer_agb", "director_agb", "referrer_agb")


def _padded_code(text: str, length: int) -> str:
    """A numeric code of a list with the zeros that Excel eats."""
    return text.zfill(length) if text.isascii() and text.isdigit() else text


def assignment_row(row: Row, cell: Cell) -> Assignment:
    """One assignment; a limit that nobody can read allows nothing, so it is zero and not "no limit"."""
    quota = cell("quota")
    return Assignment(
        line=row.line,
        sak_id="" if row.ragged else cell("sak_id"),
        insurer_orgnr=cell("insurer_orgnr"),
        insurer_name=cell("insurer_name"),
        patient_ref=cell("patient_ref"),
        birth_date=parse_date(cell("birth_date")),
        valid_from=parse_date(cell("valid_from")),
        valid_to=parse_date(cell("valid_to")),
        quota=(int(quota) if quota.isdecimal() else 0) if quota else None,
        coverage=_limit(cell("coverage")),
        deductible=_limit(cell("deductible")),
        codes=frozenset(cell("codes").replace(",", " ").split()),
    )


def by_sak_id(assignments: tuple[Assignment, ...]) -> dict[str, Assignment]:
    """Assignments by SakID; the first of a SakID stays, rows without one are left out."""
    found: dict[str, Assignment] = {}
    for assignment in assignments:
        if assignment.sak_id:
            found.setdefault(assignment.sak_id, assignment)
    return found


def _taken(data: bytes, table: Table, column_map: ColumnMap, make: Callable[[Row, Cell], T]) -> Taken[T]:
    rows = apply(table, column_map, make)
    return Taken(
        rows=tuple(rows),
        sha256=hashlib.sha256(data).hexdigest(),
        system=column_map.name,
        fields=frozenset(column_map.places(table.header)),
        dropped=column_map.dropped(table.header),
        findings=table.findings,
        encoding=table.encoding,
        delimiter=table.delimiter,
    )


def _detected(table: Table, kind: str) -> ColumnMap:
    found = detect(table, kind)
    if found is None:
        raise FormatError(
            f"this list's columns are not known: needed are {', '.join(REQUIRED[kind])}",
            hint="confirm the proposed columns once for this practice",
        )
    return found


def _cell_of(row: Row, places: dict[str, int]) -> Cell:
    def cell(name: str) -> str:
        place = places.get(name)
        return row.cells[place].strip() if place is not None else ""

    return cell


def _limit(text: str) -> Money | None:
    return (parse_money(text, "NOK") or Money(0, "NOK")) if text else None


def _decimal(text: str) -> Decimal | None:
    try:
        value = Decimal(text.replace(",", ".").rstrip("% "))
    except InvalidOperation:
        return None
    return value if value.is_finite() else None
