"""Quarterly modules (NL): who on a practice's list can be claimed at which insurer, and why not the others.

Source: the care group's claiming page (THOON/Promeetec): the list as of the first day of the quarter, one claim per
insured person at the insurer of that day, at most four quarters. The order of checks is fixed; the first hit is the
outcome. Coverage answers decide the insurer; the file's UZOVI is the fallback where they say nothing (decision 14).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from hub.model.identity import is_agb, is_bsn, is_uzovi, mask
from hub.model.quarter import Quarter, quarter_of
from hub.policy.quarters import window_problem
from hub.ports import Coverage, CoverageAnswer, CoverageQuestion
from hub.programmes.module_context import ModuleContext
from hub.programmes.outcome import CLAIM, EXCLUDE, HOLD, LATER, SKIP, RowOutcome, say
from hub.programmes.patient_list import differing_fields, file_refusal
from hub.programmes.register import RegisterEntry
from hub.programmes.rows import PatientRow

OLDEST = 110
"""Above this age a row is claimed with a warning."""
IMPOSSIBLE_AGE = 130
NO_ANSWER = CoverageAnswer(coverage=Coverage.NO_ANSWER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A coverage question with the line of the row it is about."""

    line: int
    question: CoverageQuestion


@dataclass(frozen=True, slots=True)
class _Hit:
    """What a check says; `text` names another sentence than the code's own."""

    outcome: str
    code: str
    facts: Mapping[str, str | int] = field(default_factory=dict)
    text: str = ""


_Check = Callable[[PatientRow, ModuleContext], "_Hit | None"]


def questions(rows: Sequence[PatientRow], ctx: ModuleContext) -> list[Question]:
    """What to ask the coverage check: every row that passes the checks on the file itself."""
    if file_refusal(rows, ctx) is not None:
        return []
    firsts = _first_lines(rows)
    return [
        Question(
            line=row.line,
            question=CoverageQuestion(
                bsn=row.person.bsn, birth_date=row.person.birth_date, reference_date=ctx.reference_date
            ),
        )
        for row in rows
        if _file_check(row, ctx, firsts) is None
    ]


def assess(rows: Sequence[PatientRow], ctx: ModuleContext, answers: Mapping[int, CoverageAnswer]) -> list[RowOutcome]:
    """One outcome per row, in order; `answers` are coverage answers by line. A refused file claims nothing."""
    refusal = file_refusal(rows, ctx)
    if refusal is not None:
        return [_outcome(row, EXCLUDE, refusal.code, refusal.text) for row in rows]
    firsts = _first_lines(rows)
    return [_assess(row, ctx, firsts, answers.get(row.line, NO_ANSWER)) for row in rows]


def _assess(
    row: PatientRow, ctx: ModuleContext, firsts: Mapping[str, PatientRow], answer: CoverageAnswer
) -> RowOutcome:
    hit = _file_check(row, ctx, firsts) or _coverage_check(row, ctx, answer)
    if hit is not None:
        return _refused(row, hit)
    uzovi = _uzovi(row, answer)
    entry = ctx.insurer(uzovi)
    hit = _insurer_check(uzovi, entry, ctx) or _claim_check(row, ctx, entry)
    if hit is not None:
        return _refused(row, hit, uzovi)
    return _claimed(row, ctx, uzovi)


def _claimed(row: PatientRow, ctx: ModuleContext, uzovi: str) -> RowOutcome:
    warnings = row.warnings
    age = _age(row.person.birth_date, ctx.reference_date)
    if age > OLDEST:
        warnings += ("WARN_AGE_OVER_110",)
    if row.uzovi and row.uzovi != uzovi:
        warnings += ("WARN_UZOVI_COV",)
    code = warnings[0] if warnings else ""
    text = say(code, age=age, file_uzovi=row.uzovi, uzovi=uzovi) if code else {}
    return _outcome(row, CLAIM, code, text, warnings=warnings, payer_code=uzovi)


def _refused(row: PatientRow, hit: _Hit, uzovi: str = "") -> RowOutcome:
    return _outcome(
        row, hit.outcome, hit.code, say(hit.text or hit.code, **hit.facts), warnings=row.warnings, payer_code=uzovi
    )


def _outcome(
    row: PatientRow,
    outcome: str,
    code: str,
    text: Mapping[str, str],
    *,
    warnings: tuple[str, ...] = (),
    payer_code: str = "",
) -> RowOutcome:
    return RowOutcome(
        line=row.line,
        row_id=mask(row.person.bsn) if row.person.bsn.isdigit() else "",
        outcome=outcome,
        code=code,
        message=text,
        warnings=warnings,
        payer_code=payer_code,
    )


# Checks on the file itself, in their fixed order.


def _file_check(row: PatientRow, ctx: ModuleContext, firsts: Mapping[str, PatientRow]) -> _Hit | None:
    if row.malformed:
        return _Hit(EXCLUDE, "ROW_MALFORMED")
    if not is_bsn(row.person.bsn):
        return _Hit(EXCLUDE, "BSN_INVALID")
    first = firsts[row.person.bsn]
    if first is not row:
        return _duplicate(first, row)
    return next((hit for check in _FILE_CHECKS if (hit := check(row, ctx)) is not None), None)


def _duplicate(first: PatientRow, row: PatientRow) -> _Hit:
    differing = ", ".join(differing_fields(first, row))
    text = "DUP_IN_FILE_DIFFERS" if differing else "DUP_IN_FILE"
    return _Hit(EXCLUDE, "DUP_IN_FILE", {"line": first.line, "fields": differing}, text)


def _practice(row: PatientRow, ctx: ModuleContext) -> _Hit | None:
    """A readable AGB code of another practice refuses the whole file; an unreadable one only its row."""
    wrong = row.practice_agb not in ("", ctx.provider.id)
    return _Hit(EXCLUDE, "WRONG_PRACTICE", {"agb": ctx.provider.id}, "PRACTICE_UNREADABLE") if wrong else None


def _birth_date(row: PatientRow, ctx: ModuleContext) -> _Hit | None:
    born = row.person.birth_date
    if born is None:
        return _Hit(EXCLUDE, "BIRTHDATE_INVALID")
    enrolled = row.enrolled or ctx.reference_date
    too_late = born > ctx.reference_date or born > enrolled
    too_old = _age(born, ctx.reference_date) > IMPOSSIBLE_AGE
    return _Hit(EXCLUDE, "BIRTHDATE_INVALID") if too_late or too_old else None


def _readable_dates(row: PatientRow, _: ModuleContext) -> _Hit | None:
    wrong = sorted(row.unreadable & {"reference_date", "enrolled", "deregistered", "deceased"})
    return _Hit(EXCLUDE, "DATE_INVALID", {"fields": ", ".join(wrong)}) if wrong else None


def _deceased(row: PatientRow, ctx: ModuleContext) -> _Hit | None:
    if row.deceased is None or row.deceased >= ctx.reference_date:
        return None
    return _Hit(EXCLUDE, "DECEASED", {"day": ctx.reference_date.isoformat()})


def _deregistered(row: PatientRow, ctx: ModuleContext) -> _Hit | None:
    if row.deregistered is None or row.deregistered >= ctx.reference_date:
        return None
    return _Hit(EXCLUDE, "DEREGISTERED", {"day": ctx.reference_date.isoformat()})


def _enrolled(row: PatientRow, ctx: ModuleContext) -> _Hit | None:
    if row.enrolled is None:
        return _Hit(EXCLUDE, "ENROLMENT_MISSING") if ctx.has_history else None
    if row.enrolled <= ctx.reference_date:
        return None
    return _Hit(
        LATER,
        "NOT_ENROLLED_ON_REF_DATE",
        {"day": ctx.reference_date.isoformat(), "quarter": str(_first_quarter(row.enrolled))},
    )


def _first_quarter(enrolled: date) -> Quarter:
    quarter = quarter_of(enrolled)
    return quarter if quarter.first_day == enrolled else quarter.plus(1)


_FILE_CHECKS: tuple[_Check, ...] = (_practice, _birth_date, _readable_dates, _deceased, _deregistered, _enrolled)


# Coverage and insurer.


def _coverage_check(row: PatientRow, ctx: ModuleContext, answer: CoverageAnswer) -> _Hit | None:
    facts = {"day": ctx.reference_date.isoformat()}
    if answer.coverage is Coverage.NOT_INSURED:
        return _Hit(EXCLUDE, "NOT_INSURED", facts)
    if answer.coverage is Coverage.DOUBLE:
        return _Hit(HOLD, "DOUBLE_INSURANCE", facts)
    asked_too_late = answer.coverage is Coverage.TOO_OLD or (
        answer.coverage is Coverage.NO_ANSWER and ctx.reference_date < _oldest_answerable(ctx)
    )
    if ctx.require_cov and asked_too_late:
        return _Hit(HOLD, "COV_TOO_OLD", {**facts, "years": ctx.cov_max_years})
    return None if _uzovi(row, answer) else _Hit(HOLD, "UZOVI_MISSING")


def _oldest_answerable(ctx: ModuleContext) -> date:
    year = ctx.today.year - ctx.cov_max_years
    leap = (ctx.today.month, ctx.today.day) == (2, 29)
    anniversary = date(year, 2, 28) if leap else ctx.today.replace(year=year)
    return anniversary + timedelta(days=1)


def _uzovi(row: PatientRow, answer: CoverageAnswer) -> str:
    """Coverage decides; where it names no insurer the file's UZOVI is used."""
    return (answer.uzovi if answer.coverage is Coverage.INSURED else "") or row.uzovi


def _insurer_check(uzovi: str, entry: RegisterEntry | None, ctx: ModuleContext) -> _Hit | None:
    if entry is None:
        return _Hit(
            HOLD, "UZOVI_UNKNOWN", {"uzovi": uzovi if is_uzovi(uzovi) else "?", "day": ctx.reference_date.isoformat()}
        )
    if not entry.basic_insurance:
        return _Hit(EXCLUDE, "NOT_BASIC_INSURANCE", {"uzovi": uzovi})
    return None


# Claims already made, and what allows claiming at all.


def _claim_check(row: PatientRow, ctx: ModuleContext, entry: RegisterEntry | None) -> _Hit | None:
    if row.person.bsn in ctx.elsewhere:
        return _Hit(HOLD, "CLAIMED_ELSEWHERE")
    if row.person.bsn in ctx.claimed:
        return _Hit(SKIP, "ALREADY_CLAIMED", {"module": ctx.module.name, "quarter": str(ctx.quarter)})
    hit = _participation_check(ctx)
    if hit is not None:
        return hit
    if not is_agb(row.performer_agb):
        return _Hit(HOLD, "PERFORMER_MISSING")
    return _tariff_check(ctx, entry)


def _participation_check(ctx: ModuleContext) -> _Hit | None:
    taking_part = ctx.participation
    facts = {"module": ctx.module.name, "quarter": str(ctx.quarter), "first": str(taking_part.first)}
    problem = window_problem(ctx.quarter, taking_part.first, taking_part.last, ctx.module.max_quarters)
    if problem:
        return _Hit(EXCLUDE, problem, facts)
    if taking_part.agreement is None or not taking_part.agreement.holds_on(ctx.reference_date):
        return _Hit(HOLD, "NO_AGREEMENT", facts)
    consent = taking_part.consent
    if consent is None or consent.valid_from > ctx.today or consent.ended_on(ctx.reference_date):
        return _Hit(HOLD, "NO_CONSENT", facts)
    return None


def _tariff_check(ctx: ModuleContext, entry: RegisterEntry | None) -> _Hit | None:
    amount = ctx.tariff(entry) if entry else None
    facts = {"module": ctx.module.name, "uzovi": entry.uzovi if entry else ""}
    if amount is None:
        return _Hit(HOLD, "NO_TARIFF", facts)
    return _Hit(EXCLUDE, "NO_CONTRACT", facts) if amount.minor <= 0 else None


def _first_lines(rows: Sequence[PatientRow]) -> dict[str, PatientRow]:
    firsts: dict[str, PatientRow] = {}
    for row in rows:
        if not row.malformed:
            firsts.setdefault(row.person.bsn, row)
    return firsts


def _age(born: date | None, day: date) -> int:
    if born is None:
        return 0
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))
