"""The effect lock on one machine, by both ways a system may offer: ranges of one opened file, or a file each.

Linux knows the first; where a system does not (macOS and the BSDs), the second takes its place and must hold the same.
"""

from __future__ import annotations

import fcntl
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine

from hub.store.locks import effect_lock, effect_locks
from tests.conftest import ROOT, absent

NAME = "tenant-a/exchange-1"
HOLDER = """
import fcntl, sys
from pathlib import Path
from sqlalchemy import create_engine
from hub.store.locks import effect_locks
if sys.argv[1] == "files" and hasattr(fcntl, "F_OFD_SETLK"):
    del fcntl.F_OFD_SETLK
with effect_locks(create_engine("sqlite://"), Path(sys.argv[2]), sys.argv[3:]) as mine:
    print(*sorted(mine.names), flush=True)
    sys.stdin.read()
"""
"""Another process that holds these locks until it is killed or its input ends."""


@pytest.fixture
def engine() -> Iterator[Engine]:
    made = create_engine("sqlite://")
    yield made
    made.dispose()


@pytest.fixture(params=["ranges", "files"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How this system locks, as far as the hub can tell."""
    if request.param == "files":
        monkeypatch.delattr(fcntl, "F_OFD_SETLK", raising=False)
    elif not hasattr(fcntl, "F_OFD_SETLK"):
        absent("locks of opened files on ranges (Linux)")
    return str(request.param)


@contextmanager
def another_process(way: str, folder: Path, *names: str) -> Iterator[subprocess.Popen[str]]:
    """A process that holds these locks; gone at the end at the latest."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, way, str(folder), *names],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline().split() == sorted(names)
            yield process
        finally:
            process.kill()


@pytest.mark.usefixtures("way")
def test_a_name_is_one_holder_s_and_other_names_are_free(engine: Engine, tmp_path: Path) -> None:
    with effect_lock(engine, tmp_path, NAME) as mine:
        assert mine
        with effect_lock(engine, tmp_path, NAME) as second:
            assert not second
        with effect_lock(engine, tmp_path, NAME) as third:
            assert not third, "whoever asked in vain has not opened the way for the next"
        with effect_lock(engine, tmp_path, "tenant-a/exchange-2") as other:
            assert other
    with effect_lock(engine, tmp_path, NAME) as again:
        assert again


@pytest.mark.usefixtures("way")
def test_of_several_names_those_are_got_that_nobody_holds(engine: Engine, tmp_path: Path) -> None:
    with effect_locks(engine, tmp_path, ["a", "b"]) as first, effect_locks(engine, tmp_path, ["b", "c"]) as second:
        assert (sorted(first.names), sorted(second.names)) == (["a", "b"], ["c"])
        assert first.still()
        assert second.still()


@pytest.mark.usefixtures("way")
def test_two_threads_of_one_process_are_two(engine: Engine, tmp_path: Path) -> None:
    def ask() -> bool:
        with effect_lock(engine, tmp_path, NAME) as mine:
            return mine

    with ThreadPoolExecutor(1) as pool, effect_lock(engine, tmp_path, NAME) as mine:
        assert (mine, pool.submit(ask).result()) == (True, False)


def test_another_process_is_kept_out_until_it_is_killed(way: str, engine: Engine, tmp_path: Path) -> None:
    """Nothing has to be cleared up: the lock ends with its holder, and the file that stays behind holds nothing."""
    with another_process(way, tmp_path, NAME) as process:
        with effect_locks(engine, tmp_path, [NAME, "other"]) as held:
            assert held.names == {"other"}
        process.kill()
        process.wait()
        with effect_lock(engine, tmp_path, NAME) as mine:
            assert mine


def test_each_way_has_its_files_and_none_of_them_tells_a_name(way: str, engine: Engine, tmp_path: Path) -> None:
    folder = tmp_path / "not" / "there"
    with effect_locks(engine, folder, [NAME, "other"]):
        made = sorted(path.name for path in folder.iterdir())
    if way == "ranges":
        assert made == ["effects"]
    else:
        assert [Path(name).suffix for name in made] == [".lock", ".lock"]
        assert not any(part in name for name in made for part in ("tenant", "exchange", "other"))
    assert all(path.stat().st_size == 0 and not path.stat().st_mode & 0o077 for path in folder.iterdir())
