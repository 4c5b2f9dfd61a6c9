"""`kvitt correct` as people and programs call it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands import kvitt_here as kvitt

NO = "eksempelklinikk-no"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An example hub with invoices that nobody has been sent yet."""
    home = tmp_path_factory.mktemp("correct") / "home"
    assert kvitt(home, "init", "--example").code == 0
    log = ("intake", "--tenant", NO, "--programme", "treatment-assignments", "examples/no/no_treatment_log.csv")
    assert kvitt(home, *log).code == 0
    return home


def test_a_correction_is_told_in_a_sentence_and_as_json_and_made_once(home: Path) -> None:
    words = ("correct", "10001", "--tenant", NO, "--set", "1.price=640.00", "--drop", "3")
    said = kvitt(home, *words, "--lang", "nb")
    assert said.code == 0, said.err
    assert said.out.strip() == "10001 går ut rettet under sitt eget nummer ved neste innsending."
    again = kvitt(home, *words, "--json").body()["corrected"]
    assert (again["way"], again["replacement"], again["credit"], again["again"]) == ("reissue", "10001", "", True)
    (claim,) = kvitt(home, "status", "10001", "--json").body()["claims"]
    assert claim["claimed_minor"] == 128000


@pytest.mark.scenario("S22")
def test_what_may_not_be_corrected_says_why_and_what_to_do_instead(home: Path) -> None:
    alone = kvitt(home, "correct", "10002", "--tenant", NO, "--credit-only")
    assert alone.code == 2
    assert "there is nothing to credit" in alone.err
    nobody = kvitt(home, "correct", "4711", "--tenant", NO)
    assert (nobody.code, "no claim 4711" in nobody.err) == (3, True)
    wrong = kvitt(home, "correct", "10002", "--tenant", NO, "--set", "price")
    assert (wrong.code, "'price' is no change" in wrong.err) == (2, True)


def test_a_credit_that_is_not_taken_says_why(home: Path) -> None:
    refused = kvitt(home, "credit", "10002", "--tenant", NO)
    assert (refused.code, "there is nothing to credit" in refused.err) == (2, True)


def test_a_claim_is_held_once_with_a_reason_and_goes_on_when_released(home: Path) -> None:
    words = ("hold", "10003", "--tenant", NO, "--reason", "the clinic asked to wait")
    assert kvitt(home, *words, "--json").body() == {"held": "10003"}
    again = kvitt(home, *words)
    assert (again.code, "is held already (HELD_BY_PERSON)" in again.err) == (2, True)
    assert "the clinic asked to wait" in kvitt(home, "held", "--tenant", NO).out
    assert kvitt(home, "release", "10003", "--tenant", NO).code == 0
    assert "HELD_BY_PERSON" not in kvitt(home, "held", "--tenant", NO).out


def test_a_bundle_of_what_was_sent_is_written_to_a_file_that_did_not_exist(home: Path, tmp_path: Path) -> None:
    assert kvitt(home, "jobs", "run", "submit-nightly", "--tenant", NO).code in (0, 1, 4, 5)
    out = tmp_path / "case.zip"
    made = kvitt(home, "exchange", "bundle", "10004", "--tenant", NO, "--out", str(out), "--json")
    assert made.code == 0, made.err
    assert made.body()["files"] == ["README.txt", "about.json", "message/sent.xml"]
    assert out.stat().st_mode & 0o777 == 0o600
    once = kvitt(home, "exchange", "bundle", "10004", "--tenant", NO, "--out", str(out))
    assert once.code == 2
    alone = kvitt(home, "exchange", "bundle", "10004", "--claim", "--tenant", NO, "--out", str(tmp_path / "one.zip"))
    assert (alone.code, alone.out.split()) == (0, ["README.txt", "about.json", "message/sent.xml"])
