"""`kvitt payment` as people and programs call it."""

from __future__ import annotations

import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hub.cli.app import main
from tests.scenarios.bank_bytes import Paid, camt054

ROOT = Path(__file__).resolve().parents[2]
NO = "eksempelklinikk-no"


@dataclass(frozen=True, slots=True)
class Done:
    """What a command left behind."""

    returncode: int
    stdout: str
    stderr: str


def kvitt(home: Path, *words: str) -> Done:
    """One command, in this process."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        for name in ("KVITT_KEYS", "KVITT_DATABASE"):
            patch.delenv(name, raising=False)
        patch.setenv("KVITT_HOME", str(home))
        patch.setenv("KVITT_LANG", "en")
        patch.setenv("COLUMNS", "200")
        patch.chdir(ROOT)
        patch.setattr(sys, "argv", ["kvitt", *words])
        with pytest.raises(SystemExit) as ended:
            main()
    return Done(int(ended.value.code or 0), out.getvalue(), err.getvalue())


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An example hub with invoices that went out and three payments nobody can place."""
    home = tmp_path_factory.mktemp("payment") / "home"
    assert kvitt(home, "init", "--example").returncode == 0
    log = ("intake", "--tenant", NO, "--programme", "treatment-assignments", "examples/no/no_treatment_log.csv")
    assert kvitt(home, *log).returncode == 0
    file = home / "bank.xml"
    odd = [Paid(amount=amount, text="takk", account="15030000002") for amount in ("100.00", "50.00", "7.00")]
    file.write_bytes(camt054(*odd))
    assert kvitt(home, "receive", "--tenant", NO, str(file)).returncode == 0
    assert kvitt(home, "settle", "--tenant", NO).returncode == 5
    return home


def listed(home: Path, *words: str) -> dict[int, dict[str, Any]]:
    """Bookings by amount."""
    said = kvitt(home, "payment", "list", "--json", *words)
    return {each["amount_minor"]: each for each in json.loads(said.stdout)["payments"]}


def test_a_review_is_looked_at_and_resolved(home: Path) -> None:
    assert kvitt(home, "payment", "list").returncode == 5
    ref = listed(home)[10000]["short"]
    shown = kvitt(home, "payment", "show", ref, "--tenant", NO)
    assert shown.returncode == 0, shown.stderr
    assert "payer_name     Betaler TEST" in shown.stdout
    assert kvitt(home, "payment", "suggest", ref, "--tenant", NO).returncode in (0, 1)
    words = ("payment", "allocate", ref, "10001=60,00", "--no-claim", "interest=10.00", "--reason", "r", "--tenant", NO)
    done = kvitt(home, *words)
    assert (done.returncode, done.stdout.strip()) == (0, f"{ref}: allocate 70.00 NOK, 30.00 NOK unallocated"), (
        done.stderr
    )
    whole = kvitt(home, "payment", "split", ref, "10001=29.00", "--tenant", NO)
    assert (whole.returncode, "would be left over" in whole.stderr) == (2, True)
    back = kvitt(home, "payment", "return", ref, "30.00", "--reason", "r", "--tenant", NO, "--json")
    assert json.loads(back.stdout)["unallocated_minor"] == 3000
    body = json.loads(kvitt(home, "payment", "show", ref, "--tenant", NO, "--json").stdout)
    assert [each["kind"] for each in body["decisions"]] == ["allocate", "return"]
    assert (body["state"], body["free_minor"], [each["amount_minor"] for each in body["allocations"]]) == (
        "by_hand",
        0,
        [6000],
    )
    undone = kvitt(home, "payment", "undo", ref, "10001", "--reason", "r", "--tenant", NO)
    assert undone.returncode == 0, undone.stderr


def test_a_payment_is_left_and_another_is_matched_again(home: Path) -> None:
    known = listed(home)
    assert kvitt(home, "payment", "leave", known[5000]["short"], "--reason", "gift", "--tenant", NO).returncode == 0
    assert kvitt(home, "payment", "another", known[700]["short"], "--tenant", NO).returncode == 0
    now = listed(home)
    assert (now[5000]["state"], now[700]["state"]) == ("by_hand", "review")
    assert set(listed(home, "--state", "by_hand")) >= {5000}
    same = kvitt(home, "payment", "same", known[700]["short"], known[5000]["short"], "--tenant", NO)
    assert (same.returncode, "not one booking" in same.stderr) == (2, True)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("list", "--state", "odd"), 3, "no state"),
        (("show", "ffffffff", "--tenant", NO), 3, "no payment"),
        (("allocate", "ffffffff", "10001", "--suggestion", "1"), 2, "not both"),
        (("allocate", "PAYMENT", "--suggestion", "9", "--tenant", NO), 2, "no suggestion 9"),
        (("allocate", "PAYMENT", "--no-claim", "odd", "--tenant", NO), 2, "no reason"),
        (("undo",), 2, "name the payment"),
        (("undo", "PAYMENT", "10001", "--by", "PAYMENT"), 2, "leave the claims out"),
        (("return", "PAYMENT", "1.00", "--by", "PAYMENT"), 2, "leave the amount out"),
        (("write-off", "10001", "1.00", "--reason", "r", "--tenant", NO), 2, "nothing is owed"),
    ],
)
def test_what_cannot_be_done_says_why(home: Path, words: tuple[str, ...], code: int, said: str) -> None:
    ref = listed(home)[700]["short"]
    done = kvitt(home, "payment", *(word.replace("PAYMENT", ref) for word in words))
    assert done.returncode == code, done.stderr
    assert said in done.stderr
