"""kvitt submit, collect, receive, settle: the steps of the night, each by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from hub.cli.output import Json, Tenant, put_json, say, table


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("submit", help="Write, check and deliver what is ready.\n\nExample: `kvitt submit`")(submit)
    app.command("collect", help="Fetch and apply answers of every partner.\n\nExample: `kvitt collect`")(collect)
    app.command(
        "receive",
        help="Take answers from disk exactly as collected ones: Vektis and UBL responses, bank files, .eml, .zip, .gz."
        "\n\nExample: `kvitt receive answer.ret statement.xml`",
    )(receive)
    app.command("settle", help="Match payments to claims and judge silence.\n\nExample: `kvitt settle`")(settle)


def submit(tenant: Tenant = "", as_json: Json = False) -> None:
    """Prepare and send; exit 5 when something needs a person, 4 when something waits for a retry."""
    from hub.cli.here import opened, tenants
    from hub.pipeline import submit as step
    from hub.store import exchanges

    rows = []
    with opened() as hub:
        for name in tenants(hub, tenant):
            made = step.submit(hub, name)
            with hub.store.reading(name) as unit:
                rows += [exchanges.get(unit, exchange_id) for exchange_id in made]
    body = [{key: row[key] for key in ("name", "partner", "channel", "state", "note")} for row in rows]
    if as_json:
        put_json({"exchanges": body})
    elif body:
        table(("file", "partner", "channel", "state", "note"), [list(row.values()) for row in body])
    else:
        say("nothing was ready")
    states = {row["state"] for row in rows}
    raise typer.Exit(5 if states & {"refused", "in_doubt", "failed"} else 4 if states & {"sending"} else 0)


def collect(tenant: Tenant = "", as_json: Json = False) -> None:
    """Collect from every partner; exit 2 when an answer cannot be read, 5 when a person must look."""
    from hub.cli.here import opened, tenants
    from hub.pipeline import receive as step

    done = []
    with opened() as hub:
        for name in tenants(hub, tenant):
            done += step.collect(hub, name)
    _show_received(done, as_json=as_json)
    raise typer.Exit(_exit_code(done))


def receive(
    files: Annotated[list[Path], typer.Argument(help="Answers or bank files.")],
    tenant: Tenant = "",
    sent_by: Annotated[str, typer.Option("--from", help="`clearing` when the clearing house itself answers.")] = "",
    as_json: Json = False,
) -> None:
    """Take answers from disk; exit 2 when one cannot be read, 5 when a person must look."""
    from hub.cli.commands.intake import read_bytes
    from hub.cli.here import here
    from hub.model.exchange import Collected
    from hub.pipeline import receive as step
    from hub.pipeline.context import content_id

    done = []
    with here(tenant) as place:
        for file in files:
            data = read_bytes(file)
            item = Collected(
                remote_id=content_id(file.name, data), name=file.name, payload=data, meta={"sent_by": sent_by}
            )
            done += step.receive(place.hub, place.tenant, item)
    _show_received(done, as_json=as_json)
    raise typer.Exit(_exit_code(done))


def _exit_code(done: list[Any]) -> int:
    """2 when something cannot be read, 5 when a person must look at something."""
    states = {item.state for item in done}
    return 2 if "unreadable" in states else 5 if states & {"triage", "quarantine"} else 0


def _show_received(done: list, *, as_json: bool) -> None:  # type: ignore[type-arg]
    if as_json:
        put_json({"received": [{"name": i.name, "kind": i.kind, "state": i.state, "note": i.note} for i in done]})
    elif done:
        table(("name", "kind", "state", "note"), [(i.name, i.kind, i.state, i.note) for i in done])
    else:
        say("nothing new")


def settle(tenant: Tenant = "", as_json: Json = False) -> None:
    """Match money, judge silence; exit 5 when a payment needs a person."""
    from hub.cli.here import opened, tenants
    from hub.pipeline import settle as step

    body: list[dict[str, Any]] = []
    with opened() as hub:
        for name in tenants(hub, tenant):
            done = step.settle(hub, name)
            actions = [match.action.value for match in done.matches]
            counts = {action: actions.count(action) for action in ("post", "review", "ignore")}
            counts["post"] += sum(done.explained.values())
            counts["review"] += len(done.explained) - sum(done.explained.values())
            body.append({"tenant": name, **counts, "presumed_ok": list(done.presumed)})
    if as_json:
        put_json({"settled": body})
        raise typer.Exit(5 if any(each["review"] for each in body) else 0)
    rows = [(b["tenant"], b["post"], b["review"], b["ignore"], ", ".join(b["presumed_ok"])) for b in body]
    table(("tenant", "posted", "for review", "ignored", "presumed ok"), rows)
    raise typer.Exit(5 if any(each["review"] for each in body) else 0)
