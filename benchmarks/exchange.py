"""Messages a second: validated, stored with their history, delivered to a folder, one after another and by threads.

    python benchmarks/exchange.py [--messages N] [--database URL] [--bots COMMAND] [--stored N]

A message is a claim file of 32 records (10 kB). It is checked in full, stored with its bytes sealed (one transaction a
message, as in the pipe), then sent through the folder channel: intent committed, file written and synced, outcome
committed, three lines of history. Counted are messages a second, SQL statements and commits a message (a statement for
many rows counts once), and the memory at the end. Everything is durable: SQLite syncs every commit.

The peer is Bots EDI, which translates files of the same size to XML and delivers them to a folder. It does not install
from PyPI any more; where `--bots` names a command that runs it over the same files, it is timed in the same run.
Without it its published measurement stands beside ours: 82 to 108 messages a second on two cores, 37 statements and 25
commits a message, with its database's sync switched off.

`--stored` fills the database with so many settled exchanges first, and times what must not grow with them: finding what
is due, the list, the search by number, and the tick.
"""

from __future__ import annotations

import argparse
import hashlib
import resource
import shlex
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from hub.cli.boot import assemble
from hub.clock import SystemClock
from hub.model.exchange import Message
from hub.model.finding import blocking
from hub.model.partner import Agreement, ChannelSpec, Partner
from hub.pipeline import exchanges as people
from hub.pipeline import send
from hub.pipeline.context import Hub
from hub.registry import Registry
from hub.security.keys import create_keys
from hub.settings import default_settings
from hub.store import exchanges, migrate, parties, schema
from hub.store.engine import open_engine
from hub.store.exchanges import NewExchange
from hub.store.unit import Store
from scheduler import run as clockwork
from scheduler.worker import serve
from schemas import vektis
from schemas.vektis import VektisFile, build, layout

TENANT = "bench-nl"
BOTS = "82-108 messages/s, 37 statements and 25 commits a message (published, see docs/performance.md)"


class Counter:
    """SQL statements and commits of one engine."""

    def __init__(self, engine: Engine) -> None:
        self.statements = self.commits = 0
        event.listen(engine, "before_cursor_execute", self._statement)
        event.listen(engine, "commit", self._commit)

    def _statement(self, *_: object) -> None:
        self.statements += 1

    def _commit(self, _connection: object) -> None:
        self.commits += 1


def claim_file(number: int) -> bytes:
    """A PM304 file of 32 records: opening, 15 insured with a line each, closing; synthetic people."""
    form = layout("PM304")
    header: dict[str, Any] = {
        "0102": form.ei_codes[0],
        "0103": 3,
        "0104": 2,
        "0105": "T",
        "0108": "3332",
        "0110": "04099011",
        "0113": "02",
        "0114": date(2024, 1, 1),
        "0115": date(2024, 1, 31),
        "0116": f"B{number:010d}",
        "0117": date(2024, 2, 1),
        "0119": "EUR",
    }
    records = [build(form, "01", header, 1)]
    for each in range(15):
        records += _insured(form, number, each, len(records))
    counts = {"ANT085": 15, "ANT087": 15, "ANT265": 30, "BED025": 15 * 3650}
    closing = {name: value for name, value in counts.items() if name in form.records["99"]}
    records.append(build(form, "99", closing | {"9908": "D"}, len(records) + 1))
    return vektis.write(VektisFile(form, tuple(records)))


def _insured(form: vektis.Layout, number: int, each: int, at: int) -> list[vektis.Record]:
    person = {"NUM313": "999990019", "COD061": "3332", "NUM003": f"{each:09d}"}
    insured = build(form, "02", person | {"0202": at} | _PERSON, at + 1)
    line = {"0402": at + 1, "NUM362": f"{number:08d}{each:04d}", "DAT272": date(2024, 1, 8)} | _LINE
    known = {name: value for name, value in (person | line).items() if name in form.records["04"]}
    return [insured, build(form, "04", known, at + 2)]


_PERSON: dict[str, Any] = {
    "DAT006": date(1961, 3, 12),
    "COD134": 2,
    "COD700": 1,
    "NAM193": "Proefkist",
    "NAM025": "AB",
    "COD083": "1234AB",
    "NUM030": 1,
}
_LINE: dict[str, Any] = {
    "COD820": 1,
    "COD367": "001",
    "ANT054": 1,
    "BED160": 3650,
    "BED153": 3650,
    "BED161": 3650,
    "COD089": "04099011",
    "0410": "1000",
    "0430": "D",
    "0433": "D",
}


@contextmanager
def hub_at(url: str, home: Path) -> Iterator[tuple[Hub, str]]:
    """A hub with one partner whose channel is a folder."""
    engine = open_engine(url)
    migrate.upgrade(engine)
    engine.dispose()
    settings = default_settings(home)
    hub = assemble(settings, Store(url, create_keys(settings.keys), SystemClock()), SystemClock())
    (home / "out").mkdir()
    partner = Partner(
        name="bench", title="Bench", country="NL", kind="insurer", verified=True, channel=ChannelSpec(kind="folder")
    )
    hub = replace(hub, registry=Registry({"bench": partner}))
    hub.store.add_tenant(TENANT, "Bench (EXAMPLE)", "NL", "en")
    with hub.store.unit(TENANT) as unit:
        agreement = Agreement(
            id="",
            tenant=TENANT,
            partner="bench",
            valid_from=date(2020, 1, 1),
            channel="folder",
            settings={"outbox": str(home / "out")},
        )
        agreement_id = parties.put_agreement(unit, agreement)
    yield hub, agreement_id
    hub.store.close()


def prepare(hub: Hub, agreement_id: str, files: list[bytes], first: int = 0) -> int:
    """Check and store, one transaction a message; gives how many findings there were."""
    found = 0
    for number, data in enumerate(files, first):
        found += len(blocking(vektis.check(data)))
        message = Message(key=f"bench:{number}", kind="vektis-PM304-3.2", name=f"PM304_{number}.asc", payload=data)
        new = NewExchange(
            partner="bench",
            agreement_id=agreement_id,
            channel="folder",
            message=message,
            invoice_number=f"B{number:010d}",
            sha256=hashlib.sha256(data).hexdigest(),
            stage="test",
        )
        with hub.store.unit(TENANT) as unit:
            exchanges.add(unit, new)
    return found


def timed(work: Callable[[], object]) -> float:
    """Seconds by the clock."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def throughput(url: str, home: Path, files: list[bytes]) -> None:
    """The whole way of each message, then the steps."""
    with hub_at(url, home) as (hub, agreement_id):
        counter = Counter(hub.store.engine)
        findings: list[int] = []
        stored = timed(lambda: findings.append(prepare(hub, agreement_id, files)))
        before = (counter.statements, counter.commits)
        sent = timed(lambda: send.send_due(hub, TENANT))
        delivered = len(list((home / "out").iterdir()))
        count = len(files)
        print(f"findings {findings[0]}, delivered {delivered} of {count}")
        _tell("check and store", count, stored, before)
        _tell("send", count, sent, (counter.statements - before[0], counter.commits - before[1]))
        _tell("all of it", count, stored + sent, (counter.statements, counter.commits))
        print(f"memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB; Bots: {BOTS}")


def _tell(what: str, count: int, seconds: float, used: tuple[int, int]) -> None:
    statements, commits = (each / count for each in used)
    print(f"{what:16} {count / seconds:8.0f} messages/s  {statements:5.1f} statements, {commits:4.2f} commits")


def by_threads(url: str, home: Path, files: list[bytes]) -> None:
    """What waits, sent by the threads of `kvitt run`; and how long a single new one takes."""
    with hub_at(url, home) as (hub, agreement_id):
        prepare(hub, agreement_id, files)
        stop = threading.Event()
        thread = threading.Thread(target=serve, args=(hub, stop, 4, 0.05))
        out = home / "out"
        start = time.perf_counter()
        thread.start()
        while len(list(out.iterdir())) < len(files):
            time.sleep(0.01)
        print(f"four threads     {len(files) / (time.perf_counter() - start):8.0f} messages/s from what waited")
        waits = [_one(hub, agreement_id, files[0], 1_000_000 + number) for number in range(30)]
        stop.set()
        thread.join()
        print(
            f"latency of one   {sorted(waits)[15] * 1000:8.0f} ms from stored to delivered (median; a look every 50 ms)"
        )


def _one(hub: Hub, agreement_id: str, data: bytes, number: int) -> float:
    prepare(hub, agreement_id, [data], number)
    start = time.perf_counter()
    while True:
        with hub.store.reading(TENANT) as unit:
            row = exchanges.by_business_key(unit, f"bench:{number}")
        if row is not None and row["state"] in ("sent", "delivered"):
            return time.perf_counter() - start
        time.sleep(0.005)


def flat(url: str, home: Path, stored: int) -> None:
    """What must not take longer because much is stored."""
    with hub_at(url, home) as (hub, agreement_id):
        prepare(hub, agreement_id, [claim_file(0)])
        for size in (0, stored):
            _fill(hub, size)
            tenant = hub.store.tenants()[0]
            clockwork.tick(hub)
            with hub.store.reading(TENANT) as unit:
                took = {
                    "due": min(timed(lambda: send.places_due(hub, TENANT)) for _ in range(5)),
                    "list": min(timed(lambda: people.listed(unit)) for _ in range(5)),
                    "search": min(timed(lambda: people.one(unit, "B0000000000")) for _ in range(5)),
                    "silent": min(timed(lambda: exchanges.silent_since(unit, date(2024, 1, 1))) for _ in range(5)),
                    "tick": min(timed(lambda: clockwork.tick(hub)) for _ in range(5)),
                }
            said = "  ".join(f"{name} {seconds * 1000:.1f} ms" for name, seconds in took.items())
            print(f"{size:>9,} stored  {said}  ({tenant['id']})")


def _fill(hub: Hub, count: int) -> None:
    """Settled exchanges of a year, as rows."""
    with hub.store.reading(TENANT) as unit:
        (like,) = exchanges.find(unit, schema.exchange.c.business_key == "bench:0")
    now = datetime.now(UTC)
    for start in range(0, count, 20_000):
        rows = [
            like
            | {
                "id": str(uuid.uuid4()),
                "business_key": f"old:{number}",
                "invoice_number": f"OLD{number}",
                "state": "delivered",
                "prepared_at": now - timedelta(minutes=number % 500_000),
                "answered_at": now,
                "reply_due": date(2023, 1, 1),
            }
            for number in range(start, min(start + 20_000, count))
        ]
        with hub.store.unit(TENANT) as unit:
            unit.insert(schema.exchange, rows)


def bots(command: str, files: list[bytes]) -> None:
    """Time a command over a folder with the same files."""
    with tempfile.TemporaryDirectory() as name:
        for number, data in enumerate(files):
            (Path(name) / f"{number}.asc").write_bytes(data)
        took = timed(lambda: subprocess.run([*shlex.split(command), name], check=True))
    print(f"Bots             {len(files) / took:8.0f} messages/s")


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=2000)
    parser.add_argument("--database", default="", help="an empty PostgreSQL database; SQLite without")
    parser.add_argument("--bots", default="", help="a command that runs Bots over a folder")
    parser.add_argument("--stored", type=int, default=0)
    chosen = parser.parse_args()
    files = [claim_file(number) for number in range(chosen.messages)]
    if chosen.stored:
        _in_a_home(chosen.database, lambda url, home: flat(url, home, chosen.stored))
        return
    _in_a_home(chosen.database, lambda url, home: throughput(url, home, files))
    if not chosen.database:
        _in_a_home("", lambda url, home: by_threads(url, home, files))
    if chosen.bots:
        bots(chosen.bots, files)


def _in_a_home(database: str, work: Callable[[str, Path], None]) -> None:
    with tempfile.TemporaryDirectory(prefix="kvitt-bench-", dir=".") as name:
        home = Path(name).resolve()
        work(database or f"sqlite:///{home}/kvitt.db", home)


if __name__ == "__main__":
    sys.exit(main())
