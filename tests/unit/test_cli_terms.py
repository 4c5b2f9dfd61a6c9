"""kvitt deadlines, expected, calendar, alerts: as programs and people call them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from hub.sandbox.server import Request, Response, Route, SandboxServer, json_response
from tests import commands
from tests.commands import Run
from tests.conftest import ROOT

NL = "voorbeeldzorg-nl"


@pytest.fixture(scope="module")
def kvitt(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """`kvitt ...` on a hub with the example organisations and one list handed in."""
    home = tmp_path_factory.mktemp("terms") / "home"
    run = partial(commands.kvitt_here, home, HOOK_SECRET="s")
    assert run("init", "--example").code == 0
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
    assert before.code == 5, before.err  # the example practices began in 2023
    lists = before.body()["lists"]
    assert {row["practice"] for row in lists} == {"01099901", "01099902"}
    assert {row["state"] for row in lists} == {"missing"}
    (first,) = [row for row in lists if (row["practice"], row["period"]) == ("01099901", "2024Q1")]
    assert first["by"] == "2024-01-15"
    assert kvitt("expected", "--module", "PMO", "--set", "3", "--tenant", NL).code == 0
    lists = kvitt("expected", "--json", "--tenant", NL).body()["lists"]
    (first,) = [row for row in lists if (row["practice"], row["period"]) == ("01099901", "2024Q1")]
    assert first["by"] == "2024-01-04"


def test_deadlines_and_calendar_of_a_hub_in_which_nothing_waits(kvitt: Run) -> None:
    deadlines = kvitt("deadlines", "--within", "30", "--json")
    assert (deadlines.code, deadlines.body()) == (0, {"deadlines": [], "unknown": []})
    assert kvitt("deadlines").out == "no claim waits for a known day\n"
    made = kvitt(
        "org", "agreement", "menzis", "--tenant", NL, "--set", "token_expires=2020-01-31", "--set", "token=env:TOKEN"
    )
    assert made.code == 0, made.err
    calendar = kvitt("calendar", "--json")
    (entry,) = calendar.body()["calendar"]
    assert calendar.code == 5
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
    assert done.code in (0, 1, 5), done.err
    body = kvitt("deadlines", "--json").body()
    assert body["deadlines"] == []
    assert {row["why"] for row in body["unknown"]} == {"no rule known"}
    assert sum(row["claims"] for row in body["unknown"]) >= 11
    assert "no day: menzis" in kvitt("deadlines").out


def test_alerts_are_added_tried_told_and_removed(kvitt: Run, called: tuple[str, list[dict[str, Any]]]) -> None:
    url, heard = called
    words = ("--webhook", url, "--set", "secret=env:HOOK_SECRET", "--quiet", "22:00-07:00", "--digest", "off")
    added = kvitt("alerts", "add", "pager", *words, "--tenant", NL)
    assert added.code == 0, added.err
    assert kvitt("alerts", "test", "pager", "--tenant", NL).code == 0
    assert [each["kind"] for each in heard] == ["test"]
    assert all(kvitt("jobs", "run", job, "--tenant", NL).code == 0 for job in ("watch-hourly", "tell-hourly"))
    listed = kvitt("alerts", "list", "--json").body()
    (target,) = listed["targets"]
    assert (target["name"], target["waiting"], target["quiet"], target["digest"]) == ("pager", 0, "22:00-07:00", "off")
    assert "HOOK_SECRET" not in json.dumps(listed)
    assert {row["cause"] for row in listed["incidents"]} >= {"expires"}
    assert kvitt("alerts", "remove", "pager", "--tenant", NL).code == 0
    assert kvitt("alerts", "remove", "pager", "--tenant", NL).code == 1
    assert kvitt("alerts", "test", "pager", "--tenant", NL).code == 3


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
    assert done.code == 3
    assert said in done.err
