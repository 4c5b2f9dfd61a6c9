"""kvitt retention: how long each kind is kept, what is due, and its destruction."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hub.cli.actors import acting
from hub.cli.output import Json, Tenant, put_json, say, table

_RULES = """Show how long each kind is kept, and on what that rests. A hub's own terms: retention.toml in its home.

Example: `kvitt retention rules`
"""
_RUN = """Show what is due to be destroyed; --apply destroys it. Safe to repeat: made for every night.

Exit 5: something that is due is kept (a legal hold, open money, an access log that is not whole).

Example: `kvitt retention run`

Example: `kvitt retention run --apply --json`
"""
_DONE = """Show what was destroyed so far.

Example: `kvitt retention done`
"""
_COLUMNS = ("tenant", "kind", "what", "count", "kept", "term", "basis")


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown", help="How long what is kept.")
    for name, command, text in (("rules", rules, _RULES), ("run", run, _RUN), ("done", done, _DONE)):
        group.command(name, help=text)(command)
    app.add_typer(group, name="retention")


def rules(tenant: Tenant = "", as_json: Json = False) -> None:
    """Show the rules in force."""
    from hub.cli.here import here
    from hub.pipeline import retention

    with here(tenant) as place:
        found = retention.rules(place.hub.home, place.country, place.hub.today(place.country))
    body = [
        {"kind": each.kind, "country": each.country, "from": each.first, "term": each.term, "basis": each.basis}
        for each in found.values()
    ]
    _put(body, ("kind", "country", "from", "term", "basis"), as_json=as_json)


def run(
    apply: Annotated[bool, typer.Option("--apply", help="Destroy it; else it is only shown.")] = False,
    tenant: Tenant = "",
    as_json: Json = False,
) -> None:
    """Show or destroy what is due."""
    from hub.cli.here import opened, tenants
    from hub.pipeline import retention

    body = []
    with opened() as hub:
        countries = {row["id"]: row["country"] for row in hub.store.tenants()}
        for name in tenants(hub, tenant):
            if apply:
                found = retention.apply(hub, name, countries[name], acting("operator"))
            else:
                with hub.store.reading(name) as unit:
                    found = retention.due(hub, unit, countries[name])
            body += [{"tenant": name} | each.as_json() for each in found]
    _put(body, _COLUMNS, as_json=as_json)
    raise typer.Exit(5 if any(each["kept"] for each in body) else 0)


def done(tenant: Tenant = "", as_json: Json = False) -> None:
    """Show what was destroyed."""
    from hub.cli.here import here
    from hub.store import privacy

    with here(tenant) as place, place.hub.store.reading(place.tenant) as unit:
        rows = privacy.disposals(unit)
    _put(rows, ("at", "kind", "what", "count", "rule", "by"), as_json=as_json)


def _put(rows: list[dict[str, Any]], columns: tuple[str, ...], *, as_json: bool) -> None:
    body = [{column: row[column] for column in columns} for row in rows]
    if as_json:
        for each in body:
            put_json(each)
    elif body:
        table(columns, [list(each.values()) for each in body])
    else:
        say("Nothing.")
