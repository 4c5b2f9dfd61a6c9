"""`kvitt vektis`: the tools at the command line, their words, their JSON and their exit codes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from hub.model.money import Money
from hub.model.reply import Code
from mappings.vektis_responses import LineVerdict, to_response
from schemas import gds
from schemas.vektis import VektisFile, amended, check, read, write
from tests import gds_messages
from tests.claim_files import BSNS, ON, Insured, Line, claim_file
from tests.commands import Run, in_process, stand_in

PEOPLE = [
    Insured(BSNS[0], [Line("A-1", 3500, comments=1), Line("A-2", 1200)]),
    Insured(BSNS[1], [Line("B-1", 50)]),
]
DAY = "2024-06-01"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    stand_in(tmp_path, monkeypatch)
    return in_process(monkeypatch, capsys, "vektis")


@pytest.fixture
def claims(tmp_path: Path) -> Path:
    path = tmp_path / "claims.asc"
    path.write_bytes(write(claim_file("PM304", PEOPLE)))
    return path


@pytest.fixture
def spoiled(claims: Path) -> Path:
    """The second line has a day that does not exist."""
    file = read(claims.read_bytes())
    records = [amended(one, {"DAT272": "20240231"}) if one.number == 5 else one for one in file.records]
    claims.write_bytes(write(VektisFile(file.layout, tuple(records))))
    return claims


def test_show_says_position_name_raw_meaning_and_findings(run: Run, spoiled: Path) -> None:
    said = run("show", spoiled, "--on", DAY, "--lang", "nl", "--kind", "04")
    assert said.code == 0
    assert "record 3: 04" in said.out
    assert "record 2: 02" not in said.out
    assert "162-169  0428     TARIEF PRESTATIE (INCL. BTW)" in said.out
    assert "35.00" in said.out
    assert "    ^ fout COD954:" in said.out
    assert "\x1b" not in said.out
    assert BSNS[0] not in said.out
    assert BSNS[0] in run("show", spoiled, "--on", DAY, "--personal").out


def test_show_of_one_record_has_its_findings_and_says_that_there_may_be_more(run: Run, spoiled: Path) -> None:
    said = run("show", spoiled, "--record", 5, "--on", DAY, "--element", "dat272")
    assert said.out.count("record ") >= 1
    assert "59-66" in said.out
    assert "COD954:" in said.out
    assert "whole file: kvitt check" in said.out
    (body,) = run("show", spoiled, "--record", 5, "--on", DAY, "--element", "0408", "--json").lines()
    assert (body["record"], body["kind"], body["fields"][0]["raw"]) == (5, "04", "20240231")
    assert body["fields"][0]["findings"][0]["element"] == "0408"


@pytest.mark.parametrize("record", ["0", "x", "3-", "99"])
def test_show_of_what_is_not_there_is_a_usage_error(run: Run, claims: Path, record: str) -> None:
    assert run("show", claims, "--record", record).code == 2


def test_show_says_what_cannot_be_read(run: Run, tmp_path: Path, claims: Path) -> None:
    assert run("show", tmp_path / "absent.asc").code == 2
    (tmp_path / "text.asc").write_text("hello")
    assert run("show", tmp_path / "text.asc").code == 2
    assert run("show", claims, "--format", "XX1-1.0").code == 3


def test_show_puts_a_ruler_over_a_damaged_record(run: Run, claims: Path) -> None:
    data = claims.read_bytes().replace(b"Testpersoon ", b"Testpersoon", 1)
    claims.write_bytes(data)
    said = run("show", claims, "--record", 2)
    assert "....5...10...15" in said.out
    assert "0804" in said.out
    assert "Testpersoon" not in said.out


def test_diff_ends_0_for_the_same_and_1_for_other_files(run: Run, claims: Path, tmp_path: Path) -> None:
    assert run("diff", claims, claims).code == 0
    other = tmp_path / "other.asc"
    other.write_bytes(write(claim_file("PM304", [PEOPLE[1], replace(PEOPLE[0], name="Jansen")])))
    said = run("diff", claims, other, "--lang", "nl")
    assert said.code == 1
    assert "verplaatst 04" in said.out
    assert "gewijzigd 02" in said.out
    assert "Jansen" not in said.out
    (body,) = run("diff", claims, other, "--json").lines()
    assert body["same"] is False
    assert {one["change"] for one in body["differences"]} == {"moved", "changed"}


def test_anonymised_files_under_one_key_still_belong_together(run: Run, claims: Path, tmp_path: Path) -> None:
    file = read(claims.read_bytes())
    refused = LineVerdict(granted=Money(0, "EUR"), codes=(Code(list="COD954", code="0586"),))
    response = to_response(file, {"A-2": refused}, response_date=date(2024, 4, 10))
    answer = tmp_path / "response.asc"
    answer.write_bytes(write(response))
    out = tmp_path / "safe"
    said = run("anonymise", claims, answer, "--out", out, "--key", "a long secret", "--references")
    assert said.code == 0
    assert run("diff", out / "claims.asc", out / "response.asc").code == 0
    assert BSNS[0].encode() not in (out / "claims.asc").read_bytes()
    assert check((out / "claims.asc").read_bytes(), on=ON) == []
    again = run(
        "anonymise", claims, "--out", tmp_path / "again.asc", "--key", "a long secret", "--references", "--json"
    )
    assert again.lines() == [
        {"file": str(claims), "out": str(tmp_path / "again.asc"), "records": 8, "dropped": 0},
    ]
    assert (tmp_path / "again.asc").read_bytes() == (out / "claims.asc").read_bytes()


def test_without_a_key_nobody_can_make_the_same_fakes_again(run: Run, claims: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "1.asc", tmp_path / "2.asc"
    assert "--key" in run("anonymise", claims, "--out", first).out
    run("anonymise", claims, "--out", second)
    assert first.read_bytes() != second.read_bytes()


def test_a_damaged_file_is_not_made_anonymous_and_leaves_nothing_behind(run: Run, claims: Path, tmp_path: Path) -> None:
    claims.write_bytes(claims.read_bytes().replace(b"Testpersoon ", b"Testpersoon", 1))
    said = run("anonymise", claims, "--out", tmp_path / "safe.asc")
    assert said.code == 2
    assert "Testpersoon" not in said.err
    assert [one.name for one in tmp_path.iterdir() if one.is_file()] == ["claims.asc"]
    dropped = run("anonymise", claims, "--out", tmp_path / "safe.asc", "--drop-damaged", "--json")
    assert dropped.lines()[0]["dropped"] == 1
    assert run("anonymise", claims, "--out", claims, "--drop-damaged").code == 2


def test_select_counts_lists_and_writes(run: Run, claims: Path, tmp_path: Path) -> None:
    assert "2 lines of 1 insured, 47.00" in run("select", claims, "--where", "amount>1000").out
    assert run("select", claims, "--where", "amount>1000", "--list", "reference").out.split() == ["A-1", "A-2"]
    assert set(run("select", claims, "--where", "0407=1", "--list", "bsn").out.split()) == {"*****3883", "*****1247"}
    out = tmp_path / "some.asc"
    said = run("select", claims, "--where", "amount>1000", "--where", "reference!=A-1", "--out", out, "--json")
    assert said.lines() == [{"lines": 1, "insured": 1, "amount": "12.00", "out": str(out)}]
    assert check(out.read_bytes(), on=ON) == []
    none = run("select", claims, "--where", "amount>999999", "--out", tmp_path / "none.asc", "--lang", "nb")
    assert (none.code, (tmp_path / "none.asc").exists()) == (1, False)
    wrong = run("select", claims, "--where", "amount>")
    assert (wrong.code, "--where, position 8" in wrong.err) == (2, True)


def test_split_by_our_own_rules(run: Run, spoiled: Path, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.asc", tmp_path / "bad.asc"
    said = run("split", spoiled, "--good", good, "--bad", bad, "--on", DAY, "--json")
    (body,) = said.lines()
    assert (said.code, body["to_send"]) == (0, True)
    assert {name: one["lines"] for name, one in body["parts"].items()} == {"good": 2, "bad": 1}
    assert [(one["record"], one["element"]) for one in body["taken"]] == [(5, "0408")]
    assert check(good.read_bytes(), on=ON) == []
    assert [one.element for one in check(bad.read_bytes(), on=ON)] == ["0408"]
    again = run("split", good, "--good", tmp_path / "g2.asc", "--bad", tmp_path / "b2.asc", "--on", DAY, "--lang", "nl")
    assert (again.code, "niet gesplitst" in again.out) == (0, True)
    assert not (tmp_path / "g2.asc").exists()


def test_split_by_the_response_of_the_clearing_house(run: Run, claims: Path, tmp_path: Path) -> None:
    file = read(claims.read_bytes())
    nothing = LineVerdict(granted=Money(0, "EUR"))
    refused = replace(nothing, codes=(Code(list="COD954", code="0586"),))
    verdicts = {"A-1": nothing, "A-2": refused, "B-1": nothing}
    response = to_response(file, verdicts, response_date=date(2024, 4, 10), only="all", companion="8096")
    answer = tmp_path / "response.asc"
    answer.write_bytes(write(response))
    good, bad = tmp_path / "good.asc", tmp_path / "bad.asc"
    said = run("split", claims, "--response", answer, "--good", good, "--bad", bad, "--on", DAY)
    assert said.code == 0
    assert "COD954:0586" in said.out
    assert "insurer" not in said.out
    assert [one.string("NUM362") for one in read(good.read_bytes()).records if one.kind == "04"] == ["A-1", "B-1"]
    assert [one.string("NUM362") for one in read(bad.read_bytes()).records if one.kind == "04"] == ["A-2"]
    by_insurer = to_response(file, {"A-2": refused}, response_date=date(2024, 4, 10))
    answer.write_bytes(write(by_insurer))
    assert "insurer" in run("split", claims, "--response", answer, "--good", good, "--bad", bad, "--on", DAY).out
    other = to_response(claim_file("HA304", PEOPLE), {}, response_date=date(2024, 4, 10))
    answer.write_bytes(write(other))
    assert run("split", claims, "--response", answer, "--good", good, "--bad", bad).code == 2
    assert run("split", answer, "--good", good, "--bad", bad).code == 2
    doubtful = to_response(file, {"A-2": refused}, response_date=date(2024, 4, 10), only="all", companion="8096")
    answer.write_bytes(write(doubtful))
    good.unlink()
    unclear = run("split", claims, "--response", answer, "--good", good, "--bad", bad, "--on", DAY)
    assert (unclear.code, "not a line's" in unclear.out, good.exists()) == (1, True, False)


def test_a_ha305_says_by_option_that_the_clearing_house_made_it(run: Run, tmp_path: Path) -> None:
    file = claim_file("HA304", PEOPLE)
    refused = LineVerdict(granted=Money(0, "EUR"), codes=(Code(list="COD957", code="053", element="0408"),))
    paths = {name: tmp_path / name for name in ("claims", "answer", "good", "bad")}
    paths["claims"].write_bytes(write(file))
    paths["answer"].write_bytes(write(to_response(file, {"B-1": refused}, response_date=date(2024, 4, 10), only="all")))
    words = ("split", paths["claims"], "--good", paths["good"], "--bad", paths["bad"], "--on", DAY)
    said = run(*words, "--response", paths["answer"], "--clearing", "--lang", "nl")
    assert (said.code, "COD957:053 0408" in said.out, "verzekeraar" in said.out) == (0, True, False)
    assert [one.string("NUM362") for one in read(paths["bad"].read_bytes()).records if one.kind == "04"] == ["B-1"]
    assert "verzekeraar:" in run(*words, "--response", paths["answer"], "--lang", "nl").out


def test_a_file_wrong_as_a_whole_is_not_split(run: Run, claims: Path, tmp_path: Path) -> None:
    data = claims.read_bytes()
    claims.write_bytes(data.replace(b"20240402", b"20240432", 1))
    said = run("split", claims, "--good", tmp_path / "g", "--bad", tmp_path / "b", "--on", DAY)
    assert (said.code, "not a line's" in said.out) == (1, True)
    assert not (tmp_path / "g").exists()
    claims.write_bytes(data.replace(b"20240115", b"20240132"))
    all_bad = run("split", claims, "--good", tmp_path / "g", "--bad", tmp_path / "b", "--on", DAY)
    assert (all_bad.code, "nothing is left" in all_bad.out, (tmp_path / "b").exists()) == (1, True, False)
    claims.write_bytes(data.rsplit(b"99", 1)[0])
    assert run("split", claims, "--good", tmp_path / "g", "--bad", tmp_path / "b", "--on", DAY).code == 2


def test_show_of_a_gds_message_is_a_tree(run: Run, tmp_path: Path) -> None:
    root = gds_messages.put(gds_messages.to_insurer(), "DeclaratieContext/Factuurdatum", "2026-13-45")
    path = tmp_path / "claims.xml"
    path.write_bytes(gds.write(gds_messages.message(root)))
    said = run("show", path, "--on", "2026-11-22", "--lang", "nl")
    assert said.code == 0
    lines = said.out.splitlines()
    at = next(number for number, line in enumerate(lines) if "Factuurdatum: 2026-13-45" in line)
    assert lines[at].split()[0].isdecimal()
    assert lines[at + 1].lstrip().startswith("^ fout")
    assert gds_messages.BSN not in said.out
    assert gds_messages.BSN in run("show", path, "--personal").out
    (one,) = run("show", path, "--json", "--element", "factuurdatum", "--on", "2026-11-22").lines()[:1]
    assert (one["name"], one["value"], len(one["findings"])) == ("Factuurdatum", "2026-13-45", 1)
    assert one["path"].endswith("/DeclaratieContext/Factuurdatum")
    path.write_text("<a>")
    assert run("show", path).code == 2
