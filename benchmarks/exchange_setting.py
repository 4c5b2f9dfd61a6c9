"""What `exchange.py` measures with: claim files of synthetic people, a hub with one partner, processes that use it."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import date
from multiprocessing import get_context
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Barrier, Event
from pathlib import Path
from typing import Any

from celery.signals import worker_ready

from connectors.channels import known_channels
from hub.cli.boot import assemble
from hub.clock import SystemClock
from hub.model.exchange import Message
from hub.model.finding import blocking
from hub.model.partner import Agreement, ChannelSpec, Partner
from hub.pipeline.context import Hub
from hub.pipeline.submit import TOGETHER
from hub.registry import Registry
from hub.security.keys import create_keys
from hub.settings import default_settings
from hub.store import exchanges, migrate, parties
from hub.store.engine import open_engine
from hub.store.exchanges import NewExchange
from hub.store.unit import Store
from scheduler.many_nodes import open_queue, serve_turns
from scheduler.worker import serve
from schemas import vektis
from schemas.vektis import VektisFile, build, layout

TENANT = "bench-nl"
SPAWN = get_context("spawn")
LOOK_S = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a hub lies: its database, its home, and the agreement whose channel is the folder `out`."""

    url: str
    home: str
    agreement_id: str = ""

    @property
    def out(self) -> Path:
        """The folder that is delivered into."""
        return Path(self.home) / "out"


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


def make(url: str, home: Path) -> Place:
    """A hub in an empty (or migrated) database, with one partner whose channel is a folder."""
    if url.startswith("sqlite"):
        engine = open_engine(url)
        migrate.upgrade(engine)
        engine.dispose()
    place = Place(url=url, home=str(home))
    place.out.mkdir()
    with opened(place) as hub:
        hub.store.add_tenant(TENANT, "Bench (EXAMPLE)", "NL", "en")
        with hub.store.unit(TENANT) as unit:
            agreement = Agreement(
                id="",
                tenant=TENANT,
                partner="bench",
                valid_from=date(2020, 1, 1),
                channel="folder",
                settings={"outbox": str(place.out)},
            )
            return replace(place, agreement_id=parties.put_agreement(unit, agreement))


@contextmanager
def opened(place: Place) -> Iterator[Hub]:
    """The hub as a process opens it, with all that a process loads once."""
    known_channels()
    settings = default_settings(Path(place.home))
    hub = assemble(settings, Store(place.url, create_keys(settings.keys), SystemClock()), SystemClock())
    partner = Partner(
        name="bench", title="Bench", country="NL", kind="insurer", verified=True, channel=ChannelSpec(kind="folder")
    )
    yield replace(hub, registry=Registry({"bench": partner}))
    hub.store.close()


def store(hub: Hub, place: Place, files: Sequence[bytes], first: int = 0, together: int = TOGETHER) -> int:
    """Check in full and store, so many in a transaction as submitting does; gives how many findings block."""
    found = 0
    for start in range(0, len(files), together):
        some = list(enumerate(files[start : start + together], first + start))
        found += sum(len(blocking(vektis.check(data))) for _, data in some)
        with hub.store.unit(TENANT) as unit:
            exchanges.add_all(unit, [new_exchange(place, number, data) for number, data in some])
    return found


def new_exchange(place: Place, number: int, data: bytes) -> NewExchange:
    """One message to store."""
    return NewExchange(
        partner="bench",
        agreement_id=place.agreement_id,
        channel="folder",
        message=Message(key=f"bench:{number}", kind="vektis-PM304-3.2", name=f"PM304_{number}.asc", payload=data),
        invoice_number=f"B{number:010d}",
        sha256=hashlib.sha256(data).hexdigest(),
        stage="test",
    )


@dataclass(frozen=True, slots=True)
class Gate:
    """What processes have in common: they begin at one moment, end on a word, and add up their processor time."""

    begin: Barrier
    stop: Event
    cpu: Synchronized[float]

    @contextmanager
    def passed(self) -> Iterator[None]:
        """From the moment that all have come; processor time is counted from here."""
        self.begin.wait()
        before = time.process_time()
        yield
        with self.cpu.get_lock():
            self.cpu.value += time.process_time() - before


def gate(processes: int) -> Gate:
    """A gate for so many processes and the one that waits for them."""
    return Gate(SPAWN.Barrier(processes + 1), SPAWN.Event(), SPAWN.Value("d", 0.0))


def intake_process(gate_: Gate, place: Place, count: int, first: int) -> None:
    """A process that checks and stores, as `kvitt submit` does."""
    files = [claim_file(number) for number in range(first, first + count)]
    with opened(place) as hub, gate_.passed():
        store(hub, place, files, first)


def sending_process(gate_: Gate, place: Place) -> None:
    """A process that sends, as `kvitt run` does."""
    with opened(place) as hub, gate_.passed():
        mine = threading.Event()
        threading.Thread(target=lambda: (gate_.stop.wait(), mine.set()), daemon=True).start()
        serve(hub, mine, 4, LOOK_S)


def worker_process(gate_: Gate, place: Place, broker: str) -> None:
    """A process that takes turns from the queue, as `kvitt worker` does, until it is ended (SIGTERM)."""
    with opened(place) as hub, ExitStack() as stack:
        worker_ready.connect(lambda **_: stack.enter_context(gate_.passed()), weak=False)
        serve_turns(open_queue(broker), lambda: hub, 1)
