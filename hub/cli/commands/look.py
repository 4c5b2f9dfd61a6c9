"""kvitt status, why, next, held, release, export: where things stand, and what a person decides."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from hub.cli.actors import acting
from hub.cli.output import Json, Lang, Tenant, language, money, put_json, say, table

Ref = Annotated[str, typer.Argument(help="A claim's reference, or a file's invoice number.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("status", help="Where every claim (or one) stands.\n\nExample: `kvitt status R000000001`")(status)
    app.command("why", help="One sentence: where it is, what is due when, who must act.\n\nExample: `kvitt why 10003`")(
        why
    )
    app.command("next", help="What needs a person, by deadline and money.\n\nExample: `kvitt next --lang nb`")(next_)
    app.command("held", help="What is held, and why.\n\nExample: `kvitt held`")(held)
    app.command(
        "release",
        help="Let something held go on, or settle a doubt.\n\nExample: `kvitt release KV0000000007 --arrived`",
    )(release)
    app.command(
        "export", help="The file a claim went out in, and its answers.\n\nExample: `kvitt export 10003 --to ./case`"
    )(export)


def status(
    ref: Annotated[str, typer.Argument(help="One claim.")] = "", tenant: Tenant = "", as_json: Json = False
) -> None:
    """Show claims on the three axes."""
    from hub.cli.here import opened, tenants
    from hub.pipeline import lookup, views

    found: list[Any] = []
    with opened() as hub:
        stage = hub.stage
        for name in tenants(hub, tenant):
            with hub.store.unit(name) as unit:
                found += views.claim_views(unit) if not ref else lookup.find(unit, ref, acting("engineer"))
    if ref and not found:
        raise lookup.unknown(ref)
    if as_json:
        put_json({"stage": stage, "claims": [view.as_json() for view in found]})
        return
    names = ("claimed", "granted", "refused", "open", "received", "netted", "outstanding")
    rows = [
        (
            v.ref,
            v.payer or v.payer_code,
            v.invoice_number,
            v.hold or v.transport,
            v.decision,
            v.currency,
            *(money(getattr(v.money, name).minor) for name in names),
        )
        for v in found
    ]
    table(("claim", "payer", "file", "transport", "decision", "", *names), rows)
    say(f"stage: {stage}")


def why(ref: Ref, tenant: Tenant = "", lang: Lang = "", as_json: Json = False) -> None:
    """Say it in one sentence."""
    from hub.cli.here import opened, tenants
    from hub.pipeline import lookup

    said: list[dict[str, str]] = []
    with opened() as hub:
        for name in tenants(hub, tenant):
            with hub.store.unit(name) as unit:
                said += [
                    {"ref": view.ref, **lookup.why(hub, unit, view)}
                    for view in lookup.find(unit, ref, acting("engineer"))
                ]
    if not said:
        raise lookup.unknown(ref)
    words = language(lang, _hubs_language())
    for each in said:
        if as_json:
            put_json({"ref": each["ref"], "why": each[words], "acts": each["acts"]})
        else:
            say(each[words])


def next_(tenant: Tenant = "", lang: Lang = "", as_json: Json = False) -> None:
    """List tasks; exit 5 when there are any."""
    from hub.cli.here import opened, tenants
    from hub.store import tasks
    from hub.texts import pick

    words = language(lang, _hubs_language())
    found = []
    with opened() as hub:
        for name in tenants(hub, tenant):
            with hub.store.reading(name) as unit:
                found += tasks.open_tasks(unit)
    body = [
        {
            "key": row["key"],
            "kind": row["kind"],
            "claim": row["claim_ref"],
            "due": row["due"],
            "amount_minor": row["amount_minor"],
            "currency": row["currency"],
            "text": pick(row["text"], words),
            "action": pick(row["action"], words),
        }
        for row in found
    ]
    if as_json:
        put_json({"tasks": body})
    for number, task in enumerate([] if as_json else body, start=1):
        amount = f" {money(task['amount_minor'])} {task['currency']}" if task["amount_minor"] else ""
        due = f" due {task['due']}" if task["due"] else ""
        say(f"{number}. [{task['kind']}]{due}{amount} {task['text']}\n   -> {task['action']}")
    if not body and not as_json:
        say("nothing needs a person")
    raise typer.Exit(5 if body else 0)


def held(tenant: Tenant = "", lang: Lang = "", as_json: Json = False) -> None:
    """List held rows, claims and files."""
    from hub.cli.here import opened, tenants
    from hub.pipeline import lookup
    from hub.texts import pick

    words = language(lang, _hubs_language())
    found = []
    with opened() as hub:
        for name in tenants(hub, tenant):
            with hub.store.reading(name) as unit:
                found += lookup.held(unit)
    if as_json:
        put_json({"held": [{**row, "why": pick(row["why"], words)} for row in found]})
        return
    if not found:
        say("nothing is held")
        return
    table(("what", "ref", "code", "why"), [(r["what"], r["ref"], r["code"], pick(r["why"], words)) for r in found])


def release(
    ref: Ref,
    arrived: Annotated[bool | None, typer.Option("--arrived/--not-arrived", help="The answer to a doubt.")] = None,
    evidence: Annotated[
        str, typer.Option("--evidence", help="How you know: the portal's reference, or who said so, when.")
    ] = "",
    tenant: Tenant = "",
    as_json: Json = False,
) -> None:
    """Release one thing."""
    from hub.cli.here import here
    from hub.log import clean_text
    from hub.pipeline import release as step

    with here(tenant) as place:
        done = step.release(
            place.hub, place.tenant, ref, acting("engineer"), arrived=arrived, evidence=clean_text(evidence)
        )
    if as_json:
        put_json({"released": done.what, "claims": done.claims, "waits": done.waits})
    else:
        say(f"{done.what}: kvitt payment approve {done.waits}" if done.waits else done.what)
    raise typer.Exit(5 if done.waits else 0)


def export(
    ref: Ref,
    to: Annotated[Path, typer.Option("--to", help="Folder to write into.")] = Path("export"),
    tenant: Tenant = "",
    as_json: Json = False,
) -> None:
    """Write a claim's file and answers into a folder; the access log records it."""
    from hub.cli.here import opened, tenants
    from hub.pipeline import lookup

    files: dict[str, bytes] = {}
    with opened() as hub:
        for name in tenants(hub, tenant):
            with hub.store.unit(name) as unit:
                files |= lookup.export(unit, ref, acting("engineer"))
    if not files:
        raise lookup.unknown(ref)
    to.mkdir(parents=True, exist_ok=True, mode=0o700)
    for file_name, data in files.items():
        (to / file_name).write_bytes(data)
    if as_json:
        put_json({"files": sorted(str(to / name) for name in files)})
    else:
        for name in sorted(files):
            say(to / name)


def _hubs_language() -> str:
    from hub.cli.boot import settings_here

    return settings_here().language
