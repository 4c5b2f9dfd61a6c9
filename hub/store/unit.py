"""The store and its units of work: one transaction, one tenant, and within it one fence or none.

A unit that is opened `within` some organisations sees and changes what belongs to them and nothing else, whatever is
asked of it; what belongs to no organisation it does not see at all (`hub.store.fences`).
"""

from __future__ import annotations

import secrets
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Table, select
from sqlalchemy.exc import DataError, OperationalError

from hub.errors import ConfigurationError, ContentError, TransientError
from hub.ports import Clock
from hub.security.crypto import seal, unseal
from hub.security.keys import KeyStore
from hub.store import fences, fencing, schema
from hub.store.engine import enter_tenant, open_engine, options, take_turn

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Unit:
    """One transaction of one tenant: what repositories work with. `now` is fixed for its whole length."""

    connection: Connection
    tenant: str
    keys: KeyStore
    now: datetime
    within: frozenset[str] | None = None
    """The organisations whose rows this unit is about; None for the whole tenant."""

    def rows(self, statement: Any) -> list[Row]:  # noqa: ANN401 -- any selectable
        """Run a select and give its rows as dictionaries."""
        return [dict(row) for row in self.connection.execute(statement).mappings()]

    def one(self, statement: Any) -> Row | None:  # noqa: ANN401 -- any selectable
        """The first row, or None."""
        row = self.connection.execute(statement).mappings().first()
        return None if row is None else dict(row)

    def insert(self, table: Table, rows: list[Row]) -> None:
        """Insert rows of this tenant, many at a time; in a fenced unit only what is inside."""
        if not rows:
            return
        whole = [row | {"tenant_id": self.tenant} for row in rows]
        if self.within is None:
            self.connection.execute(table.insert(), whole)
            return
        if not fencing.all_inside(self.connection, table, whole):
            raise ContentError(f"a row of {table.name} belongs to somebody else", hint="nothing was stored")
        self.connection.execute(table.insert(), whole, execution_options=fencing.CHECKED)

    def update(self, table: Table, row_id: str, **values: object) -> None:
        """Change columns of one row of this tenant; in a fenced unit one inside, and never whose it is."""
        statement = table.update().where(table.c.id == row_id, table.c.tenant_id == self.tenant).values(**values)
        if self.within is None:
            self.connection.execute(statement)
            return
        if fences.deciding(table.name) & set(values):
            raise ContentError(f"whose a row of {table.name} is cannot be changed here", hint="nothing was stored")
        self.connection.execute(fencing.own_rows(statement, table, self.within), execution_options=fencing.CHECKED)

    @contextmanager
    def whole(self) -> Iterator[Unit]:
        """The same transaction without its fence: for the hub's own bookkeeping, never to answer a person."""
        with fencing.lifted(self.connection):
            yield replace(self, within=None)

    def mine(self, table: Table, *where: Any) -> Any:  # noqa: ANN401 -- SQLAlchemy expressions
        """Select this tenant's rows of a table."""
        return select(table).where(table.c.tenant_id == self.tenant, *where)

    def batch_key(self, period: str) -> tuple[str, bytes]:
        """Name and key for raw batches of one retention period."""
        name = f"batch:{self.tenant}:{period}"
        return name, self.keys.shared(name)

    def seal_shared(self, plain: bytes, about: str) -> bytes:
        """Seal tenant-wide data that belongs to no single person."""
        name = f"tenant:{self.tenant}"
        return seal(self.keys.shared(name), plain, f"{self.tenant}:{about}")

    def unseal_shared(self, sealed: bytes, about: str) -> bytes:
        """Open what `seal_shared` sealed."""
        name = f"tenant:{self.tenant}"
        return unseal(self.keys.shared(name), sealed, f"{self.tenant}:{about}")


def new_id() -> str:
    """A fresh opaque id: a UUID of version 7 (RFC 9562), so that rows made together lie together in every index."""
    milliseconds, rest = divmod(time.time_ns(), 1_000_000)
    part = (rest << 12) // 1_000_000
    return str(uuid.UUID(int=milliseconds << 80 | 7 << 76 | part << 64 | 2 << 62 | secrets.randbits(62)))


def short_id(row_id: str) -> str:
    """What a row is called in front of people and in names of its own: the end of its id, which is drawn.

    Never its beginning: that is the time, and rows made together share it.
    """
    return row_id[-8:]


class Store:
    """Opens units of work on one database with one key store."""

    def __init__(self, url: str, keys: KeyStore, clock: Clock) -> None:
        self.engine: Engine = open_engine(url)
        self.keys = keys
        self._clock = clock

    @contextmanager
    def unit(self, tenant: str, within: frozenset[str] | None = None) -> Iterator[Unit]:
        """One write transaction: everything or nothing; `within` fences it with the codes of organisations."""
        with self._connection(read_only=False) as connection:
            enter_tenant(connection, tenant)
            try:
                take_turn(connection, tenant)
            except OperationalError as error:
                raise _unreachable(error) from error
            fencing.fence(connection, tenant, within)
            yield Unit(connection, tenant, self.keys, self._clock.now(), within)

    @contextmanager
    def reading(self, tenant: str, within: frozenset[str] | None = None) -> Iterator[Unit]:
        """One read transaction: a stable view that blocks no writer; `within` fences it."""
        with self._connection(read_only=True) as connection:
            enter_tenant(connection, tenant)
            fencing.fence(connection, tenant, within)
            yield Unit(connection, tenant, self.keys, self._clock.now(), within)

    def tenants(self) -> list[Row]:
        """All tenants (id, name, country, language), in order."""
        with self._connection(read_only=True) as connection:
            statement = select(schema.tenant).order_by(schema.tenant.c.id)
            return [dict(row) for row in connection.execute(statement).mappings()]

    def add_tenant(self, tenant: str, name: str, country: str, language: str) -> None:
        """Make a tenant; one that exists is left as it is."""
        if any(row["id"] == tenant for row in self.tenants()):
            return
        with self.unit(tenant) as unit:
            unit.connection.execute(
                schema.tenant.insert(),
                {"id": tenant, "name": name, "country": country, "language": language, "created_at": unit.now},
            )

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()

    @contextmanager
    def _connection(self, *, read_only: bool) -> Iterator[Connection]:
        with ExitStack() as stack:
            try:
                connection = stack.enter_context(self.engine.connect())
                opened = connection.execution_options(**options(self.engine, read_only=read_only))
                stack.enter_context(opened.begin())
            except OperationalError as error:
                raise _unreachable(error) from error
            try:
                yield opened
            except DataError as error:  # what no text column of PostgreSQL takes is a typist's fault, the rest ours
                if "NUL" not in str(error.orig):
                    raise
                raise ContentError("a text holds a sign that cannot be stored", hint="leave it out") from error


def _unreachable(error: OperationalError) -> TransientError | ConfigurationError:
    reason = str(error.orig).splitlines()[0]
    if "unable to open database file" in reason:
        return ConfigurationError("the database file cannot be opened", hint="check KVITT_HOME and its permissions")
    return TransientError(f"the database does not answer: {reason}", hint="start it and try again")
