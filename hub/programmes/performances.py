"""Performances of a mental health practice (NL): which rows can be claimed under the zorgprestatiemodel, and why not.

Sources: VECOZO's validation rules of GDS801 (VC040 trajectory, VC042 and VC107-VC110 referral, VC044-VC047 and VC101
diagnosis, VC160 privacy, VC034 times, VC057-VC066 practitioner); zorgprestatiemodel from 2022-01-01. What is wrong in
the row is excluded, what is missing for the claim is held; the first check that fails is the outcome.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time

from hub.model.identity import is_agb, is_bsn, is_uzovi, mask
from hub.model.party import Party
from hub.programmes.outcome import CLAIM, EXCLUDE, HOLD, SKIP, RowOutcome, say
from hub.programmes.register import Register, RegisterEntry
from hub.programmes.rows import PerformanceRow

CODE_LIST = "071"
"""COD367: performances of the zorgprestatiemodel."""
FIRST_DAY = date(2022, 1, 1)
DIAGNOSIS_LISTS = ("029", "031", "033")
WITH_REFERRER, WITHOUT_AGB, WITHOUT_REFERRER = ("01", "02"), "07", ("04", "06")
REFERRAL_TYPES = (*WITH_REFERRER, "03", *WITHOUT_REFERRER, WITHOUT_AGB)
"""CL0004 without 05, which this list does not know (VC110)."""
PerformanceKey = tuple[str, str, str, str]
"""BSN, performance code, begin and practitioner: what makes a performance the same one."""
_CODE = re.compile(r"[A-Z0-9]{1,6}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PerformanceContext:
    """Everything a list is judged against; `claimed` comes from the caller's own claims.

    `declarant_kind` is CL0015: 1 institution, 2 practice, 3 practitioner.
    """

    tenant: str
    programme: str = "zpm-performances"
    provider: Party
    claimant: Party
    submitter: Party
    declarant_kind: str = "2"
    register: Register
    today: date
    claimed: frozenset[PerformanceKey] = field(default=frozenset(), repr=False)

    def insurer(self, row: PerformanceRow) -> RegisterEntry | None:
        """The register's entry for the row's insurer on the day of the performance."""
        return self.register.on(row.uzovi, row.day or self.today)


@dataclass(frozen=True, slots=True)
class _Hit:
    outcome: str
    code: str
    facts: Mapping[str, str | int] = field(default_factory=dict)
    text: str = ""


_Check = Callable[[PerformanceRow, PerformanceContext], _Hit | None]


def assess(rows: Sequence[PerformanceRow], ctx: PerformanceContext) -> list[RowOutcome]:
    """One outcome per row, in the order of the file."""
    firsts: dict[PerformanceKey, int] = {}
    judged: list[RowOutcome] = []
    for row in rows:
        hit = next((found for check in _CHECKS if (found := check(row, ctx)) is not None), None)
        first = firsts.setdefault(key_of(row), row.line) if hit is None else row.line
        if first != row.line:
            hit = _Hit(EXCLUDE, "DUP_PERFORMANCE", {"line": first})
        judged.append(_claimed(row) if hit is None else _refused(row, hit))
    return judged


def key_of(row: PerformanceRow) -> PerformanceKey:
    """What makes a performance the same one."""
    return (row.bsn, row.code, begin_of(row).isoformat(), row.performer_agb or row.performer_name.casefold())


def begin_of(row: PerformanceRow) -> date | datetime:
    """When a performance began: a moment where the time is known, else the day."""
    day = row.day or date.min
    return day if row.begins is None else at(day, row.begins)


def at(day: date, moment: time) -> datetime:
    """A local moment without a zone, as the message says it."""
    return datetime.combine(day, moment)


def _claimed(row: PerformanceRow) -> RowOutcome:
    left_out = row.privacy and bool(row.diagnosis_list or row.diagnosis_code)
    warnings = (*row.warnings, *(("WARN_DIAGNOSIS_LEFT_OUT",) if left_out else ()))
    code = warnings[0] if warnings else ""
    return _outcome(row, CLAIM, code, say(code) if code else {}, warnings, row.uzovi)


def _refused(row: PerformanceRow, hit: _Hit) -> RowOutcome:
    return _outcome(row, hit.outcome, hit.code, say(hit.text or hit.code, **hit.facts), row.warnings)


def _outcome(
    row: PerformanceRow, outcome: str, code: str, text: Mapping[str, str], warnings: tuple[str, ...], payer: str = ""
) -> RowOutcome:
    shown = row.row_id or (mask(row.bsn) if row.bsn.isdigit() else "")
    return RowOutcome(
        line=row.line, row_id=shown, outcome=outcome, code=code, message=text, warnings=warnings, payer_code=payer
    )


# What is wrong in the row.


def _readable(row: PerformanceRow, ctx: PerformanceContext) -> _Hit | None:
    if row.malformed:
        return _Hit(EXCLUDE, "ROW_MALFORMED")
    if not is_bsn(row.bsn):
        return _Hit(EXCLUDE, "BSN_INVALID")
    wrong = row.practice_agb not in ("", ctx.provider.id)
    return _Hit(EXCLUDE, "OTHER_PRACTICE", {"agb": ctx.provider.id}) if wrong else None


def _when(row: PerformanceRow, ctx: PerformanceContext) -> _Hit | None:
    if row.day is None or row.day > ctx.today:
        return _Hit(EXCLUDE, "PERFORMANCE_DATE")
    if row.day < FIRST_DAY:
        return _Hit(EXCLUDE, "BEFORE_ZPM", {"first": FIRST_DAY.isoformat(), "day": row.day.isoformat()})
    if row.birth_date is None or row.birth_date > row.day:
        return _Hit(EXCLUDE, "BIRTHDATE_MISSING")
    unread = row.unreadable & {"begin_time", "end_time"}
    ends_first = row.ends is not None and (row.begins is None or row.ends <= row.begins)
    return _Hit(EXCLUDE, "PERFORMANCE_TIME") if unread or ends_first else None


def _what(row: PerformanceRow, _: PerformanceContext) -> _Hit | None:
    if not _CODE.fullmatch(row.code):
        return _Hit(EXCLUDE, "PERFORMANCE_CODE")
    return _Hit(EXCLUDE, "PRICE_INVALID") if row.price is None or row.price.minor <= 0 else None


def _known(row: PerformanceRow, ctx: PerformanceContext) -> _Hit | None:
    return _Hit(SKIP, "PERFORMANCE_CLAIMED") if key_of(row) in ctx.claimed else None


# What the claim lacks.


def _insurer(row: PerformanceRow, ctx: PerformanceContext) -> _Hit | None:
    if not row.uzovi:
        return _Hit(HOLD, "UZOVI_ABSENT")
    entry = ctx.insurer(row)
    if entry is None:
        day = (row.day or ctx.today).isoformat()
        return _Hit(HOLD, "UZOVI_UNKNOWN", {"uzovi": row.uzovi if is_uzovi(row.uzovi) else "?", "day": day})
    return None if entry.basic_insurance else _Hit(EXCLUDE, "NOT_BASIC_INSURANCE", {"uzovi": row.uzovi})


def _performer(row: PerformanceRow, _: PerformanceContext) -> _Hit | None:
    named = not row.performer_agb and bool(row.profession and row.performer_name)
    if not named and not is_agb(row.performer_agb):
        return _Hit(HOLD, "PERFORMER_NEEDED")
    return _Hit(HOLD, "DIRECTOR_INVALID") if row.director_agb and not is_agb(row.director_agb) else None


def _trajectory(row: PerformanceRow, _: PerformanceContext) -> _Hit | None:
    return None if row.trajectory else _Hit(HOLD, "TRAJECTORY_MISSING")


def _referral(row: PerformanceRow, _: PerformanceContext) -> _Hit | None:
    facts = {"type": row.referral_type}
    given = bool(row.referrer_agb or row.referral_date)
    if row.referral_type not in REFERRAL_TYPES:
        return _Hit(HOLD, "REFERRAL_TYPE")
    if row.referral_type == WITHOUT_AGB:
        return _Hit(HOLD, "REFERRER_SPECIALISM")
    needed = row.referral_type in WITH_REFERRER or bool(row.referrer_agb)
    if needed and not is_agb(row.referrer_agb):
        return _Hit(HOLD, "REFERRER_MISSING", facts)
    if row.referral_type in WITHOUT_REFERRER and given:
        return _Hit(HOLD, "REFERRAL_SUPERFLUOUS", facts)
    late = row.referral_date is not None and row.day is not None and row.referral_date > row.day
    return _Hit(HOLD, "REFERRAL_DATE") if late or "referral_date" in row.unreadable else None


def _diagnosis(row: PerformanceRow, _: PerformanceContext) -> _Hit | None:
    """With a privacy declaration none is claimed at all; without one it is whole or absent."""
    if "privacy" in row.unreadable:
        return _Hit(HOLD, "PRIVACY_UNREADABLE")
    if row.privacy or not (row.diagnosis_list or row.diagnosis_code):
        return None
    whole = row.diagnosis_list in DIAGNOSIS_LISTS and bool(row.diagnosis_code)
    return None if whole else _Hit(HOLD, "DIAGNOSIS_INCOMPLETE")


_CHECKS: tuple[_Check, ...] = (
    *(_readable, _when, _what, _known),
    *(_insurer, _performer, _trajectory, _referral, _diagnosis),
)
