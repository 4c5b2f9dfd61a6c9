"""Rotating the master key: everything opens afterwards, wherever it was interrupted, and whoever else is running."""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from hub.errors import ConfigurationError
from hub.security import keys as module
from hub.security.keys import KeyStore, create_keys

NAMES = ["batch:a:2024", "subject:a:1", "tenant:a"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    create_keys(tmp_path / "keys").ensure(NAMES)
    return tmp_path / "keys"


def _everything(keys: KeyStore) -> tuple[object, ...]:
    return keys.get(NAMES), keys.derived("index:a"), keys.blind("a", "bsn", "999903883")


def test_everything_opens_as_before_and_nothing_with_the_old_key(folder: Path, tmp_path: Path) -> None:
    before = _everything(KeyStore(folder))
    old = (folder / "master.key").read_text()
    assert KeyStore(folder).rotate() == len(NAMES)
    assert (folder / "master.key").read_text() != old
    assert not (folder / "master.key.next").exists()
    assert _everything(KeyStore(folder)) == before
    assert KeyStore(folder).rotate() == len(NAMES), "and again"
    assert _everything(KeyStore(folder)) == before
    shutil.copytree(folder, tmp_path / "taken")
    (tmp_path / "taken/master.key").write_text(old)
    with pytest.raises(ConfigurationError, match=r"master\.key is not the key of keys\.db"):
        KeyStore(tmp_path / "taken").get(NAMES)


def test_the_file_is_its_owners_alone(folder: Path) -> None:
    KeyStore(folder).rotate()
    assert (folder / "master.key").stat().st_mode & 0o777 == 0o600


def test_who_runs_on_meanwhile_reads_makes_and_erases(folder: Path) -> None:
    here, there = KeyStore(folder), KeyStore(folder)
    before = here.get(NAMES)
    there.rotate()
    assert here.get(NAMES) == before
    made = here.ensure(["subject:a:2"])
    assert KeyStore(folder).get(["subject:a:2"]) == made, "what is new is wrapped by the new key"
    there.rotate()
    assert here.derived("blob:a") == KeyStore(folder).derived("blob:a") == there.derived("blob:a")
    assert here.destroy_all(["subject:a:1", "subject:a:2", "nobody"]) == 2
    assert there.get(["subject:a:1", "subject:a:2"]) == {}


class _Cut(BaseException):
    """The power goes."""


@pytest.mark.parametrize("step", ["_rewrap", "_write_new", "replace", "_settle"])
def test_a_rotation_may_be_interrupted_anywhere_and_is_ended_by_the_next(
    folder: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _everything(KeyStore(folder))
    running = KeyStore(folder)
    old = (folder / "master.key").read_text()

    def cut(*_: object) -> None:
        raise _Cut

    with monkeypatch.context() as patch:
        where = {"_rewrap": KeyStore, "replace": Path}.get(step, module)
        patch.setattr(where, step, cut)
        with pytest.raises(_Cut):
            KeyStore(folder).rotate()
    assert _everything(KeyStore(folder)) == before
    assert _everything(running) == before
    made = running.ensure(["subject:a:3"])
    assert KeyStore(folder).get(["subject:a:3"]) == made
    KeyStore(folder).rotate()
    assert (folder / "master.key").read_text() != old
    assert not (folder / "master.key.next").exists()
    assert _everything(KeyStore(folder)) == _everything(running) == before


def test_after_a_cut_before_the_last_step_the_next_one_keeps_the_key_that_wraps_the_store(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(*_: object) -> None:
        raise _Cut

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", cut)
        with pytest.raises(_Cut):
            KeyStore(folder).rotate()
    following = (folder / "master.key.next").read_text()
    KeyStore(folder).rotate()
    assert (folder / "master.key").read_text() == following


def test_one_rotation_at_a_time(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        with pytest.raises(ConfigurationError, match="being rotated already"):
            KeyStore(folder).rotate()
    finally:
        os.close(handle)
    KeyStore(folder).rotate()


def test_no_old_wrapping_stays_in_any_file(folder: Path) -> None:
    with sqlite3.connect(folder / "keys.db") as connection:
        wrapped = [bytes(row[0]) for row in connection.execute("SELECT wrapped FROM key")]
    connection.close()
    assert len(wrapped) == len(NAMES)
    KeyStore(folder).rotate()
    left = b"".join(path.read_bytes() for path in folder.iterdir())
    assert [each for each in wrapped if each in left] == []


def test_a_copy_opens_by_itself_and_never_overwrites_another(folder: Path, tmp_path: Path) -> None:
    KeyStore(folder).rotate()
    before = _everything(KeyStore(folder))
    holder = sqlite3.connect(folder / "keys.db", isolation_level=None)
    holder.execute("BEGIN")
    holder.execute("SELECT count(*) FROM key").fetchall()  # a reader keeps what comes next out of the main file
    KeyStore(folder).ensure(["subject:a:late"])
    assert KeyStore(folder).copy(tmp_path / "copies/1") == len(NAMES) + 1
    holder.close()
    copied = KeyStore(tmp_path / "copies/1")
    assert _everything(copied) == before
    assert copied.get(["subject:a:late"]) == KeyStore(folder).get(["subject:a:late"])
    for name in ("master.key", "keys.db"):
        assert (tmp_path / "copies/1" / name).stat().st_mode & 0o777 == 0o600
    with pytest.raises(ConfigurationError, match="is there already"):
        KeyStore(folder).copy(tmp_path / "copies/1")
    KeyStore(folder).rotate()
    assert _everything(copied) == before, "a copy from before a rotation opens what it opened"


def test_a_copy_waits_for_a_rotation_and_is_made_after_an_interrupted_one(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(*_: object) -> None:
        raise _Cut

    before = _everything(KeyStore(folder))
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", cut)
        with pytest.raises(_Cut):
            KeyStore(folder).rotate()
    KeyStore(folder).copy(tmp_path / "copy")
    assert _everything(KeyStore(tmp_path / "copy")) == before
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        with pytest.raises(ConfigurationError, match="being rotated already"):
            KeyStore(folder).copy(tmp_path / "other")
    finally:
        os.close(handle)
    assert not (tmp_path / "other").exists()
