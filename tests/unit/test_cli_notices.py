"""kvitt notices as people and programs call it, in a hub in which the demo was played."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from tests.commands import Run
from tests.commands import kvitt_here as kvitt

NO = "eksempelklinikk-no"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """`kvitt ...` after the demo."""
    home = tmp_path_factory.mktemp("notices") / "home"
    assert kvitt(home, "demo", "--json").code == 0
    return partial(kvitt, home)


def listed(run: Run, *words: str) -> list[dict[str, Any]]:
    done = run("notices", "list", "--tenant", NO, "--json", *words)
    assert done.code == 0, done.err
    found: list[dict[str, Any]] = done.body()["notices"]
    return found


def test_what_clinics_are_told_is_listed_and_settled_by_hand(run: Run) -> None:
    before = listed(run)
    assert {row["state"] for row in before} == {"waiting"}, (
        "the demo has no mail server: nothing is lost, nothing is sent"
    )
    key = before[0]["key"]
    assert key.startswith("rejected:")
    assert key in run("notices", "list", "--tenant", NO).out

    assert run("notices", "sent", key, "--tenant", NO).code == 0
    assert key not in {row["key"] for row in listed(run, "--open")}
    assert {row["key"]: row["state"] for row in listed(run)}[key] == "sent"

    again = run("notices", "retry", key, "--tenant", NO)
    assert again.code == 3
    assert "nothing is sent again" in again.err
    unknown = run("notices", "retry", "rejected:none", "--tenant", NO)
    assert (unknown.code, "kvitt notices list" in unknown.err) == (3, True)


def test_the_job_of_the_night_can_be_started_by_hand(run: Run) -> None:
    done = run("jobs", "run", "notices-hourly", "--tenant", NO)
    assert done.code == 0, done.err
    assert "ok" in done.out
