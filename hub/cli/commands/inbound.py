"""kvitt inbound: what came in and waits for a person, read again or dismissed with a reason."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hub.cli.actors import acting
from hub.cli.output import Json, Tenant, put_json, say, table

Id = Annotated[str, typer.Argument(help="Its id, as `kvitt inbound list` prints it.")]
_COLUMNS = ("tenant", "id", "received_at", "sender", "channel", "kind", "state", "note")


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown", help="What came in and waits for a person.")
    group.command("list", help="What waits; exit 5 when there is any.\n\nExample: `kvitt inbound list`")(list_)
    group.command("again", help="Read it again.\n\nExample: `kvitt inbound again ID`")(again)
    group.command(
        "dismiss",
        help="Nothing is to be done with it; it stays, with the reason, and its tasks are closed.\n\n"
        'Example: `kvitt inbound dismiss ID --reason "an advertisement"`',
    )(dismiss)
    app.add_typer(group, name="inbound")


def list_(
    dismissed: Annotated[bool, typer.Option("--dismissed", help="What was dismissed instead.")] = False,
    most: Annotated[int, typer.Option("--most", help="So many at most of each tenant.")] = 200,
    tenant: Tenant = "",
    as_json: Json = False,
) -> None:
    """List what waits."""
    from hub.cli.here import opened, tenants
    from hub.pipeline import inbound
    from hub.store.inbounds import DISMISSED

    body: list[dict[str, Any]] = []
    with opened() as hub:
        for name in tenants(hub, tenant):
            with hub.store.reading(name) as unit:
                rows, _ = inbound.listed(hub, unit, DISMISSED if dismissed else inbound.WAITING, most=most)
            body += [{"tenant": name} | {each: getattr(row, each) for each in _COLUMNS[1:]} for row in rows]
    if as_json:
        put_json({"inbound": body})
    elif body:
        table(_COLUMNS, [[row[column] for column in _COLUMNS] for row in body])
    else:
        say("nothing")
    raise typer.Exit(5 if body and not dismissed else 0)


def again(inbound_id: Id, tenant: Tenant = "") -> None:
    """Read it again; exit 5 when it still waits."""
    from hub.cli.here import here
    from hub.errors import ConfigurationError
    from hub.pipeline import inbound
    from hub.store.inbounds import ASIDE

    with here(tenant) as place:
        try:
            done = inbound.read_again(place.hub, place.tenant, inbound_id, acting("operator"))
        except LookupError as error:
            raise ConfigurationError(
                f"nothing that came in is called {inbound_id}", hint="kvitt inbound list"
            ) from error
    say(f"{done.name}: {done.state} {done.note}".rstrip())
    raise typer.Exit(5 if done.state in ASIDE else 0)


def dismiss(
    inbound_id: Id,
    reason: Annotated[str, typer.Option("--reason", help="Why; no names of persons.")],
    tenant: Tenant = "",
) -> None:
    """Dismiss it."""
    from hub.cli.here import here
    from hub.errors import ConfigurationError
    from hub.pipeline import inbound

    with here(tenant) as place, place.hub.store.unit(place.tenant) as unit:
        try:
            inbound.dismiss(unit, inbound_id, reason, acting("support"))
        except LookupError as error:
            raise ConfigurationError(
                f"nothing that came in is called {inbound_id}", hint="kvitt inbound list"
            ) from error
    say(f"dismissed: {inbound_id}")
