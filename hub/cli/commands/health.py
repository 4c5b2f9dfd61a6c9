"""kvitt health: what monitoring asks; exit codes as monitoring plug-ins have them, not as our other commands."""

from __future__ import annotations

import typer

from hub.cli.output import Json, put_json, say

_HELP = """Is the hub alive and well? For monitoring: one line, and exit code 0 fine, 1 warning, 2 critical, 3 unknown.

Example: `kvitt health`
"""
_WORDS = ("OK", "WARNING", "CRITICAL")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("health", help=_HELP)(health)


def health(as_json: Json = False) -> None:
    """Say how it is; whatever keeps us from looking is 3."""
    from hub.cli.here import opened
    from hub.errors import HubError
    from scheduler.health import OK, signs

    try:
        with opened() as hub:
            found = signs(hub)
    except HubError as error:
        say(f"UNKNOWN - {error}")
        raise typer.Exit(3) from None
    level = max((sign.level for sign in found), default=OK)
    if as_json:
        body = [{"level": _WORDS[s.level], "code": s.code, "tenant": s.tenant, "text": s.text} for s in found]
        put_json({"level": _WORDS[level], "signs": body})
    else:
        said = "; ".join(f"{sign.tenant} {sign.text}".strip() for sign in found)
        say(f"{_WORDS[level]} - {said or 'nothing is wrong'}")
    raise typer.Exit(level)
