"""The long proof by killing: SQLite, PostgreSQL, and Celery with RabbitMQ, one after another, with seed and log.

    python tests/crash/proof.py [--exchanges 1000] [--kills 200] [--minutes 30] [--seed 7] [--on NAME] [--log FILE]

It starts its own PostgreSQL and RabbitMQ (see `make system`). On PostgreSQL the database is restarted in immediate mode
in the middle, sessions that lie idle inside a transaction are ended, and one of two nodes is lost for good. Everything
that was done to the hub goes into the log. The exit code is 1 when anything was doubled, lost or forgotten anywhere.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

import hub
from hub.sandbox.pki import make_pki
from hub.store import migrate
from hub.store.engine import open_engine
from tests.brokers import a_broker
from tests.crash import servers
from tests.crash.chaos import Chaos, Plan, Result, report
from tests.crash.nursery import Nursery
from tests.crash.setting import AT_ONCE, setting

SQLITE, POSTGRES, CELERY = "sqlite", "postgres", "celery"
_TITLES = {SQLITE: "SQLite", POSTGRES: "PostgreSQL, two nodes", CELERY: "PostgreSQL, two nodes, Celery and RabbitMQ"}
_IDLE = "idle_in_transaction_session_timeout=2s"
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Ground:
    """A migrated, empty database, and how it is restarted, where it can be."""

    url: str
    restart: Callable[[], None] | None = None


@contextmanager
def ground(kind: str, folder: Path) -> Iterator[Ground]:
    """What a run stands on."""
    if kind == SQLITE:
        url = f"sqlite:///{folder}/kvitt.db"
        engine = open_engine(url)
        migrate.upgrade(engine)
        engine.dispose()
        yield Ground(url)
        return
    with servers.a_folder() as place, servers.postgres(place, more=[_IDLE]) as server:
        yield Ground(servers.a_database(server).url, server.restart)


def planned(kind: str, plan: Plan, broker: str = "") -> Plan:
    """The same plan with what this ground adds: restarts, a second node, a broker (and half the kills there)."""
    if kind == SQLITE:
        return plan
    more = replace(plan, nodes=2, restarts=max(2, plan.exchanges // 200))
    if kind == POSTGRES:
        return more
    return replace(more, kills=max(1, plan.kills // 2), pause=(0.3, 2.5), restarts=2, workers=4, broker=broker)


def run(kind: str, plan: Plan, say: Say = lambda _line: None, at: str = "") -> Result:
    """One run; with a broker of its own unless one is there already."""
    with (
        a_broker() if kind == CELERY and not at else nullcontext(at) as broker,
        tempfile.TemporaryDirectory(prefix="kvitt-proof-") as name,
        ground(kind, Path(name)) as under,
    ):
        folder = Path(name)
        pki = make_pki(folder / "pki", now=datetime.now(UTC))
        place = setting(folder / "hub", under.url, retry=AT_ONCE)
        chosen = planned(kind, plan, broker)
        say(f"{kind}: {chosen}")
        with Nursery() as nursery, Chaos(place, pki, chosen, nursery, restart=under.restart, say=say) as chaos:
            return chaos.run()


def main() -> int:
    """Run all three (or the one that is named) and say what came of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--exchanges", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=30, help="for each of the three")
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--on", choices=_TITLES, action="append", help="only there; may be given twice")
    parser.add_argument("--log", type=Path, default=Path("crash.log"), help="add everything that was done to this file")
    chosen = parser.parse_args()
    plan = Plan(
        exchanges=chosen.exchanges,
        kills=chosen.kills,
        seconds=chosen.minutes * 60,
        seed=chosen.seed,
        workers=chosen.workers,
    )
    wrong = 0
    with chosen.log.open("a", encoding="utf-8", buffering=1) as log:

        def tell(*lines: str) -> None:
            log.write("".join(f"{line}\n" for line in lines))
            sys.stdout.write("".join(f"{line}\n" for line in lines))
            sys.stdout.flush()

        tell(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, seed {chosen.seed}, {Path(hub.__file__).parent.parent}")
        for kind in chosen.on or _TITLES:
            began = time.monotonic()
            result = run(kind, plan, lambda line: print(line, file=log))
            wrong += len(result.violations) + (result.kills < planned(kind, plan).kills)
            tell(f"{_TITLES[kind]}, {time.monotonic() - began:.0f} s", *(f"  {line}" for line in report(result)))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
