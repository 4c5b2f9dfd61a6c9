"""`kvitt correct` as people and programs call it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NO = "eksempelklinikk-no"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An example hub with invoices that nobody has been sent yet."""
    home = tmp_path_factory.mktemp("correct") / "home"
    assert kvitt(home, "init", "--example").returncode == 0
    log = ("intake", "--tenant", NO, "--programme", "treatment-assignments", "examples/no/no_treatment_log.csv")
    assert kvitt(home, *log).returncode == 0
    return home


def kvitt(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """One command in a process of its own."""
    settings = {**os.environ, "KVITT_HOME": str(home), "KVITT_LANG": "en"}
    settings.pop("KVITT_KEYS", None)
    command = [sys.executable, "-m", "hub.cli", *words]
    return subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True, check=False)


def test_a_correction_is_told_in_a_sentence_and_as_json_and_made_once(home: Path) -> None:
    words = ("correct", "10001", "--tenant", NO, "--set", "1.price=640.00", "--drop", "3")
    said = kvitt(home, *words, "--lang", "nb")
    assert said.returncode == 0, said.stderr
    assert said.stdout.strip() == "10001 går ut rettet under sitt eget nummer ved neste innsending."
    again = json.loads(kvitt(home, *words, "--json").stdout)["corrected"]
    assert (again["way"], again["replacement"], again["credit"], again["again"]) == ("reissue", "10001", "", True)
    (claim,) = json.loads(kvitt(home, "status", "10001", "--json").stdout)["claims"]
    assert claim["claimed_minor"] == 128000


@pytest.mark.scenario("S22")
def test_what_may_not_be_corrected_says_why_and_what_to_do_instead(home: Path) -> None:
    alone = kvitt(home, "correct", "10002", "--tenant", NO, "--credit-only")
    assert alone.returncode == 2
    assert "there is nothing to credit" in alone.stderr
    nobody = kvitt(home, "correct", "4711", "--tenant", NO)
    assert (nobody.returncode, "no claim 4711" in nobody.stderr) == (3, True)
    wrong = kvitt(home, "correct", "10002", "--tenant", NO, "--set", "price")
    assert (wrong.returncode, "'price' is no change" in wrong.stderr) == (2, True)
