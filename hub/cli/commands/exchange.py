"""kvitt exchange, in-doubt, dead: what travels, what a person must find out, and what stopped for good."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.actors import acting
from hub.cli.output import Json, Tenant, put_file, put_json, say, table
from hub.errors import ConfigurationError

if TYPE_CHECKING:
    from hub.pipeline.context import Hub

Ref = Annotated[str, typer.Argument(help="Invoice number, business key, or the partner's id for it.")]
_COLUMNS = ("invoice_number", "partner", "channel", "state", "attempts", "prepared_at", "next_try_at", "note")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    exchange = typer.Typer(help="What travels between us and our partners.", no_args_is_help=True)
    exchange.command("list", help="Exchanges, newest first.\n\nExample: `kvitt exchange list --state sending`")(list_)
    exchange.command("show", help="One exchange with its history.\n\nExample: `kvitt exchange show KV0000000001`")(show)
    exchange.command("retry", help="Try it now instead of later.\n\nExample: `kvitt exchange retry 10003`")(retry)
    exchange.command(
        "bundle",
        help="What was sent and what came back, with invented persons, for a partner's help desk.\n\n"
        "Example: `kvitt exchange bundle KV0000000001 --out case.zip`",
    )(bundle)
    app.add_typer(exchange, name="exchange")
    doubt = typer.Typer(help="Exchanges that may or may not have arrived.", no_args_is_help=True)
    doubt.command("list", help="What a person must find out.\n\nExample: `kvitt in-doubt list`")(doubts)
    doubt.command(
        "resolve",
        help="Say whether it arrived, and how you know.\n\nExample: `kvitt in-doubt resolve KV0000000007 --delivered "
        '--evidence "seen in the portal by N, 10:15"`',
    )(resolve)
    app.add_typer(doubt, name="in-doubt")
    dead = typer.Typer(help="What stopped for good, both ways.", no_args_is_help=True)
    dead.command("list", help="What nothing happens to any more.\n\nExample: `kvitt dead list`")(dead_)
    dead.command("redrive", help="Start it again, one or all.\n\nExample: `kvitt dead redrive KV0000000007`")(redrive)
    app.add_typer(dead, name="dead")


def list_(
    state: Annotated[str, typer.Option("--state", help="Only those in this state.")] = "",
    partner: Annotated[str, typer.Option("--partner", help="Only those with this partner.")] = "",
    most: Annotated[int, typer.Option("--most", help="So many at most.")] = 200,
    tenant: Tenant = "",
    as_json: Json = False,
) -> None:
    """List exchanges."""
    from hub.cli.here import opened, tenants
    from hub.model.exchange import ExchangeState
    from hub.pipeline import exchanges

    if state and state not in tuple(ExchangeState):
        raise ConfigurationError(f"no state {state!r}", hint=f"one of: {', '.join(ExchangeState)}")
    body = []
    with opened() as hub:
        for name in tenants(hub, tenant):
            with hub.store.reading(name) as unit:
                body += [
                    {"tenant": name, **row} for row in exchanges.listed(unit, state=state, partner=partner, most=most)
                ]
    _put("exchanges", body, ("tenant", *_COLUMNS), as_json=as_json)


def show(ref: Ref, tenant: Tenant = "", as_json: Json = False) -> None:
    """Show one exchange."""
    from hub.cli.here import here
    from hub.pipeline import exchanges

    with here(tenant) as place, place.hub.store.unit(place.tenant) as unit:
        body = exchanges.shown(unit, ref, acting("operator"))
    if as_json:
        put_json(body)
        return
    for name, value in body.items():
        if name != "history" and value not in ("", None):
            say(f"{name:16} {value}")
    table(("at", "what", "text"), [(line["at"], line["kind"], line["text"]) for line in body["history"]])


def retry(ref: Ref, tenant: Tenant = "") -> None:
    """Try it now; exit 4 when it waits again, 5 when a person must decide."""
    from hub.cli.here import here
    from hub.pipeline import exchanges

    with here(tenant) as place:
        state = exchanges.retry(place.hub, place.tenant, ref, acting("operator"))
    say(f"{ref}: {state.value}")
    raise typer.Exit({"sent": 0, "delivered": 0, "refused": 5, "in_doubt": 5, "failed": 5}.get(state.value, 4))


def bundle(
    ref: Annotated[str, typer.Argument(help="Invoice number, business key or id; with --claim a claim's reference.")],
    out: Annotated[Path, typer.Option("--out", help="The zip file to write.")],
    claim: Annotated[
        bool, typer.Option("--claim", help="Only this claim's lines of the message it went out in.")
    ] = False,
    tenant: Tenant = "",
    as_json: Json = False,
) -> None:
    """Make a bundle; exit 2 when a number of a person would still stand in it."""
    from hub.cli.here import here
    from hub.pipeline import bundle as bundles

    with here(tenant) as place:
        step = bundles.of_claim if claim else bundles.of_exchange
        made = step(place.hub, place.tenant, ref, acting("support"))
    put_file(out, made.payload)
    if as_json:
        put_json({"out": str(out), "files": made.files, "left_out": made.left_out})
        return
    for name in made.files:
        say(name)
    for name in made.left_out:
        say(f"- {name}")


def doubts(tenant: Tenant = "", as_json: Json = False) -> None:
    """List doubts; exit 5 when there are any."""
    from hub.cli.here import opened, tenants
    from hub.pipeline import exchanges

    body = []
    with opened() as hub:
        for name in tenants(hub, tenant):
            with hub.store.reading(name) as unit:
                body += [{"tenant": name, **row} for row in exchanges.in_doubt(unit)]
    _put("in_doubt", body, ("tenant", *_COLUMNS), as_json=as_json)
    raise typer.Exit(5 if body else 0)


def resolve(
    ref: Ref,
    delivered: Annotated[bool, typer.Option("--delivered/--not-delivered", help="Whether the partner has it.")],
    evidence: Annotated[str, typer.Option("--evidence", help="How you know: who said so, when.")],
    tenant: Tenant = "",
) -> None:
    """Settle a doubt."""
    from hub.cli.here import here
    from hub.pipeline import exchanges

    with here(tenant) as place:
        say(exchanges.resolve(place.hub, place.tenant, ref, acting("operator"), delivered=delivered, evidence=evidence))


def dead_(tenant: Tenant = "", as_json: Json = False) -> None:
    """List what is dead; exit 5 when there is anything."""
    from hub.cli.here import opened, tenants

    with opened() as hub:
        body = [row for name in tenants(hub, tenant) for row in _dead(hub, name)]
    _put("dead", body, ("tenant", "kind", "ref", "partner", "since", "reason"), as_json=as_json)
    raise typer.Exit(5 if body else 0)


def _dead(hub: Hub, tenant: str) -> list[dict[str, Any]]:
    from dataclasses import asdict

    from hub.pipeline import exchanges

    with hub.store.reading(tenant) as unit:
        return [{"tenant": tenant, **asdict(each)} for each in exchanges.dead(unit)]


def redrive(
    ref: Annotated[str, typer.Argument(help="Which one, by its reference or id; nothing with --all.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="Everything that is dead.")] = False,
    tenant: Tenant = "",
) -> None:
    """Start dead things again."""
    from hub.cli.here import here
    from hub.pipeline import exchanges

    if bool(ref) == everything:
        raise ConfigurationError("name one, or say --all", hint="kvitt dead list")
    with here(tenant) as place:
        with place.hub.store.reading(place.tenant) as unit:
            found = [each for each in exchanges.dead(unit) if everything or ref in (each.ref, each.id)]
        if not found and ref:
            raise ConfigurationError(f"nothing dead is called {ref}", hint="kvitt dead list")
        for each in found:
            say(exchanges.redrive(place.hub, place.tenant, each, acting("operator")))


def _put(name: str, body: list[dict[str, Any]], columns: tuple[str, ...], *, as_json: bool) -> None:
    if as_json:
        put_json({name: body})
    elif body:
        table(columns, [["" if row[column] is None else row[column] for column in columns] for row in body])
    else:
        say("nothing")
