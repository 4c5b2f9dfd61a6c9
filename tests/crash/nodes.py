"""Workers that never live long, on one node or two: started, killed, frozen for a while, and lost with their node.

A worker that ended by itself said why: whatever is not the database's own trouble (it restarts, and it ends sessions
that slept inside a transaction) is a fault of ours.
"""

from __future__ import annotations

import contextlib
import json
import random
import re
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.crash.nursery import Nursery, Worker
from tests.crash.setting import Setting

_OUTAGE = re.compile(
    r"OperationalError|InterfaceError|IdleInTransactionSessionTimeout|the database does not answer|server closed the connection"
)
_SPECIAL = re.compile(r"^[\w.]+: |connection to server .*failed: |at \"[^\"]*\"|\b\d+\b")
_LONG = 0.15
"""So many freezes are longer than any time-out here."""


@dataclass(slots=True)
class Place:
    """One worker's place: what runs there, on which node, and until when it is frozen (0: it is not)."""

    node: int
    worker: Worker
    until: float = 0


@dataclass(slots=True)
class Nodes:
    """All places; `job` gives what a new worker does, `nodes` are the settings of those that live."""

    nursery: Nursery
    nodes: list[Setting]
    job: Callable[[], tuple[str, dict[str, object]]]
    dice: random.Random
    places: list[Place] = field(default_factory=list)
    lost: int = 0
    _watched: list[Worker] = field(default_factory=list)

    def fill(self, workers: int) -> None:
        """So many workers, on every node alike."""
        self.places = [self._place(number % len(self.nodes)) for number in range(workers)]

    def look_after(self) -> None:
        """Start anew who has ended, wake up who was frozen long enough."""
        now = time.monotonic()
        for number, place in enumerate(self.places):
            if place.until and place.until <= now:
                place.worker.signal(signal.SIGCONT)
                place.until = 0
            if not place.worker.alive():
                self.places[number] = self._place(place.node)

    def kill(self) -> str:
        """SIGKILL one, frozen or not; another one takes its place."""
        number = self.dice.randrange(len(self.places))
        place = self.places[number]
        place.worker.kill()
        self.places[number] = self._place(place.node)
        return f"place {number}"

    def freeze(self) -> str:
        """SIGSTOP one for a while."""
        number = self.dice.randrange(len(self.places))
        seconds = self.dice.uniform(3, 8) if self.dice.random() < _LONG else self.dice.uniform(0.05, 1)
        place = self.places[number]
        place.worker.signal(signal.SIGSTOP)
        place.until = time.monotonic() + seconds
        return f"place {number} for {seconds:.2f} s"

    def lose_node(self) -> str:
        """The last node goes with all its workers, at one moment and for good; the others take their number."""
        gone = len(self.nodes) - 1
        theirs = [place for place in self.places if place.node == gone]
        for place in theirs:
            place.worker.signal(signal.SIGKILL)
        self.nodes.pop()
        self.lost += 1
        self.places = [self._place(0) if place.node == gone else place for place in self.places]
        return f"node {gone + 1} with {len(theirs)} workers"

    def end(self) -> None:
        """Everybody is killed."""
        for place in self.places:
            place.worker.kill()
        self.places = []

    def faults(self) -> Counter[str]:
        """What workers ended with that is not the database's trouble, with the last line of what they said."""
        return Counter(line for line in self._last_lines() if not _OUTAGE.search(line))

    def outages(self) -> Counter[str]:
        """How many workers ended because the database did, by what it said."""
        return Counter(_SPECIAL.sub("", line)[:90] for line in self._last_lines() if _OUTAGE.search(line))

    def _last_lines(self) -> list[str]:
        lines: list[str] = []
        for worker in self._watched:
            with contextlib.suppress(FileNotFoundError):
                told = json.loads(worker.report.read_text())
                if "error" in told:
                    lines.append(_named(told["error"]))
        return lines

    def _place(self, node: int) -> Place:
        job, arguments = self.job()
        worker = self.nursery.start(job, setting=self.nodes[node].arguments, **arguments)
        self._watched.append(worker)
        return Place(node=node, worker=worker)


def _named(trace: str) -> str:
    """The line that names the exception; what follows it may be SQL or a server's own words."""
    named = [line for line in trace.splitlines() if re.match(r"[\w.]+(Error|Exception|Exit|Unknown)\b", line)]
    return (named or trace.splitlines())[-1][:200]
