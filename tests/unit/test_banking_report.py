"""The JSON lines of a bank file: the contract of `kvitt bank --json`."""

from __future__ import annotations

import json
from pathlib import Path

from hub.model.money import Money
from hub.model.payment import BookingState, Payment, Statement
from schemas.banking import read
from schemas.banking.remarks import _REMARKS, remark
from schemas.banking.report import as_json

FILES = Path(__file__).resolve().parent.parent / "fixtures" / "banking"
FIELDS = {
    "kind", "id", "account", "booked", "amount_minor", "currency", "state", "reference", "reference_kind", "documents",
    "end_to_end", "text", "payer_account", "payer_name", "reversal", "position",
}  # fmt: skip


def lines(name: str) -> list[dict[str, object]]:
    return list(as_json(read(FILES / name)))


def payment(minor: int, currency: str, state: BookingState = BookingState.BOOKED) -> Payment:
    return Payment(id="", account="1", booked=None, amount=Money(minor, currency), state=state)


def test_a_transaction_has_exactly_the_contract_s_fields() -> None:
    *transactions, summary = lines("camt054_02_multi_strd_net.xml")
    assert [set(line) for line in transactions] == [FIELDS]
    assert transactions[0]["documents"] == [
        {"reference": "1001", "kind": "CINV", "amount_minor": 125000},
        {"reference": "1002", "kind": "CINV", "amount_minor": 75000},
        {"reference": "9001", "kind": "CREN", "amount_minor": -50000},
    ]
    assert (transactions[0]["booked"], transactions[0]["reference_kind"]) == ("2026-10-06", None)
    assert summary["kind"] == "summary"


def test_every_line_is_json() -> None:
    for path in FILES.glob("*.[tx]*"):
        for line in as_json(read(path)):
            assert json.loads(json.dumps(line)) == line


def test_the_summary_counts_booked_entries_only() -> None:
    summary = lines("camt054_08_reversal_pending.xml")[-1]
    assert summary == {
        "kind": "summary",
        "statements": 1,
        "transactions": 2,
        "credit_minor": 10000,
        "debit_minor": 10000,
        "by_currency": {"NOK": {"transactions": 2, "credit_minor": 10000, "debit_minor": 10000}},
    }


def test_a_held_file_sums_to_nothing_and_names_the_finding() -> None:
    found = lines("ocr_bad_sum.txt")
    assert [line["state"] for line in found if line["kind"] == "transaction"] == ["held", "held"]
    (finding,) = [line for line in found if line["kind"] == "finding"]
    assert (finding["code"], finding["severity"], finding["line"]) == ("KVITT-BANK-SUM", "error", 7)
    assert (found[-1]["transactions"], found[-1]["credit_minor"], found[-1]["by_currency"]) == (0, 0, {})


def test_findings_speak_the_reader_s_language() -> None:
    (finding,) = [f for f in as_json(read(FILES / "ocr_bad_sum.txt"), language="nb") if f["kind"] == "finding"]
    assert str(finding["message"]).startswith("Kontrollsummen er 1749.60 NOK")


def test_currencies_are_never_added_up() -> None:
    mixed = (payment(100, "EUR"), payment(-30, "NOK"), payment(5, "NOK"), payment(9, "NOK", BookingState.INFO))
    summary = list(as_json([Statement(id="", account="1", currency="", format="mt940", payments=mixed)]))[-1]
    assert (summary["transactions"], summary["credit_minor"], summary["debit_minor"]) == (3, None, None)
    assert summary["by_currency"] == {
        "EUR": {"transactions": 1, "credit_minor": 100, "debit_minor": 0},
        "NOK": {"transactions": 2, "credit_minor": 5, "debit_minor": 30},
    }


def test_no_statement_at_all_is_an_empty_summary() -> None:
    (summary,) = as_json([])
    assert (summary["statements"], summary["credit_minor"]) == (0, 0)


def test_every_remark_speaks_three_languages() -> None:
    for code, (_, text, hint) in _REMARKS.items():
        assert set(text) == {"en", "nb", "nl"}, code
        assert set(hint) in (set(), {"en", "nb", "nl"}), code
        filled = remark(code, line=1, found="F", expected="E", what="W")
        assert all("{" not in sentence for sentence in filled.text.values())
