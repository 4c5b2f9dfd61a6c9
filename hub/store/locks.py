"""The effect lock: held while something irreversible happens, and gone with the process that held it.

A lease in a row is not enough: a frozen process that wakes up after its lease would send a second time (measured). A
file lock (SQLite, one machine) and a PostgreSQL advisory lock (many nodes) both end with their holder.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError


@contextmanager
def effect_lock(engine: Engine, folder: Path, name: str) -> Iterator[bool]:
    """Hold the lock of that name, or give False at once when somebody else does."""
    with effect_locks(engine, folder, [name]) as mine:
        yield name in mine


@contextmanager
def effect_locks(engine: Engine, folder: Path, names: Sequence[str]) -> Iterator[set[str]]:
    """Hold the locks of these names and give those that nobody else holds; all of them end together."""
    numbers = {name: int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True) for name in names}
    if engine.dialect.name == "postgresql":
        with _advisory(engine, numbers) as mine:
            yield mine
    else:
        with ExitStack() as stack:
            files = {name: f"{number & 0xFFFFFFFFFFFFFFFF:016x}.lock" for name, number in numbers.items()}
            yield {name for name, file in files.items() if stack.enter_context(_file(folder, file))}


@contextmanager
def _advisory(engine: Engine, numbers: Mapping[str, int]) -> Iterator[set[str]]:
    # Autocommit: an open transaction during a long effect would hold back vacuum, and a server that ends sessions
    # idle in a transaction would end the lock with it.
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        lock = text("SELECT pg_try_advisory_lock(:n)")
        mine = {name for name, number in numbers.items() if connection.execute(lock, {"n": number}).scalar()}
        try:
            yield mine
        finally:
            for name in mine:
                _unlock(connection, numbers[name])


def _unlock(connection: Connection, number: int) -> None:
    """Give the lock back; a session that cannot say so is thrown away, and its locks with it."""
    if connection.invalidated:
        return
    try:
        connection.execute(text("SELECT pg_advisory_unlock(:n)"), {"n": number})
    except DBAPIError:
        connection.invalidate()


@contextmanager
def _file(folder: Path, name: str) -> Iterator[bool]:
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(handle)
