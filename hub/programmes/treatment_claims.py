"""Invoices of treatment logs: one claim per SakID, lines in date order, numbers only for claims really made.

The deductible is an allowance on the assignment's first lines in date order until it is used up, and an amount is never
below zero (decision 7). The KID is made over the invoice number (decision 2).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from hub.errors import ConfigurationError
from hub.model.claim import Claim, ClaimLine
from hub.model.identity import make_kid
from hub.model.money import Money, total
from hub.model.person import Person
from hub.programmes.outcome import INVOICE, RowOutcome
from hub.programmes.rows import Assignment, TreatmentRow
from hub.programmes.treatments import TreatmentContext, in_date_order

DEDUCTIBLE = "Egenandel"
_Id = Callable[[], str]


def claims(
    outcomes: Sequence[RowOutcome],
    rows: Sequence[TreatmentRow],
    ctx: TreatmentContext,
    *,
    new_id: _Id,
    next_number: _Id,
) -> list[Claim]:
    """One claim per SakID with accepted rows, in order of the first treatment."""
    accepted = {outcome.line for outcome in outcomes if outcome.outcome == INVOICE}
    groups: dict[str, list[TreatmentRow]] = {}
    for row in in_date_order([row for row in rows if row.line in accepted]):
        groups.setdefault(row.sak_id, []).append(row)
    return [_claim(ctx.assignments[sak_id], group, ctx, new_id, next_number()) for sak_id, group in groups.items()]


def _claim(assignment: Assignment, rows: list[TreatmentRow], ctx: TreatmentContext, new_id: _Id, number: str) -> Claim:
    return Claim(
        id=new_id(),
        tenant=ctx.tenant,
        country="NO",
        ref=number,
        invoice_number=number,
        programme=ctx.programme,
        payer=ctx.payers.get(assignment.insurer_orgnr, ""),
        payer_code=assignment.insurer_orgnr,
        payer_name=assignment.insurer_name,
        provider=ctx.clinic,
        claimant=ctx.clinic,
        submitter=ctx.submitter,
        person=Person(birth_date=rows[0].birth_date, fnr=rows[0].fnr, local_ref=rows[0].patient_ref),
        currency=ctx.currency,
        issue_date=ctx.today,
        due_date=ctx.today + timedelta(days=ctx.due_days),
        kid=_kid(number, ctx),
        references={"sak_id": assignment.sak_id},
        lines=_lines(assignment, rows, ctx, new_id, number),
    )


def _kid(number: str, ctx: TreatmentContext) -> str:
    try:
        return make_kid(number, length=ctx.kid_length, method=ctx.kid_method)
    except ValueError as error:
        message = f"invoice number {number} does not fit a KID of length {ctx.kid_length}"
        raise ConfigurationError(message, hint="correct the KID length or the number series") from error


def _lines(
    assignment: Assignment, rows: list[TreatmentRow], ctx: TreatmentContext, new_id: _Id, number: str
) -> tuple[ClaimLine, ...]:
    left = _deductible_left(assignment, ctx)
    lines = []
    for position, row in enumerate(rows, start=1):
        allowance = min(left, _price(row))
        left -= allowance
        lines.append(_line(row, position, allowance, f"{number}-{position}", new_id()))
    return _with_vat(lines)


def _with_vat(lines: list[ClaimLine]) -> tuple[ClaimLine, ...]:
    """Each taxed line with its share of the VAT, which EN 16931 computes once per category and rate, not per line."""
    shares: dict[int, Money] = {}
    for rate in sorted({line.vat_rate for line in lines if Decimal(line.vat_rate)}):
        taxed = [line for line in lines if line.vat_rate == rate]
        currency = taxed[0].amount.currency
        left = total([line.amount for line in taxed], currency).times(Decimal(rate) / 100)
        for line in taxed[:-1]:
            shares[line.number] = line.amount.times(Decimal(rate) / 100)
            left -= shares[line.number]
        shares[taxed[-1].number] = left
    return tuple(replace(line, vat=shares[line.number]) if line.number in shares else line for line in lines)


def _deductible_left(assignment: Assignment, ctx: TreatmentContext) -> Money:
    nothing = Money(0, ctx.currency)
    used = ctx.used_of(assignment.sak_id).deductible or nothing
    return max((assignment.deductible or nothing) - used, nothing)


def _line(row: TreatmentRow, position: int, allowance: Money, ref: str, line_id: str) -> ClaimLine:
    price = _price(row)
    return ClaimLine(
        id=line_id,
        number=position,
        ref=ref,
        service_code=row.code,
        service_text=row.text,
        begins=_start(row),
        unit_price=price,
        allowance=allowance or None,
        allowance_reason=DEDUCTIBLE if allowance else "",
        amount=price - allowance,
        vat_category=row.vat_category.upper(),
        vat_rate="0" if row.vat_rate is None else f"{row.vat_rate:f}",
        performer=row.therapist_hpr,
        performer_name=row.therapist_name,
        profession=row.profession,
        extra=_extra(row),
    )


def _extra(row: TreatmentRow) -> dict[str, str]:
    """Our names of what payers read from a line; the recipient's profile decides what is sent under which name."""
    values = {
        "treatment_code": row.code,
        "treatment_datetime": _start(row).isoformat(sep=" ", timespec="seconds"),
        "duration": row.duration,
        "therapist_hpr": row.therapist_hpr,
        "therapist_name": row.therapist_name,
        "profession": row.profession,
        "diagnosis": row.diagnosis,
        "patient_ref": row.patient_ref,
    }
    return {name: value for name, value in values.items() if value}


def _price(row: TreatmentRow) -> Money:
    if row.price is None:
        message = f"line {row.line} was accepted without a price"
        raise ConfigurationError(message, hint="claim the rows that were assessed")
    return row.price


def _start(row: TreatmentRow) -> datetime:
    if row.start is None:
        message = f"line {row.line} was accepted without a start"
        raise ConfigurationError(message, hint="claim the rows that were assessed")
    return row.start
