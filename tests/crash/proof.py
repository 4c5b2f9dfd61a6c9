"""The long proof by killing: SQLite, PostgreSQL, and Celery with RabbitMQ, one after another, with seed and log.

    python tests/crash/proof.py [--exchanges 1000] [--kills 200] [--minutes 30] [--seed 7] [--log FILE]

It starts its own PostgreSQL and RabbitMQ (see `make system`). The exit code is 1 when anything was doubled, lost or
forgotten anywhere.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from hub.sandbox.pki import make_pki
from hub.store import migrate
from hub.store.engine import open_engine
from tests.brokers import a_broker
from tests.crash.chaos import Chaos, Plan, Result, report
from tests.crash.nursery import Nursery
from tests.crash.setting import AT_ONCE, setting
from tests.databases import a_server


@contextmanager
def _database(kind: str, folder: Path) -> Iterator[str]:
    """A migrated, empty database."""
    if kind == "sqlite":
        url = f"sqlite:///{folder}/kvitt.db"
        engine = open_engine(url)
        migrate.upgrade(engine)
        engine.dispose()
        yield url
        return
    with a_server() as server:
        made = server.create(f"kvitt_{uuid.uuid4().hex[:16]}", server.template)
        yield made.url


def _run(kind: str, plan: Plan) -> Result:
    with tempfile.TemporaryDirectory(prefix="kvitt-proof-") as name:
        folder = Path(name)
        pki = make_pki(folder / "pki", now=datetime.now(UTC))
        with (
            _database(kind, folder) as url,
            Nursery() as nursery,
            Chaos(setting(folder / "hub", url, retry=AT_ONCE), pki, plan, nursery) as chaos,
        ):
            return chaos.run()


def main() -> int:
    """Run all three and say what came of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--exchanges", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=30, help="for each of the three")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--log", type=Path, default=None, help="add what came of it to this file")
    chosen = parser.parse_args()
    told, wrong = [f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, seed {chosen.seed}"], 0
    with a_broker() as broker:
        for name, kind, at, kills in (
            ("SQLite", "sqlite", "", chosen.kills),
            ("PostgreSQL", "postgres", "", chosen.kills),
            ("PostgreSQL, Celery and RabbitMQ", "postgres", broker, max(1, chosen.kills // 2)),
        ):
            began = time.monotonic()
            pause = (0.3, 2.5) if at else (0.1, 1.5)
            plan = Plan(
                exchanges=chosen.exchanges,
                kills=kills,
                seconds=chosen.minutes * 60,
                seed=chosen.seed,
                workers=3,
                pause=pause,
                broker=at,
            )
            result = _run(kind, plan)
            wrong += len(result.violations)
            told += [f"{name}, {time.monotonic() - began:.0f} s", *(f"  {line}" for line in report(result))]
            sys.stdout.write("\n".join(told) + "\n")
    if chosen.log:
        with chosen.log.open("a", encoding="utf-8") as stream:
            stream.write("\n".join([*told, ""]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
