"""What the sandbox bank writes is what the readers read, for any booking the format has room for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.model.identity import make_kid
from hub.model.money import Money
from hub.model.payment import BookingState, PaidDocument, Payment, Statement
from hub.sandbox.bank import Booking, camt053_file, camt054_file, mt940_file, ocr_file
from schemas.banking import read

NOW = datetime(2026, 4, 15, tzinfo=UTC)
DAYS = st.dates(date(2001, 1, 1), date(2059, 12, 31))
ACCOUNTS = st.sampled_from(["12345678903", "98765432109"])
MINOR = st.integers(1, 10**10)
SWIFT = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-?:().,'+ "


def texts(alphabet: str | st.SearchStrategy[str], longest: int) -> st.SearchStrategy[str]:
    return st.text(alphabet, max_size=longest).map(lambda text: text.strip())


LATIN = st.characters(codec="iso-8859-1", exclude_categories=("C", "Z"))
ANY = st.characters(codec="utf-8", exclude_categories=("C", "Z")) | st.just(" ")


@st.composite
def kids(draw: st.DrawFn) -> str:
    number = draw(st.integers(0, 10**20))
    return make_kid(str(number), method=draw(st.sampled_from(["MOD10", "MOD11"])))


@st.composite
def ocr_bookings(draw: st.DrawFn) -> Booking:
    reversal = draw(st.booleans())
    with_kid = draw(st.booleans())
    amount = draw(MINOR)
    return Booking(
        id=draw(st.from_regex(r"[1-9][0-9]{8}", fullmatch=True)),
        amount=Money(-amount if reversal else amount, "NOK"),
        booked=draw(DAYS),
        account=draw(ACCOUNTS),
        payer_account=draw(st.sampled_from(["", "12345678903"])),
        reference=draw(kids()) if with_kid else "",
        text="" if with_kid else draw(texts(LATIN, 40)),
        reversal=reversal,
    )


def documents(currency: str) -> st.SearchStrategy[tuple[PaidDocument, ...]]:
    number = st.from_regex(r"[A-Z0-9]{1,20}", fullmatch=True)
    invoice = st.builds(
        PaidDocument, reference=number, kind=st.just("CINV"), amount=MINOR.map(lambda m: Money(m, currency))
    )
    credit = st.builds(
        PaidDocument, reference=number, kind=st.just("CREN"), amount=MINOR.map(lambda m: Money(-m, currency))
    )
    return st.lists(invoice | credit, max_size=3).map(tuple)


@st.composite
def camt_bookings(draw: st.DrawFn) -> Booking:
    amount = draw(MINOR) * draw(st.sampled_from([1, -1]))
    kid = draw(st.booleans())
    return Booking(
        id=draw(st.from_regex(r"[A-Za-z0-9/-]{1,35}", fullmatch=True)),
        amount=Money(amount, "NOK"),
        booked=draw(DAYS),
        account=draw(ACCOUNTS),
        payer_account=draw(st.sampled_from(["", "12345678903", "NL91ABNA0417164300"])),
        payer_name=draw(texts(ANY, 70)),
        reference=draw(kids()) if kid else "",
        text=draw(texts(ANY, 400)),
        documents=draw(documents("NOK")),
        end_to_end=draw(st.from_regex(r"[A-Za-z0-9-]{0,35}", fullmatch=True)),
        reversal=draw(st.booleans()),
    )


@st.composite
def mt940_bookings(draw: st.DrawFn) -> Booking:
    structured = draw(st.booleans())
    return Booking(
        id=draw(st.from_regex(r"[A-Z0-9]{0,16}", fullmatch=True)),
        amount=Money(draw(MINOR) * draw(st.sampled_from([1, -1])), "EUR"),
        booked=draw(DAYS),
        account=draw(st.sampled_from(["NL02INGB0123456789", "NL91ABNA0417164300"])),
        payer_account=draw(st.sampled_from(["", "NL91ABNA0417164300"])),
        payer_name=draw(texts(SWIFT, 70)),
        reference=draw(st.from_regex(r"[0-9]{16}", fullmatch=True)) if structured else "",
        issuer="CUR" if structured else "",
        text="" if structured else draw(texts(SWIFT, 140)),
        end_to_end=draw(st.from_regex(r"[A-Za-z0-9-]{0,35}", fullmatch=True)),
        reversal=draw(st.booleans()),
    )


def some(bookings: st.SearchStrategy[Booking]) -> st.SearchStrategy[list[Booking]]:
    return st.lists(bookings, min_size=1, max_size=6)


def seen(payment: Payment) -> tuple[object, ...]:
    return (
        payment.id, payment.amount, payment.booked, payment.account, payment.payer_account, payment.payer_name,
        payment.reference, payment.text, payment.documents, payment.end_to_end, payment.reversal,
    )  # fmt: skip


def told(booking: Booking) -> tuple[object, ...]:
    return (
        booking.id, booking.amount, booking.booked, booking.account, booking.payer_account, booking.payer_name,
        booking.reference, booking.text, booking.documents, booking.end_to_end, booking.reversal,
    )  # fmt: skip


def assert_same(found: list[Statement], bookings: list[Booking]) -> None:
    """The same bookings account by account, in the order told, booked, and nothing odd about them."""
    accounts = list(dict.fromkeys(booking.account for booking in bookings))
    assert [statement.account for statement in found] == accounts
    for statement in found:
        ours = [told(booking) for booking in bookings if booking.account == statement.account]
        assert [seen(payment) for payment in statement.payments] == ours
        assert {payment.state for payment in statement.payments} == {BookingState.BOOKED}
        assert statement.findings == ()


@settings(max_examples=60, deadline=None)
@given(bookings=some(ocr_bookings()))
def test_ocr(bookings: list[Booking]) -> None:
    assert_same(list(read(ocr_file(bookings, created=NOW.date()))), bookings)


@pytest.mark.parametrize("write", [camt053_file, camt054_file])
@settings(max_examples=40, deadline=None)
@given(bookings=some(camt_bookings()), batch=st.booleans())
def test_camt(write: Callable[..., bytes], bookings: list[Booking], *, batch: bool) -> None:
    assert_same(list(read(write(bookings, message="M1", created=NOW, batch=batch))), bookings)


@settings(max_examples=60, deadline=None)
@given(bookings=some(mt940_bookings()))
def test_mt940(bookings: list[Booking]) -> None:
    assert_same(list(read(mt940_file(bookings, reference="P1", created=NOW.date()))), bookings)


@settings(max_examples=60, deadline=None)
@given(bookings=some(ocr_bookings()), data=st.data())
def test_an_ocr_record_dropped_on_the_way_is_never_booked_silently(
    bookings: list[Booking], data: st.DataObject
) -> None:
    lines = ocr_file(bookings, created=NOW.date()).splitlines(keepends=True)
    gone = data.draw(st.integers(0, len(lines) - 1))
    found = list(read(b"".join(line for index, line in enumerate(lines) if index != gone)))
    assert {payment.state for statement in found for payment in statement.payments} <= {BookingState.HELD}
    assert any(finding.blocks for statement in found for finding in statement.findings)


@settings(max_examples=60, deadline=None)
@given(junk=st.binary(max_size=400), at=st.integers(0, 3000))
def test_damage_in_an_ocr_file_never_crashes(junk: bytes, at: int) -> None:
    whole = ocr_file(
        [Booking(id="1", amount=Money(5, "NOK"), booked=NOW.date(), account="12345678903")] * 9, created=NOW.date()
    )
    list(read(whole[:1] + whole[1:8] + whole[8 : at + 8] + junk + whole[at + 8 :]))


@settings(max_examples=60, deadline=None)
@given(junk=st.text(max_size=200), at=st.integers(0, 900))
def test_damage_in_an_mt940_file_never_crashes(junk: str, at: int) -> None:
    booking = Booking(id="1", amount=Money(5, "EUR"), booked=NOW.date(), account="NL02INGB0123456789", text="tekst")
    whole = mt940_file([booking] * 3, reference="P", created=NOW.date()).decode()
    start = whole.index(":60F:") + 5
    list(read((whole[: start + at] + junk + whole[start + at :]).encode()))
