"""kvitt deadlines, expected, calendar, alerts: as programs and people call them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.sandbox.server import Request, Response, Route, SandboxServer, json_response

ROOT = Path(__file__).resolve().parents[2]
NL = "voorbeeldzorg-nl"
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def kvitt(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """`kvitt ...` on a hub with the example organisations and one list handed in."""
    home = tmp_path_factory.mktemp("terms") / "home"
    settings = {**os.environ, "KVITT_HOME": str(home), "KVITT_LANG": "en", "HOOK_SECRET": "s"}
    settings.pop("KVITT_KEYS", None)

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "hub.cli", *words]
        return subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True, check=False)

    assert run("init", "--example").returncode == 0
    return run


@pytest.fixture
def called() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    heard: list[dict[str, Any]] = []

    def hear(call: Request) -> Response:
        heard.append(json.loads(call.body))
        return json_response({})

    with SandboxServer([Route("POST", "/hook", hear)]) as server:
        yield f"{server.url}/hook", heard


def test_expected_lists_what_practices_owe_and_the_day_can_be_set(kvitt: Run) -> None:
    before = kvitt("expected", "--json")
    assert before.returncode == 5, before.stderr  # the example practices began in 2023
    lists = json.loads(before.stdout)["lists"]
    assert {row["practice"] for row in lists} == {"01099901", "01099902"}
    assert {row["state"] for row in lists} == {"missing"}
    (first,) = [row for row in lists if (row["practice"], row["period"]) == ("01099901", "2024Q1")]
    assert first["by"] == "2024-01-15"
    assert kvitt("expected", "--module", "PMO", "--set", "3", "--tenant", NL).returncode == 0
    lists = json.loads(kvitt("expected", "--json", "--tenant", NL).stdout)["lists"]
    (first,) = [row for row in lists if (row["practice"], row["period"]) == ("01099901", "2024Q1")]
    assert first["by"] == "2024-01-04"


def test_deadlines_and_calendar_of_a_hub_in_which_nothing_waits(kvitt: Run) -> None:
    deadlines = kvitt("deadlines", "--within", "30", "--json")
    assert (deadlines.returncode, json.loads(deadlines.stdout)) == (0, {"deadlines": [], "unknown": []})
    assert kvitt("deadlines").stdout == "no claim waits for a known day\n"
    made = kvitt(
        "org", "agreement", "menzis", "--tenant", NL, "--set", "token_expires=2020-01-31", "--set", "token=env:TOKEN"
    )
    assert made.returncode == 0, made.stderr
    calendar = kvitt("calendar", "--json")
    (entry,) = json.loads(calendar.stdout)["calendar"]
    assert calendar.returncode == 5
    assert (entry["kind"], entry["partner"], entry["name"], entry["state"]) == (
        "credential",
        "menzis",
        "token",
        "expired",
    )


def test_claims_without_a_known_term_are_named_as_such(kvitt: Run) -> None:
    log = ROOT / "examples" / "nl" / "nl_ion_export_2024Q1.csv"
    done = kvitt(
        "intake",
        str(log),
        "--programme",
        "module-quarter",
        "--practice",
        "01099901",
        "--module",
        "PMO",
        "--quarter",
        "2024Q1",
        "--tenant",
        NL,
    )
    assert done.returncode in (0, 1, 5), done.stderr
    body = json.loads(kvitt("deadlines", "--json").stdout)
    assert body["deadlines"] == []
    assert {row["why"] for row in body["unknown"]} == {"no rule known"}
    assert sum(row["claims"] for row in body["unknown"]) >= 11
    assert "no day: menzis" in kvitt("deadlines").stdout


def test_alerts_are_added_tried_told_and_removed(kvitt: Run, called: tuple[str, list[dict[str, Any]]]) -> None:
    url, heard = called
    words = ("--webhook", url, "--set", "secret=env:HOOK_SECRET", "--quiet", "22:00-07:00", "--digest", "off")
    added = kvitt("alerts", "add", "pager", *words, "--tenant", NL)
    assert added.returncode == 0, added.stderr
    assert kvitt("alerts", "test", "pager", "--tenant", NL).returncode == 0
    assert [each["kind"] for each in heard] == ["test"]
    assert all(kvitt("jobs", "run", job, "--tenant", NL).returncode == 0 for job in ("watch-hourly", "tell-hourly"))
    listed = json.loads(kvitt("alerts", "list", "--json").stdout)
    (target,) = listed["targets"]
    assert (target["name"], target["waiting"], target["quiet"], target["digest"]) == ("pager", 0, "22:00-07:00", "off")
    assert "HOOK_SECRET" not in json.dumps(listed)
    assert {row["cause"] for row in listed["incidents"]} >= {"expires"}
    assert kvitt("alerts", "remove", "pager", "--tenant", NL).returncode == 0
    assert kvitt("alerts", "remove", "pager", "--tenant", NL).returncode == 1
    assert kvitt("alerts", "test", "pager", "--tenant", NL).returncode == 3


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("alerts", "add", "x"), "a target is a mail address or a webhook"),
        (("alerts", "add", "x", "--webhook", "http://elsewhere.example"), "https"),
        (("alerts", "add", "x", "--webhook", "https://x.example", "--set", "secret=plain"), "is a secret"),
        (("alerts", "add", "x", "--webhook", "https://x.example", "--set", "secret"), "NAME=VALUE"),
    ],
)
def test_what_cannot_work_is_refused_with_what_to_do(kvitt: Run, words: tuple[str, ...], said: str) -> None:
    done = kvitt(*words, "--tenant", NL)
    assert done.returncode == 3
    assert said in done.stderr
