"""The store and its units of work: one transaction, one tenant."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Table, select
from sqlalchemy.exc import OperationalError

from hub.errors import ConfigurationError, TransientError
from hub.ports import Clock
from hub.security.crypto import seal, unseal
from hub.security.keys import KeyStore
from hub.store import schema
from hub.store.engine import enter_tenant, open_engine, options, take_turn

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Unit:
    """One transaction of one tenant: what repositories work with. `now` is fixed for its whole length."""

    connection: Connection
    tenant: str
    keys: KeyStore
    now: datetime

    def rows(self, statement: Any) -> list[Row]:  # noqa: ANN401 -- any selectable
        """Run a select and give its rows as dictionaries."""
        return [dict(row) for row in self.connection.execute(statement).mappings()]

    def one(self, statement: Any) -> Row | None:  # noqa: ANN401 -- any selectable
        """The first row, or None."""
        row = self.connection.execute(statement).mappings().first()
        return None if row is None else dict(row)

    def insert(self, table: Table, rows: list[Row]) -> None:
        """Insert rows of this tenant, many at a time."""
        if rows:
            self.connection.execute(table.insert(), [row | {"tenant_id": self.tenant} for row in rows])

    def update(self, table: Table, row_id: str, **values: object) -> None:
        """Change columns of one row of this tenant."""
        self.connection.execute(
            table.update().where(table.c.id == row_id, table.c.tenant_id == self.tenant).values(**values)
        )

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
    """A fresh opaque id."""
    return str(uuid.uuid4())


class Store:
    """Opens units of work on one database with one key store."""

    def __init__(self, url: str, keys: KeyStore, clock: Clock) -> None:
        self.engine: Engine = open_engine(url)
        self.keys = keys
        self._clock = clock

    @contextmanager
    def unit(self, tenant: str) -> Iterator[Unit]:
        """One write transaction: everything or nothing."""
        with self._connection(read_only=False) as connection:
            enter_tenant(connection, tenant)
            try:
                take_turn(connection, tenant)
            except OperationalError as error:
                raise _unreachable(error) from error
            yield Unit(connection, tenant, self.keys, self._clock.now())

    @contextmanager
    def reading(self, tenant: str) -> Iterator[Unit]:
        """One read transaction: a stable view that blocks no writer."""
        with self._connection(read_only=True) as connection:
            enter_tenant(connection, tenant)
            yield Unit(connection, tenant, self.keys, self._clock.now())

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
            yield opened


def _unreachable(error: OperationalError) -> TransientError | ConfigurationError:
    reason = str(error.orig).splitlines()[0]
    if "unable to open database file" in reason:
        return ConfigurationError("the database file cannot be opened", hint="check KVITT_HOME and its permissions")
    return TransientError(f"the database does not answer: {reason}", hint="start it and try again")
