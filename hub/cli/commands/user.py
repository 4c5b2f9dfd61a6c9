"""kvitt user: who may use the hub, in which role, for which organisation, and how they get in.

A secret is read from standard input or made and shown once; it is never a word of a command, which others could see.
"""

from __future__ import annotations

import getpass
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.actors import acting
from hub.cli.importing import File, Preview, Yes, applies, put_outcome, read_file, usable
from hub.cli.output import Json, Lang, Tenant, language, put_json, say, table
from hub.intake.cells import Cells
from hub.intake.party_lists import ROLES, USER_COLUMNS, read_users, user_row

if TYPE_CHECKING:  # the pipeline is imported only by commands that use it, so that help is quick
    from hub.pipeline.identity import Link

_LOCAL = "http://127.0.0.1:8700"
Console = Annotated[str, typer.Option("--console", help="Where people reach it; else hub.toml's address.")]

_ADD = """Add a user or change one. A provider sees one organisation; other roles without one see the whole tenant.

Example: `kvitt user add anna@praktijk.example --role provider --org 01099901`
"""
_IMPORT = f"""Import users from a list (CSV or XLSX) with the columns {", ".join(USER_COLUMNS)}.

Example: `kvitt user import users.csv --yes`
"""
_LIST = """Show users.

Example: `kvitt user list --json`
"""
_INVITE = """Invite a user: a link to choose a password with, by mail where the login is an address.

Who left before may come back through it.

Example: `kvitt user invite anna@praktijk.example --console https://kvitt.example.org`
"""
_END = """Somebody leaves: sessions, links, password and device end at once.

Example: `kvitt user end anna@praktijk.example`
"""
_RESET = """Give a user a link to a new password, by mail where the login is an address.

Example: `kvitt user reset anna@praktijk.example --console https://kvitt.example.org`
"""
_SET = """Set a user's password, read from standard input (or made with --generate); every session ends.

Example: `kvitt user password anna@praktijk.example --generate`
"""
_ASK = """Ask for a new device on behalf of somebody who lost theirs.

Example: `kvitt user device ask anna@praktijk.example`
"""
_WAITING = """Show lost devices that wait for a second person.

Example: `kvitt user device list`
"""
_APPROVE = """Approve a new device, as another person than who asked; a link goes to the user.

Example: `kvitt user device approve NUMBER --console https://kvitt.example.org`
"""
_REFUSE = """Refuse a new device: it was not them.

Example: `kvitt user device refuse NUMBER`
"""


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown", help="Users and their roles.")
    group.command("add", help=_ADD)(add)
    group.command("import", help=_IMPORT)(import_)
    group.command("list", help=_LIST)(list_)
    group.command("invite", help=_INVITE)(invite)
    group.command("end", help=_END)(end)
    group.command("reset", help=_RESET)(reset)
    group.command("password", help=_SET)(password)
    device = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown", help="Lost devices for codes.")
    device.command("ask", help=_ASK)(device_ask)
    device.command("list", help=_WAITING)(device_list)
    device.command("approve", help=_APPROVE)(device_approve)
    device.command("refuse", help=_REFUSE)(device_refuse)
    group.add_typer(device, name="device")
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
                    body["ended_at"] = row["ended_at"]
                    rows.append(body)
    if as_json:
        for one in rows:
            put_json(one)
        return
    columns = ("tenant", "login", "name", "role", "organisation", "language", "ended_at")
    table(columns, [[one[column] or "" for column in columns] for one in rows])


def invite(
    login: Annotated[str, typer.Argument(help="Who is invited; they are known already (`kvitt user add`).")],
    console: Console = "",
    tenant: Tenant = "",
    as_json: Json = False,
) -> None:
    """Invite one user."""
    from hub.cli.here import here
    from hub.pipeline import identity

    with here(tenant) as place:
        base = console or place.hub.address or _LOCAL
        made = identity.invite(place.hub, place.tenant, login, acting("operator"), base=base)
    _put_link(made, base, as_json=as_json)


def end(
    login: Annotated[str, typer.Argument(help="Who leaves.")],
    tenant: Tenant = "",
    as_json: Json = False,
) -> None:
    """End one user."""
    from hub.cli.here import here
    from hub.pipeline import identity

    with here(tenant) as place:
        sessions = identity.end_user(place.hub, place.tenant, login, acting("operator"))
    if as_json:
        put_json({"login": login, "sessions": sessions})
    else:
        say(f"{login} has left: {sessions} sessions ended, no link or password opens anything")


def reset(
    login: Annotated[str, typer.Argument(help="Who forgot their password.")],
    console: Console = "",
    tenant: Tenant = "",
    as_json: Json = False,
) -> None:
    """Give one user a link to a new password."""
    from hub.cli.here import here
    from hub.pipeline import identity

    with here(tenant) as place:
        base = console or place.hub.address or _LOCAL
        made = identity.give_reset(place.hub, place.tenant, login, acting("operator"), base=base)
    _put_link(made, base, as_json=as_json)


def password(
    login: Annotated[str, typer.Argument(help="Whose password is set.")],
    generate: Annotated[bool, typer.Option("--generate", help="Make one and show it once.")] = False,
    tenant: Tenant = "",
    as_json: Json = False,
) -> None:
    """Set one user's password."""
    from hub.cli.here import here
    from hub.pipeline import identity
    from hub.security import tokens

    secret = tokens.spoken() if generate else _read_secret()
    with here(tenant) as place:
        identity.set_password(place.hub, place.tenant, login, secret, acting("operator"))
    if as_json:
        put_json({"login": login} | ({"password": secret} if generate else {}))
    else:
        say(f"the password of {login} is set: {secret}" if generate else f"the password of {login} is set")


def _read_secret() -> str:
    """One line of standard input; a terminal does not show what is typed."""
    if sys.stdin.isatty():
        return getpass.getpass("password: ")
    return sys.stdin.readline().rstrip("\r\n")


def device_ask(
    login: Annotated[str, typer.Argument(help="Who lost their device.")], tenant: Tenant = "", as_json: Json = False
) -> None:
    """Ask for a new device."""
    from hub.cli.here import here
    from hub.pipeline import identity

    with here(tenant) as place:
        number = identity.ask_device(place.hub, place.tenant, login, acting("operator"))
    if as_json:
        put_json({"login": login, "number": number})
    else:
        say(f"asked; another person approves: kvitt user device approve {number}")


def device_list(tenant: Tenant = "", as_json: Json = False) -> None:
    """Show lost devices that wait."""
    from hub.cli.here import here
    from hub.pipeline import identity

    with here(tenant) as place:
        waiting = identity.asked_devices(place.hub, place.tenant)
    rows = [
        {"number": one.id, "login": one.login, "asked_by": one.asked_by, "asked_at": one.asked_at} for one in waiting
    ]
    if as_json:
        for row in rows:
            put_json(row)
    else:
        table(("number", "login", "asked_by", "asked_at"), [tuple(row.values()) for row in rows])


def device_approve(
    number: Annotated[str, typer.Argument(help="As `kvitt user device list` shows it.")],
    console: Console = "",
    tenant: Tenant = "",
    as_json: Json = False,
) -> None:
    """Approve a new device."""
    from hub.cli.here import here
    from hub.pipeline import identity

    with here(tenant) as place:
        base = console or place.hub.address or _LOCAL
        made = identity.approve_device(place.hub, place.tenant, number, acting("operator"), base=base)
    _put_link(made, base, as_json=as_json)


def device_refuse(
    number: Annotated[str, typer.Argument(help="As `kvitt user device list` shows it.")], tenant: Tenant = ""
) -> None:
    """Refuse a new device."""
    from hub.cli.here import here
    from hub.pipeline import identity

    with here(tenant) as place:
        identity.refuse_device(place.hub, place.tenant, number, acting("operator"))
    say("refused; the device they have goes on counting")


def _put_link(made: Link, base: str, *, as_json: bool) -> None:
    """A link is shown only to who has to hand it over; one that is mailed is its reader's alone."""
    until = made.expires.isoformat(timespec="minutes")
    address = "" if made.mailed else f"{base.rstrip('/')}{made.path}/{made.secret}"
    if as_json:
        put_json({"mailed_to": made.mailed, "until": until} | ({} if made.mailed else {"link": address}))
    elif made.mailed:
        say(f"a link is mailed to {made.mailed}; it works once, until {until}")
    else:
        say(f"hand this over; it works once, until {until}: {address}")
