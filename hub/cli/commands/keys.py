"""kvitt keys: the master key that wraps every other one."""

from __future__ import annotations

import typer

from hub.cli.actors import who
from hub.cli.output import Json, put_json, say

_ROTATE = """Make a new master key and wrap every key anew. The hub may run on; interrupted, it is run again.

Nothing stored has to change: what it is sealed with stays, and is wrapped anew. Make a new copy of the keys afterwards,
and destroy the old copies: they open what they opened.

Example: `kvitt keys rotate`
"""


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown")
    group.callback(help="The keys of this hub.")(_keys)
    group.command("rotate", help=_ROTATE)(rotate)
    app.add_typer(group, name="keys")


def _keys() -> None:
    """Keep `rotate` a word of its own."""


def rotate(as_json: Json = False) -> None:
    """Rotate."""
    from hub.cli.here import opened
    from hub.store import access, subjects

    with opened() as hub:
        count = hub.store.keys.rotate()
        subjects.require_keys(hub.store)
        for row in hub.store.tenants():
            with hub.store.unit(row["id"]) as unit:
                access.record(unit, actor=who(), role="operator", action="rotate", object_=f"keys/{count}")
    if as_json:
        put_json({"wrapped": count})
    else:
        say(f"{count} keys are wrapped by a new master key; make a new copy of the keys")
