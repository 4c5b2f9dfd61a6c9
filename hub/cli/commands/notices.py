"""kvitt notices: what practices and clinics are told by mail, and what a person settles of it."""

from __future__ import annotations

from typing import Annotated

import typer

from hub.cli.actors import acting
from hub.cli.output import Json, Tenant, put_json, say, table

Key = Annotated[str, typer.Argument(help="The notice's key, as in `kvitt notices list`.")]
_COLUMNS = ("key", "recipient", "subject", "state", "attempts", "created_at", "sent_at", "note")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="What practices and clinics are told by mail.", no_args_is_help=True)
    group.command("list", help="What waits, went out, or is in doubt.\n\nExample: `kvitt notices list --open`")(list_)
    group.command(
        "retry",
        help="Mail one again that was given up or did not arrive.\n\nExample: `kvitt notices retry rejected:10003`",
    )(retry)
    group.command(
        "sent",
        help="Say that the recipient has it, by mail or in another way.\n\nExample: "
        "`kvitt notices sent rejected:10003`",
    )(sent)
    app.add_typer(group, name="notices")


def list_(
    tenant: Tenant = "",
    only_open: Annotated[bool, typer.Option("--open", help="Only what has not gone out.")] = False,
    as_json: Json = False,
) -> None:
    """List notices."""
    from hub.cli.here import opened, tenants
    from hub.store import notices, tasks

    body = []
    with opened() as hub:
        for name in tenants(hub, tenant):
            with hub.store.reading(name) as unit:
                rows = tasks.notifications(unit)
            done = (notices.SENT, notices.STORED)
            body += [
                {"tenant": name, **{column: row[column] for column in _COLUMNS}}
                for row in rows
                if not (only_open and row["state"] in done)
            ]
    if as_json:
        put_json({"notices": body})
    elif body:
        table(("tenant", *_COLUMNS), [["" if value is None else value for value in row.values()] for row in body])
    else:
        say("no notices")


def retry(key: Key, tenant: Tenant = "") -> None:
    """Let one go out with the next run."""
    _settle(key, tenant, sent=False)
    say(f"{key} goes out with the next run: kvitt jobs run notices-hourly")


def sent(key: Key, tenant: Tenant = "") -> None:
    """Count one as sent."""
    _settle(key, tenant, sent=True)
    say(f"{key} counts as sent")


def _settle(key: str, tenant: str, *, sent: bool) -> None:
    from hub.cli.here import here
    from hub.pipeline.notices import settle_by_hand

    with here(tenant) as place:
        settle_by_hand(place.hub, place.tenant, key, acting("engineer"), sent=sent)
