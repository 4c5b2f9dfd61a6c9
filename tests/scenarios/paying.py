"""A process that makes a payment file and dies by SIGKILL at a chosen moment: `python -m tests.scenarios.paying ...`.

Arguments: database URL, home, now, folder for the file, moment. A moment is `none`, `before:SQL` or `after:SQL` (a
statement that begins so), `commit` (just before that of the transaction that made the file), `done` (after it, before
anybody has the file), or `half` (while the file is being written).
"""

from __future__ import annotations

import sys
from datetime import date, datetime
from pathlib import Path

from hub.cli.output import put_file
from hub.clock import MovableClock
from hub.pipeline import payouts
from hub.pipeline.context import Actor
from tests.scenarios.moments import arm, die
from tests.scenarios.world import NL, open_hub


def main(url: str, home: str, now: str, folder: str, moment: str) -> None:
    """Make the file of everything approved, and write it."""
    moment_now = datetime.fromisoformat(now)
    hub = open_hub(url, Path(home), MovableClock(moment_now))
    arm(hub.store.engine, moment, writes="INSERT INTO payout_export")
    made = payouts.export(hub, NL, date(2024, 2, 6), Actor(name="anne", role="operator"))
    if moment == "done":
        die()
    for one in made:
        if moment == "half":
            (Path(folder) / f"{one.name}.part").write_bytes(one.content[:100])
            die()
        put_file(Path(folder) / one.name, one.content)
    hub.store.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
