"""`kvitt check` on Vektis files of any size: named formats, progress on a terminal, findings without end."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

import hub.validation
from hub.cli.commands import check as command
from schemas.vektis import layout, row, write_typed
from schemas.vektis.typed import Typed
from tests.commands import Run, in_process, stand_in


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    stand_in(tmp_path, monkeypatch)
    return in_process(monkeypatch, capsys, "check")


def debtors(number: int) -> bytes:
    form = layout("SB311", "2.0")
    known: dict[str, Typed] = {"COD316": "D-1", "COD700": "1", "NAM214": "Testpersoon", "COD829": "1"}
    known |= {"NAM141": "Testlaan", "NUM098": "00001", "NAM142": "Enschede", "COD312": "7511AA"}
    return write_typed([row(form, "03", {**known, "NUM040": index}) for index in range(1, number + 1)], form)


def header(version: bytes = b"0302") -> bytes:
    return (b"01107" + version).ljust(310) + b"\r\n"


def test_a_file_that_does_not_say_what_it_is_is_checked_by_the_format_that_is_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "debtors.asc").write_bytes(debtors(3))
    assert run("debtors.asc").code == 2
    said = run("debtors.asc", "--format", "vektis-SB311-2.0", "--json")
    body = said.body()
    assert (said.code, body["format"], body["valid"], body["findings"]) == (0, "vektis-SB311-2.0", True, [])
    said = run("debtors.asc", "--format", "vektis-SB311-1.0", "--json")
    assert said.code == 1
    assert {one["element"] for one in said.body()["findings"]} == {"0380"}


def test_a_format_nobody_has_is_refused_with_those_there_are(run: Run, tmp_path: Path) -> None:
    (tmp_path / "debtors.asc").write_bytes(debtors(1))
    said = run("debtors.asc", "--format", "vektis-SB311-3.0")
    assert said.code == 3
    assert "vektis-SB311-1.0, vektis-SB311-2.0" in said.err


def test_a_file_of_an_unknown_version_is_unreadable_until_its_format_is_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "old.asc").write_bytes(header(b"0299"))
    said = run("old.asc", "--json")
    assert (said.code, [one["code"] for one in said.body()["findings"]]) == (2, ["COD954:0011"])
    said = run("old.asc", "--format", "vektis-PM304-3.2", "--json")
    body = said.body()
    assert (said.code, body["format"]) == (1, "vektis-PM304-3.2")
    assert {"COD954:0011", "COD954:8026"} <= {one["code"] for one in body["findings"]}


def test_a_file_that_says_it_is_another_is_judged_as_what_it_is_and_told(run: Run, tmp_path: Path) -> None:
    (tmp_path / "pm.asc").write_bytes(header())
    said = run("pm.asc", "--format", "vektis-HA304-4.2", "--json")
    body = said.body()
    assert (said.code, body["format"], body["findings"][0]["code"]) == (1, "vektis-PM304-3.2", "KVITT-FILE-04")


@pytest.mark.parametrize("charset", ["utf-16", "utf-16-le", "cp500", "utf-8-sig"])
def test_another_character_set_is_named(run: Run, tmp_path: Path, charset: str) -> None:
    (tmp_path / "odd.asc").write_bytes(header().decode().encode(charset))
    said = run("odd.asc", "--json")
    (found,) = said.body()["findings"]
    assert (said.code, found["code"]) == (2, "KVITT-VEKTIS-CHARSET")


def test_findings_without_end_are_counted_and_the_first_are_shown(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub.validation, "_MOST_FINDINGS", 3)
    (tmp_path / "debtors.asc").write_bytes(debtors(9).replace(b"\r\n", b"\n"))
    said = run("debtors.asc", "--format", "vektis-SB311-2.0", "--json")
    found = said.body()["findings"]
    assert (said.code, [one.get("record") for one in found]) == (1, [1, 2, 3, None])
    assert (found[-1]["code"], found[-1]["severity"]) == ("KVITT-FILE-06", "error")
    assert found[-1]["message"].startswith("6 further findings")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_shown_on_a_terminal_and_for_people_only(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "_SLOW", 1)
    (tmp_path / "debtors.asc").write_bytes(debtors(5_000))
    words = ("debtors.asc", "--format", "vektis-SB311-2.0")
    assert run(*words).err == ""
    for more, shown in (((), True), (("--json",), False)):
        screen = Terminal()
        monkeypatch.setattr(sys, "stderr", screen)
        assert run(*words, "--lang", "nl", *more).code == 0
        assert ("Controleren" in screen.getvalue() and "100%" in screen.getvalue()) is shown


def test_a_file_may_be_piped_in_and_is_read_as_a_stream(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(debtors(2))))
    assert run("-", "--format", "vektis-SB311-2.0").code == 0
