"""The project's own bank files against what is known of them by construction (EXPECTED.json)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hub.model.finding import Severity
from hub.model.payment import BookingState, Payment, ReferenceKind, Statement
from schemas.banking import read, recognise

FILES = Path(__file__).resolve().parent.parent / "fixtures" / "banking"
EXPECTED = json.loads((FILES / "EXPECTED.json").read_text(encoding="utf-8"))
OCR = sorted(name for name in EXPECTED if name.startswith("ocr") and "error" not in EXPECTED[name])
BAD = sorted(name for name in EXPECTED if "error" in EXPECTED[name])


def statements(name: str) -> list[Statement]:
    return list(read(FILES / name))


def payments(name: str) -> list[Payment]:
    return [payment for statement in statements(name) for payment in statement.payments]


def total(found: list[Payment], state: BookingState, *, credit: bool) -> int:
    return sum(abs(p.amount.minor) for p in found if p.state is state and (p.amount.minor > 0) is credit)


@pytest.mark.parametrize("name", OCR)
def test_ocr_files_have_the_known_number_and_net_amount(name: str) -> None:
    found = payments(name)
    assert len(found) == EXPECTED[name]["n"]
    assert sum(payment.amount.minor for payment in found) == EXPECTED[name]["net_ore"]
    assert {payment.state for payment in found} == {BookingState.BOOKED}
    assert not [finding for statement in statements(name) for finding in statement.findings]


@pytest.mark.parametrize("name", [name for name in EXPECTED if "kids" in EXPECTED[name]])
def test_kids_are_found_also_one_that_ends_in_a_dash(name: str) -> None:
    found = [payment.reference for payment in payments(name) if payment.reference_kind is ReferenceKind.KID]
    assert found == EXPECTED[name]["kids"]


@pytest.mark.parametrize(
    ("name", "code"), [("ocr_bad_sum.txt", "KVITT-BANK-SUM"), ("ocr_bad_missing_tx.txt", "KVITT-BANK-COUNT")]
)
def test_a_file_whose_sums_or_counts_fail_is_held_and_says_why(name: str, code: str) -> None:
    assert name in BAD
    errors = [f for s in statements(name) for f in s.findings if f.severity is Severity.ERROR]
    assert code in {finding.code for finding in errors}
    assert all(finding.line and finding.text["nb"] and finding.text["nl"] for finding in errors)
    assert {payment.state for payment in payments(name)} == {BookingState.HELD}


def test_reversal_is_money_out_though_the_control_sum_adds_it() -> None:
    purchase, free_text, reversal = payments("ocr_card_issuer.txt")
    assert (purchase.amount.minor, reversal.amount.minor) == (30000, -30000)
    assert (purchase.reversal, reversal.reversal) == (False, True)
    assert (free_text.text, free_text.reference, free_text.reference_kind) == ("Kjøp 17/10 ref A-12", "", None)


def test_both_assignments_with_the_same_number_are_kept() -> None:
    found = statements("ocr_two_assignments_same_no.txt")
    assert [statement.payments[0].reference for statement in found] == ["0010066", "0010074"]


@pytest.mark.parametrize("version", ["02", "08"])
def test_camt054_batch_gives_a_booking_per_transaction(version: str) -> None:
    name = f"camt054_{version}_kid_batch.xml"
    assert recognise((FILES / name).read_bytes()) == f"camt.054.001.{version}"
    first, second, third = payments(name)
    assert first.amount.minor + second.amount.minor + third.amount.minor == EXPECTED[name]["credit_ore"]
    assert (first.payer_name, first.payer_account, first.id) == ("Kunde AS", "98765432109", "90000001")
    assert (second.payer_name, second.reference) == ("If Skadeforsikring", "0010025")
    assert (third.text, third.reference, third.reference_kind) == ("faktura 1003", "", None)
    assert first.position == "Ntfctn[1]/Ntry[1]/NtryDtls[1]/TxDtls[1]"
    assert first.end_to_end == ""


@pytest.mark.parametrize("version", ["02", "08"])
def test_camt054_documents_carry_their_own_amounts_credit_notes_negative(version: str) -> None:
    name = f"camt054_{version}_multi_strd_net.xml"
    (payment,) = payments(name)
    assert [[doc.reference, doc.amount.minor] for doc in payment.documents] == EXPECTED[name]["docs"]
    assert [document.kind for document in payment.documents] == ["CINV", "CINV", "CREN"]
    assert payment.amount.minor == EXPECTED[name]["credit_ore"]


@pytest.mark.parametrize("version", ["02", "08"])
def test_camt054_keeps_booked_and_pending_apart_and_signs_a_reversal(version: str) -> None:
    name = f"camt054_{version}_reversal_pending.xml"
    found = payments(name)
    assert total(found, BookingState.BOOKED, credit=True) == EXPECTED[name]["booked_credit_ore"]
    assert total(found, BookingState.BOOKED, credit=False) == EXPECTED[name]["booked_debit_ore"]
    assert total(found, BookingState.PENDING, credit=True) == EXPECTED[name]["pending_ore"]
    assert [payment.reversal for payment in found] == [False, True, False]
    assert found[1].payer_name == "A"
