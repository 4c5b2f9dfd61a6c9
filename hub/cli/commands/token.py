"""kvitt token: what programs come in with at the REST API (/v1); the secret is shown once."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hub.cli.actors import acting
from hub.cli.output import Json, Tenant, put_json, say, table
from hub.errors import ConfigurationError

_ADD = """Make a token; it is shown now and never again. With --org it sees that organisation and what is below it.

Example: `kvitt token add his-export --scope declarations:write --scope declarations:read --org 01099901`
"""
_LIST = """Show tokens: what they may do, until when, and when they were used last.

Example: `kvitt token list`
"""
_REVOKE = """End a token: it opens nothing from now on.

Example: `kvitt token revoke NUMBER`
"""


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown", help="Tokens of programs, for the REST API.")
    group.command("add", help=_ADD)(add)
    group.command("list", help=_LIST)(list_)
    group.command("revoke", help=_REVOKE)(revoke)
    app.add_typer(group, name="token")


def add(
    name: Annotated[str, typer.Argument(help="What uses it.")],
    scope: Annotated[list[str], typer.Option("--scope", help="What it may do; several times for several.")],
    org: Annotated[str, typer.Option("--org", help="Code of the organisation it is for; else the whole tenant.")] = "",
    days: Annotated[int, typer.Option("--days", help="How long it lasts, at most 365.")] = 90,
    tenant: Tenant = "",
    as_json: Json = False,
) -> None:
    """Make one."""
    from hub.cli.here import here
    from hub.pipeline import api_tokens

    with here(tenant) as place:
        wanted = api_tokens.Wanted(name=name, scopes=scope, organisation=org, days=days)
        made = api_tokens.make(place.hub, place.tenant, wanted, acting("engineer"))
    until = made.expires_at.isoformat(timespec="minutes")
    if as_json:
        put_json({"number": made.id, "token": made.token, "until": until})
    else:
        say(f"keep this, it is not shown again; it works until {until}: {made.token}")


def list_(tenant: Tenant = "", as_json: Json = False) -> None:
    """Show all."""
    from hub.cli.here import opened, tenants
    from hub.pipeline import api_tokens

    rows: list[dict[str, Any]] = []
    with opened() as hub:
        for each in tenants(hub, tenant):
            rows += [_shown(each, row) for row in api_tokens.listed(hub, each)]
    if as_json:
        for row in rows:
            put_json(row)
    else:
        columns = (
            "tenant",
            "number",
            "name",
            "ending",
            "organisation",
            "scopes",
            "expires_at",
            "used_at",
            "revoked_at",
        )
        table(columns, [["" if row[column] is None else row[column] for column in columns] for row in rows])


def _shown(tenant: str, row: dict[str, Any]) -> dict[str, Any]:
    names = ("name", "live", "organisation", "created_by", "created_at", "expires_at", "used_at", "revoked_at")
    shown = {"tenant": tenant, "number": row["id"], "ending": f"...{row['ending']}", "scopes": " ".join(row["scopes"])}
    return shown | {name: row[name] for name in names}


def revoke(
    number: Annotated[str, typer.Argument(help="As `kvitt token list` shows it.")],
    tenant: Tenant = "",
    as_json: Json = False,
) -> None:
    """End one."""
    from hub.cli.here import here
    from hub.pipeline import api_tokens

    with here(tenant) as place:
        found = api_tokens.revoke(place.hub, place.tenant, number, acting("engineer"))
    if not found:
        raise ConfigurationError(f"no token {number}", hint="kvitt token list")
    if as_json:
        put_json({"number": number, "revoked": True})
    else:
        say("revoked: it opens nothing any more")
