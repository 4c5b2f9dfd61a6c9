"""`kvitt payment` as people and programs call it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.commands import kvitt_here as kvitt
from tests.scenarios.bank_bytes import Paid, camt054

NO = "eksempelklinikk-no"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An example hub with invoices that went out and three payments nobody can place."""
    home = tmp_path_factory.mktemp("payment") / "home"
    assert kvitt(home, "init", "--example").code == 0
    log = ("intake", "--tenant", NO, "--programme", "treatment-assignments", "examples/no/no_treatment_log.csv")
    assert kvitt(home, *log).code == 0
    file = home / "bank.xml"
    odd = [Paid(amount=amount, text="takk", account="15030000002") for amount in ("100.00", "50.00", "7.00")]
    file.write_bytes(camt054(*odd))
    assert kvitt(home, "receive", "--tenant", NO, str(file)).code == 0
    assert kvitt(home, "settle", "--tenant", NO).code == 5
    return home


def listed(home: Path, *words: str) -> dict[int, dict[str, Any]]:
    """Bookings by amount."""
    said = kvitt(home, "payment", "list", "--json", *words)
    return {each["amount_minor"]: each for each in said.body()["payments"]}


def test_a_review_is_looked_at_and_resolved(home: Path) -> None:
    assert kvitt(home, "payment", "list").code == 5
    ref = listed(home)[10000]["short"]
    shown = kvitt(home, "payment", "show", ref, "--tenant", NO)
    assert shown.code == 0, shown.err
    assert "payer_name     Betaler TEST" in shown.out
    assert kvitt(home, "payment", "suggest", ref, "--tenant", NO).code in (0, 1)
    words = ("payment", "allocate", ref, "10001=60,00", "--no-claim", "interest=10.00", "--reason", "r", "--tenant", NO)
    done = kvitt(home, *words)
    assert (done.code, done.out.strip()) == (0, f"{ref}: allocate 70.00 NOK, 30.00 NOK unallocated"), done.err
    whole = kvitt(home, "payment", "split", ref, "10001=29.00", "--tenant", NO)
    assert (whole.code, "would be left over" in whole.err) == (2, True)
    back = kvitt(home, "payment", "return", ref, "30.00", "--reason", "r", "--tenant", NO, "--json")
    assert back.body()["unallocated_minor"] == 3000
    body = kvitt(home, "payment", "show", ref, "--tenant", NO, "--json").body()
    assert [each["kind"] for each in body["decisions"]] == ["allocate", "return"]
    assert (body["state"], body["free_minor"], [each["amount_minor"] for each in body["allocations"]]) == (
        "by_hand",
        0,
        [6000],
    )
    undone = kvitt(home, "payment", "undo", ref, "10001", "--reason", "r", "--tenant", NO)
    assert undone.code == 0, undone.err


def test_a_payment_is_left_and_another_is_matched_again(home: Path) -> None:
    known = listed(home)
    assert kvitt(home, "payment", "leave", known[5000]["short"], "--reason", "gift", "--tenant", NO).code == 0
    assert kvitt(home, "payment", "another", known[700]["short"], "--tenant", NO).code == 0
    now = listed(home)
    assert (now[5000]["state"], now[700]["state"]) == ("by_hand", "review")
    assert set(listed(home, "--state", "by_hand")) >= {5000}
    same = kvitt(home, "payment", "same", known[700]["short"], known[5000]["short"], "--tenant", NO)
    assert (same.code, "not one booking" in same.err) == (2, True)


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
    assert done.code == code, done.err
    assert said in done.err
