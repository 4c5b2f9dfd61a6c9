"""kvitt overdue and kvitt patient-parts: what payers and patients still owe."""

from __future__ import annotations

from typing import Annotated

import typer

from hub.cli.actors import acting
from hub.cli.output import Json, Tenant, put_json, table
from hub.cli.output import money as shown

_OVERDUE = """Show what each payer owes by age: not due yet, 1-30, 31-60, 61-90 and more days overdue.

A claim without a day of its own is due --term days after its decision.

Example: `kvitt overdue --term 30`
"""
_PATIENT_PARTS = """Show what is the patient's own part, line by line; names only with --names and a --reason.

Example: `kvitt patient-parts --practice 01099901`
"""


def register(app: typer.Typer) -> None:
    """Add both commands."""
    app.command("overdue", help=_OVERDUE)(overdue)
    app.command("patient-parts", help=_PATIENT_PARTS)(patient_parts)


def overdue(
    term: Annotated[int, typer.Option(min=0, help="Days a payer has after its decision.")] = 30,
    tenant: Tenant = "",
    as_json: Json = False,
) -> None:
    """Show overdue money."""
    from hub.cli.here import here
    from hub.pipeline import receivables

    with here(tenant) as place:
        found = receivables.overdue(place.hub, place.tenant, term=term)
    names = ("not_due", "days_1_30", "days_31_60", "days_61_90", "more")
    if as_json:
        for one in found:
            body = {f"{name}_minor": minor for name, minor in zip(names, one.amounts, strict=True)}
            totals = {
                "overdue_minor": one.overdue,
                "total_minor": one.total,
                "claims": one.claims,
                "oldest": one.oldest,
            }
            put_json({"payer": one.payer, "currency": one.currency} | body | totals)
        return
    header = ("payer", "currency", *names, "overdue", "total", "claims", "oldest")
    table(
        header,
        [
            (
                *(one.payer, one.currency, *map(shown, one.amounts)),
                *(shown(one.overdue), shown(one.total), one.claims, one.oldest or ""),
            )
            for one in found
        ],
    )


def patient_parts(
    practice: Annotated[str, typer.Option(help="Only this practice.")] = "",
    names: Annotated[bool, typer.Option("--names", help="With the patient's name.")] = False,
    reason: Annotated[str, typer.Option("--reason", help="Why names are needed.")] = "",
    tenant: Tenant = "",
    as_json: Json = False,
) -> None:
    """Show patient parts."""
    from hub.cli.here import here
    from hub.pipeline import receivables

    with here(tenant) as place:
        found = receivables.patient_parts(
            place.hub, place.tenant, acting("support"), practice=practice, names=names, reason=reason
        )
    if as_json:
        for one in found:
            body: dict[str, object] = {"ref": one.ref, "line": one.line, "practice": one.practice, "payer": one.payer}
            body |= {"amount_minor": one.amount.minor, "currency": one.amount.currency, "decided": one.decided}
            put_json(body | ({"name": one.name} if names else {}))
        return
    header = ("ref", "line", "practice", "payer", "amount", "currency", "decided", *(("name",) if names else ()))
    rows = [
        (one.ref, one.line, one.practice, one.payer, shown(one.amount.minor), one.amount.currency, one.decided or "")
        + ((one.name,) if names else ())
        for one in found
    ]
    table(header, rows)
