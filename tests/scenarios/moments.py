"""The moments of a transaction at which a process of a scenario dies by its own hand: by SIGKILL, as a power cut does."""

from __future__ import annotations

import os
import signal
from typing import Any

from sqlalchemy import Engine, event


def die() -> None:
    """End this process with nothing of Python's own clearing up."""
    os.kill(os.getpid(), signal.SIGKILL)


def arm(engine: Engine, moment: str, writes: str) -> None:
    """Prepare the death at `before:SQL` or `after:SQL` (a statement that begins so) or at `commit`.

    `commit` is just before that of a transaction in which a statement began with `writes`. Whoever knows other moments
    sees to them.
    """
    kind, _, what = moment.partition(":")
    if kind in ("before", "after"):
        _at_statement(engine, f"{kind}_cursor_execute", what)
    elif kind == "commit":
        _at_commit(engine, writes)


def _at_statement(engine: Engine, when: str, begins: str) -> None:
    def executed(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith(begins):
            die()

    event.listen(engine, when, executed)


def _at_commit(engine: Engine, writes: str) -> None:
    def wrote(connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith(writes):
            connection.info["wrote"] = True

    def commits(connection: Any) -> None:
        if connection.info.get("wrote"):
            die()

    event.listen(engine, "after_cursor_execute", wrote)
    event.listen(engine, "commit", commits)
