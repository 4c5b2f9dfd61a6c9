"""Kill, freeze and restart the senders at random while their partners refuse, lose answers and will not say; then count.

    python tests/crash/chaos.py --exchanges 300 --minutes 5 [--database postgresql+psycopg://...] [--seed 7]

Five partners: one that cannot be asked and one behind the same address; one that can be asked but often will not say;
VECOZO over mutual TLS; and a real OpenSSH server behind a wire that breaks (where one is installed). The last two answer,
late, twice and in no order, so that collecting is killed too. All of them refuse, lose answers after they took something
over, take something over after nobody waits any more, and kill whoever talks to them. What must hold at the end is in
`counting.py`; the exit code is 1 when something does not.

What is drawn from the seed: every choice of this process in its order, what a partner does to the n-th request about a
message, and what becomes of the n-th connection. When the processes get to run is the machine's own affair.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from hub.errors import TransientError
from hub.model.exchange import ExchangeState
from hub.sandbox.pki import Pki, make_pki
from hub.sandbox.server import Fault, TlsFiles, Trouble
from hub.sandbox.vecozo import Outgoing, Refusal, VecozoSandbox, VecozoTrouble
from hub.store import migrate, schema
from hub.store.engine import open_engine
from tests import openssh
from tests.crash.counting import Sides, violations
from tests.crash.drop import Drop, drop
from tests.crash.nodes import Nodes
from tests.crash.nursery import Nursery
from tests.crash.remote import Habits, Remote
from tests.crash.setting import (
    AT_ONCE,
    TENANT,
    Opened,
    Setting,
    agree,
    counted,
    key_of,
    open_setting,
    prepare,
    second_node,
    setting,
)

_OPEN = dict.fromkeys(("askable", "menzis", "drop"), ("prepared", "sending", "in_doubt"))
_OPEN |= dict.fromkeys(("deaf", "third"), ("prepared", "sending"))
_LOW, _MORE = 40, 5
"""New ones keep coming: so many for each partner whenever so few are left."""
_PURGED, _COLLECTS, _ODD = 0.1, 0.3, 0.3
"""How often the broker forgets everything, a worker collects instead of sending, and VECOZO does something odd."""
_PATIENCE = 1.0
"""So long senders wait for the partners that are made to answer too late."""
_CALM_S = 120
_AHEAD, _SLOWER = 10, 4
"""So many kills more than there should be by now, and trouble comes so many times more slowly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much, how long and how bad; with a `broker` the senders are workers of a hub on many nodes.

    It ends when everything is settled and `kills` were made (more is sent until then), or when the time is over.
    `restarts` of the database and the loss of the second of two `nodes` come when a share of the exchanges was made.
    """

    exchanges: int = 24
    kills: int = 0
    seconds: float = 12
    workers: int = 2
    seed: int = 1
    pause: tuple[float, float] = (0.1, 1.2)
    frozen: float = 0.2
    broker: str = ""
    restarts: int = 0
    nodes: int = 1


@dataclass(slots=True)
class Result:
    """What happened, and what must not have. `kills` are those at random moments; partners kill on top of that."""

    exchanges: int = 0
    kills: int = 0
    killed_by_partners: int = 0
    answered_too_late: int = 0
    freezes: int = 0
    purges: int = 0
    restarts: int = 0
    nodes_lost: int = 0
    outages: Counter[str] = field(default_factory=Counter)
    wire: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    arrived_in_doubt: int = 0
    sent_again_after_asking: int = 0
    answers: int = 0
    violations: list[str] = field(default_factory=list)


class Chaos:
    """One world: a hub, its partners, and workers that never live long. Runs between `with` and its end.

    `restart` ends the database as hard as can be and starts it again; `say` is told everything this process does.
    """

    def __init__(
        self,
        one: Setting,
        pki: Pki,
        plan: Plan,
        nursery: Nursery,
        *,
        restart: Callable[[], None] | None = None,
        say: Callable[[str], None] = lambda _line: None,
    ) -> None:
        self.plan = plan
        self.result = Result()
        self._setting = one
        self._dice = random.Random(plan.seed)
        self._restart = restart
        self._tell = say
        self._stop = Path(one.home) / "stop"
        self._pki = pki
        bad = {"refuses": 0.05, "away": 0.1, "too_many": 0.02, "loses_answer": 0.1, "slow": 0.15, "kills": 0.2}
        tls = TlsFiles(certificate=pki.server.certificate, key=pki.server.key)
        late = {"too_late": 0.06, "patience": _PATIENCE}
        self.deaf = Remote(Habits(**bad, **late), seed=plan.seed, tls=tls)
        self.askable = Remote(Habits(**bad, **late, will_not_say=0.4), dedupes=True, seed=plan.seed + 1, tls=tls)
        self.vecozo = VecozoSandbox(
            pki,
            now=lambda: datetime.now(UTC),
            folder=Path(one.home) / "vecozo",
            responder=_answers,
            refuse=_refuses,
        )
        self.drop: Drop | None = None
        homes = [one, *(second_node(one) for _ in range(plan.nodes - 1))]
        self._nodes = Nodes(nursery, homes, self._job, self._dice)
        self._nursery = nursery
        self._made = 0
        self._fed = 0
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        for each in (self.deaf, self.askable, self.vecozo):
            self._stack.enter_context(each)
        if openssh.installed():
            self.drop = self._stack.enter_context(drop(Path(self._setting.home), self.plan.seed))
        self.opened: Opened = open_setting(self._setting)
        self._stack.callback(self.opened.close)
        self._agreements = self._agree()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def run(self) -> Result:
        """Chaos until everything is settled or the time is over; then calm, one worker to the end, and the counting."""
        with self._announcing():
            self._nodes.fill(self.plan.workers)
            self._trouble()
            self._nodes.end()
            self._say("calm")
            self._calm()
        self._count()
        return self.result

    # --- what is sent ---------------------------------------------------------------------------------------------

    def _agree(self) -> dict[str, str]:
        named = (("deaf", self.deaf), ("third", self.deaf), ("askable", self.askable))
        tls = {"ca_file": str(self._pki.ca_file), "read_timeout": str(_PATIENCE)}
        made = {partner: counted(self.opened, server, partner, **tls) for partner, server in named}
        settings = self.vecozo.settings() | {"connect_timeout": "5", "read_timeout": "2"}
        with self.opened.hub.store.unit(TENANT) as unit:
            made["menzis"] = agree(unit, "menzis", channel="", settings=settings)
            if self.drop is not None:
                made["drop"] = agree(unit, "drop", channel="sftp", settings=self.drop.settings)
        return made

    def _feed(self, each: int) -> None:
        """So many more exchanges for each partner; what a database that is gone swallowed is made next time."""
        for _ in range(each):
            for partner, agreement in self._agreements.items():
                channel = {"menzis": "vecozo", "drop": "sftp"}.get(partner)
                name = f"{partner}-{self._made:05d}"
                prepare(self.opened, partner, agreement, [name], **({"channel": channel} if channel else {}))
                self._fed += 1
            self._made += 1

    # --- trouble --------------------------------------------------------------------------------------------------

    def _trouble(self) -> None:
        until = time.monotonic() + self.plan.seconds
        event = time.monotonic()
        while time.monotonic() < until and self._goes_on():
            time.sleep(0.03)
            self._nodes.look_after()
            if time.monotonic() >= event:
                self._event()
                event = time.monotonic() + self._dice.uniform(*self.plan.pause) * self._leniency()

    def _leniency(self) -> float:
        """On a slow machine kills wait for the exchanges they are to be among, or nobody lives to send them."""
        due = self.plan.kills * self._fed / max(1, self.plan.exchanges)
        return 1 if not self.plan.kills or self.result.kills <= due + _AHEAD else _SLOWER

    def _event(self) -> None:
        """One thing that goes wrong, and what is due by now."""
        if self._dice.random() < self.plan.frozen:
            self._say(f"freeze {self._nodes.freeze()}")
            self.result.freezes += 1
        else:
            self._say(f"kill {self._nodes.kill()}")
            self.result.kills += 1
        if self._dice.random() < _ODD:
            self._odd()
        if self.plan.broker and self._dice.random() < _PURGED:
            self._queue.control.purge()
            self.result.purges += 1
            self._say("purge the broker")
        self._perhaps_restart()
        if self.plan.nodes > 1 and not self.result.nodes_lost and self._fed >= self.plan.exchanges / 2:
            self._say(f"lose {self._nodes.lose_node()}")
            self.result.nodes_lost += 1

    def _odd(self) -> None:
        """VECOZO does something odd next, and late answers come, the newest first or in any order."""
        trouble, path = self._dice.choice(_ODDITIES)
        self.vecozo.misbehave(Fault(trouble=trouble, path=path, seconds=2.5 if trouble is Trouble.DELAY else 1))
        with self.vecozo.store.lock:
            held = sorted(item.answers for item in self.vecozo.store.queued.values() if not item.available_at)
        self._dice.shuffle(held)
        self.vecozo.release(held[: self._dice.randrange(4)])
        self._say(f"VECOZO: {trouble}")

    def _perhaps_restart(self) -> None:
        """The database ends as if its power was cut; the same with the partner's SSH server."""
        due = (self.result.restarts + 1) * self.plan.exchanges / (self.plan.restarts + 1)
        if self._restart is None or self.result.restarts >= self.plan.restarts or self._fed < due:
            return
        self._say("restart the database")
        self._restart()
        if self.drop is not None:
            self.drop.restart()
        self.result.restarts += 1

    def _goes_on(self) -> bool:
        """Whether there is trouble left to make; new exchanges keep coming while there is."""
        with suppress(DBAPIError, TransientError):  # a database that restarts is part of the trouble
            left = self.plan.exchanges - self._fed
            enough = self.result.kills >= self.plan.kills
            unsettled = self._unsettled()
            if left <= 0 and enough and not unsettled:
                return False
            if unsettled < _LOW and self._fed <= self._wanted():
                self._feed(_MORE)
        return True

    def _wanted(self) -> float:
        """So many by now: no faster than kills are made, so that there are kills from the first to the last."""
        if self.result.kills >= self.plan.kills:
            return self.plan.exchanges - 1
        ahead = self.plan.exchanges * (self.result.kills + 1) / self.plan.kills
        return max(ahead, _LOW) - 1

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

    def _job(self) -> tuple[str, dict[str, object]]:
        if not self.plan.broker:
            return "loop", {"stop": str(self._stop), "collects": self._dice.random() < 0.5}
        if self._dice.random() < _COLLECTS:
            return "collecting", {"stop": str(self._stop)}
        return "turns", {"broker": self.plan.broker}

    # --- the end --------------------------------------------------------------------------------------------------

    def _unsettled(self) -> int:
        """Exchanges nothing final is known of, and answers that have not come in."""
        table = schema.exchange
        statement = select(table.c.partner, table.c.state, func.count().label("many")).where(
            table.c.tenant_id == TENANT, table.c.released
        )
        with self.opened.hub.store.reading(TENANT) as unit:
            rows = unit.rows(statement.group_by(table.c.partner, table.c.state))
        return sum(row["many"] for row in rows if row["state"] in _OPEN[row["partner"]])

    def _waiting(self) -> bool:
        with self.vecozo.store.lock:
            waiting = any(not item.confirmed for item in self.vecozo.store.queued.values())
        return waiting or bool(self.drop and self.drop.offered()) or self._unsettled() > 0

    def _calm(self) -> None:
        self.deaf.habits = self.askable.habits = Habits()
        self.vecozo.server.calm()
        time.sleep(2 * _PATIENCE)  # what partners still think about is taken over by now
        if self.drop is not None:
            self.drop.calm()
        job, more = ("collecting", {}) if self.plan.broker else ("loop", {"collects": True})
        place = self._nodes.nodes[0].arguments
        worker = self._nursery.start(job, setting=place, stop=str(self._stop), **more)
        sender = self._nursery.start("turns", setting=place, broker=self.plan.broker) if self.plan.broker else None
        until = time.monotonic() + _CALM_S
        while self._waiting() and time.monotonic() < until:
            self.vecozo.release()
            time.sleep(0.1)
        self._stop.touch()
        worker.result()
        if sender is not None:
            sender.kill()

    def _count(self) -> None:
        rows = self.opened.rows()
        result = self.result
        result.exchanges = len(rows)
        result.killed_by_partners = self.deaf.kills + self.askable.kills
        result.answered_too_late = self.deaf.too_late + self.askable.too_late
        result.outages = self._nodes.outages()
        result.wire = self.drop.wire.done if self.drop is not None else Counter()
        result.states = Counter(f"{row['partner']} {row['state']}" for row in rows)
        result.answers = len(self.opened.inbound())
        copies = self.deaf.copies()
        result.arrived_in_doubt = sum(copies[key_of(row)] for row in rows if row["state"] == "in_doubt")
        result.sent_again_after_asking = self.askable.reached().count("known")
        sides = Sides(deaf=self.deaf, askable=self.askable, vecozo=self.vecozo, drop=self.drop)
        result.violations = violations(self.opened, sides, refused_by_vecozo=_refused)
        if len(rows) != self._fed:
            result.violations.append(f"made {self._fed} exchanges, {len(rows)} are there")
        result.violations += [f"a worker broke: {line} ({count})" for line, count in self._nodes.faults().items()]

    def _say(self, what: str) -> None:
        done = f"{self._fed} made, {self.result.kills} kills"
        self._tell(f"{datetime.now(UTC):%H:%M:%S.%f}"[:-3] + f" {what} ({done})")


_ODDITIES: tuple[tuple[VecozoTrouble | Trouble, str], ...] = (
    (VecozoTrouble.LISTED_TWICE, ""),
    (VecozoTrouble.NEWEST_FIRST, ""),
    (VecozoTrouble.WRONG_CHECKSUM, ""),
    (VecozoTrouble.KEEP_CONFIRMED, ""),
    (VecozoTrouble.NO_STATUS_YET, ""),
    (Trouble.CLOSE_AFTER_PROCESSING, "push"),
    (Trouble.CLOSE_AFTER_PROCESSING, "pull"),
    (Trouble.CLOSE_BEFORE_BODY, "push"),
    (Trouble.CLOSE_AFTER_BODY, "push"),
    (Trouble.CUT_ANSWER, "pull"),
    (Trouble.DAMAGED_ANSWER, "payload"),
    (Trouble.DELAY, "push"),
    (Trouble.UNAVAILABLE, ""),
    (Trouble.TOO_MANY, ""),
)


def _answers(payload: bytes, facts: Mapping[str, str]) -> list[Outgoing]:
    """Answers nobody can read: what counts here is that each comes in once. Some come late, some twice."""
    del facts
    number = int(payload.rpartition(b"-")[2])
    return [Outgoing(payload=b"no format at all, about " + payload, late=number % 4 == 1, copies=1 + (number % 9 == 2))]


def _refuses(payload: bytes, facts: Mapping[str, str]) -> Refusal | None:
    """One in thirty is refused, half of them only after it was taken over."""
    del facts
    name = payload.decode().removeprefix("the file ")
    late = int(name.rpartition("-")[2]) % 60 == 17
    return Refusal(status=0 if late else 400, code="BRS01", text="not today") if _refused(name) else None


def _refused(name: str) -> bool:
    return int(name.rpartition("-")[2]) % 30 == 17


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
        kills=chosen.kills,
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
    killed = f"{result.kills} kills at random moments and {result.killed_by_partners} by partners"
    ended = f"{result.restarts} restarts of the database ({result.outages.total()} workers ended by it)"
    wire = ", ".join(f"{count} {what}" for what, count in sorted(result.wire.items())) or "none (no OpenSSH server)"
    lines = [
        f"{result.exchanges} exchanges, {killed}, {result.freezes} freezes",
        f"{ended}, {result.nodes_lost} nodes lost, {result.purges} purges of the broker",
        f"{result.answered_too_late} answers after nobody waited any more; SSH connections broken: {wire}",
    ]
    lines += [f"{count:5d}  workers ended by: {what}" for what, count in sorted(result.outages.items())]
    lines += [f"{count:5d}  {what}" for what, count in sorted(result.states.items())]
    lines.append(f"{result.answers} answers came in")
    lines.append(f"in doubt, and it had arrived: {result.arrived_in_doubt} of {_doubts(result)}")
    lines.append(f"sent again to a partner that had said no, and recognised there: {result.sent_again_after_asking}")
    return [*lines, *(f"VIOLATION  {each}" for each in result.violations)] if result.violations else [*lines, "held"]


def _doubts(result: Result) -> int:
    return sum(count for what, count in result.states.items() if what.endswith(ExchangeState.IN_DOUBT.value))


if __name__ == "__main__":
    sys.exit(main())
