"""kvitt inbound and kvitt task as people and programs call them."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from tests.commands import Run
from tests.commands import kvitt_here as kvitt

NL = "voorbeeldzorg-nl"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """`kvitt ...` in a hub in which the demo was played."""
    home = tmp_path_factory.mktemp("inbound") / "home"
    assert kvitt(home, "demo", "--json").code == 0
    return partial(kvitt, home)


def test_what_came_in_is_listed_read_again_and_dismissed_with_a_reason(run: Run, tmp_path: Path) -> None:
    tenant = run("inbound", "list", "--json").body()["inbound"]
    assert tenant == []
    letter = tmp_path / "letter.txt"
    letter.write_text("Beste mensen", encoding="utf-8")
    run("receive", str(letter), "--tenant", NL)
    listed = run("inbound", "list", "--json")
    (row,) = listed.body()["inbound"]
    assert (listed.code, row["state"], row["channel"]) == (5, "unreadable", "hand")
    assert run("inbound", "again", row["id"], "--tenant", NL).code == 5
    (task,) = [one for one in run("next", "--json").body()["tasks"] if one["key"] == f"unreadable:{row['id']}"]
    assert run("task", "show", task["key"], "--tenant", NL).code == 5

    assert run("inbound", "dismiss", row["id"], "--reason", " ", "--tenant", NL).code == 3
    done = run("inbound", "dismiss", row["id"], "--reason", "an advertisement", "--tenant", NL)
    assert done.code == 0, done.err
    assert run("inbound", "list").code == 0
    (kept,) = run("inbound", "list", "--dismissed", "--json").body()["inbound"]
    assert (kept["id"], kept["state"]) == (row["id"], "dismissed")
    shown = run("task", "show", task["key"], "--tenant", NL, "--json")
    assert (shown.code, shown.body()["state"]) == (0, "done")
    assert [note["text"] for note in shown.body()["history"]] == ["an advertisement"]


def test_a_task_is_given_commented_closed_with_a_reason_and_opened_again(run: Run) -> None:
    tasks = [one for one in run("next", "--tenant", NL, "--json").body()["tasks"] if one["kind"] == "rejection"]
    key = tasks[0]["key"]
    here = ("--tenant", NL)
    assert run("task", "assign", key, "--to", "nobody-here", *here).code == 3
    assert run("task", "comment", key, "asked them", *here).code == 0
    assert run("task", "close", key, "--reason", " ", *here).code == 3
    assert run("task", "close", key, "--reason", "the practice let it go", *here).code == 0
    assert run("task", "close", key, "--reason", "again", *here).code == 3
    assert run("task", "show", key, *here).code == 0
    assert run("task", "reopen", key, *here).code == 0
    shown = run("task", "show", key, *here, "--json")
    assert shown.code == 5
    kinds = [note["kind"] for note in shown.body()["history"]]
    assert kinds == ["comment", "resolved", "reopened"]


def test_what_must_be_decided_first_says_so_and_what_is_not_there_too(run: Run) -> None:
    waits = [one for one in run("next", "--tenant", NL, "--json").body()["tasks"] if one["key"].startswith("hold:")]
    waits = [one for one in waits if one["kind"] == "held"] or [
        one
        for one in run("next", "--tenant", NL, "--json").body()["tasks"]
        if one["key"].startswith(("declaration:", "payment:"))
    ]
    refused = run("task", "close", waits[0]["key"], "--reason", "away", "--tenant", NL)
    assert refused.code != 0
    assert "not closed by hand" in refused.err
    assert run("task", "show", "nothing", "--tenant", NL).code == 3
    assert run("inbound", "again", "nothing", "--tenant", NL).code == 3
    assert run("inbound", "dismiss", "nothing", "--reason", "x", "--tenant", NL).code == 3
