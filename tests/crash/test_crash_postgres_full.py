"""A disk that fills up under PostgreSQL: it stops half-way, comes back, and nothing was sent twice or forgotten.

The server lies on a disk of a few megabytes of its own (a tmpfs, which needs root). A full disk is an error for a table
and a panic for the log of changes: the server ends, recovers when there is room again, and goes on.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.conftest import absent
from tests.crash import servers
from tests.crash.nursery import Nursery
from tests.crash.remote import Remote
from tests.crash.setting import AT_ONCE, TENANT, Opened, Setting, counted, open_setting, prepare, setting
from tests.databases import Database

pytestmark = pytest.mark.postgres

_DISK_MB = 160
_SMALL = ("autovacuum=off", "checkpoint_timeout=1h", "wal_keep_size=0", "min_wal_size=2MB", "max_wal_size=4MB")
_HEAVY = (
    "CREATE TABLE ballast (weight TEXT)",
    "ALTER TABLE ballast ALTER COLUMN weight SET STORAGE EXTERNAL",
    """CREATE FUNCTION weigh() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    INSERT INTO ballast SELECT string_agg(md5(random()::text), '') FROM generate_series(1, 600); RETURN NULL; END $$""",
    "CREATE TRIGGER heavy AFTER INSERT ON exchange_event FOR EACH ROW EXECUTE FUNCTION weigh()",
)
_ROUNDS = 8
_EACH = 12
_PAGE = 4096


@contextmanager
def a_disk(folder: Path) -> Iterator[Path]:
    """A small disk; where mounting is not allowed the test is skipped by name."""
    if os.geteuid() != 0:
        absent("a small disk (root, to mount one)")
    made = ["mount", "-t", "tmpfs", "-o", f"size={_DISK_MB}m", "kvitt-test", str(folder)]
    done = subprocess.run(made, capture_output=True, text=True, check=False)
    if done.returncode:
        absent(f"a small disk ({done.stderr.strip()})")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], capture_output=True, check=False)


class Ballast:
    """What else lies on the disk: a file that leaves only so much room."""

    def __init__(self, disk: Path) -> None:
        self._disk = disk
        self._file = disk / "ballast"

    def leave(self, pages: int) -> None:
        """Fill the disk but for so many pages."""
        with self._file.open("wb", buffering=0) as file:
            for piece in (2**20, _PAGE):
                with suppress(OSError):  # full
                    while file.write(bytes(piece)) == piece:
                        pass
            file.truncate(max(0, file.tell() - pages * _PAGE))

    def clear(self) -> None:
        """There is room again."""
        self._file.unlink(missing_ok=True)


@pytest.fixture
def disk() -> Iterator[Path]:
    """A small disk the server's user may enter."""
    with servers.a_folder() as folder, a_disk(folder) as mounted:
        mounted.chmod(0o755)
        yield mounted


def _make_heavy(database: Database) -> None:
    """Every line of history takes some pages, so that the disk is full at one step after another."""
    engine = database.engine(owner=True)
    with engine.begin() as connection:
        for statement in _HEAVY:
            connection.execute(text(statement))
    engine.dispose()


def _all_rounds(one: Opened, nursery: Nursery, place: Setting) -> set[str]:
    """Send until nothing is open; gives the states."""
    for _ in range(6):
        nursery.run("send_once", setting=place.arguments)
        states = {row["state"] for row in one.rows()}
        if states <= {"sent", "in_doubt"}:
            break
    return states


def test_a_full_disk_under_the_database_doubles_and_forgets_nothing(
    disk: Path, tmp_path: Path, nursery: Nursery
) -> None:
    """Full after a few pages more each time, so that it happens at different steps."""
    with servers.postgres(disk, more=_SMALL, init=["--wal-segsize=1"]) as server, Remote() as remote:
        database = servers.a_database(server)
        _make_heavy(database)
        place = setting(tmp_path / "hub", database.url, retry=AT_ONCE)
        one, ballast = open_setting(place), Ballast(disk)
        try:
            met: list[str] = []
            for number in range(_ROUNDS):
                for partner in ("deaf", "askable"):
                    agreement = counted(one, remote, partner)
                    prepare(one, partner, agreement, [f"{number}-{each}" for each in range(_EACH)])
                ballast.leave(pages=number * 60)
                worker = nursery.start("send_once", setting=place.arguments)
                worker.wait_gone()
                met.append(_ended(server, worker.report))
                ballast.clear()
                if not server.answers(20):
                    server.stop(immediately=True)
                    server.start()
                one.hub.store.engine.dispose()
                states = _all_rounds(one, nursery, place)
                assert states <= {"sent", "in_doubt"}, (number, states)
            rows = one.rows()
            doubts = [row for row in rows if row["state"] == "in_doubt"]
            copies = remote.copies()
            assert len(rows) == 2 * _ROUNDS * _EACH
            assert "full" in met, f"the disk never filled up: {met}"
            assert {row["partner"] for row in doubts} <= {"deaf"}
            assert max(copies.values()) == 1
            assert {row["exchange_id"] for row in one.tasks("in_doubt")} >= {row["id"] for row in doubts}
            sent = {f"{TENANT}:{row['business_key']}" for row in rows if row["state"] == "sent"}
            assert sent <= copies.keys()
        finally:
            one.close()


def _ended(server: servers.Postgres, report: Path) -> str:
    """How the round ended: the disk was full, the server gone, or all went well."""
    told = report.read_text()
    if "No space left" in told or "DiskFull" in told:
        return "full"
    return "down" if '"error"' in told or not server.runs() else "fits"
