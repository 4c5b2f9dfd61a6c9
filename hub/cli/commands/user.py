"""kvitt user: who may use the hub, in which role, for which organisation."""

from __future__ import annotations

from typing import Annotated

import typer

from hub.cli.actors import acting
from hub.cli.importing import File, Preview, Yes, applies, put_outcome, read_file, usable
from hub.cli.output import Json, Lang, Tenant, language, put_json, table
from hub.intake.cells import Cells
from hub.intake.party_lists import ROLES, USER_COLUMNS, read_users, user_row

_ADD = """Add a user or change one. A provider sees one organisation; other roles without one see the whole tenant.

Example: `kvitt user add anna@praktijk.example --role provider --org 01099901`
"""
_IMPORT = f"""Import users from a list (CSV or XLSX) with the columns {", ".join(USER_COLUMNS)}.

Example: `kvitt user import users.csv --yes`
"""
_LIST = """Show users.

Example: `kvitt user list --json`
"""


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown", help="Users and their roles.")
    group.command("add", help=_ADD)(add)
    group.command("import", help=_IMPORT)(import_)
    group.command("list", help=_LIST)(list_)
    app.add_typer(group, name="user")


def add(
    login: Annotated[str, typer.Argument(help="The name they log in with.")],
    role: Annotated[str, typer.Option(help=f"One of: {', '.join(ROLES)}.")],
    name: Annotated[str, typer.Option()] = "",
    org: Annotated[str, typer.Option(help="Code of their organisation.")] = "",
    user_language: Annotated[str, typer.Option("--language", help="en, nb or nl; else the hub's.")] = "",
    tenant: Tenant = "",
    as_json: Json = False,
    lang: Lang = "",
) -> None:
    """Add or change one user."""
    from hub.cli.here import here
    from hub.pipeline import onboarding

    with here(tenant) as place:
        spoken = language(lang, place.language)
        values = (login, name, role, org, user_language or place.language)
        cells = Cells(1, dict(zip(USER_COLUMNS, values, strict=True)))
        row = user_row(cells)
        findings = usable(cells, spoken, as_json=as_json)
        with place.hub.store.unit(place.tenant) as unit:
            outcome = onboarding.put_users(unit, [row], acting("operator"))
    raise typer.Exit(put_outcome(outcome, findings, spoken, as_json=as_json, applied=True))


def import_(
    file: File,
    tenant: Tenant = "",
    yes: Yes = False,
    preview: Preview = False,
    as_json: Json = False,
    lang: Lang = "",
) -> None:
    """Import a list of users."""
    from hub.cli.here import here
    from hub.pipeline import onboarding

    applied = applies(yes=yes, as_json=as_json, preview=preview)
    data = read_file(file)
    with here(tenant) as place:
        listing = read_users(data, file.name)
        with place.hub.store.unit(place.tenant) as unit:
            outcome = onboarding.put_users(unit, listing.rows, acting("operator"), dry=not applied)
        spoken = language(lang, place.language)
    raise typer.Exit(put_outcome(outcome, listing.findings, spoken, as_json=as_json, applied=applied))


def list_(tenant: Tenant = "", as_json: Json = False) -> None:
    """Show users."""
    from hub.cli.here import opened, tenants
    from hub.store import parties

    rows: list[dict[str, object]] = []
    with opened() as hub:
        for name in tenants(hub, tenant):
            with hub.store.reading(name) as unit:
                codes = {one.id: one.code for one in parties.organisations(unit)}
                for row in parties.users(unit):
                    body: dict[str, object] = {column: row[column] for column in ("login", "name", "role", "language")}
                    body |= {"tenant": name, "organisation": codes.get(row["organisation_id"] or "")}
                    rows.append(body)
    if as_json:
        for one in rows:
            put_json(one)
        return
    columns = ("tenant", "login", "name", "role", "organisation", "language")
    table(columns, [[one[column] or "" for column in columns] for one in rows])
