"""Claims of a quarterly module: one claim of one line per claimable row (decision 12).

The performance date is the reference date (begin and end), the period is the quarter. The line reference is the claim's
own reference; the claim file's invoice number is given later, when files are built per UZOVI.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hub.errors import ConfigurationError
from hub.model.claim import Claim, ClaimLine
from hub.model.money import Money
from hub.programmes.module_context import ModuleContext
from hub.programmes.outcome import CLAIM, RowOutcome
from hub.programmes.rows import PatientRow


def claims(
    outcomes: Sequence[RowOutcome],
    rows: Sequence[PatientRow],
    ctx: ModuleContext,
    *,
    new_id: Callable[[], str],
    new_ref: Callable[[], str],
) -> list[Claim]:
    """The claims of the outcomes that say so, in their order; no other row takes an id or a reference."""
    by_line = {row.line: row for row in rows}
    return [
        _claim(outcome, by_line[outcome.line], ctx, new_id, new_ref) for outcome in outcomes if outcome.outcome == CLAIM
    ]


def _claim(
    outcome: RowOutcome,
    row: PatientRow,
    ctx: ModuleContext,
    new_id: Callable[[], str],
    new_ref: Callable[[], str],
) -> Claim:
    entry = ctx.insurer(outcome.payer_code)
    tariff = ctx.tariff(entry) if entry else None
    if entry is None or tariff is None:
        message = f"no insurer or tariff for UZOVI {outcome.payer_code} on {ctx.reference_date}"
        raise ConfigurationError(message, hint="assess and claim with the same context")
    ref = new_ref()
    return Claim(
        id=new_id(),
        tenant=ctx.tenant,
        country="NL",
        ref=ref,
        programme=ctx.programme,
        module=ctx.module.name,
        period=str(ctx.quarter),
        payer=entry.payer,
        payer_code=entry.uzovi,
        payer_name=entry.name,
        provider=ctx.provider,
        claimant=ctx.claimant,
        submitter=ctx.submitter,
        person=row.person,
        currency=tariff.currency,
        references={"list_line": str(row.line)},
        lines=(_line(row, ctx, tariff, new_id(), ref),),
    )


def _line(row: PatientRow, ctx: ModuleContext, tariff: Money, line_id: str, ref: str) -> ClaimLine:
    return ClaimLine(
        id=line_id,
        number=1,
        ref=ref,
        service_code=ctx.module.service_code,
        service_text=ctx.module.text,
        code_list=ctx.module.code_list,
        begins=ctx.reference_date,
        ends=ctx.reference_date,
        quantity=1,
        unit_price=tariff,
        amount=tariff,
        performer=row.performer_agb,
    )
