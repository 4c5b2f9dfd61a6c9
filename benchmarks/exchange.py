"""Messages a second: validated, stored with their history, delivered to a folder.

    python benchmarks/exchange.py [--messages N] [--postgres] [--celery] [--large MB] [--stored N] [--bots COMMAND]

A message is a claim file of 32 records (10 kB). It is checked in full, stored with its bytes sealed (so many in a
transaction as submitting does), then sent through the folder channel: intent committed, file written and synced, its
name synced, outcome committed, three lines of history. Everything is durable: SQLite and PostgreSQL sync every commit.
Counted are messages a second, processor time, SQL statements and commits a message (a statement for many rows counts
once), and memory. First one step after the other in one process; then as it is run: one process stores while another
sends. The end is when the last outcome is committed, and then every file is compared with what was made.

The peer is Bots EDI, which translates files of the same size to XML and delivers them to a folder. Where `--bots` names
a command that runs it over a folder of the same files, it is timed in the same run. Without it its published
measurement stands beside ours: 82 to 108 messages a second on two cores, 37 statements and 25 commits a message, with
its database's sync switched off.

`--postgres` starts a server of its own (with its usual durability) and measures one node and two there; `--celery` also
a RabbitMQ, with one worker and two; `--large` sends one file of so many megabytes and says the memory of each step;
`--stored` fills the database with so many settled exchanges and times what must not grow with them: finding what is
due, the claim of one, the list, the search by number, and the tick.
"""

from __future__ import annotations

import argparse
import shlex
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date
from multiprocessing.process import BaseProcess
from pathlib import Path

from exchange_setting import (
    LOOK_S,
    SPAWN,
    TENANT,
    Gate,
    Place,
    claim_file,
    gate,
    intake_process,
    make,
    new_exchange,
    opened,
    sending_process,
    store,
    worker_process,
)
from memory import peak_mb
from sqlalchemy import Engine, event, func, select, text

from connectors.channels import naming
from hub.pipeline import exchanges as people
from hub.pipeline import send
from hub.pipeline.context import Hub
from hub.store import exchanges, schema
from hub.store.unit import Unit
from scheduler import run as clockwork
from scheduler.many_nodes import announce, open_queue
from schemas import vektis

BOTS = "82-108 messages/s, 37 statements and 25 commits a message (published, see docs/performance.md)"
Job = tuple[Callable[..., None], tuple[object, ...]]


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


def timed(work: Callable[[], object]) -> float:
    """Seconds by the clock."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def by_steps(place: Place, files: Sequence[bytes]) -> None:
    """One process, one step after the other."""
    with opened(place) as hub:
        counter = Counter(hub.store.engine)
        total = 0.0
        print(f"{'one process':28} {'messages/s':>10} {'cpu ms':>7} {'statements':>11} {'commits':>8}")
        steps: tuple[tuple[str, Callable[[], object]], ...] = (
            ("check and store", lambda: store(hub, place, files)),
            ("send", lambda: send.send_due(hub, TENANT)),
        )
        for name, step in steps:
            statements, commits, cpu = counter.statements, counter.commits, time.process_time()
            took = timed(step)
            total += took
            used = (time.process_time() - cpu, counter.statements - statements, counter.commits - commits)
            _tell(name, len(files), took, used)
        print(f"{'all of it':28} {len(files) / total:10.0f}")
        compare(hub, place, dict(enumerate(files)))
    print(f"memory {peak_mb():.0f} MB; Bots: {BOTS}")


def _tell(name: str, count: int, seconds: float, used: tuple[float, int, int]) -> None:
    cpu, statements, commits = (each / count for each in used)
    print(f"{name:28} {count / seconds:10.0f} {cpu * 1000:7.2f} {statements:11.2f} {commits:8.2f}")


def compare(hub: Hub, place: Place, files: dict[int, bytes]) -> None:
    """Every message is there once, with these bytes, its state and three lines of history."""
    with hub.store.reading(TENANT) as unit:
        table, lines = schema.exchange, schema.exchange_event
        where = table.c.business_key.in_([f"bench:{number}" for number in list(files)[:20_000]])
        states = {row[0] for row in unit.connection.execute(select(table.c.state).where(where).distinct())}
        written = select(func.count()).select_from(lines.join(table, lines.c.exchange_id == table.c.id)).where(where)
        history = unit.connection.execute(written).scalar()
    if states != {"sent"} or history != 3 * len(files):
        raise SystemExit(f"states {states}, {history} lines of history for {len(files)} messages")
    for number, data in files.items():
        name = naming.remote_name(f"{TENANT}:bench:{number}", f"PM304_{number}.asc")
        if (place.out / name).read_bytes() != data:
            raise SystemExit(f"{name} is not what was made")


def beside(title: str, place: Place, jobs: Sequence[Job], files: range, *, of_celery: bool = False) -> None:
    """Processes that begin at one moment: the time until the last outcome is committed, and what they used."""
    one = gate(len(jobs))
    processes = [SPAWN.Process(target=work, args=(one, place, *arguments)) for work, arguments in jobs]
    for each in processes:
        each.start()
    with opened(place) as hub:
        one.begin.wait()
        start = time.perf_counter()
        with _announcing(hub, jobs[0][1][-1] if of_celery else None):
            while _unsent(hub, files):
                time.sleep(0.05)
        took = time.perf_counter() - start
        _end(one, processes, of_celery=of_celery)
        compare(hub, place, {number: claim_file(number) for number in files})
    print(f"{title:40} {len(files) / took:7.0f} messages/s, {one.cpu.value / len(files) * 1000:.2f} cpu ms a message")


def _end(one: Gate, processes: Sequence[BaseProcess], *, of_celery: bool) -> None:
    one.stop.set()
    for each in processes:
        if of_celery:
            each.terminate()
    for each in processes:
        each.join(30)


@contextmanager
def _announcing(hub: Hub, broker: object) -> Iterator[None]:
    """Hints at what is due, as `kvitt run` gives them where a broker is set."""
    stop = threading.Event()
    thread = threading.Thread(target=lambda: announce(hub, open_queue(str(broker)), stop, LOOK_S))
    if broker:
        thread.start()
    yield
    stop.set()
    if broker:
        thread.join()


def _unsent(hub: Hub, files: range) -> bool:
    """Whether not all are stored yet, or one of them has no outcome."""
    with hub.store.reading(TENANT) as unit:
        last = exchanges.by_business_key(unit, f"bench:{files[-1]}")
        return last is None or bool(exchanges.to_send(unit, 1)) or _under_way(unit)


def _under_way(unit: Unit) -> bool:
    where = (schema.exchange.c.tenant_id == TENANT, schema.exchange.c.state.in_(("prepared", "sending")))
    return unit.one(select(schema.exchange.c.id).where(*where).limit(1)) is not None


def processes(place: Place, count: int, files: Sequence[bytes]) -> None:
    """As it is run: one stores while another sends; then what waits sent by one process and by two."""
    part = range(10_000, 10_000 + count)
    beside("one stores while one sends", place, [(intake_process, (count, 10_000)), (sending_process, ())], part)
    for number, nodes in enumerate((1, 2), 2):
        first = number * 10_000
        with opened(place) as hub:
            store(hub, place, [claim_file(each) for each in range(first, first + count)], first)
        waits = range(first, first + count)
        beside(f"what waited, {nodes} sending (4 threads each)", place, [(sending_process, ())] * nodes, waits)
    one = gate(1)
    sender = SPAWN.Process(target=sending_process, args=(one, place))
    sender.start()
    one.begin.wait()
    print(
        f"latency {latency(place, files)} ms from stored to sent, median and longest of 40 (looks every {LOOK_S:.1f} s)"
    )
    _end(one, [sender], of_celery=False)


def latency(place: Place, files: Sequence[bytes], first: int = 90_000) -> str:
    """How long single new ones take."""
    waits = []
    with opened(place) as hub:
        for number in range(first, first + 40):
            store(hub, place, files[:1], number)
            start = time.perf_counter()
            while _unsent(hub, range(number, number + 1)):
                time.sleep(0.003)
            waits.append(time.perf_counter() - start)
    return f"{statistics.median(waits) * 1000:.0f} and {max(waits) * 1000:.0f}"


def with_celery(place: Place, count: int, files: Sequence[bytes], broker: str) -> None:
    """One worker and two, a queue message a turn; then how long single new ones take."""
    for number, workers in enumerate((1, 2), 5):
        first = number * 10_000
        with opened(place) as hub:
            store(hub, place, [claim_file(each) for each in range(first, first + count)], first)
        jobs: list[Job] = [(worker_process, (broker,))] * workers
        beside(f"Celery, {workers} worker(s)", place, jobs, range(first, first + count), of_celery=True)
    one = gate(1)
    worker = SPAWN.Process(target=worker_process, args=(one, place, broker))
    worker.start()
    one.begin.wait()
    with opened(place) as hub, _announcing(hub, broker):
        print(f"latency {latency(place, files, 95_000)} ms through the queue (a look every {LOOK_S:.1f} s)")
    _end(one, [worker], of_celery=True)


def large(place: Place, megabytes: int) -> None:
    """One large file through each step; the most memory so far is said after each."""
    small = claim_file(0).splitlines(keepends=True)
    middle = b"".join(small[1:-1])
    path = Path(place.home) / "large.asc"
    with path.open("wb") as file:
        file.write(small[0])
        for _ in range(megabytes * 2**20 // len(middle)):
            file.write(middle)
        file.write(small[-1])
    with opened(place) as hub:
        _memory("at the start")
        with path.open("rb") as stream:
            found = sum(1 for _ in vektis.check_records(stream))
        _memory(f"checked {path.stat().st_size / 2**20:.0f} MB as a stream ({found:,} findings: its records repeat)")
        store_large(hub, place, path)
        _memory("stored")
        send.send_due(hub, TENANT)
        _memory("sent")
        (sent,) = place.out.iterdir()
        print("the same bytes" if subprocess.run(["cmp", path, sent], check=False).returncode == 0 else "OTHER BYTES")


def store_large(hub: Hub, place: Place, path: Path) -> None:
    """Its bytes are in memory only while this runs."""
    with hub.store.unit(TENANT) as unit:
        exchanges.add_all(unit, [new_exchange(place, 0, path.read_bytes())])


def _memory(step: str) -> None:
    print(f"{peak_mb():6.0f} MB  {step}")


def flat(place: Place, stored: int) -> None:
    """What must not take longer because much is stored."""
    files = [claim_file(number) for number in range(26)]
    with opened(place) as hub:
        store(hub, place, files)
        for size in (0, stored):
            if size:
                _fill(hub, size)
            clockwork.tick(hub)
            waiting = iter([each for place_ in send.places_due(hub, TENANT) for each in place_.ids])
            took = {
                "due": lambda: send.places_due(hub, TENANT),
                "send one": lambda waiting=waiting: send.send(hub, TENANT, next(waiting)),  # type: ignore[misc]
                "list": lambda: _read(hub, people.listed),
                "search": lambda: _read(hub, lambda unit: people.one(unit, "B0000000000")),
                "silent": lambda: _read(hub, lambda unit: exchanges.silent_since(unit, date(2024, 1, 1))),
                "tick": lambda: clockwork.tick(hub),
            }
            said = "  ".join(f"{name} {min(timed(work) for _ in range(5)) * 1000:.1f}" for name, work in took.items())
            print(f"{size:>9,} stored, ms:  {said}")


def _read(hub: Hub, work: Callable[[Unit], object]) -> object:
    with hub.store.reading(TENANT) as unit:
        return work(unit)


def _fill(hub: Hub, count: int) -> None:
    """Settled exchanges of a year with their history, made from the first one by the database itself."""
    with hub.store.reading(TENANT) as unit:
        like = exchanges.by_business_key(unit, "bench:0") or {}
    sqlite = hub.store.engine.dialect.name == "sqlite"
    ago = (
        "datetime('now', '-' || (x % 525600) || ' minutes')" if sqlite else "now() - (x % 525600) * interval '1 minute'"
    )
    made = {
        "id": "'old-' || x",
        "business_key": "'old:' || x",
        "invoice_number": "'OLD' || x",
        "remote_id": "'remote-' || x",
        "state": "'delivered'",
        **dict.fromkeys(("prepared_at", "sent_at", "answered_at", "received_at"), ago),
        "reply_due": "'2023-01-01'" if sqlite else "date '2023-01-01'",
    }
    names = list(like)
    values = ", ".join(made.get(name, f"e.{name}") for name in names)
    numbers = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < :count)"
    lines = "id, tenant_id, exchange_id, at, kind, text, codes, seq"
    line = f"'line-' || x || '-' || k.seq, :tenant, 'old-' || x, {ago}, 'sent', '', '[]', k.seq"
    three = "(SELECT 1 AS seq UNION ALL SELECT 2 UNION ALL SELECT 3) AS k"
    these = "e.tenant_id = :tenant AND e.business_key = 'bench:0'"
    statements = [
        f"{numbers} INSERT INTO exchange ({', '.join(names)}) SELECT {values} FROM n, exchange AS e WHERE {these}",  # noqa: S608 -- the names of our own columns
        f"{numbers} INSERT INTO exchange_event ({lines}) SELECT {line} FROM n, {three}",  # noqa: S608 -- as above
    ]
    with hub.store.unit(TENANT) as unit:
        for statement in statements:
            unit.connection.execute(text(statement), {"count": count, "tenant": TENANT})


def bots(command: str, files: Sequence[bytes]) -> None:
    """Time a command over a folder with the same files."""
    with tempfile.TemporaryDirectory() as name:
        for number, data in enumerate(files):
            (Path(name) / f"{number}.asc").write_bytes(data)
        took = timed(lambda: subprocess.run([*shlex.split(command), name], check=True))
    print(f"{'Bots':40} {len(files) / took:7.0f} messages/s")


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=2000, help="at most 10,000")
    parser.add_argument("--postgres", action="store_true", help="on a PostgreSQL server of its own")
    parser.add_argument("--celery", action="store_true", help="on PostgreSQL with workers and a RabbitMQ of its own")
    parser.add_argument("--large", type=int, default=0, metavar="MB")
    parser.add_argument("--stored", type=int, default=0, metavar="N")
    parser.add_argument("--bots", default="", help="a command that runs Bots over a folder")
    chosen = parser.parse_args()
    with _hub(chosen.postgres or chosen.celery) as place:
        if chosen.large:
            large(place, chosen.large)
        elif chosen.stored:
            flat(place, chosen.stored)
        else:
            _messages(place, chosen.messages, celery=chosen.celery)
    if chosen.bots:
        bots(chosen.bots, [claim_file(number) for number in range(chosen.messages)])


def _messages(place: Place, count: int, *, celery: bool) -> None:
    files = [claim_file(number) for number in range(count)]
    if celery:
        from tests.brokers import a_broker

        with a_broker() as broker:
            with_celery(place, count, files, broker)
        return
    by_steps(place, files)
    processes(place, count, files)


@contextmanager
def _hub(postgres: bool) -> Iterator[Place]:
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kvitt-bench-", dir="."))).resolve()
        url = f"sqlite:///{home}/kvitt.db"
        if postgres:
            from tests.databases import a_server

            server = stack.enter_context(a_server(durable=True))
            url = server.create("kvitt_bench", server.template).url
        yield make(url, home)


if __name__ == "__main__":
    sys.exit(main())
