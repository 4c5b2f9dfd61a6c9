"""kvitt pause, resume: stop what goes out for a while, whole or in part, and let it go on."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.actors import who
from hub.cli.output import Json, Tenant, put_json, say, table
from hub.errors import ConfigurationError

if TYPE_CHECKING:
    from hub.pipeline.context import Hub

What = Annotated[str, typer.Argument(help="outbound, partner, practice, batch or job.")]
Target = Annotated[str, typer.Argument(help="Which one: partner, AGB, invoice number, job. Nothing for outbound.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, for whoever finds it stopped.")]
Until = Annotated[str, typer.Option("--until", help="When it goes on by itself, such as 2026-12-01T06:00 (UTC).")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(
        "pause",
        help="Stop what goes out: everything, a partner, a practice, a file, or a job."
        '\n\nExample: `kvitt pause partner vgz --reason "new certificate" --until 2026-12-01T06:00`',
    )(pause)
    app.command("resume", help="Let it go on.\n\nExample: `kvitt resume partner vgz`")(resume)
    app.command("pauses", help="What is stopped, since when and why.\n\nExample: `kvitt pauses`")(pauses_)


def pause(what: What, target: Target = "", reason: Reason = "", until: Until = "", tenant: Tenant = "") -> None:
    """Stop something for one tenant; outbound without a tenant stops all of them."""
    from hub.cli.here import opened
    from hub.store import access, pauses

    if not reason:
        raise ConfigurationError("a pause needs a reason", hint='--reason "..."')
    end = _moment(until)
    with opened() as hub:
        _known(what, target)
        for name in _whose(hub, what, tenant):
            with hub.store.unit(name) as unit:
                by = who()
                new = pauses.pause(unit, what, target, reason=reason, by=by, until=end)
                access.record(unit, actor=by, role="operator", action="pause", object_=f"{what} {target}".strip())
            say(f"{name}: {what} {target} {'is stopped' if new else 'was stopped already'}".replace("  ", " "))


def resume(what: What, target: Target = "", tenant: Tenant = "") -> None:
    """Lift a pause; exit 1 when nothing of the kind was stopped."""
    from hub.cli.here import opened
    from hub.store import access, pauses

    lifted = False
    with opened() as hub:
        _known(what, target)
        for name in _whose(hub, what, tenant):
            with hub.store.unit(name) as unit:
                by = who()
                done = pauses.resume(unit, what, target, by=by)
                access.record(unit, actor=by, role="operator", action="resume", object_=f"{what} {target}".strip())
            lifted = lifted or done
            say(f"{name}: {what} {target} {'goes on' if done else 'was not stopped'}".replace("  ", " "))
    raise typer.Exit(0 if lifted else 1)


def pauses_(tenant: Tenant = "", as_json: Json = False) -> None:
    """List what is stopped."""
    from hub.cli.here import opened, tenants
    from hub.store import pauses

    body = []
    with opened() as hub:
        for name in tenants(hub, tenant):
            with hub.store.reading(name) as unit:
                body += [
                    {"tenant": name, **{key: row[key] for key in ("kind", "target", "reason", "since", "until", "by")}}
                    for row in pauses.in_force(unit).rows
                ]
    if as_json:
        put_json({"pauses": body})
    elif body:
        table(tuple(body[0]), [list(row.values()) for row in body])
    else:
        say("nothing is stopped")


def _known(what: str, target: str) -> None:
    from hub.store import pauses

    if what not in pauses.KINDS:
        raise ConfigurationError(f"{what!r} cannot be stopped", hint=f"one of: {', '.join(pauses.KINDS)}")
    if bool(target) == (what == pauses.OUTBOUND):
        hint = "kvitt pause outbound --reason ..." if target else f"kvitt pause {what} NAME --reason ..."
        raise ConfigurationError("outbound has no target, everything else needs one", hint=hint)


def _whose(hub: Hub, what: str, tenant: str) -> list[str]:
    """Everything that goes out may be stopped for all at once; the rest belongs to one tenant, if there are several."""
    from hub.cli.here import tenants
    from hub.store import pauses

    found = tenants(hub, tenant)
    if len(found) > 1 and what not in (pauses.OUTBOUND, pauses.JOB):
        raise ConfigurationError("name one tenant", hint=f"--tenant; known: {', '.join(found)}")
    return found


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigurationError(f"{text!r} is no time", hint="such as 2026-12-01T06:00") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
