"""Claims of performances under the zorgprestatiemodel: one claim of one line per performance.

So each is answered, held, credited and claimed again on its own. The line reference is the claim's own; the file's
number comes later. What only a GDS801 message says of a line stands in `extra`, under the names of the list's columns.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any

from hub.errors import ConfigurationError
from hub.model.claim import Claim, ClaimLine
from hub.model.person import Person
from hub.programmes.outcome import CLAIM, RowOutcome
from hub.programmes.performances import CODE_LIST, PerformanceContext, at, begin_of
from hub.programmes.rows import PerformanceRow

MODULE = "ZPM"
DECLARANT = "declarant_kind"
"""The reference of a claim that says what its claimant is (CL0015)."""
_EXTRA = (
    *("trajectory", "referral_type", "referrer_agb", "director_agb", "care_label"),
    *("performer_initials", "performer_prefix"),
)
_Id = Callable[[], str]


def claims(
    outcomes: Sequence[RowOutcome],
    rows: Sequence[PerformanceRow],
    ctx: PerformanceContext,
    *,
    new_id: _Id,
    new_ref: _Id,
) -> list[Claim]:
    """The claims of the outcomes that say so, in their order; no other row takes an id or a reference."""
    by_line = {row.line: row for row in rows}
    chosen = [by_line[outcome.line] for outcome in outcomes if outcome.outcome == CLAIM]
    return [_claim(row, ctx, new_id, new_ref()) for row in chosen]


def _claim(row: PerformanceRow, ctx: PerformanceContext, new_id: _Id, ref: str) -> Claim:
    entry = ctx.insurer(row)
    if entry is None or row.price is None or row.day is None:
        message = f"line {row.line} was accepted without insurer, price or date"
        raise ConfigurationError(message, hint="claim the rows that were assessed")
    return Claim(
        id=new_id(),
        tenant=ctx.tenant,
        country="NL",
        ref=ref,
        programme=ctx.programme,
        module=MODULE,
        period=f"{row.day:%Y-%m}",
        payer=entry.payer,
        payer_code=entry.uzovi,
        payer_name=entry.name,
        provider=ctx.provider,
        claimant=ctx.claimant,
        submitter=ctx.submitter,
        person=Person(birth_date=row.birth_date, bsn=row.bsn, local_ref=row.patient_number),
        currency=row.price.currency,
        references={"list_line": str(row.line), DECLARANT: ctx.declarant_kind},
        lines=(_line(row, ref, new_id()),),
    )


def _line(row: PerformanceRow, ref: str, line_id: str) -> ClaimLine:
    price: dict[str, Any] = {"unit_price": row.price, "amount": row.price}
    return ClaimLine(
        id=line_id,
        number=1,
        ref=ref,
        service_code=row.code,
        code_list=CODE_LIST,
        begins=begin_of(row),
        ends=_end(row),
        performer=row.performer_agb,
        performer_name=row.performer_name,
        profession=row.profession,
        extra=_extra(row),
        **price,
    )


def _end(row: PerformanceRow) -> date | datetime | None:
    return at(row.day, row.ends) if row.day is not None and row.ends is not None else None


def _extra(row: PerformanceRow) -> dict[str, str]:
    """A diagnosis is left out where the patient signed a privacy declaration (VC160 from 2024; here always)."""
    values = {name: str(getattr(row, name)) for name in _EXTRA}
    values["privacy"] = "Ja" if row.privacy else "Nee"
    values["referral_date"] = row.referral_date.isoformat() if row.referral_date else ""
    if not row.privacy:
        values |= {"diagnosis_list": row.diagnosis_list, "diagnosis_code": row.diagnosis_code}
    return {name: value for name, value in values.items() if value}
