"""A hub to play scenarios on: example organisations, a clock moved by hand, folders as channels."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hub.cli import boot
from hub.clock import MovableClock
from hub.model.exchange import Collected
from hub.model.finding import Finding
from hub.paths import examples
from hub.pipeline import intake, receive, settle, submit, views
from hub.pipeline.context import Actor, Hub
from hub.pipeline.intake import IntakeRequest, IntakeResult
from hub.pipeline.receive import Received
from hub.pipeline.settle import Settled
from hub.pipeline.views import ClaimView
from hub.sandbox import example
from hub.security.keys import create_keys
from hub.settings import default_settings
from hub.store import declarations, exchanges, money, schema, tasks
from hub.store.unit import Row, Store, Unit
from tests.databases import Database

NL = example.NL_TENANT
NO = example.NO_TENANT
PRACTICE, OTHER_PRACTICE = tuple(example.PRACTICES)
CLINIC = example.CLINIC
START = datetime(2024, 1, 15, 8, tzinfo=UTC)
SPRING_2026 = datetime(2026, 4, 15, 7, tzinfo=UTC)
SUPPORT = Actor(name="support", role="support")
STORED = (
    schema.declaration,
    schema.declaration_row,
    schema.claim,
    schema.claim_line,
    schema.exchange,
    schema.posting,
    schema.decision,
    schema.payment,
    schema.allocation,
)


def nl_list(name: str = "nl_ion_export_2024Q1.csv") -> bytes:
    """The example list of a practice."""
    return (examples() / "nl" / name).read_bytes()


def no_log(name: str = "no_treatment_log.csv") -> bytes:
    """The example treatment log."""
    return (examples() / "no" / name).read_bytes()


def rows_of(data: bytes, *lines: int) -> bytes:
    """The header and some lines (1-based, as in the file) of a list."""
    every = data.decode().splitlines()
    return "\n".join([every[0], *(every[line - 1] for line in lines), ""]).encode()


@dataclass(slots=True)
class World:
    """One hub with its clock and its place on disk."""

    hub: Hub
    clock: MovableClock
    home: Path
    database: Database

    @classmethod
    def begin(cls, database: Database, home: Path, now: datetime = START) -> World:
        """A hub on a migrated database with the example organisations."""
        clock = MovableClock(now)
        world = cls(hub=open_hub(database.url, home, clock), clock=clock, home=home, database=database)
        example.load_example(world.hub.store, home, examples())
        return world

    def restart(self) -> None:
        """What a new process has: nothing but the database, the keys and the home."""
        self.hub.store.close()
        self.hub = open_hub(self.database.url, self.home, self.clock)

    def at(self, moment: datetime) -> None:
        """Move the clock forward."""
        self.clock.move_to(moment)

    def hand_in(
        self, data: bytes, *, practice: str = PRACTICE, period: str = "2024Q1", name: str = "list.csv"
    ) -> IntakeResult:
        """A practice hands its list in."""
        request = IntakeRequest(
            programme="module-quarter", organisation=practice, module="PMO", period=period, name=name
        )
        return intake.take(self.hub, NL, request, data, SUPPORT)

    def log_in(self, data: bytes, name: str = "log.csv") -> IntakeResult:
        """The clinic hands its treatment log in."""
        request = IntakeRequest(programme="treatment-assignments", organisation=CLINIC, name=name)
        return intake.take(self.hub, NO, request, data, SUPPORT)

    def submit(self, tenant: str) -> list[str]:
        """Prepare and send."""
        return submit.submit(self.hub, tenant)

    def sent(self, partner: str) -> list[bytes]:
        """What lies at a partner, in order of its name."""
        return [path.read_bytes() for path in sorted((self.home / "outbox" / partner).iterdir())]

    def answer(self, tenant: str, payload: bytes, name: str = "answer", **facts: Any) -> list[Received]:
        """An answer arrives by hand."""
        item = Collected(remote_id=name, name=name, payload=payload, **facts)
        return receive.receive(self.hub, tenant, item)

    def collect(self, tenant: str) -> list[Received]:
        """Fetch whatever partners and bank have for us."""
        return receive.collect(self.hub, tenant)

    def drop(self, folder: str, name: str, payload: bytes) -> None:
        """A file appears in an inbox (`menzis`, or `bank` of a tenant: `bank-TENANT`)."""
        (self.home / "inbox" / folder / name).write_bytes(payload)

    def bank(self, tenant: str, name: str, payload: bytes) -> list[Received]:
        """A bank file arrives, is read and matched."""
        self.drop(f"bank-{tenant}", name, payload)
        done = self.collect(tenant)
        self.settle(tenant)
        return done

    def settle(self, tenant: str) -> Settled:
        """Match payments and judge silence."""
        return settle.settle(self.hub, tenant)

    def reading(self, tenant: str) -> Any:
        """A read transaction."""
        return self.hub.store.reading(tenant)

    def unit(self, tenant: str) -> Any:
        """A write transaction."""
        return self.hub.store.unit(tenant)

    def claims(self, tenant: str) -> dict[str, ClaimView]:
        """All claims by reference."""
        with self.reading(tenant) as unit:
            return {view.ref: view for view in views.claim_views(unit)}

    def case(self, sak_id: str) -> ClaimView:
        """The invoice of a case."""
        (found,) = [view for view in self.claims(NO).values() if view.case_ref == sak_id]
        return found

    def exchanges(self, tenant: str) -> list[Row]:
        """All exchanges, oldest first."""
        with self.reading(tenant) as unit:
            return exchanges.find(unit)

    def payments(self, tenant: str) -> list[Row]:
        """All stored bookings."""
        with self.reading(tenant) as unit:
            return [row for row, _ in money.payments(unit)]

    def tasks(self, tenant: str, kind: str = "") -> list[Row]:
        """What waits for a person."""
        with self.reading(tenant) as unit:
            return [row for row in tasks.open_tasks(unit) if kind in ("", row["kind"])]

    def declarations(self, tenant: str) -> list[Row]:
        """Everything handed in."""
        with self.reading(tenant) as unit:
            return declarations.recent(unit)

    def inbound(self, inbound_id: str, tenant: str = NL) -> Row:
        """What came in, as stored."""
        with self.reading(tenant) as unit:
            found: Row = unit.one(unit.mine(schema.inbound, schema.inbound.c.id == inbound_id))
            return found

    def counts(self, tenant: str) -> Counter[str]:
        """How many rows of each kind are stored."""
        with self.reading(tenant) as unit:
            return Counter({table.name: _count(unit, table) for table in STORED})

    def conservation(self, tenant: str) -> list[Finding]:
        """Whatever money is not where it must be."""
        with self.reading(tenant) as unit:
            return views.conservation(unit)


def _count(unit: Unit, table: Any) -> int:
    return len(unit.rows(unit.mine(table)))


def open_hub(url: str, home: Path, clock: MovableClock) -> Hub:
    """A hub as a process finds it: connected as the application role, keys beside the home."""
    settings = default_settings(home, keys=home.parent / "keys")
    home.mkdir(parents=True, exist_ok=True)
    return boot.assemble(settings, Store(url, create_keys(settings.keys), clock), clock)
