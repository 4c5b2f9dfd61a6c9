"""kvitt backup, restore, reconcile: a copy of everything but the keys, putting it back, and what it missed."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from hub.cli.actors import acting, who
from hub.cli.output import Json, Tenant, put_json, say
from hub.errors import ConfigurationError

File = Annotated[Path, typer.Argument(help="The backup's file, such as kvitt-2026-03-02.tar.gz.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(
        "backup",
        help="Copy database, settings and own partners into one file, while the hub runs. The keys are not in it."
        "\n\nExample: `kvitt backup /backups/kvitt-2026-03-02.tar.gz`",
    )(backup)
    app.command(
        "restore",
        help="Put a backup into an empty KVITT_HOME. Nothing goes out until you have reconciled and resumed."
        "\n\nExample: `KVITT_HOME=/srv/kvitt KVITT_KEYS=/safe/keys kvitt restore kvitt-2026-03-02.tar.gz`",
    )(restore)
    app.command(
        "reconcile",
        help="After a restore: ask every partner what went out since the backup.\n\nExample: `kvitt reconcile`",
    )(reconcile)


def backup(
    file: File,
    database: Annotated[str, typer.Option(help="PostgreSQL as a role with BYPASSRLS: env:NAME or file:PATH.")] = "",
    as_json: Json = False,
) -> None:
    """Write a backup."""
    from hub.cli import archive
    from hub.cli.boot import settings_here
    from hub.cli.here import opened
    from hub.settings import resolve_secret
    from hub.store import access

    with opened() as hub:
        settings = settings_here()
        url = resolve_secret(database, base=settings.home, stage=settings.stage).reveal() if database else ""
        made = archive.write(settings, file.absolute(), hub.clock.now(), url)
        for tenant in hub.store.tenants():
            with hub.store.unit(tenant["id"]) as unit:
                access.record(unit, actor=who(), role="operator", action="backup", object_=file.name[:100])
    if as_json:
        put_json({"file": str(file), "made_at": made.made_at, "parts": len(made.parts), "keys": "not included"})
    else:
        say(f"{file}: {len(made.parts)} files, {file.stat().st_size:,} bytes")
        say("The keys are not in it: back up KVITT_KEYS apart from it, or nobody can read what is restored.")


def restore(file: File, as_json: Json = False) -> None:
    """Put a backup back and stop everything that goes out."""
    from hub.cli import archive
    from hub.cli.boot import create_hub, settings_here
    from hub.pipeline.reconcile import restored
    from hub.settings import load
    from hub.store import subjects

    settings = settings_here(require=False)
    if not (settings.keys / "master.key").is_file():
        raise ConfigurationError(f"no master key at {settings.keys}", hint="put the keys of that hub there first")
    with tempfile.TemporaryDirectory(prefix="kvitt-restore-") as work:
        made = archive.unpack(file, Path(work))
        archive.put_back(settings, Path(work))
    hub = create_hub(load(os.environ, Path.cwd(), require=True))
    try:
        subjects.require_keys(hub.store)
        for tenant in hub.store.tenants():
            restored(hub, tenant["id"], made.made_at, acting("operator"))
    finally:
        hub.store.close()
    if as_json:
        put_json({"home": str(settings.home), "made_at": made.made_at, "outbound": "stopped"})
    else:
        say(f"{settings.home} is as it was at {made.made_at:%Y-%m-%d %H:%M} UTC. Nothing goes out.")
        say("Next: kvitt reconcile, kvitt next, and when all is clear: kvitt resume outbound")


def reconcile(tenant: Tenant = "", as_json: Json = False) -> None:
    """Ask about everything open; exit 5 while something is in doubt, 4 while a partner does not answer."""
    from dataclasses import asdict

    from hub.cli.here import opened, tenants
    from hub.pipeline import reconcile as step

    with opened() as hub:
        body = [
            {"tenant": name, **asdict(step.reconcile(hub, name)), "left": list(step.unsettled(hub, name))}
            for name in tenants(hub, tenant)
        ]
    if as_json:
        put_json({"reconciled": body})
    for each in [] if as_json else body:
        said = (
            f"{each['arrived']} had arrived, {each['not_arrived']} had not, {each['unasked']} could not be asked about"
        )
        say(f"{each['tenant']}: {said}; {'; '.join(each['left']) or 'nothing is in doubt'}")
    raise typer.Exit(4 if any(each["unasked"] for each in body) else 5 if any(each["left"] for each in body) else 0)
