"""kvitt accesslog, subject, retention, keys: a person's number by standard input only, exit codes, and what is said."""

from __future__ import annotations

import io
import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from hub.settings import default_settings, write_hub_toml
from tests.commands import Said, in_process
from tests.databases import Database
from tests.scenarios.vektis_bytes import Ha305
from tests.scenarios.world import NL, World, nl_list

BSN = "999931428"
T = ("--tenant", NL)
Call = Callable[..., Said]


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Path:
    """A hub whose Menzis file was granted."""
    folder = tmp_path_factory.mktemp("rights")
    home = folder / "hub"
    home.mkdir()
    shutil.copy(sqlite_template, home / "kvitt.db")
    url = f"sqlite:///{home}/kvitt.db"
    world = World.begin(Database(kind="sqlite", url=url, owner_url=url, file=home / "kvitt.db"), home)
    world.hand_in(nl_list())
    world.submit(NL)
    sent = next(data for data in world.sent("menzis") if data[26:30] == b"3332")
    world.answer(NL, Ha305(sent=sent).bytes())
    world.hub.store.close()
    return folder


@pytest.fixture
def place(ready: Path, tmp_path: Path) -> Path:
    """A copy of it for one test."""
    shutil.copytree(ready, tmp_path / "place")
    write_hub_toml(default_settings(tmp_path / "place/hub", keys=tmp_path / "place/keys"))
    return tmp_path / "place"


@pytest.fixture
def run(place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    for name in ("KVITT_LANG", "KVITT_DATABASE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KVITT_HOME", str(place / "hub"))
    monkeypatch.setenv("KVITT_KEYS", str(place / "keys"))
    called = in_process(monkeypatch, capsys)

    def call(*words: object, by: str = "olga", typed: str = "") -> Said:
        monkeypatch.setenv("LOGNAME", by)
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        return called(*words)

    return call


def test_who_saw_one_person_is_told_without_the_number_anywhere(run: Call) -> None:
    said = run("accesslog", "patient", "--json", *T, typed=f"{BSN}\n")
    assert said.code == 0
    assert said.lines()
    run("accesslog", "patient", *T, typed=f"{BSN}\n")
    again = run("accesslog", "patient", *T, typed=f"{BSN}\n")
    assert "accesslog/patient/*****1428" in again.out
    assert BSN not in again.out + again.err + said.out
    wrong = run("accesslog", "patient", *T, typed="123456789\n")
    assert (wrong.code, "no number of a person" in wrong.err, "123456789" in wrong.err) == (2, True, False)
    assert run("accesslog", "patient", BSN, *T).code == 2, "no argument takes a number"


def test_employees_exchanges_and_the_newest_lines(run: Call) -> None:
    run("accesslog", "list", *T, by="anna")
    mine = run("accesslog", "employee", "anna", "--json", *T).lines()
    assert [(row["actor"], row["object"]) for row in mine] == [("anna", "accesslog/list")]
    assert run("accesslog", "employee", "anna", "--from", "2020-01-01", "--to", "2020-01-31", *T).out == "Nothing.\n"
    newest = run("accesslog", "list", "--most", "1", "--json", *T).body()
    assert newest["object"] == "accesslog/employee/anna"
    (number,) = {row["claim"] for row in run("accesslog", "exchange", "KV0000000001", "--json", *T).lines()[:1]}
    assert number.startswith("R")
    assert "*****" in run("accesslog", "exchange", "KV0000000001", *T).out
    assert run("accesslog", "exchange", "nothing", *T).code == 2


def test_a_broken_log_is_exit_1(run: Call, place: Path) -> None:
    whole = run("accesslog", "verify", "--json")
    assert whole.code == 0
    assert {row["whole"] for row in whole.lines()} == {True}
    with sqlite3.connect(place / "hub/kvitt.db") as connection:
        connection.execute("DROP TRIGGER access_log_no_delete")
        connection.execute("DELETE FROM access_log WHERE seq = 2 AND month = '2024-01'")
    connection.close()
    broken = run("accesslog", "verify", "--json", *T)
    assert broken.code == 1
    assert [row["broken_at"] for row in broken.lines() if not row["whole"]] == [1]
    assert "2024-01" in run("accesslog", "verify").out


def test_a_person_gets_what_is_held_as_data_and_as_text(run: Call, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    said = run("subject", "export", "--out", out, "--lang", "nl", "--json", *T, typed=BSN)
    assert said.code == 0
    paths = [Path(row["path"]) for row in said.lines()]
    assert {path.suffix for path in paths} == {".json", ".txt"}
    assert not [path for path in paths if BSN in path.name]
    body = json.loads(next(path for path in paths if path.suffix == ".json").read_text(encoding="utf-8"))
    assert body["person"]["number"] == BSN
    assert "Wie het heeft ingezien" in next(path for path in paths if path.suffix == ".txt").read_text(encoding="utf-8")
    assert {path.stat().st_mode & 0o777 for path in paths} == {0o600}
    assert run("subject", "export", "--out", out, *T, typed=BSN).code == 2, "nothing is written over"
    assert run("subject", "export", "--out", out, "--force", *T, typed=BSN).code == 0
    assert run("subject", "export", "--out", out / "none", *T, typed=BSN).code == 3


def test_an_erasure_from_asking_to_certificate(run: Call) -> None:
    open_money = run("subject", "erase", "--reason", "asked", *T, typed=BSN)
    assert (open_money.code, "not paid in full" in open_money.err) == (3, True)
    asked = run("subject", "erase", "--reason", "asked", "--despite", "paid outside", "--json", *T, typed=BSN)
    assert asked.body() == {"number": 1, "state": "asked"}
    assert "subject approve 1" in run("subject", "erase", "--reason", "a", "--despite", "p", *T, typed=BSN).out
    assert run("subject", "approve", "1", *T).code == 3, "who asked cannot"
    done = run("subject", "approve", "1", "--json", *T, by="piet")
    assert done.code == 0
    assert done.body()["approved_by"] == "piet"
    assert BSN not in done.out
    assert run("subject", "certificate", "1", *T).code == 0
    assert run("subject", "certificate", "1", "--json", *T).body()["valid"] is True
    assert "batch" in run("subject", "certificate", "1", *T).out
    assert run("subject", "certificate", "2", *T).code == 2
    assert run("subject", "erasures", "--json", *T).body()["state"] == "done"
    assert run("subject", "erase", "--reason", "again", *T, typed=BSN).code == 2


def test_a_certificate_that_does_not_fit_is_exit_1(run: Call, place: Path) -> None:
    run("subject", "erase", "--reason", "asked", "--despite", "paid outside", *T, typed=BSN)
    run("subject", "approve", "1", *T, by="piet")
    with sqlite3.connect(place / "hub/kvitt.db") as connection:
        connection.execute("UPDATE erasure SET signature = 'forged'")
    connection.close()
    assert run("subject", "certificate", "1", *T).code == 1


def test_holds_and_refusals(run: Call) -> None:
    assert run("subject", "holds", *T).out == "Nothing.\n"
    assert run("subject", "hold", *T, typed=BSN).code == 3, "a hold says why"
    assert "*****1428 is on hold" in run("subject", "hold", "--reason", "dispute", *T, typed=BSN).out
    assert run("subject", "holds", "--json", *T).body()["reason"] == "dispute"
    assert run("subject", "erase", "--reason", "a", "--despite", "p", *T, typed=BSN).code == 3
    assert "1 ended" in run("subject", "unhold", "--reason", "settled", *T, typed=BSN).out
    assert run("subject", "holds", "--all", "--json", *T).body()["lift_reason"] == "settled"
    run("subject", "erase", "--reason", "a", "--despite", "p", *T, typed=BSN)
    assert run("subject", "refuse", "1", "--reason", "the law keeps it", *T, by="piet").code == 0
    assert "the law keeps it" in run("subject", "erasures", *T).out


def test_what_is_due_is_shown_before_it_goes(run: Call) -> None:
    rules = {row["kind"]: row["term"] for row in run("retention", "rules", "--json", *T).lines()}
    assert (rules["access_log"], rules["batch"], rules["session"]) == ("5 years", "7 years", "90 days")
    assert "NEN 7513" in run("retention", "rules", *T).out
    shown = run("retention", "run", "--json", *T)
    due = {row["kind"] for row in shown.lines()}
    assert {"nameless_rows", "coverage"} <= due <= {"nameless_rows", "coverage", "notice"}, "of 2024, looked at today"
    assert (shown.code, run("retention", "done", *T).out) == (0, "Nothing.\n")
    assert run("retention", "run", "--apply", *T).code == 0
    assert {row["kind"] for row in run("retention", "done", "--json", *T).lines()} == due
    assert run("retention", "run", "--json", *T).out == ""


def test_keys_are_rotated_and_everything_opens(run: Call, place: Path) -> None:
    old = (place / "keys/master.key").read_text(encoding="ascii")
    wrapped = run("keys", "rotate", "--json").body()["wrapped"]
    assert wrapped > 10
    assert (place / "keys/master.key").read_text(encoding="ascii") != old
    assert "new copy" in run("keys", "rotate").out
    assert run("accesslog", "verify").code == 0
    assert run("accesslog", "patient", "--json", *T, typed=BSN).lines()
    assert "keys/" in run("accesslog", "employee", "olga", *T).out
    assert run("keys", "copy", place / "copy", "--json").body() == {"copied": wrapped}
    assert run("keys", "copy", place / "copy").code == 3
    assert "copy" in run("accesslog", "employee", "olga", *T).out
