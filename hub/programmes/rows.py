"""Rows as programmes read them: parsed values with their line, whatever file they came from.

`unreadable` names the fields that held something nobody can read, so that an unreadable date is never taken for an
empty one. `malformed` marks a row whose number of cells differs from the header: its values may be shifted.
No repr shows anything personal.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal

from hub.model.money import Money
from hub.model.person import Person


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PatientRow:
    """One enrolled person on a practice's list (ION export); `person` holds the identifying fields."""

    line: int
    person: Person
    bsn_as_in_file: str = ""
    practice_agb: str = ""
    performer_agb: str = ""
    reference_date: date | None = None
    enrolled: date | None = None
    deregistered: date | None = None
    deceased: date | None = None
    uzovi: str = ""
    unreadable: frozenset[str] = frozenset()
    warnings: tuple[str, ...] = ()
    malformed: bool = False

    def __repr__(self) -> str:
        return f"PatientRow(line={self.line}, ***)"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class TreatmentRow:
    """One treatment of a clinic's log; `start` is local time without a zone, as the payers want it."""

    line: int
    row_id: str
    clinic_orgnr: str = ""
    sak_id: str = ""
    insurer_orgnr: str = ""
    patient_ref: str = ""
    birth_date: date | None = None
    fnr: str = ""
    code: str = ""
    text: str = ""
    start: datetime | None = None
    duration: str = ""
    price: Money | None = None
    vat_category: str = ""
    vat_rate: Decimal | None = None
    therapist_hpr: str = ""
    therapist_name: str = ""
    profession: str = ""
    diagnosis: str = ""
    malformed: bool = False

    def __repr__(self) -> str:
        return f"TreatmentRow(line={self.line}, ***)"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PerformanceRow:
    """One performance of a mental health practice (NL, zorgprestatiemodel); times are local, without a zone.

    A practitioner has an AGB code or, without one, a profession (CL0001) and a name. `privacy` is True when the patient
    has signed a privacy declaration: then no diagnosis is claimed.
    """

    line: int
    row_id: str
    practice_agb: str = ""
    bsn: str = ""
    birth_date: date | None = None
    patient_number: str = ""
    uzovi: str = ""
    code: str = ""
    day: date | None = None
    begins: time | None = None
    ends: time | None = None
    performer_agb: str = ""
    profession: str = ""
    performer_initials: str = ""
    performer_prefix: str = ""
    performer_name: str = ""
    director_agb: str = ""
    price: Money | None = None
    trajectory: str = ""
    referral_type: str = ""
    referral_date: date | None = None
    referrer_agb: str = ""
    privacy: bool = False
    diagnosis_list: str = ""
    diagnosis_code: str = ""
    care_label: str = ""
    unreadable: frozenset[str] = frozenset()
    warnings: tuple[str, ...] = ()
    malformed: bool = False

    def __repr__(self) -> str:
        return f"PerformanceRow(line={self.line}, ***)"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Assignment:
    """A treatment assignment of an insurer: what one SakID allows. None means no limit is known."""

    line: int = 0
    sak_id: str
    insurer_orgnr: str
    insurer_name: str = ""
    patient_ref: str = ""
    birth_date: date | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    quota: int | None = None
    coverage: Money | None = None
    deductible: Money | None = None
    codes: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        return f"Assignment(sak_id={self.sak_id!r}, ***)"
