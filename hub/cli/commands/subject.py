"""kvitt subject: what is held about a person, given to them, held back from destruction, or erased by two people."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from hub.cli.actors import acting
from hub.cli.output import Json, Lang, Tenant, language, put_file, put_json, say, table
from hub.errors import ConfigurationError

_EXPORT = """Write everything that is held about one person: JSON for programs, and a text to read.

The number is asked for, or read from standard input; the files are named by the hub's own id.

Example: `kvitt subject export --out . --lang nl`
"""
_ERASE = """Ask for a person's erasure. A second person approves it with `kvitt subject approve`.

A legal hold stands in the way, and so does a claim that is undecided or not paid in full unless --despite says why.

Example: `kvitt subject erase --reason "request of 3 November"`
"""
_APPROVE = """Approve an erasure that somebody else asked for: the person's key is destroyed, here and for every backup.

Prints the signed certificate: what was destroyed, and what remains until when.

Example: `kvitt subject approve 1 --json`
"""
_REFUSE = """Say no to an erasure, with the reason the person is told.

Example: `kvitt subject refuse 1 --reason "a court asks for it"`
"""
_ERASURES = """Show erasures: asked for, done, refused.

Example: `kvitt subject erasures`
"""
_CERTIFICATE = """Show the certificate of an erasure; exit 1 when it is not as it was signed.

Example: `kvitt subject certificate 1 --json`
"""
_HOLD = """Put a legal hold on a person: nothing of theirs is destroyed for as long as it is in force.

Example: `kvitt subject hold --reason "dispute 2026-17"`
"""
_UNHOLD = """End every hold on a person.

Example: `kvitt subject unhold --reason "dispute settled"`
"""
_HOLDS = """Show the holds in force; --all shows those that ended, too.

Example: `kvitt subject holds --all`
"""
_ROLE = "privacy_officer"
Reason = Annotated[str, typer.Option("--reason", help="Why; it is kept with who and when.")]
Number = Annotated[int, typer.Argument(metavar="NUMBER")]


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown", help="A person's rights over their data.")
    commands = (
        ("export", export, _EXPORT),
        ("erase", erase, _ERASE),
        ("approve", approve, _APPROVE),
        ("refuse", refuse, _REFUSE),
        ("erasures", erasures, _ERASURES),
        ("certificate", certificate, _CERTIFICATE),
        ("hold", hold, _HOLD),
        ("unhold", unhold, _UNHOLD),
        ("holds", holds, _HOLDS),
    )
    for name, command, text in commands:
        group.command(name, help=text)(command)
    app.add_typer(group, name="subject")


def export(
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Where to put the two files.")],
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that exist.")] = False,
    tenant: Tenant = "",
    lang: Lang = "",
    as_json: Json = False,
) -> None:
    """Export."""
    from hub.cli.here import here
    from hub.cli.persons import asked_for
    from hub.pipeline import privacy_export
    from hub.store.unit import short_id

    if not out.is_dir():
        raise ConfigurationError(f"{out} is no folder", hint="--out FOLDER")
    with here(tenant) as place:
        spoken = language(lang, place.language)
        who = asked_for(spoken)
        body = privacy_export.export(place.hub, place.tenant, place.country, who, acting(_ROLE))
    name = f"subject-{short_id(body['person']['id'])}"
    written = [out / f"{name}.json", out / f"{name}.txt"]
    put_file(written[0], json.dumps(body, ensure_ascii=False, indent=1).encode(), force=force)
    put_file(written[1], privacy_export.as_text(body, spoken).encode(), force=force)
    for path in written:
        if as_json:
            put_json({"path": str(path)})
        else:
            say(path)


def erase(
    reason: Reason = "",
    despite: Annotated[str, typer.Option(help="Why although a claim is open.")] = "",
    tenant: Tenant = "",
    lang: Lang = "",
    as_json: Json = False,
) -> None:
    """Ask for an erasure."""
    from hub.cli.here import here
    from hub.cli.persons import asked_for
    from hub.pipeline import privacy

    with here(tenant) as place:
        who = asked_for(language(lang, place.language))
        row = privacy.ask_erasure(place.hub, place.tenant, who, reason, acting(_ROLE), despite=despite)
    if as_json:
        put_json({"number": row["number"], "state": row["state"]})
    else:
        say(f"erasure {row['number']} waits for a second person: kvitt subject approve {row['number']}")


def approve(number: Number, tenant: Tenant = "", as_json: Json = False) -> None:
    """Approve and erase."""
    from hub.cli.here import here
    from hub.pipeline import privacy

    with here(tenant) as place:
        body = privacy.erase(place.hub, place.tenant, place.country, number, acting(_ROLE))
    _put_certificate(body, as_json=as_json)


def refuse(number: Number, reason: Reason = "", tenant: Tenant = "") -> None:
    """Refuse."""
    from hub.cli.here import here
    from hub.pipeline import privacy

    with here(tenant) as place:
        privacy.refuse_erasure(place.hub, place.tenant, number, reason, acting(_ROLE))
    say(f"erasure {number} is refused")


def erasures(tenant: Tenant = "", as_json: Json = False) -> None:
    """List erasures."""
    from hub.cli.here import here
    from hub.store import privacy

    with here(tenant) as place, place.hub.store.reading(place.tenant) as unit:
        rows = privacy.erasures(unit)
    columns = ("number", "state", "subject_id", "reason", "despite", "asked_by", "asked_at", "decided_by", "note")
    _put(rows, columns, as_json=as_json)


def certificate(number: Number, tenant: Tenant = "", as_json: Json = False) -> None:
    """Show a certificate."""
    from hub.cli.here import here
    from hub.pipeline import privacy

    with here(tenant) as place, place.hub.store.reading(place.tenant) as unit:
        body = privacy.certificate(unit, number)
    _put_certificate(body, as_json=as_json)
    raise typer.Exit(0 if body["valid"] else 1)


def hold(reason: Reason = "", tenant: Tenant = "", lang: Lang = "") -> None:
    """Hold."""
    from hub.cli.here import here
    from hub.cli.persons import asked_for
    from hub.pipeline import privacy

    with here(tenant) as place:
        who = asked_for(language(lang, place.language))
        privacy.hold(place.hub, place.tenant, who, reason, acting(_ROLE))
    say(f"{who.shown} is on hold")


def unhold(reason: Reason = "", tenant: Tenant = "", lang: Lang = "") -> None:
    """Lift."""
    from hub.cli.here import here
    from hub.cli.persons import asked_for
    from hub.pipeline import privacy

    with here(tenant) as place:
        who = asked_for(language(lang, place.language))
        count = privacy.unhold(place.hub, place.tenant, who, reason, acting(_ROLE))
    say(f"{who.shown}: {count} ended")


def holds(
    every: Annotated[bool, typer.Option("--all", help="Also those that ended.")] = False,
    tenant: Tenant = "",
    as_json: Json = False,
) -> None:
    """List holds."""
    from hub.cli.here import here
    from hub.store import privacy

    with here(tenant) as place, place.hub.store.reading(place.tenant) as unit:
        rows = privacy.holds(unit, lifted=every)
    _put(rows, ("subject_id", "reason", "since", "by", "lifted_at", "lifted_by", "lift_reason"), as_json=as_json)


def _put(rows: list[dict[str, Any]], columns: tuple[str, ...], *, as_json: bool) -> None:
    body = [{column: row[column] for column in columns} for row in rows]
    if as_json:
        for each in body:
            put_json(each)
    elif body:
        table(columns, [[each[column] or "" for column in columns] for each in body])
    else:
        say("Nothing.")


def _put_certificate(body: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        put_json(body)
        return
    for name, value in body.items():
        if name != "remains":
            say(f"{name:12} {value}")
    columns = ("what", "name", "count", "until")
    table(columns, [[each.get(column, "") for column in columns] for each in body["remains"]])
