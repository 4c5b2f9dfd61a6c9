"""The key store: kept apart from the data (`KVITT_KEYS`), so that a backup of the data opens nothing.

It holds one master key (a file) and, wrapped by it, one key per subject and one per tenant and retention period (an
SQLite file beside it). Destroying a row there erases what was sealed with it, in every backup of the data.

Rotation makes a new master key and wraps every key anew, in one transaction; what was derived from the first master key
(blind indexes, addresses, signatures) goes on as one more wrapped key, so nothing stored has to change. The new key is
written beside the old one first and takes its place last: whenever it is interrupted, one of the two files opens the
store, and every process finds out which by the mark that the same transaction leaves.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hub.errors import ConfigurationError
from hub.security.crypto import derive, index, new_key, seal, unseal

_TABLE = "CREATE TABLE IF NOT EXISTS key (id TEXT PRIMARY KEY, wrapped BLOB NOT NULL) WITHOUT ROWID"
_BATCH = 500
_MASTER, _NEXT = "master.key", "master.key.next"
_MARK, _ROOT = "#master", "#root"
"""Names no other key has: which master key wraps the store, and what the derived keys come from since a rotation."""
_STEP_NS = 100_000_000
"""More than any file system's step of time (a kernel's tick is at most 10 ms)."""
_State = tuple[tuple[int, int, int], ...]
"""Inode, size and time of change of each file that holds something."""


class KeyStore:
    """Opens, makes and destroys keys by name. One instance per process; safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / "keys.db"
        self._master = _master_key(folder / _MASTER)
        self._root = b""
        self._derived: dict[str, bytes] = {}
        self._kept: tuple[_State, dict[str, bytes]] = ((), {})

    def derived(self, purpose: str) -> bytes:
        """A key derived from the first master key; cannot be destroyed, so never seals personal data."""
        if purpose not in self._derived:
            if not self._root:
                with self._connect() as connection:
                    connection.execute("BEGIN")
                    self._root = self._read(connection, [_ROOT]).get(_ROOT) or self._master
            self._derived[purpose] = derive(self._root, purpose)
        return self._derived[purpose]

    def blind(self, tenant: str, kind: str, value: str) -> str:
        """The blind index of a personal identifier within one tenant."""
        return index(self.derived(f"index:{tenant}"), kind, value)

    def ensure(self, names: Iterable[str]) -> dict[str, bytes]:
        """The keys with these names, made where missing; committed before this returns."""
        wanted = list(dict.fromkeys(names))
        with self._connect() as connection:
            connection.execute("BEGIN IMMEDIATE")
            found = self._read(connection, wanted)  # by the master key in force, which also wraps what is new
            missing = [name for name in wanted if name not in found]
            made = {name: new_key() for name in missing}
            connection.executemany(
                "INSERT INTO key (id, wrapped) VALUES (?, ?)",
                [(name, seal(self._master, key, name)) for name, key in made.items()],
            )
            connection.execute("COMMIT")
        return found | made

    def shared(self, name: str) -> bytes:
        """A key that seals many rows of one tenant, made where missing."""
        return self.kept(name) or self.ensure([name])[name]

    def kept(self, name: str) -> bytes | None:
        """A key for many rows, kept in memory for as long as nobody changes the key store; None when it was erased.

        What any process erases is forgotten here before the next use.
        """
        state, moment = self._state(), time.time_ns()
        kept_at, kept = self._kept
        if state == kept_at and name in kept:
            return kept[name]
        key = self.get([name]).get(name)
        # A file's time moves in steps: a change within the step of the last one would not show.
        if key is not None and all(moment - changed > _STEP_NS for _, _, changed in state):
            self._kept = (state, (kept if state == kept_at else {}) | {name: key})
        return key

    def get(self, names: Iterable[str]) -> dict[str, bytes]:
        """The keys that exist among these names; an erased or unknown name is simply absent."""
        with self._connect() as connection:
            connection.execute("BEGIN")  # the mark and the keys of one moment
            return self._read(connection, list(dict.fromkeys(names)))

    def destroy(self, name: str) -> bool:
        """Erase one key for good; True when it existed."""
        with self._connect() as connection:
            return connection.execute("DELETE FROM key WHERE id = ?", (name,)).rowcount > 0

    def destroy_all(self, names: Iterable[str]) -> int:
        """Erase several keys for good, all or none; gives how many there were."""
        with self._connect() as connection:
            connection.execute("BEGIN IMMEDIATE")
            count = sum(connection.execute("DELETE FROM key WHERE id = ?", (name,)).rowcount for name in names)
            connection.execute("COMMIT")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return count

    def _state(self) -> _State:
        """What the files look like: every change shows, and a file that only was opened does not."""
        found = []
        for path in (self._path, self._path.with_name(f"{self._path.name}-wal")):
            with suppress(FileNotFoundError):
                now = path.stat()
                found += [(now.st_ino, now.st_size, now.st_mtime_ns)] if now.st_size else []
        return tuple(found)

    def rotate(self) -> int:
        """A new master key; gives how many keys it wraps. One that was interrupted is brought to its end."""
        following = self._folder / _NEXT
        with _only_one(self._folder):
            with self._connect() as connection:
                connection.execute("BEGIN IMMEDIATE")
                self._follow(connection)
                if not self._began(connection, following):
                    following.unlink(missing_ok=True)
                    _write_new(following, new_key())
                count = self._rewrap(connection, _master_key(following))
                connection.execute("COMMIT")
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # or the old wrappings stay readable in it
            following.replace(self._folder / _MASTER)
            _settle(self._folder)
        return count

    def copy(self, to: Path) -> int:
        """Copy master key and store as they belong together into a new folder; gives how many keys it holds."""
        if to.exists():
            raise ConfigurationError(f"{to} is there already", hint="name a new folder; old copies are destroyed")
        with _only_one(self._folder), self._connect() as connection:
            connection.execute("BEGIN")
            self._follow(connection)
            connection.execute("COMMIT")
            to.mkdir(mode=0o700, parents=True)
            _write_new(to / _MASTER, self._master)
            (to / self._path.name).touch(mode=0o600)
            with _Closing(sqlite3.connect(to / self._path.name)) as there:
                connection.backup(there)
                KeyStore(to).derived("copied")  # opens, or says why not
                return sum(1 for _ in there.execute("SELECT 1 FROM key WHERE substr(id, 1, 1) <> '#'"))

    def _began(self, connection: sqlite3.Connection, following: Path) -> bool:
        """Whether a rotation was interrupted after its transaction: the store is the new key's already."""
        mark = _mark(connection)
        return following.is_file() and mark is not None and mark == _print(_master_key(following))

    def _rewrap(self, connection: sqlite3.Connection, following: bytes) -> int:
        rows = connection.execute("SELECT id, wrapped FROM key WHERE id <> ?", (_MARK,)).fetchall()
        keys = {name: unseal(self._master, wrapped, name) for name, wrapped in rows}
        keys.setdefault(_ROOT, self._master)
        wrapped_anew = [(name, seal(following, key, name)) for name, key in keys.items()]
        connection.executemany(
            "INSERT OR REPLACE INTO key (id, wrapped) VALUES (?, ?)", [*wrapped_anew, (_MARK, _print(following))]
        )
        self._master = following
        return len(keys) - 1

    def _follow(self, connection: sqlite3.Connection) -> None:
        """Take the master key that wraps the store now: another process may have rotated, or died rotating."""
        mark = _mark(connection)
        if mark is None or mark == _print(self._master):
            return
        for name in (_MASTER, _NEXT):
            path = self._folder / name
            if path.is_file() and _print(_master_key(path)) == mark:
                self._master = _master_key(path)
                return
        raise ConfigurationError(
            f"{self._folder / _MASTER} is not the key of {self._path.name}",
            hint="restore both from the same copy, made after the last rotation",
        )

    def _read(self, connection: sqlite3.Connection, names: list[str]) -> dict[str, bytes]:
        self._follow(connection)
        found: dict[str, bytes] = {}
        for start in range(0, len(names), _BATCH):
            part = names[start : start + _BATCH]
            marks = ",".join("?" * len(part))
            wanted = f"SELECT id, wrapped FROM key WHERE id IN ({marks})"  # noqa: S608 # nosec B608 # marks only
            rows = connection.execute(wanted, part)
            found.update({name: unseal(self._master, wrapped, name) for name, wrapped in rows})
        return found

    def _connect(self) -> _Closing:
        connection = sqlite3.connect(self._path, isolation_level=None, timeout=30)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA secure_delete=ON")
        connection.execute(_TABLE)
        return _Closing(connection)


class _Closing:
    """Gives a connection and closes it, whatever happened (a rollback is implied by closing)."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> sqlite3.Connection:
        return self._connection

    def __exit__(self, *_: object) -> None:
        self._connection.close()


def create_keys(folder: Path) -> KeyStore:
    """Make a new key store in an empty or missing folder; an existing master key is kept."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / _MASTER
    if not path.exists():
        _write_new(path, new_key())
    return KeyStore(folder)


def _write_new(path: Path, key: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(key.hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
    _settle(path.parent)


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """One rotation at a time: two could take each other's new key for their own."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise ConfigurationError("the keys are being rotated already", hint="wait for it to end") from None
    try:
        yield
    finally:
        os.close(handle)


def _settle(folder: Path) -> None:
    """What stands in the folder stands there after a power cut, too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _mark(connection: sqlite3.Connection) -> bytes | None:
    row = connection.execute("SELECT wrapped FROM key WHERE id = ?", (_MARK,)).fetchone()
    return None if row is None else bytes(row[0])


def _print(master: bytes) -> bytes:
    """By what a master key is known without being told."""
    return derive(master, "which master key this is")


def _master_key(path: Path) -> bytes:
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except FileNotFoundError:
        raise ConfigurationError(
            f"no master key at {path}", hint="set KVITT_KEYS to the folder that holds master.key"
        ) from None
    except ValueError:
        key = b""
    if len(key) != 32:
        raise ConfigurationError(f"{path} does not hold a 256-bit key in hexadecimal", hint="restore it from its copy")
    return key
