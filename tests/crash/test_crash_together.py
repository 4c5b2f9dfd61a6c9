"""Several files delivered at once, and the process dies at any moment of it: each is there once in the end, whole.

A moment is before a file's bytes are synced, before it gets its name, before the folder is synced, or after all that.
The dead process is a fork of this one: SIGKILL, so that nothing of Python's own clearing up is run.
"""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.channels import known_channels
from hub.pipeline import send
from hub.store import exchanges
from tests.crash.setting import MORNING, TENANT, Setting, agree, open_setting, prepare, setting
from tests.databases import Database

NAMES = [f"n{number}" for number in range(5)]
MOMENTS = 2 * len(NAMES) + 2


@pytest.fixture
def place(database: Database, tmp_path: Path) -> Setting:
    """A hub with five files to deliver into one folder."""
    known_channels()
    (tmp_path / "out").mkdir()
    here = setting(tmp_path / "hub", database.url, now=MORNING)
    one = open_setting(here)
    one.hub.store.add_tenant(TENANT, "Crash (EXAMPLE)", "NL", "en")
    with one.hub.store.unit(TENANT) as unit:
        agreement = agree(unit, "third", channel="folder", settings={"outbox": str(tmp_path / "out")})
    prepare(one, "third", agreement, NAMES, channel="folder")
    one.close()
    return here


def _dies_at(place: Setting, moment: int) -> None:
    child = os.fork()
    if child == 0:
        _arm(moment)
        send.send_due(open_setting(place).hub, TENANT)
        os.kill(os.getpid(), signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL


def _arm(moment: int) -> None:
    left = Counter(moments=moment)
    turn = threading.Lock()

    def armed(call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*words: Any, **more: Any) -> Any:
            with turn:
                left["moments"] -= 1
                if left["moments"] == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                return call(*words, **more)

        return counted

    os.fsync, os.link = armed(os.fsync), armed(os.link)


@pytest.mark.parametrize("moment", range(1, MOMENTS + 1))
def test_dying_at_any_moment_of_a_shared_delivery_leaves_each_file_once(
    place: Setting, tmp_path: Path, moment: int
) -> None:
    _dies_at(place, moment)
    there = {path.name: path.stat().st_ino for path in (tmp_path / "out").iterdir()}
    assert all(not name.startswith(".") for name in there), "nothing half-written stays behind"
    expected = min(max(moment - len(NAMES) - 1, 0), len(NAMES))
    survived = moment == MOMENTS
    assert len(there) == expected

    for hours in (1, 2, 3):
        later = open_setting(place.at(MORNING + timedelta(hours=hours)))
        if hours == 1:
            states = {row["state"] for row in later.rows()}
            assert states == {"sent" if survived else "sending"}, "the intents of all were written down"
        send.send_due(later.hub, TENANT)
        rows = later.rows()
        with later.hub.store.reading(TENANT) as unit:
            lines = [line["kind"] for row in rows for line in exchanges.history(unit, row["id"])]
        later.close()

    files = {path.name: path for path in (tmp_path / "out").iterdir()}
    assert sorted(path.read_bytes() for path in files.values()) == [f"the file {name}".encode() for name in NAMES]
    assert {name: files[name].stat().st_ino for name in there} == there, "what lay there was not written again"
    assert {row["state"] for row in rows} == {"sent"}
    assert lines.count("sent") == len(NAMES)
