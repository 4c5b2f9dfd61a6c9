"""kvitt accesslog: who saw, searched, exported or changed what; is the log whole; whose data does a message hold."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from hub.cli.actors import acting
from hub.cli.output import Json, Lang, Tenant, language, put_json, say, table

_LIST = """Show the newest lines of the access log.

Example: `kvitt accesslog list --most 20`
"""
_VERIFY = """Check every month's chain, and the signed heads of closed months.

Exit 1: a line was changed or is missing.

Example: `kvitt accesslog verify --json`
"""
_PATIENT = """Show who saw, searched, exported or changed anything about one person, oldest first.

The number is asked for, or read from standard input; it stands in no argument and no log.

Example: `kvitt accesslog patient --json < number.txt`
"""
_EMPLOYEE = """Show everything one person did in a time.

Example: `kvitt accesslog employee anna --from 2026-11-01 --to 2026-11-30`
"""
_EXCHANGE = """Show whose data was in a message that went out: its claims with their persons, masked.

Example: `kvitt accesslog exchange KV0000000008`
"""
_FIELDS = ("at", "actor", "role", "action", "object", "subject", "outcome")
_ROLE = "privacy_officer"


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown", help="Who saw what (NEN 7513).")
    commands = (
        ("list", list_, _LIST),
        ("verify", verify, _VERIFY),
        ("patient", patient, _PATIENT),
        ("employee", employee, _EMPLOYEE),
        ("exchange", exchange, _EXCHANGE),
    )
    for name, command, text in commands:
        group.command(name, help=text)(command)
    app.add_typer(group, name="accesslog")


def list_(
    most: Annotated[int, typer.Option(min=1, max=10_000, help="How many.")] = 50,
    tenant: Tenant = "",
    as_json: Json = False,
) -> None:
    """Show the newest lines."""
    from hub.cli.here import here
    from hub.pipeline import access_reports

    with here(tenant) as place:
        rows = access_reports.listed(place.hub, place.tenant, acting(_ROLE), most=most)
    _put([access_reports.line(row) for row in rows], _FIELDS, as_json=as_json)


def verify(tenant: Tenant = "", as_json: Json = False) -> None:
    """Check the chains of one tenant, or of all."""
    from hub.cli.here import opened, tenants
    from hub.pipeline import access_reports

    body = []
    with opened() as hub:
        for name in tenants(hub, tenant):
            for each in access_reports.verify(hub, name, acting(_ROLE)):
                place = "" if each.broken_at is None else each.broken_at
                body.append({"tenant": name, "month": each.month, "whole": each.whole, "broken_at": place})
    _put(body, ("tenant", "month", "whole", "broken_at"), as_json=as_json)
    raise typer.Exit(0 if all(each["whole"] for each in body) else 1)


def patient(tenant: Tenant = "", lang: Lang = "", as_json: Json = False) -> None:
    """Report on a person."""
    from hub.cli.here import here
    from hub.cli.persons import asked_for
    from hub.pipeline import access_reports

    with here(tenant) as place:
        who = asked_for(language(lang, place.language))
        rows = access_reports.of_patient(place.hub, place.tenant, who, acting(_ROLE))
    _put([access_reports.line(row) for row in rows], _FIELDS, as_json=as_json)


def employee(
    name: Annotated[str, typer.Argument(help="As they stand in the log.")],
    first: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="Else a month back.")] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="The last day, included.")] = None,
    tenant: Tenant = "",
    as_json: Json = False,
) -> None:
    """Report on an employee."""
    from hub.cli.here import here
    from hub.pipeline import access_reports

    with here(tenant) as place:
        until = last.replace(tzinfo=UTC) + timedelta(days=1) if last else place.hub.clock.now() + timedelta(seconds=1)
        since = first.replace(tzinfo=UTC) if first else until - timedelta(days=31)
        rows = access_reports.of_employee(place.hub, place.tenant, name, since, until, acting(_ROLE))
    _put([access_reports.line(row) for row in rows], _FIELDS, as_json=as_json)


def exchange(
    wanted: Annotated[str, typer.Argument(metavar="EXCHANGE", help="Id, business key, remote id, invoice number.")],
    tenant: Tenant = "",
    as_json: Json = False,
) -> None:
    """Whose data was in it."""
    from hub.cli.here import here
    from hub.pipeline import access_reports

    with here(tenant) as place:
        rows = access_reports.of_exchange(place.hub, place.tenant, wanted, acting(_ROLE))
    _put(rows, ("claim", "provider", "person", "number", "subject", "erased"), as_json=as_json)


def _put(rows: list[dict[str, Any]], columns: tuple[str, ...], *, as_json: bool) -> None:
    if as_json:
        for row in rows:
            put_json(row)
    elif rows:
        table(columns, [[row[column] for column in columns] for row in rows])
    else:
        say("Nothing.")
