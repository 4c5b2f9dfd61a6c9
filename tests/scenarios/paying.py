"""A process that makes a payment file and dies by SIGKILL at a chosen moment: `python -m tests.scenarios.paying ...`.

Arguments: database URL, home, now, folder for the file, moment. A moment is `none`, `before:SQL` or `after:SQL` (a
statement that begins so), `commit` (just before that of the transaction that made the file), `done` (after it, before
anybody has the file), or `half` (while the file is being written).
"""

from __future__ import annotations

import os
import signal
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import event

from hub.cli.output import put_file
from hub.clock import MovableClock
from hub.pipeline import payouts
from hub.pipeline.context import Actor, Hub
from tests.scenarios.world import NL, open_hub


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _arm(hub: Hub, moment: str) -> None:
    kind, _, what = moment.partition(":")
    if kind in ("before", "after"):

        def executed(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            if statement.startswith(what):
                _die()

        event.listen(hub.store.engine, f"{kind}_cursor_execute", executed)
    elif kind == "commit":

        def wrote(connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            if statement.startswith("INSERT INTO payout_export"):
                connection.info["wrote"] = True

        def commits(connection: Any) -> None:
            if connection.info.get("wrote"):
                _die()

        event.listen(hub.store.engine, "after_cursor_execute", wrote)
        event.listen(hub.store.engine, "commit", commits)


def main(url: str, home: str, now: str, folder: str, moment: str) -> None:
    """Make the file of everything approved, and write it."""
    moment_now = datetime.fromisoformat(now)
    hub = open_hub(url, Path(home), MovableClock(moment_now))
    _arm(hub, moment)
    made = payouts.export(hub, NL, date(2024, 2, 6), Actor(name="anne", role="operator"))
    if moment == "done":
        _die()
    for one in made:
        if moment == "half":
            (Path(folder) / f"{one.name}.part").write_bytes(one.content[:100])
            _die()
        put_file(Path(folder) / one.name, one.content)
    hub.store.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
