"""A PostgreSQL server that can be ended as hard as can be, started again, reached over TCP and kept on a small disk.

It keeps what it has committed, as a real one does (`synchronous_commit` is on): only the disk itself is not waited for,
because the machine under it does not crash here.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
from sqlalchemy import URL

from tests import databases
from tests.databases import Database, Server

_SETTINGS = ("fsync=off", "full_page_writes=off", "max_connections=80", "shared_buffers=32MB", "max_wal_size=64MB")


@dataclass(slots=True)
class Postgres:
    """The server in a folder; `host` is where it listens beside its socket, if anywhere."""

    folder: Path
    user: int | None
    host: str = ""
    port: int = 5432
    more: Sequence[str] = ()
    _process: subprocess.Popen[bytes] | None = None

    @property
    def admin(self) -> URL:
        """A superuser's URL, over the socket."""
        return URL.create(
            "postgresql+psycopg",
            username="admin",
            database="postgres",
            query={"host": str(self.folder), "port": str(self.port)},
        )

    def start(self, *, seconds: float = 60) -> None:
        """Serve, and wait until it lets somebody in: after a crash it recovers first."""
        settings = [*_SETTINGS, f"listen_addresses={self.host}", f"port={self.port}", *self.more]
        program = databases._tools() / "postgres"
        options = [word for each in settings for word in ("-c", each)]
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(program), "-D", str(self.folder / "data"), "-k", str(self.folder), *options],
                stdout=log,
                stderr=log,
                user=self.user,
                start_new_session=True,
            )
        if not self.answers(seconds):
            raise RuntimeError(f"PostgreSQL does not start: {self.log()[-2000:]}")

    def answers(self, seconds: float) -> bool:
        """Whether it lets us in, now or within so many seconds."""
        until = time.monotonic() + seconds
        while self._process is not None and self._process.poll() is None:
            with suppress(psycopg.OperationalError):
                psycopg.connect(host=str(self.folder), port=self.port, user="admin", dbname="postgres").close()
                return True
            if time.monotonic() > until:
                return False
            time.sleep(0.03)
        return False

    def runs(self) -> bool:
        """Whether its main process is there."""
        return self._process is not None and self._process.poll() is None

    def stop(self, *, immediately: bool = False) -> None:
        """End it: as `pg_ctl stop -m immediate` does, without finishing or writing anything down, or properly."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGQUIT if immediately else signal.SIGINT)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def restart(self) -> None:
        """As if its power had been cut."""
        self.stop(immediately=True)
        self.start()

    def log(self) -> str:
        """What it has written."""
        return (self.folder / "server.log").read_text(errors="replace")


@contextmanager
def a_folder() -> Iterator[Path]:
    """A folder the server's user may enter."""
    folder = Path(tempfile.mkdtemp(prefix="kvitt-pg-", dir="/tmp"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def postgres(
    folder: Path, *, host: str = "", port: int = 5432, more: Sequence[str] = (), init: Sequence[str] = ()
) -> Iterator[Postgres]:
    """A server of our own in this folder."""
    user = databases._somebody()
    if user is not None:
        os.chown(folder, user, -1)
    words = ["-D", folder / "data", "-U", "admin", "-A", "trust", "-E", "UTF8", "--locale=C", "-N", *init]
    databases._run(user, databases._tools() / "initdb", *words)
    if host:
        with (folder / "data" / "pg_hba.conf").open("a") as rules:
            rules.write("host all all 0.0.0.0/0 trust\n")
    server = Postgres(folder=folder, user=user, host=host, port=port, more=more)
    try:
        server.start()
        yield server
    finally:
        server.stop(immediately=True)


def a_database(server: Postgres) -> Database:
    """A migrated, empty database on it, and its URLs over the socket."""
    one = Server(admin=server.admin, template="template0")
    databases._make_roles(one)
    made = one.create(f"kvitt_{uuid.uuid4().hex[:16]}")
    databases._migrated(made)
    return made


def over_tcp(server: Postgres, database: Database, **said: str) -> str:
    """The hub's URL of a database, over the network, with what else is said to the driver."""
    name, role = database.url.rpartition("/")[2].partition("?")[0], databases.APP
    url = URL.create("postgresql+psycopg", username=role, host=server.host, port=server.port, database=name, query=said)
    return url.render_as_string(hide_password=False)
