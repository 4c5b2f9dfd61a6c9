"""kvitt org account: another bank account of one of our organisations, by two persons."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hub.cli.actors import acting
from hub.cli.output import Json, Tenant, put_json, say, table
from hub.model.identity import mask

_REQUEST = """Ask for another bank account of an organisation. It counts when a second person approves.

Confirm it first by telephone, with a number known before; never by what a message says.

Example: `kvitt org account request 01099901 --account NL64TEST0000100001 --source "called the practice, J. Jansen"`
"""
_APPROVE = """Approve what somebody else asked for; pay-outs proposed to the old account become void.

Example: `kvitt org account approve 01099901`
"""
_REJECT = """Reject what was asked for.

Example: `kvitt org account reject 01099901`
"""
_LIST = """Show changes of account: those that wait, with --all every one.

Example: `kvitt org account list`
"""
Code = Annotated[str, typer.Argument(help="The organisation's code.")]
Account = Annotated[str, typer.Option("--account", help="IBAN, or a Norwegian account.")]


def group() -> typer.Typer:
    """The commands."""
    found = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown", help="Bank accounts, by two persons.")
    found.command("request", help=_REQUEST)(request)
    found.command("approve", help=_APPROVE)(approve)
    found.command("reject", help=_REJECT)(reject)
    found.command("list", help=_LIST)(list_)
    return found


def request(
    code: Code,
    account: Account,
    source: Annotated[str, typer.Option(help="How you know, other than by a message.")],
    tenant: Tenant = "",
) -> None:
    """Ask for an account."""
    from hub.cli.here import here
    from hub.pipeline import own_accounts

    with here(tenant) as place, place.hub.store.unit(place.tenant) as unit:
        row, new = own_accounts.ask(unit, code, account, source=source, actor=acting("operator"))
    said = "waits for a second person" if new else f"was asked for by {row['asked_by']} already"
    say(f"{code}: {mask(row['account'])} {said}")


def approve(code: Code, account: Account = "", tenant: Tenant = "") -> None:
    """Approve an account."""
    _decide(code, account, tenant, approved=True)


def reject(code: Code, account: Account = "", tenant: Tenant = "") -> None:
    """Reject an account."""
    _decide(code, account, tenant, approved=False)


def _decide(code: str, account: str, tenant: str, *, approved: bool) -> None:
    from hub.cli.here import here
    from hub.pipeline import own_accounts

    with here(tenant) as place, place.hub.store.unit(place.tenant) as unit:
        row = own_accounts.decide(unit, code, acting("approver"), approve=approved, account=account)
    say(f"{code}: {mask(row['account'])} {'is its account now' if approved else 'was rejected'}")


def list_(
    every: Annotated[bool, typer.Option("--all", help="Also those decided.")] = False,
    tenant: Tenant = "",
    as_json: Json = False,
) -> None:
    """Show changes."""
    from hub.cli.here import here
    from hub.pipeline import own_accounts
    from hub.store.accounts import ASKED

    names = ("code", "account", "former", "source", "state", "asked_by", "asked_at", "decided_by")
    with here(tenant) as place, place.hub.store.reading(place.tenant) as unit:
        rows = [row for row in own_accounts.listed(unit) if every or row["state"] == ASKED]
    found: list[dict[str, Any]] = [{name: row[name] for name in names} for row in rows]
    if as_json:
        for one in found:
            put_json(one)
        return
    columns = ("code", "account", "former", "state", "asked_by", "decided_by", "source")
    table(columns, [[one[column] for column in columns] for one in found])
