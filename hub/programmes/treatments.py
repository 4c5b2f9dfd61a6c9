"""Treatment logs (NO): which rows can be invoiced on which assignment, and why not the others.

Source: Behandlernettverk's FAQ and support pages: the insurer validates period, quota, coverage, code and birth date
against the SakID; the same is checked here before anything is sent (decision 7). The order of checks is fixed: the
first hit is the outcome; quota and coverage count the gross amounts of accepted rows in date order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from hub.model.money import Money
from hub.model.party import Party
from hub.programmes.outcome import INVOICE, REJECT, RowOutcome, say
from hub.programmes.rows import Assignment, TreatmentRow
from hub.programmes.vat import VatRule, vat_rule

TreatmentKey = tuple[str, str, datetime]
"""SakID, treatment code and start: what makes a treatment the same one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What earlier invoices used up of an assignment."""

    treatments: int = 0
    gross: Money | None = None
    deductible: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TreatmentContext:
    """Everything a log is judged against; `used` and `invoiced` come from the caller's earlier invoices.

    `payers` maps an insurer's organisation number to its partner folder. `approved` lists the insurers that approved
    the clinic, None where that is not recorded. `kid_length` and `kid_method` are the clinic's OCR agreement.
    """

    tenant: str
    programme: str = "treatment-assignments"
    clinic: Party
    submitter: Party
    assignments: Mapping[str, Assignment]
    vat_rules: tuple[VatRule, ...]
    payers: Mapping[str, str] = field(default_factory=dict)
    used: Mapping[str, Used] = field(default_factory=dict)
    invoiced: frozenset[TreatmentKey] = frozenset()
    approved: frozenset[str] | None = None
    today: date
    due_days: int = 14
    kid_length: int = 0
    kid_method: str = "MOD10"
    currency: str = "NOK"

    def used_of(self, sak_id: str) -> Used:
        """What earlier invoices used of an assignment."""
        return self.used.get(sak_id, Used())


@dataclass(frozen=True, slots=True)
class _Hit:
    """What a check says; `text` names another sentence than the code's own."""

    code: str
    facts: Mapping[str, str | int] = field(default_factory=dict)
    text: str = ""


def assess(rows: Sequence[TreatmentRow], ctx: TreatmentContext) -> list[RowOutcome]:
    """One outcome per row, in the order of the file."""
    tally = _Tally(ctx)
    judged = {row.line: _judge(row, ctx, tally) for row in in_date_order(rows)}
    return [judged[row.line] for row in rows]


def in_date_order(rows: Sequence[TreatmentRow]) -> list[TreatmentRow]:
    """Rows by start and line; those without a readable start come last."""
    return sorted(rows, key=lambda row: (row.start is None, row.start.isoformat() if row.start else "", row.line))


class _Tally:
    """Running totals while one log is judged; lives for one call."""

    def __init__(self, ctx: TreatmentContext) -> None:
        self._ctx = ctx
        self._count: dict[str, int] = {}
        self._gross: dict[str, Money] = {}
        self.keys: set[TreatmentKey] = set(ctx.invoiced)

    def count(self, sak_id: str) -> int:
        """Treatments accepted so far, earlier invoices included."""
        return self._count.get(sak_id, self._ctx.used_of(sak_id).treatments)

    def gross(self, sak_id: str) -> Money:
        """Gross amount accepted so far, earlier invoices included."""
        return self._gross.get(sak_id) or self._ctx.used_of(sak_id).gross or Money(0, self._ctx.currency)

    def add(self, key: TreatmentKey, price: Money) -> None:
        """Count one accepted treatment."""
        self._count[key[0]] = self.count(key[0]) + 1
        self._gross[key[0]] = self.gross(key[0]) + price
        self.keys.add(key)


def _judge(row: TreatmentRow, ctx: TreatmentContext, tally: _Tally) -> RowOutcome:
    if row.malformed:
        return _rejected(row, _Hit("ROW_MALFORMED"))
    if row.clinic_orgnr not in ("", ctx.clinic.id):
        return _rejected(row, _Hit("WRONG_CLINIC", {"orgnr": ctx.clinic.id}))
    if row.start is None:
        return _rejected(row, _Hit("DATETIME_INVALID"))
    if not row.sak_id:
        return _rejected(row, _Hit("SAKID_MISSING"))
    assignment = ctx.assignments.get(row.sak_id)
    if assignment is None:
        return _rejected(row, _Hit("SAKID_UNKNOWN"))
    return _judge_assigned(row, assignment, row.start, ctx, tally)


def _judge_assigned(
    row: TreatmentRow, assignment: Assignment, start: datetime, ctx: TreatmentContext, tally: _Tally
) -> RowOutcome:
    key = (row.sak_id, row.code, start)
    hit = _assignment_check(row, assignment, start)
    if hit is None and key in tally.keys:
        hit = _Hit("DUP_TREATMENT")
    hit = hit or _vat_check(row, start, ctx) or _limit_check(row, assignment, tally)
    if hit is not None or row.price is None:
        return _rejected(row, hit or _Hit("PRICE_INVALID"))
    tally.add(key, row.price)
    return _invoiced(row, assignment, start, ctx)


def _assignment_check(row: TreatmentRow, assignment: Assignment, start: datetime) -> _Hit | None:
    if row.birth_date is None or row.birth_date != assignment.birth_date:
        return _Hit("BIRTHDATE_MISMATCH")
    day = start.date()
    begins, ends = assignment.valid_from, assignment.valid_to
    if (begins and day < begins) or (ends and day > ends):
        return _Hit("OUTSIDE_PERIOD", {"begins": _shown(begins), "ends": _shown(ends)})
    if assignment.codes and row.code not in assignment.codes:
        return _Hit("CODE_NOT_COVERED", {"code": row.code})
    if row.insurer_orgnr not in ("", assignment.insurer_orgnr):
        return _Hit("INSURER_MISMATCH")
    return None


def _vat_check(row: TreatmentRow, start: datetime, ctx: TreatmentContext) -> _Hit | None:
    rule = vat_rule(ctx.vat_rules, row.profession, start.date(), has_hpr=bool(row.therapist_hpr))
    if rule is None or (row.vat_category.upper(), row.vat_rate) == (rule.category, rule.rate):
        return None
    given = f"{row.vat_category} {row.vat_rate if row.vat_rate is not None else '?'}"
    facts = {"given": given, "expected": f"{rule.category} {rule.rate}", "source": rule.source}
    return _Hit("VAT_CATEGORY", facts, "" if rule.certain else "VAT_CATEGORY_UNSURE")


def _limit_check(row: TreatmentRow, assignment: Assignment, tally: _Tally) -> _Hit | None:
    if row.price is None or row.price.minor <= 0:
        return _Hit("PRICE_INVALID")
    if assignment.quota is not None and tally.count(row.sak_id) >= assignment.quota:
        return _Hit("QUOTA_EXCEEDED", {"quota": assignment.quota})
    total = tally.gross(row.sak_id) + row.price
    if assignment.coverage is not None and total > assignment.coverage:
        return _Hit("COVERAGE_EXCEEDED", {"total": str(total), "coverage": str(assignment.coverage)})
    return None


def _invoiced(row: TreatmentRow, assignment: Assignment, start: datetime, ctx: TreatmentContext) -> RowOutcome:
    rule = vat_rule(ctx.vat_rules, row.profession, start.date(), has_hpr=bool(row.therapist_hpr))
    warnings = tuple(_warnings(row, assignment, rule, ctx))
    code = warnings[0] if warnings else ""
    return RowOutcome(
        line=row.line,
        row_id=row.row_id,
        outcome=INVOICE,
        code=code,
        message=say(code, source=rule.source if rule else "") if code else {},
        warnings=warnings,
        payer_code=assignment.insurer_orgnr,
    )


def _warnings(row: TreatmentRow, assignment: Assignment, rule: VatRule | None, ctx: TreatmentContext) -> list[str]:
    found = []
    if rule is None:
        found.append("WARN_PROFESSION_UNKNOWN")
    elif rule.authorised and not row.therapist_hpr:
        found.append("WARN_HPR_MISSING")
    if rule is not None and not rule.certain:
        found.append("WARN_VAT_UNSURE")
    if ctx.approved is not None and assignment.insurer_orgnr not in ctx.approved:
        found.append("CLINIC_NOT_APPROVED")
    return found


def _rejected(row: TreatmentRow, hit: _Hit) -> RowOutcome:
    return RowOutcome(
        line=row.line,
        row_id=row.row_id,
        outcome=REJECT,
        code=hit.code,
        message=say(hit.text or hit.code, **hit.facts),
    )


def _shown(day: date | None) -> str:
    return day.isoformat() if day else "..."
