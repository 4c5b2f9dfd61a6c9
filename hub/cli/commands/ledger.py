"""kvitt ledger: the journal for bookkeeping, and what a person records on it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from hub.cli.actors import acting
from hub.cli.output import Json, Tenant, put_file, put_json, say, table
from hub.cli.output import money as shown
from hub.errors import ConfigurationError

_EXPORT = """Export the journal of a period, each row once and numbered; --number gives one again, byte by byte.

Accounts are those of `account-map.csv` (account;code;name) in the hub's folder, else shipped ones.

Example: `kvitt ledger export --period 2024Q1 --out .`

Example: `kvitt ledger export --number 1 --out .`
"""
_EXPORTS = """Show the exports made, with what they add up to.

Example: `kvitt ledger exports`
"""
_PATIENT = """Record that part of what a payer does not pay is the patient's: a deductible, care without a contract.

Example: `kvitt ledger patient-part 0000000012 --amount 12.50 --reason "deductible"`
"""


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown", help="The journal.")
    group.command("export", help=_EXPORT)(export)
    group.command("exports", help=_EXPORTS)(exports)
    group.command("patient-part", help=_PATIENT)(patient_part)
    app.add_typer(group, name="ledger")


def export(
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Where to put the file.")],
    period: Annotated[str, typer.Option(help="A quarter (2024Q1) or month (2024-01).")] = "",
    number: Annotated[int, typer.Option(help="Give this export again.")] = 0,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file that exists.")] = False,
    tenant: Tenant = "",
    as_json: Json = False,
) -> None:
    """Export the journal."""
    if bool(period) == bool(number):
        raise typer.BadParameter("either --period or --number")
    if not out.is_dir():
        raise ConfigurationError(f"{out} is no folder", hint="--out FOLDER")
    from hub.cli.here import here
    from hub.pipeline import bookkeeping

    with here(tenant) as place:
        actor = acting("operator")
        if number:
            made = bookkeeping.again(place.hub, place.tenant, number, actor)
        else:
            new = bookkeeping.export(place.hub, place.tenant, period, actor)
            if new is None:
                say(f"{period}: no row that was not exported before (kvitt ledger exports)")
                return
            made = new
    put_file(out / made.name, made.content, force=force)
    body = _body(made.row) | {"path": str(out / made.name)}
    if as_json:
        put_json(body)
    else:
        say(f"{body['path']}: {body['count']} rows, {_sums(made.row['totals'])}")


def exports(tenant: Tenant = "", as_json: Json = False) -> None:
    """Show exports."""
    from hub.cli.here import here
    from hub.store import bookkeeping

    with here(tenant) as place, place.hub.store.reading(place.tenant) as unit:
        rows = bookkeeping.exports(unit)
    if as_json:
        for row in rows:
            put_json(_body(row))
        return
    cells = [[row["number"], row["period"], row["count"], _sums(row["totals"]), row["made_by"]] for row in rows]
    table(("number", "period", "rows", "total", "made_by"), cells)


def patient_part(
    ref: Annotated[str, typer.Argument(help="The claim's reference.")],
    amount: Annotated[str, typer.Option(help="How much is the patient's.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; no personal data.")],
    line: Annotated[str, typer.Option(help="Of a claim with several lines: which.")] = "",
    currency: Annotated[str, typer.Option()] = "EUR",
    tenant: Tenant = "",
) -> None:
    """Record a patient part."""
    from hub.cli.here import here
    from hub.pipeline import payouts, receivables

    with here(tenant) as place:
        wanted = payouts.cost("1", amount, currency)
        receivables.to_patient(place.hub, place.tenant, ref, wanted, reason, acting("support"), line=line)
    say(f"{ref}: {wanted} is the patient's")


def _body(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("number", "period", "count", "totals", "made_by", "made_at")}


def _sums(totals: dict[str, int]) -> str:
    return ", ".join(f"{shown(minor)} {currency}" for currency, minor in totals.items())
