"""Kill, freeze and restart the senders at random while their partners refuse, lose answers and will not say; then count.

    python tests/crash/chaos.py --exchanges 300 --minutes 5 [--database postgresql+psycopg://...] [--seed 7]

Four partners: one that cannot be asked and thinks for a while before it stores; one that can be asked but often will not
say; one behind the same address; and VECOZO over mutual TLS, which also answers, so that collecting is killed too.
What must hold at the end is in `violations`; the exit code is 1 when something does not.
"""

from __future__ import annotations

import argparse
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from connectors.channels.vecozo_messages import traceer_id
from hub.model.exchange import ExchangeState
from hub.sandbox.pki import Pki, make_pki
from hub.sandbox.vecozo import Outgoing, VecozoSandbox
from hub.store import migrate
from hub.store.engine import open_engine
from hub.store.unit import Row
from tests.crash.nursery import Nursery, Worker
from tests.crash.remote import Habits, Remote
from tests.crash.setting import AT_ONCE, TENANT, Opened, Setting, agree, counted, key_of, open_setting, prepare, setting

_OPEN = ("prepared", "sending")
_WAVE = 100
"""So many exchanges at a time: a world in which new ones keep coming."""
_PURGED, _COLLECTS = 0.1, 0.3
"""How often the broker forgets everything, and how often a worker collects instead of sending."""
_ARRIVED = ("sent", "delivered")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much, how long and how bad; with a `broker` the senders are workers of a hub on many nodes.

    It ends when everything is settled and `kills` were made (more is sent until then), or when the time is over.
    """

    exchanges: int = 24
    kills: int = 0
    seconds: float = 12
    workers: int = 2
    seed: int = 1
    pause: tuple[float, float] = (0.1, 1.5)
    frozen: float = 0.2
    broker: str = ""


@dataclass(slots=True)
class Result:
    """What happened, and what must not have."""

    exchanges: int = 0
    kills: int = 0
    freezes: int = 0
    purges: int = 0
    states: Counter[str] = field(default_factory=Counter)
    arrived_in_doubt: int = 0
    sent_again_after_asking: int = 0
    violations: list[str] = field(default_factory=list)


class Chaos:
    """One world: a hub, its partners, and workers that never live long. Runs between `with` and its end."""

    def __init__(self, one: Setting, pki: Pki, plan: Plan, nursery: Nursery) -> None:
        self.plan = plan
        self.result = Result()
        self._setting = one
        self._random = random.Random(plan.seed)
        self._nursery = nursery
        self._stop = Path(one.home) / "stop"
        bad = {"refuses": 0.05, "away": 0.1, "too_many": 0.02, "loses_answer": 0.15, "slow": 0.15, "kills": 0.4}
        self.deaf = Remote(Habits(**bad), seed=plan.seed)
        self.askable = Remote(Habits(**bad, will_not_say=0.4), dedupes=True, seed=plan.seed + 1)
        self.vecozo = VecozoSandbox(
            pki, now=lambda: datetime.now(UTC), folder=Path(one.home) / "vecozo", responder=_answers
        )
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        for each in (self.deaf, self.askable, self.vecozo):
            self._stack.enter_context(each)
        self.opened: Opened = open_setting(self._setting)
        self._stack.callback(self.opened.close)
        self._agreements = self._agree()
        self._made = 0
        self._fill(min(self.plan.exchanges, _WAVE))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _agree(self) -> dict[str, str]:
        named = (("deaf", self.deaf), ("third", self.deaf), ("askable", self.askable))
        made = {partner: counted(self.opened, server, partner) for partner, server in named}
        settings = self.vecozo.settings() | {"connect_timeout": "5", "read_timeout": "10"}
        with self.opened.hub.store.unit(TENANT) as unit:
            return made | {"menzis": agree(unit, "menzis", channel="", settings=settings)}

    def _fill(self, exchanges: int) -> None:
        """Exchanges for each partner alike."""
        share = max(1, exchanges // len(self._agreements))
        for partner, agreement in self._agreements.items():
            channel = {"channel": "vecozo"} if partner == "menzis" else {}
            names = [f"{partner}-{self._made + number:04d}" for number in range(share)]
            prepare(self.opened, partner, agreement, names, **channel)
        self._made += share
        self.result.exchanges += share * len(self._agreements)

    def run(self) -> Result:
        """Chaos until everything is settled or the time is over; then calm, one worker to the end, and the counting."""
        workers = [self._worker() for _ in range(self.plan.workers)]
        with self._announcing():
            self._trouble(workers)
            for worker in workers:
                worker.kill()
            self.result.kills += self.deaf.kills + self.askable.kills
            self._calm()
        self._count()
        return self.result

    def _trouble(self, workers: list[Worker]) -> None:
        until = time.monotonic() + self.plan.seconds
        while time.monotonic() < until and self._goes_on():
            time.sleep(self._random.uniform(*self.plan.pause))
            place = self._random.randrange(len(workers))
            workers[:] = [worker if worker.alive() else self._worker() for worker in workers]
            if self._random.random() < self.plan.frozen:
                self._freeze(workers[place])
            else:
                workers[place].kill()
                self.result.kills += 1
                workers[place] = self._worker()
            if self.plan.broker and self._random.random() < _PURGED:
                self._queue.control.purge()
                self.result.purges += 1

    def _goes_on(self) -> bool:
        """Whether there is trouble left to make; when all is settled too early, more is sent."""
        left = self.plan.exchanges - self.result.exchanges
        enough = self.result.kills + self.deaf.kills + self.askable.kills >= self.plan.kills > 0
        unsettled = self._unsettled()
        if left <= 0 and (enough or (not unsettled and not self.plan.kills)):
            return False
        if not unsettled:
            self._fill(min(max(left, 8), _WAVE))
        return True

    @contextmanager
    def _announcing(self) -> Iterator[None]:
        """On many nodes every node looks and hints; here one does, in a thread."""
        if not self.plan.broker:
            yield
            return
        from scheduler import many_nodes

        self._queue = many_nodes.open_queue(self.plan.broker)
        stop = threading.Event()
        thread = threading.Thread(target=many_nodes.announce, args=(self.opened.hub, self._queue, stop, 0.05))
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
            self._queue.close()

    def _worker(self) -> Worker:
        if self.plan.broker:
            if self._random.random() < _COLLECTS:
                return self._nursery.start("collecting", setting=self._setting.arguments, stop=str(self._stop))
            return self._nursery.start("turns", setting=self._setting.arguments, broker=self.plan.broker)
        return self._nursery.start(
            "loop", setting=self._setting.arguments, stop=str(self._stop), collects=self._random.random() < 0.6
        )

    def _freeze(self, worker: Worker) -> None:
        worker.signal(signal.SIGSTOP)
        self.result.freezes += 1
        time.sleep(self._random.uniform(0.05, 0.3))
        worker.signal(signal.SIGCONT)

    def _unsettled(self) -> bool:
        unsent = any(row["state"] in _OPEN for row in self.opened.rows())
        with self.vecozo.store.lock:
            waiting = any(not item.confirmed for item in self.vecozo.store.queued.values())
        return unsent or waiting

    def _calm(self) -> None:
        self.deaf.habits = self.askable.habits = Habits()
        job = "collecting" if self.plan.broker else "loop"
        more = {} if self.plan.broker else {"collects": True}
        worker = self._nursery.start(job, setting=self._setting.arguments, stop=str(self._stop), **more)
        sender = (
            self._nursery.start("turns", setting=self._setting.arguments, broker=self.plan.broker)
            if self.plan.broker
            else None
        )
        until = time.monotonic() + 60
        while self._unsettled() and time.monotonic() < until:
            time.sleep(0.05)
        self._stop.touch()
        worker.result()
        if sender is not None:
            sender.kill()

    def _count(self) -> None:
        rows = self.opened.rows()
        self.result.states = Counter(f"{row['partner']} {row['state']}" for row in rows)
        deaf = [row for row in rows if row["partner"] in ("deaf", "third")]
        self._count_deaf(deaf)
        self._count_askable([row for row in rows if row["partner"] == "askable"])
        self._count_vecozo([row for row in rows if row["partner"] == "menzis"])

    def _say(self, what: str, found: Sequence[object]) -> None:
        if found:
            self.result.violations.append(f"{what}: {len(found)}, such as {found[0]}")

    def _count_deaf(self, rows: list[Row]) -> None:
        """One that cannot be asked: never twice, never lost, and a person for every doubt."""
        copies = self.deaf.copies()
        doubt = {row["exchange_id"] for row in self.opened.tasks("in_doubt")}
        self._say("sent twice to a partner that cannot be asked", [key for key, count in copies.items() if count > 1])
        self._say("not settled", [row["state"] for row in rows if row["state"] in (*_OPEN, "failed")])
        self._say(
            "in doubt without a task", [r["id"] for r in rows if r["state"] == "in_doubt" and r["id"] not in doubt]
        )
        self._say("counts as sent, is not there", [r["id"] for r in _in(rows, _ARRIVED) if not copies[key_of(r)]])
        self._say("counts as refused, is there", [r["id"] for r in _in(rows, ("refused",)) if copies[key_of(r)]])
        self.result.arrived_in_doubt = sum(copies[key_of(row)] for row in _in(rows, ("in_doubt",)))

    def _count_askable(self, rows: list[Row]) -> None:
        """One that can be asked: no doubt is left, and nothing is sent again that was not asked about in between."""
        copies = self.askable.copies()
        self._say(
            "not settled though it can be asked", [r["state"] for r in rows if r["state"] not in (*_ARRIVED, "refused")]
        )
        self._say("sent again without asking", self.askable.blind_sends())
        self._say("stored twice", [key for key, count in copies.items() if count > 1])
        self._say("counts as sent, is not there", [r["id"] for r in _in(rows, _ARRIVED) if not copies[key_of(r)]])
        self.result.sent_again_after_asking = self.askable.reached().count("known")

    def _count_vecozo(self, rows: list[Row]) -> None:
        """VECOZO: one message each, every answer stored once, confirmed after that, and one task each."""
        there = {item.traceer for item in self.vecozo.received()}
        self._say("not at VECOZO", [r["id"] for r in rows if traceer_id(key_of(r)) not in there])
        self._say("not settled at VECOZO", [r["state"] for r in rows if r["state"] not in _ARRIVED])
        answers = {item.traceer for item in self.vecozo.store.queued.values()}
        came = Counter(row["remote_id"] for row in self.opened.inbound())
        self._say("answers lost", sorted(answers - came.keys()))
        self._say("answers stored twice", [remote for remote, count in came.items() if count > 1])
        self._say("not confirmed there", [i.traceer for i in self.vecozo.store.queued.values() if not i.confirmed])
        self._say("left unprocessed", [r["id"] for r in self.opened.inbound() if r["state"] == "stored"])
        told = Counter(row["inbound_id"] for row in self.opened.tasks("unreadable"))
        self._say("answers without exactly one task", [r["id"] for r in self.opened.inbound() if told[r["id"]] != 1])


def _in(rows: Sequence[Row], states: Sequence[str]) -> list[Row]:
    return [row for row in rows if row["state"] in states]


def _answers(payload: bytes, facts: object) -> list[Outgoing]:
    """One answer to every message, which nobody can read: what counts here is that it comes in once."""
    del facts
    return [Outgoing(payload=b"no format at all, about " + payload)]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--exchanges", type=int, default=100)
    parser.add_argument("--kills", type=int, default=0, help="so many kills at least")
    parser.add_argument("--minutes", type=float, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", default="", help="an empty PostgreSQL database; SQLite without")
    parser.add_argument("--broker", default="", help="a RabbitMQ: the senders are Celery workers (with --database)")
    chosen = parser.parse_args(arguments)
    plan = Plan(
        exchanges=chosen.exchanges,
        seconds=chosen.minutes * 60,
        workers=chosen.workers,
        seed=chosen.seed,
        broker=chosen.broker,
    )
    with tempfile.TemporaryDirectory(prefix="kvitt-chaos-") as folder:
        home = Path(folder) / "hub"
        one = setting(home, chosen.database or f"sqlite:///{home}/kvitt.db", retry=AT_ONCE)
        engine = open_engine(one.url)
        migrate.upgrade(engine)
        engine.dispose()
        pki = make_pki(Path(folder) / "pki", now=datetime.now(UTC))
        with Nursery() as nursery, Chaos(one, pki, plan, nursery) as chaos:
            result = chaos.run()
    sys.stdout.write("\n".join([*report(result), ""]))
    return 1 if result.violations else 0


def report(result: Result) -> list[str]:
    """What happened, in lines for people."""
    lines = [
        f"{result.exchanges} exchanges, {result.kills} kills, {result.freezes} freezes, {result.purges} purges of the broker"
    ]
    lines += [f"{count:5d}  {what}" for what, count in sorted(result.states.items())]
    lines.append(f"in doubt, and it had arrived: {result.arrived_in_doubt} of {_doubts(result)}")
    lines.append(f"sent again to a partner that had said no, and recognised there: {result.sent_again_after_asking}")
    return [*lines, *(f"VIOLATION  {each}" for each in result.violations)] if result.violations else [*lines, "held"]


def _doubts(result: Result) -> int:
    return sum(count for what, count in result.states.items() if what.endswith(ExchangeState.IN_DOUBT.value))


if __name__ == "__main__":
    sys.exit(main())
