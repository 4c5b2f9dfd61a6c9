"""How long one long list keeps others from writing: the processor's time inside its transactions, beside all of it.

    python benchmarks/long_list.py [--rows N]

One practice hands in one list for one quarter, on SQLite in a temporary home; a table in memory answers for coverage.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from list_to_files import QUARTERS, practice_codes, practice_list, set_up
from memory import peak_mb

from hub.clock import MovableClock
from hub.model.identity import is_bsn
from hub.pipeline import intake, portal
from hub.pipeline.context import Hub
from hub.pipeline.intake import IntakeRequest
from hub.sandbox import example
from hub.store.unit import Unit

PERIOD = "2024Q1"


@dataclass(slots=True)
class Turns:
    """Every write transaction of a hub: seconds of processor and seconds by the clock."""

    taken: list[tuple[float, float]] = field(default_factory=list)

    def watch(self, hub: Hub) -> None:
        """From now on."""
        unit = hub.store.unit

        @contextmanager
        def timed(tenant: str, within: frozenset[str] | None = None) -> Iterator[Unit]:
            begun = (time.process_time(), time.perf_counter())
            with unit(tenant, within) as one:
                yield one
            self.taken.append((time.process_time() - begun[0], time.perf_counter() - begun[1]))

        hub.store.unit = timed  # type: ignore[method-assign]

    @property
    def longest(self) -> tuple[float, float]:
        """The longest one; none at all takes no time."""
        return max(self.taken, default=(0.0, 0.0))


def main() -> None:
    """Try the list, take it in, print one table."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    options.add_argument("--rows", type=int, default=100_000)
    rows = options.parse_args().rows
    (practice,) = practice_codes(1)
    people = [*islice((text for number in range(999_999_999, 0, -1) if is_bsn(text := str(number))), rows)]
    data = practice_list(random.Random(1), practice, QUARTERS[PERIOD].date().replace(day=1), people)
    request = IntakeRequest(
        programme="module-quarter", organisation=practice, module="PMO", period=PERIOD, name="list.csv"
    )
    print(f"{len(people):,} rows, {len(data) / 1e6:.1f} MB")
    print(f"{'step':10} {'cpu s':>8} {'of it in the longest transaction':>34} {'by the clock':>14}")
    with tempfile.TemporaryDirectory() as folder:
        hub = set_up(Path(folder) / "home", MovableClock(datetime(2024, 1, 1, tzinfo=UTC)), [practice], people)
        hub.clock.move_to(QUARTERS[PERIOD])  # type: ignore[attr-defined]
        for name, step in (("preview", portal.rehearse), ("take in", intake.take)):
            turns, begun = Turns(), time.process_time()
            turns.watch(hub)
            step(hub, example.NL_TENANT, request, data)
            inside, clock = turns.longest
            print(f"{name:10} {time.process_time() - begun:8.2f} {inside:34.2f} {clock:14.2f}")
        hub.store.close()
    print(f"memory at most {peak_mb():,.0f} MB")


if __name__ == "__main__":
    main()
