"""Connections: SQLite in WAL by default, PostgreSQL for many nodes; one place that knows the difference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text

from hub.errors import ConfigurationError

READ_ONLY = "kvitt_read_only"
_PATIENCE_MS = 30_000
"""So long one writer waits for another."""
_USUAL_KB, _ROOM_KB = 2_000, 65_536
"""What SQLite keeps of a database in memory for each connection, and for one that inserts much."""
_TURNS = 1
"""The first half of the advisory locks that writers take; effect locks are of the other, single-number kind."""
_WATCHED: Mapping[str, Any] = MappingProxyType(
    {
        "connect_timeout": 10,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 2,
        "tcp_user_timeout": 20_000,
        "options": " ".join(
            f"-c {name}={value}"
            for name, value in (
                ("synchronous_commit", "on"),
                ("jit", "off"),
                ("max_parallel_workers_per_gather", 0),
                ("tcp_keepalives_idle", 30),
                ("tcp_keepalives_interval", 10),
                ("tcp_keepalives_count", 3),
                ("tcp_user_timeout", 60_000),
            )
        ),
    }
)
"""A node that is cut off from PostgreSQL knows so after 20 s; PostgreSQL gives its locks to others after 50 s at least.

An intent counts as committed only when it is written down: a server that loses its last commits in a crash would send
again what they were about. What is asked is short: compiling it, or sharing it among processes, takes longer than the
answer, and costs of row-level security are estimated so high that PostgreSQL would do both.
"""


def open_engine(url: str) -> Engine:
    """An engine for `sqlite:///...` or `postgresql+psycopg://...`; ConfigurationError for anything else."""
    if url.startswith("sqlite"):
        return _sqlite(url)
    if url.startswith("postgresql+psycopg"):
        return _postgres(url)
    raise ConfigurationError(
        f"unknown database {url.split(':', 1)[0]!r}", hint="use sqlite:///PATH or postgresql+psycopg://..."
    )


def _sqlite(url: str) -> Engine:
    engine = create_engine(url, hide_parameters=True)  # an error's text must not quote what a statement wrote
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401 -- the driver's own type
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout={_PATIENCE_MS}",  # first: the next one waits for others already
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "temp_store=MEMORY",
        f"cache_size=-{_USUAL_KB}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    read_only = connection.get_execution_options().get(READ_ONLY, False)
    connection.exec_driver_sql("BEGIN DEFERRED" if read_only else "BEGIN IMMEDIATE")


def _postgres(url: str) -> Engine:
    said = make_url(url).query  # what the URL says itself goes first
    ours = {name: value for name, value in _WATCHED.items() if name not in said}
    return create_engine(url, hide_parameters=True, pool_pre_ping=True, connect_args=ours)


def enter_tenant(connection: Connection, tenant: str) -> None:
    """Tell PostgreSQL's row-level security whose rows this transaction may see."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT set_config('kvitt.tenant', :tenant, true)"), {"tenant": tenant})


def enter_within(connection: Connection, setting: str) -> None:
    """Tell PostgreSQL's row-level security which organisations' rows this transaction may see; empty for all."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT set_config('kvitt.within', :within, true)"), {"within": setting})


@contextmanager
def room(connection: Connection) -> Iterator[None]:
    """For many inserts: SQLite holds more of a database in memory, or it writes the same pages again and again."""
    if connection.dialect.name != "sqlite":
        yield
        return
    connection.exec_driver_sql(f"PRAGMA cache_size=-{_ROOM_KB}")
    try:
        yield
    finally:
        connection.exec_driver_sql(f"PRAGMA cache_size=-{_USUAL_KB}")


def take_turn(connection: Connection, tenant: str) -> None:
    """Writers of one tenant follow one another, as SQLite has it: number series, chains and "is it there" stay true."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT set_config('lock_timeout', :wait, true)"), {"wait": f"{_PATIENCE_MS}ms"})
        turn = text("SELECT pg_advisory_xact_lock(:space, hashtext(:tenant))")
        connection.execute(turn, {"space": _TURNS, "tenant": tenant})


def options(engine: Engine, *, read_only: bool) -> dict[str, Any]:
    """Execution options of a transaction; a reading one sees one moment, also over several statements."""
    if read_only and engine.dialect.name == "postgresql":
        return {READ_ONLY: True, "isolation_level": "REPEATABLE READ"}
    return {READ_ONLY: read_only}
