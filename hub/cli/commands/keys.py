"""kvitt keys: the master key that wraps every other one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.actors import who
from hub.cli.output import Json, put_json, say

if TYPE_CHECKING:
    from hub.pipeline.context import Hub

_ROTATE = """Make a new master key and wrap every key anew. The hub may run on; interrupted, it is run again.

Nothing stored has to change: what it is sealed with stays, and is wrapped anew. Make a new copy of the keys afterwards,
and destroy the old copies: they open what they opened.

Example: `kvitt keys rotate`
"""

_COPY = """Copy the keys as they belong together into a new folder, while the hub runs; keep it apart from every backup.

Destroy the copy before it: it still opens what was erased since.

Example: `kvitt keys copy /media/keys/2026-12-01`
"""


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown", help="The keys of this hub.")
    group.command("rotate", help=_ROTATE)(rotate)
    group.command("copy", help=_COPY)(copy)
    app.add_typer(group, name="keys")


def rotate(as_json: Json = False) -> None:
    """Rotate."""
    from hub.cli.here import opened
    from hub.store import subjects

    with opened() as hub:
        count = hub.store.keys.rotate()
        subjects.require_keys(hub.store)
        _log(hub, "rotate", count)
    if as_json:
        put_json({"wrapped": count})
    else:
        say(f"{count} keys are wrapped by a new master key; make a new copy of the keys")


def copy(
    to: Annotated[Path, typer.Argument(help="A folder that is not there yet.")],
    as_json: Json = False,
) -> None:
    """Copy."""
    from hub.cli.here import opened

    with opened() as hub:
        count = hub.store.keys.copy(to)
        _log(hub, "copy", count)
    if as_json:
        put_json({"copied": count})
    else:
        say(f"{count} keys and their master key are in {to}; destroy the copy before it")


def _log(hub: Hub, action: str, count: int) -> None:
    from hub.store import access

    for row in hub.store.tenants():
        with hub.store.unit(row["id"]) as unit:
            access.record(unit, actor=who(), role="operator", action=action, object_=f"keys/{count}")
