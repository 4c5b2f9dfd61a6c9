"""kvitt doctor: is everything as it should be? Without a hub it looks at the program only."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.output import Json, Tenant, put_json, say
from hub.errors import HubError
from hub.settings import load

if TYPE_CHECKING:  # the database is imported only by commands that use it, so that help is quick
    from hub.cli.examination import Examined

_HELP = """Look at the program and the hub: package names, permissions, database, access log, money, agreements.

Exit 0: fine, perhaps with warnings. 1: money or the access log is not whole. 3: something to set right. 4: a partner
does not answer (--probe).

Example: `kvitt doctor --probe`
"""
_SIGNS = {"ok": "ok     ", "note": "note   ", "warning": "WARNING", "error": "ERROR  "}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("doctor", help=_HELP)(doctor)


def doctor(
    probe: Annotated[bool, typer.Option("--probe", help="Also ask every partner's channel, sending nothing.")] = False,
    tenant: Tenant = "",
    as_json: Json = False,
) -> None:
    """Examine everything."""
    found: list[Examined] = []
    for one in _examined(tenant, probe=probe):
        found.append(one)
        if not as_json:
            say(f"{_SIGNS[one.state]} {one.name}: {one.text}{f' ({one.hint})' if one.hint else ''}")
    worst = max(one.exit_code for one in found)
    if as_json:
        put_json({"ok": worst == 0, "checks": [one.as_json() for one in found]})
    raise typer.Exit(worst)


def _examined(tenant: str, *, probe: bool) -> Iterator[Examined]:
    """Everything in order; what cannot be opened ends the examination with the reason."""
    from hub.cli import examination as look
    from hub.cli.here import tenants

    yield from look.packages()
    try:
        settings = load(os.environ, Path.cwd())
    except HubError as error:
        yield look.Examined(name="settings", state=look.ERROR, text=str(error), exit_code=error.exit_code)
        return
    absent = look.hub_home(settings, named=bool(os.environ.get("KVITT_HOME")))
    if absent is not None:
        yield absent
        return
    yield from look.files(settings)
    hub, opened = look.database(settings)
    yield opened
    if hub is None:
        return
    try:
        yield look.walls(hub)
        yield from look.partners(hub)
        for name in tenants(hub, tenant):
            yield from look.tenant(hub, name, probe=probe)
    finally:
        hub.store.close()
