"""A consistent copy of the database while the hub runs, and putting one back.

SQLite by its own backup, PostgreSQL by pg_dump and pg_restore, which must be installed. pg_dump needs a role that
row-level security does not hold back (BYPASSRLS). The copy holds what the database holds, sealed; keys are not in it.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from sqlalchemy import URL, make_url

from hub.errors import ConfigurationError, TransientError

SQLITE, POSTGRES = "database.sqlite", "database.pgdump"
_LIMIT_S = 6 * 3600


def copy_out(url: str, folder: Path) -> Path:
    """Write a copy of the database into a folder; gives its file."""
    where = make_url(url)
    if where.get_backend_name() == "sqlite":
        file = folder / SQLITE
        with closing(sqlite3.connect(where.database or "")) as source, closing(sqlite3.connect(file)) as target:
            source.backup(target)
        return file
    file = folder / POSTGRES
    _run("pg_dump", where, "--format=custom", "--no-owner", "--no-privileges", f"--file={file}")
    return file


def copy_in(url: str, file: Path) -> None:
    """Put a copy into a database that is not there yet (SQLite) or empty (PostgreSQL)."""
    where = make_url(url)
    kind = SQLITE if where.get_backend_name() == "sqlite" else POSTGRES
    if file.name != kind:
        raise ConfigurationError(
            f"the backup holds {file.name}, this hub wants {kind}", hint="restore to the kind of database it came from"
        )
    if kind == POSTGRES:
        _run("pg_restore", where, "--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction", str(file))
        return
    target = Path(where.database or "")
    if target.exists() and target.stat().st_size:
        raise ConfigurationError(f"there is a database at {target}", hint="move it away first; nothing is overwritten")
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = target.with_suffix(".restoring")
    shutil.copyfile(file, draft)
    draft.chmod(0o600)
    with draft.open("rb") as stream:
        os.fsync(stream.fileno())
    draft.replace(target)


def _run(tool: str, where: URL, *arguments: str) -> None:
    """Run one of PostgreSQL's tools; the password goes by environment, never on the command line."""
    found = shutil.which(tool)
    if found is None:
        raise ConfigurationError(f"{tool} is not installed", hint="install the PostgreSQL client")
    bare = where.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
    environment = os.environ | ({"PGPASSWORD": str(where.password)} if where.password else {})
    place = f"--dbname={bare}"
    try:
        done = subprocess.run(  # nosec B603 # a tool found by name, arguments of ours, no shell
            [found, place, *arguments], env=environment, capture_output=True, check=False, timeout=_LIMIT_S
        )
    except subprocess.TimeoutExpired as error:
        raise TransientError(f"{tool} did not end within {_LIMIT_S} s", hint="look at the database") from error
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        reason = next((line for line in said if "error:" in line), said[-1] if said else str(done.returncode))
        raise ConfigurationError(f"{tool} failed: {reason}", hint="use a role with BYPASSRLS: --database env:NAME")
