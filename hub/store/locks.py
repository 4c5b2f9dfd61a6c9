"""The effect lock: held while something irreversible happens, and gone with the process that held it.

A lease in a row is not enough: a frozen process that wakes up after its lease would send a second time (measured). A
lock on one byte of a file (SQLite, one machine) and a PostgreSQL advisory lock (many nodes) both end with their holder.

A PostgreSQL session can also end before its process does: with the database, or when the network between them is cut.
`Held.still` tells; whoever does something irreversible asks right before each time.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import select
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

_FLOCK = "@hhqqi4x"
"""`struct flock` on 64-bit Linux: kind, whence, start, length, process (0 for locks of an opened file)."""
_OFFSETS = 2**62 - 1


@dataclass(frozen=True, slots=True)
class Held:
    """The names nobody else holds; `still` says whether their locks are ours at this moment."""

    names: frozenset[str]
    still: Callable[[], bool] = lambda: True

    def __contains__(self, name: object) -> bool:
        """Whether the lock of this name was got."""
        return name in self.names

    def __len__(self) -> int:
        """How many were got."""
        return len(self.names)


@contextmanager
def effect_lock(engine: Engine, folder: Path, name: str) -> Iterator[bool]:
    """Hold the lock of that name, or give False at once when somebody else does."""
    with effect_locks(engine, folder, [name]) as mine:
        yield name in mine


@contextmanager
def effect_locks(engine: Engine, folder: Path, names: Sequence[str]) -> Iterator[Held]:
    """Hold the locks of these names and give those that nobody else holds; all of them end together."""
    numbers = {name: int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True) for name in names}
    if engine.dialect.name == "postgresql":
        with _advisory(engine, numbers) as mine:
            yield mine
    else:
        folder.mkdir(parents=True, exist_ok=True)
        with (_ranges if hasattr(fcntl, "F_OFD_SETLK") else _files)(folder, numbers) as names_got:
            yield Held(frozenset(names_got))


@contextmanager
def _advisory(engine: Engine, numbers: Mapping[str, int]) -> Iterator[Held]:
    # Autocommit: an open transaction during a long effect would hold back vacuum, and a server that ends sessions
    # idle in a transaction would end the lock with it.
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        lock = text("SELECT n, pg_try_advisory_lock(n) FROM unnest(CAST(:numbers AS bigint[])) AS n")
        got = {number for number, held in connection.execute(lock, {"numbers": list(numbers.values())}) if held}
        try:
            names = frozenset(name for name, number in numbers.items() if number in got)
            yield Held(names, lambda: _still(connection))
        finally:
            _unlock(connection, sorted(got))


def _still(connection: Connection) -> bool:
    """Whether the session that holds the locks lives: an idle one's socket is silent until it ends.

    The system ends it too when the other side does not answer its keepalives any more (see `hub.store.engine`).
    """
    if connection.invalidated:
        return False
    driver: Any = connection.connection.driver_connection
    if driver is None or driver.closed:
        return False
    poll = select.poll()
    poll.register(driver.fileno(), select.POLLIN)
    return not poll.poll(0)


def _unlock(connection: Connection, numbers: Sequence[int]) -> None:
    """Give the locks back; a session that cannot say so is thrown away, and its locks with it."""
    if connection.invalidated:
        return
    unlock = text("SELECT pg_advisory_unlock(n) FROM unnest(CAST(:numbers AS bigint[])) AS n")
    try:
        connection.execute(unlock, {"numbers": list(numbers)})
    except DBAPIError:
        connection.invalidate()


@contextmanager
def _ranges(folder: Path, numbers: Mapping[str, int]) -> Iterator[set[str]]:
    """One byte each of one file that stays empty; held by the opened file and not the process, so by one thread."""
    with _opened(folder / "effects") as handle:
        yield {name for name, number in numbers.items() if _range(handle, number & _OFFSETS)}


def _range(handle: int, offset: int) -> bool:
    try:
        fcntl.fcntl(handle, fcntl.F_OFD_SETLK, struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, offset, 1, 0))
    except BlockingIOError:
        return False
    return True


@contextmanager
def _files(folder: Path, numbers: Mapping[str, int]) -> Iterator[set[str]]:
    """A file each, where the system knows no locks of opened files on ranges."""
    with ExitStack() as stack:
        handles = {
            name: stack.enter_context(_opened(folder / f"{number & _OFFSETS:016x}.lock"))
            for name, number in numbers.items()
        }
        yield {name for name, handle in handles.items() if _flock(handle)}


def _flock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield handle
    finally:
        os.close(handle)
