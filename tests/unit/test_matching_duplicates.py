"""The same booking counts once; equal bookings of one day all count."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pytest

from hub.matching.duplicates import fingerprints, new_payments
from hub.matching.items import Action, OpenItem, OpenLine
from hub.matching.payments import match
from hub.model.identity import make_kid
from hub.model.money import Money
from hub.model.payment import BookingState, Payment, ReferenceKind

KID = make_kid("10023", length=8)


class Files:
    """Bank files as they come in, with the counters kept between them."""

    def __init__(self) -> None:
        self.seen: dict[str, int] = {}
        self.counted: list[Payment] = []

    def read(self, kind: str, *payments: Payment) -> int:
        """How many bookings of this file are new."""
        known = {key: n for key, n in self.seen.items() if key[:40] in fingerprints(payments)}
        found = new_payments(known, payments, kind=kind)
        self.seen.update(found.counts)
        self.counted += [booking.payment for booking in found.new]
        assert len(found.new) + len(found.repeated) + len(found.skipped) == len(payments)
        return len(found.new)

    def total(self) -> int:
        assert len({payment.id for payment in self.counted}) == len(self.counted)
        return sum(payment.amount.minor for payment in self.counted)


def kid(minor: int = 64000, **more: object) -> Payment:
    base = Payment(
        id="",
        account="86011117947",
        booked=date(2026, 4, 20),
        amount=Money(minor, "NOK"),
        reference=KID,
        reference_kind=ReferenceKind.KID,
    )
    return base._replace(**more)


def text(words: str, minor: int = 64000, **more: object) -> Payment:
    base = Payment(
        id="ref",
        account="NO9386011117947",
        booked=date(2026, 4, 20),
        amount=Money(minor, "NOK"),
        text=words,
        payer_account="15030000019",
    )
    return base._replace(**more)


def bare(minor: int = 64000) -> Payment:
    return text("", minor, payer_account="", id="")


@pytest.mark.scenario("S15")
def test_ocr_then_camt_054_then_camt_053_then_each_again_counts_once() -> None:
    files = Files()
    in_camt = kid(account="NO9386011117947", end_to_end="E1", text="noe", id="bank id")
    assert files.read("ocr", kid()) == 1
    assert files.read("camt.054.001.02", in_camt, text("Faktura 10024", 500)) == 1
    assert files.read("camt.053.001.02", in_camt._replace(text="other words"), text("FAKTURA 10024", 500)) == 0
    assert files.read("ocr", kid()) == 0
    assert files.read("camt.054.001.08", text("Faktura 10024", 500), in_camt) == 0
    assert files.total() == 64500


def test_two_equal_bookings_in_one_file_are_two() -> None:
    files = Files()
    assert files.read("ocr", kid(), kid()) == 2
    assert files.read("camt.054", kid(), kid()) == 0
    assert files.read("camt.054", kid(), kid(), kid()) == 1
    assert files.total() == 3 * 64000


def test_a_reordered_copy_counts_nothing() -> None:
    files = Files()
    rows = [text("a"), text("b"), text("b"), text("c", 100), kid()]
    assert files.read("camt.054", *rows) == 5
    assert files.read("camt.054", *rows[::-1]) == 0


def test_two_notifications_of_one_day_add_up() -> None:
    files = Files()
    assert files.read("camt.054", text("Faktura 10023")) == 1
    assert files.read("camt.054", text("Faktura 10024")) == 1
    assert files.read("camt.053", text("FAKTURA10023 X"), text("FAKTURA10024 X")) == 0
    assert files.read("camt.053", text("FAKTURA10023 X"), text("FAKTURA10024 X")) == 0


def test_a_statement_that_shows_one_more_adds_one() -> None:
    files = Files()
    assert files.read("camt.054", text("x")) == 1
    assert files.read("mt940", bare(), bare()) == 1
    assert files.read("camt.053", text("x"), text("y")) == 0
    assert files.read("camt.053", text("z")) == 1


def test_a_bare_statement_line_and_its_details_are_one() -> None:
    files = Files()
    assert files.read("mt940", bare()) == 1
    assert files.read("camt.054", text("x", end_to_end="E1")) == 0


def test_another_end_to_end_id_is_another_booking_in_whatever_file() -> None:
    files = Files()
    assert files.read("camt.054", text("x", end_to_end="E1")) == 1
    assert files.read("camt.053", text("x", end_to_end="E2")) == 1
    assert files.read("camt.053", text("x", end_to_end="E1"), text("x", end_to_end="E2")) == 0
    assert files.total() == 2 * 64000


def test_with_and_without_kid_currency_day_sign_and_account_are_different_bookings() -> None:
    files = Files()
    rows = [
        kid(),
        text("x"),
        kid(-64000, reversal=True),
        kid(booked=date(2026, 4, 21)),
        kid(account="12345678903"),
        kid(amount=Money(64000, "EUR")),
    ]
    for row in rows:
        assert files.read("camt.054", row) == 1


def test_pending_money_counts_when_it_is_booked() -> None:
    files = Files()
    assert files.read("camt.054", kid(state=BookingState.PENDING)) == 0
    assert files.read("camt.054", kid(state=BookingState.HELD)) == 0
    assert files.read("camt.054", kid()) == 1


def test_the_hubs_ids_are_the_same_whenever_computed_and_the_banks_id_is_kept() -> None:
    first = new_payments({}, [text("x"), text("x")], kind="camt.054")
    again = new_payments({}, [text("x"), text("x")], kind="camt.054")
    assert [booking.payment.id for booking in first.new] == [booking.payment.id for booking in again.new]
    assert [booking.occurrence for booking in first.new] == [1, 2]
    assert first.new[0].bank_id == "ref"


@pytest.mark.scenario("S15")
def test_matching_what_was_counted_pays_an_invoice_once() -> None:
    files = Files()
    for kind in ("ocr", "ocr", "camt.054", "camt.053"):
        files.read(kind, kid(128000))
    line = OpenLine(line_id="l", outstanding=Money(0, "NOK"), undecided=Money(128000, "NOK"))
    item = OpenItem(claim_id="c", ref="10023", kid=KID, payer="if", currency="NOK", lines=(line,))
    found = match(files.counted, [item])
    assert [one.action for one in found] == [Action.POST]


@pytest.mark.parametrize("chunks", [1, 2, 3, 7])
def test_however_a_day_is_cut_into_overlapping_files_the_total_is_right(chunks: int) -> None:
    day: Sequence[Payment] = [
        text(f"Faktura {10000 + n % 9}", 100 * (n % 4 + 1), end_to_end=f"E{n}") for n in range(40)
    ]
    files = Files()
    size = len(day) // chunks
    for start in range(0, len(day), size):
        files.read("camt.054", *day[max(0, start - 3) : start + size])
    files.read("camt.053", *day[::-1])
    assert files.total() == sum(payment.amount.minor for payment in day)
