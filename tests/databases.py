"""Real databases for tests: SQLite files, and a private PostgreSQL server with an owner and an application role.

A server given by KVITT_TEST_POSTGRES (a superuser's URL) is used instead of a private one. The hub connects as
`kvitt_app`, which is neither owner nor superuser and bypasses no row-level security. Every test gets a database of its
own, copied from one that was migrated from empty once per session.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import URL, Engine, create_engine, make_url, select, text

from hub.store import migrate, schema
from hub.store.engine import open_engine
from tests.conftest import absent

KINDS = ("sqlite", pytest.param("postgres", marks=pytest.mark.postgres))
OWNER = "kvitt_owner"
APP = migrate.APP_ROLE
_PASSWORD = "test-only"
_UNPRIVILEGED = ("postgres", "nobody")
_QUIET = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
_SMALL = ("max_connections=60", "shared_buffers=32MB")


@dataclass(frozen=True, slots=True)
class Database:
    """One database: the hub's URL, and the URL of who may change tables (the same on SQLite)."""

    kind: str
    url: str
    owner_url: str
    file: Path | None = None

    def engine(self, *, owner: bool = False) -> Engine:
        """A fresh engine; whoever asks disposes of it."""
        return open_engine(self.owner_url if owner else self.url)


@dataclass(frozen=True, slots=True)
class Server:
    """A PostgreSQL server we may do anything on, and the database that is copied for every test."""

    admin: URL
    template: str

    def url(self, database: str, role: str) -> str:
        """The URL of a database for a role."""
        url = self.admin.set(database=database, username=role, password=_PASSWORD)
        return url.render_as_string(hide_password=False)

    def run(self, *statements: str, database: str = "postgres") -> None:
        """Run statements as superuser, outside any transaction."""
        url = self.admin.set(drivername="postgresql", database=database).render_as_string(hide_password=False)
        with psycopg.connect(url, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def create(self, name: str, template: str = "template0") -> Database:
        """A new database owned by the owner role."""
        self.run(f"CREATE DATABASE {name} OWNER {OWNER} TEMPLATE {template}")
        return Database(kind="postgres", url=self.url(name, APP), owner_url=self.url(name, OWNER))

    def drop(self, name: str) -> None:
        """Remove a database, whoever is still connected."""
        self.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """A server for this session (one per xdist worker), with both roles and a migrated template."""
    with a_server() as server:
        yield server


@contextlib.contextmanager
def a_server(*, durable: bool = False) -> Iterator[Server]:
    """A server with both roles and a migrated template, for as long as the block lasts.

    A private one syncs nothing, unless it is to be `durable` as a real one is.
    """
    given = os.environ.get("KVITT_TEST_POSTGRES")
    with _given(given) if given else _private(() if durable else _QUIET) as admin:
        server = Server(admin=admin, template=f"kvitt_template_{uuid.uuid4().hex[:12]}")
        _make_roles(server)
        database = server.create(server.template)
        _migrated(database)
        yield server
        server.drop(server.template)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file migrated from empty, to be copied."""
    file = tmp_path_factory.mktemp("template") / "kvitt.db"
    _migrated(Database(kind="sqlite", url=f"sqlite:///{file}", owner_url=f"sqlite:///{file}", file=file))
    return file


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A migrated, empty database of each kind."""
    if request.param == "sqlite":
        file = tmp_path / "kvitt.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), file)
        yield Database(kind="sqlite", url=f"sqlite:///{file}", owner_url=f"sqlite:///{file}", file=file)
        return
    server: Server = request.getfixturevalue("postgres_server")
    name = f"kvitt_{uuid.uuid4().hex[:16]}"
    yield server.create(name, server.template)
    server.drop(name)


@pytest.fixture(params=KINDS)
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database of each kind without any table."""
    if request.param == "sqlite":
        file = tmp_path / "empty.db"
        yield Database(kind="sqlite", url=f"sqlite:///{file}", owner_url=f"sqlite:///{file}", file=file)
        return
    server: Server = request.getfixturevalue("postgres_server")
    name = f"kvitt_{uuid.uuid4().hex[:16]}"
    yield server.create(name)
    server.drop(name)


def bring_over(file: Path, server: Server, name: str) -> None:
    """Every row of a SQLite file into a migrated database that has none, as superuser and with no trigger in the way."""
    source = open_engine(f"sqlite:///{file}")
    target = create_engine(server.admin.set(database=name))
    with source.connect() as old, target.begin() as new:
        new.execute(text("SET LOCAL session_replication_role = replica"))
        for table in schema.metadata.sorted_tables:
            rows = [dict(row) for row in old.execute(select(table)).mappings()]
            if rows:
                new.execute(table.insert(), rows)
    source.dispose()
    target.dispose()


def _migrated(database: Database) -> None:
    engine = database.engine(owner=True)
    try:
        migrate.upgrade(engine)
    finally:
        engine.dispose()


def _make_roles(server: Server) -> None:
    for role in (OWNER, APP):
        server.run(
            f"DO $$ BEGIN CREATE ROLE {role}; EXCEPTION WHEN duplicate_object THEN NULL; END $$",
            f"ALTER ROLE {role} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE PASSWORD '{_PASSWORD}'",
        )


@contextlib.contextmanager
def _given(url: str) -> Iterator[URL]:
    yield make_url(url).set(drivername="postgresql+psycopg")


@contextlib.contextmanager
def _private(settings: Sequence[str]) -> Iterator[URL]:
    """A server of our own below /tmp: PostgreSQL refuses root, so that root runs it as somebody else."""
    tools = _tools()
    user = _somebody()
    folder = Path(tempfile.mkdtemp(prefix="kvitt-pg-", dir="/tmp"))
    if user is not None:
        os.chown(folder, user, -1)
    try:
        _run(
            user,
            tools / "initdb",
            "-D",
            folder / "data",
            "-U",
            "admin",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
            "-N",
        )
        with _serving(user, tools, folder, [*settings, *_SMALL]):
            yield URL.create("postgresql+psycopg", username="admin", database="postgres", query={"host": str(folder)})
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _serving(user: int | None, tools: Path, folder: Path, settings: Sequence[str]) -> Iterator[None]:
    words = [word for setting in settings for word in ("-c", setting)]
    command = [tools / "postgres", "-D", folder / "data", "-k", folder, "-c", "listen_addresses=", *words]
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [str(word) for word in command], stdout=log, stderr=log, user=user, start_new_session=True
        )
    try:
        _wait_until_up(folder, process)
        yield
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_up(folder: Path, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        try:
            psycopg.connect(host=str(folder), user="admin", dbname="postgres").close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    pytest.fail(f"PostgreSQL did not start: {(folder / 'server.log').read_text()[-2000:]}")


def _run(user: int | None, *words: object) -> None:
    done = subprocess.run([str(word) for word in words], capture_output=True, check=False, user=user, cwd="/")
    if done.returncode:
        pytest.fail(f"{words[0]} failed: {done.stderr.decode(errors='replace')[-2000:]}")


def _tools() -> Path:
    """Where initdb and postgres lie; the newest installed version, else what PATH names."""
    installed = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if installed:
        return max(installed, key=lambda path: int(path.parent.name) if path.parent.name.isdigit() else 0)
    found = shutil.which("initdb")
    if found is None:
        absent("a PostgreSQL server (initdb), or KVITT_TEST_POSTGRES")
    return Path(str(found)).resolve().parent


def _somebody() -> int | None:
    """The user id to run the server under; None for ourselves."""
    if os.geteuid() != 0:
        return None
    for name in _UNPRIVILEGED:
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_uid
    absent("an unprivileged user to run PostgreSQL under")
    return None
