"""kvitt notices as people and programs call it, in a hub in which the demo was played."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
NO = "eksempelklinikk-no"
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """`kvitt ...` after the demo."""
    home = tmp_path_factory.mktemp("notices") / "home"

    def call(*words: str) -> subprocess.CompletedProcess[str]:
        settings = {**os.environ, "KVITT_HOME": str(home), "KVITT_LANG": "en"}
        settings.pop("KVITT_KEYS", None)
        command = [sys.executable, "-m", "hub.cli", *words]
        return subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True, check=False)

    assert call("demo", "--json").returncode == 0
    return call


def listed(run: Run, *words: str) -> list[dict[str, Any]]:
    done = run("notices", "list", "--tenant", NO, "--json", *words)
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)["notices"]
    return found


def test_what_clinics_are_told_is_listed_and_settled_by_hand(run: Run) -> None:
    before = listed(run)
    assert {row["state"] for row in before} == {"waiting"}, (
        "the demo has no mail server: nothing is lost, nothing is sent"
    )
    key = before[0]["key"]
    assert key.startswith("rejected:")
    assert key in run("notices", "list", "--tenant", NO).stdout

    assert run("notices", "sent", key, "--tenant", NO).returncode == 0
    assert key not in {row["key"] for row in listed(run, "--open")}
    assert {row["key"]: row["state"] for row in listed(run)}[key] == "sent"

    again = run("notices", "retry", key, "--tenant", NO)
    assert again.returncode == 3
    assert "nothing is sent again" in again.stderr
    unknown = run("notices", "retry", "rejected:none", "--tenant", NO)
    assert (unknown.returncode, "kvitt notices list" in unknown.stderr) == (3, True)


def test_the_job_of_the_night_can_be_started_by_hand(run: Run) -> None:
    done = run("jobs", "run", "notices-hourly", "--tenant", NO)
    assert done.returncode == 0, done.stderr
    assert "ok" in done.stdout
