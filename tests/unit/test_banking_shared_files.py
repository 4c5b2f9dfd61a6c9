"""Other people's bank files against independently computed totals; skipped where the shared examples are absent."""

from __future__ import annotations

import ast
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hub.model.payment import BookingState, Statement
from schemas.banking import read, recognise

pytestmark = pytest.mark.shared


@pytest.fixture
def samples(shared: Path) -> Path:
    return shared / "data" / "payments"


def movement(statement: Statement, sign: int) -> Decimal:
    amounts = [payment.amount.decimal() for payment in statement.payments]
    return sum((abs(value) for value in amounts if value * sign > 0), Decimal(0))


def test_camt_files_agree_with_the_manifest(samples: Path) -> None:
    for entry in json.loads((samples / "MANIFEST.json").read_text(encoding="utf-8")):
        found = list(read(samples / entry["file"]))
        assert recognise((samples / entry["file"]).read_bytes()) == entry["ns"].rpartition(":")[2]
        assert len(found) == len(entry["statements"]), entry["file"]
        for statement, expected in zip(found, entry["statements"], strict=True):
            assert_like(statement, expected)


def assert_like(statement: Statement, expected: dict[str, Any]) -> None:
    assert (statement.id, statement.account) == (expected["id"], expected["acct"])
    assert len(statement.payments) == max(expected["txdtls"], expected["entries"])
    assert movement(statement, 1) == Decimal(expected["credit"])
    assert movement(statement, -1) == Decimal(expected["debit"])
    assert [p.reference for p in statement.payments if p.reference] == expected["refs"]
    if "bal" in expected:
        assert statement.opening is not None
        assert statement.closing is not None
        balances = {"OPBD": str(statement.opening.decimal()), "CLBD": str(statement.closing.decimal())}
        assert balances == dict(expected["bal"])
        warned = any(finding.code == "KVITT-BANK-BALANCE" for finding in statement.findings)
        assert warned is not expected["balance_consistent"]


@pytest.mark.parametrize(
    ("file", "golden"),
    [
        ("test-camt053", "golden-camt053.pydata"),
        ("test-camt053-txdtls", "golden-camt053-txdtls.pydata"),
        ("test-camt054", "golden-camt054.pydata"),
    ],
)
def test_camt_transactions_agree_with_another_reader(samples: Path, file: str, golden: str) -> None:
    _, account, (other,) = ast.literal_eval((samples / "oca" / golden).read_text(encoding="utf-8"))
    (statement,) = read(samples / "oca" / file)
    assert statement.account == account
    ours = [(str(p.amount.decimal()), p.payer_account, p.payer_name, str(p.booked)) for p in statement.payments]
    theirs = [
        (f"{line['amount']:.2f}", line["account_number"], line["partner_name"], line["date"])
        for line in other["transactions"]
    ]
    assert ours == theirs


def test_mt940_files_agree_with_the_manifest(samples: Path) -> None:
    for file, entry in json.loads((samples / "MANIFEST_mt940.json").read_text(encoding="utf-8")).items():
        found = list(read(samples / file))
        assert len(found) == len(entry["statements"]), file
        for statement, expected in zip(found, entry["statements"], strict=True):
            assert statement.opening is not None
            assert statement.closing is not None
            assert len(statement.payments) == expected["n"]
            assert movement(statement, 1) - movement(statement, -1) == Decimal(expected["sum"])
            assert str(statement.opening) == f"{expected['open']} {expected['ccy']}"
            assert str(statement.closing) == f"{expected['close']} {expected['ccy']}"
            warned = any(finding.code == "KVITT-BANK-BALANCE" for finding in statement.findings)
            assert warned is not expected["consistent"]
            assert {payment.state for payment in statement.payments} <= {BookingState.BOOKED}


def test_ing_wrapped_lines_are_put_together_again(samples: Path) -> None:
    (statement,) = read(samples / "mt940" / "oca-test-ing.940")
    ids = [payment.id for payment in statement.payments]
    assert ids[:2] == ["00000000001005", "00000000001006"]
    wrapped = statement.payments[5]
    assert (wrapped.text, wrapped.reversal) == ("CONTRIBUTIE FEB 2014", True)
    assert statement.payments[6].reference == "9001123412341234"
    assert statement.payments[6].reference_kind == "nl"


def test_the_public_ocr_sample_has_its_twenty_transactions(samples: Path) -> None:
    (statement,) = read(samples / "netsgiro" / "ocr_giro_transactions.txt")
    assert len(statement.payments) == 20
    assert sum(payment.amount.minor for payment in statement.payments) == 5144900
    assert {payment.reference_kind for payment in statement.payments} == {"kid"}
    assert statement.payments[0].text == "Foo bar baz"
    assert statement.findings == ()
