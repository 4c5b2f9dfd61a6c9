"""What the sandbox bank writes is judged by others: ISO 20022 schemas, the mt-940 library, a counter that shares no code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import mt940
import pytest
from lxml import etree

from hub.errors import MappingError
from hub.model.identity import make_kid
from hub.model.money import Money
from hub.model.payment import BookingState, PaidDocument, ReferenceKind
from hub.sandbox.bank import Booking, camt053_file, camt054_file, mt940_file, ocr_file
from schemas.banking import read

DAY = date(2026, 4, 15)
NOW = datetime(2026, 4, 15, 18, 0, tzinfo=UTC)
CLINIC = "12345678903"
CARE_GROUP = "NL02ABNA0123456789"
KID = make_kid("10021", length=7)


def nok(minor: int, **more: object) -> Booking:
    values: dict[str, object] = {
        "id": "100000001",
        "amount": Money(minor, "NOK"),
        "booked": DAY,
        "account": CLINIC,
        "payer_account": "12345678903",
        "payer_name": "Eksempel Forsikring AS",
        "reference": KID,
    }
    return Booking(**{**values, **more})  # type: ignore[arg-type]


def eur(minor: int, **more: object) -> Booking:
    values: dict[str, object] = {
        "id": "2026041500001",
        "amount": Money(minor, "EUR"),
        "booked": DAY,
        "account": CARE_GROUP,
        "payer_account": "NL91ABNA0417164300",
        "payer_name": "Voorbeeld Zorgverzekeraar NV",
        "text": "DECLARATIE 2024Q1 12345",
        "end_to_end": "E2E-1",
    }
    return Booking(**{**values, **more})  # type: ignore[arg-type]


MIXED = [
    nok(128000),
    nok(64000, id="", payer_name="", payer_account="", reference="", text="faktura 10023"),
    nok(-64000, reversal=True, id="REV1"),
    nok(
        150000,
        reference="",
        documents=(
            PaidDocument(reference="10024", kind="CINV", amount=Money(200000, "NOK")),
            PaidDocument(reference="90001", kind="CREN", amount=Money(-50000, "NOK")),
        ),
    ),
    nok(-9900, reference="", text="Utbetaling", payer_name="Leverandør & Sønn <AS>"),
    nok(500, account="98765432109", reference="RF18539007547034", issuer="ISO"),
]


def count_ocr(data: bytes) -> dict[str, int]:
    """A counter written against the manual's positions only, sharing nothing with reader or writer."""
    lines = data.decode("latin-1").split("\n")
    assert lines.pop() == ""
    assert {len(line) for line in lines} == {80}
    assert lines[0].startswith("NY00001000008080")
    amounts = [line for line in lines if line[0:4] == "NY09" and line[6:8] == "30"]
    net = sum(int(line[32:49]) * (-1 if line[31] == "-" else 1) for line in amounts)
    last = lines[-1]
    assert last.startswith("NY000089")
    assert int(last[8:16]) == len(amounts)
    assert int(last[16:24]) == len(lines)
    assert int(last[24:41]) == net
    ends = [line for line in lines if line.startswith("NY090088")]
    assert sum(int(line[24:41]) for line in ends) == net
    assert sum(int(line[16:24]) for line in ends) == len(lines) - 2
    assert sum(int(line[8:16]) for line in ends) == len(amounts)
    return {"transactions": len(amounts), "control": net, "assignments": len(ends)}


def test_ocr_adds_up_for_an_independent_counter() -> None:
    bookings = [nok(128000), nok(-64000, reversal=True), nok(-1000), nok(700, account="98765432109")]
    assert count_ocr(ocr_file(bookings, created=DAY)) == {
        "transactions": 4,
        "control": 128000 + 64000 - 1000 + 700,
        "assignments": 2,
    }


def test_ocr_is_read_back_with_signs_and_reversals() -> None:
    bookings = [nok(128000), nok(-64000, reversal=True), nok(-1000), nok(500, reference="", text="Takk for sist, Åse")]
    (statement,) = read(ocr_file(bookings, created=DAY))
    assert [payment.amount.minor for payment in statement.payments] == [128000, -64000, -1000, 500]
    assert [payment.reversal for payment in statement.payments] == [False, True, False, False]
    assert statement.payments[3].text == "Takk for sist, Åse"
    assert statement.findings == ()


@pytest.mark.shared
@pytest.mark.parametrize("batch", [False, True])
@pytest.mark.parametrize("copy", [False, True])
@pytest.mark.parametrize(("write", "schema"), [(camt053_file, "camt.053.001.02"), (camt054_file, "camt.054.001.02")])
def test_camt_is_valid_by_its_schema(
    shared: Path, write: Callable[..., bytes], schema: str, *, batch: bool, copy: bool
) -> None:
    xsd = etree.XMLSchema(etree.parse(shared / "data" / "payments" / "xsd" / f"{schema}.xsd"))
    xsd.assertValid(etree.fromstring(write(MIXED, message="M1", created=NOW, batch=batch, copy=copy)))


@pytest.mark.parametrize("batch", [False, True])
@pytest.mark.parametrize("write", [camt053_file, camt054_file])
def test_camt_is_read_back_without_a_finding(write: Callable[..., bytes], *, batch: bool) -> None:
    found = list(read(write(MIXED, message="M1", created=NOW, batch=batch)))
    payments = [payment for statement in found for payment in statement.payments]
    assert [payment.amount for payment in payments] == [booking.amount for booking in MIXED]
    assert [payment.payer_name for payment in payments] == [booking.payer_name for booking in MIXED]
    assert payments[3].documents == MIXED[3].documents
    assert payments[5].reference_kind is ReferenceKind.RF
    assert [finding for statement in found for finding in statement.findings] == []


def test_camt053_carries_balances_that_close() -> None:
    (statement,) = read(camt053_file([nok(1000), nok(-300)], message="M", created=NOW, opening=Money(-5000, "NOK")))
    assert (statement.opening, statement.closing) == (Money(-5000, "NOK"), Money(-4300, "NOK"))
    assert statement.findings == ()


def test_a_copy_says_so_and_keeps_its_bookings() -> None:
    (statement,) = read(camt054_file([nok(1000)], message="M", created=NOW, copy=True))
    assert statement.copy
    assert [finding.code for finding in statement.findings] == ["KVITT-BANK-COPY"]
    assert statement.payments[0].state is BookingState.BOOKED


@pytest.mark.parametrize(
    "written",
    [
        ocr_file([nok(1000)], created=DAY, duplicate=True),
        camt054_file([nok(1000)], message="M", created=NOW, duplicate=True),
        camt053_file([nok(1000)], message="M", created=NOW, duplicate=True),
        mt940_file([eur(1000)], reference="P1", created=DAY, duplicate=True),
    ],
    ids=["ocr", "camt054", "camt053", "mt940"],
)
def test_a_doubled_booking_is_read_twice_because_the_file_adds_up(written: bytes) -> None:
    (statement,) = read(written)
    first, second = statement.payments
    assert first.amount.minor == second.amount.minor == 1000
    assert first.position != second.position
    assert {first.state, second.state} == {BookingState.BOOKED}


def test_mt940_says_the_same_to_the_mt940_library() -> None:
    bookings: Sequence[Booking] = [
        eur(128000),
        eur(-64000, id="2026041500002", end_to_end="", payer_name="Café Mölle / zoon"),
        eur(5, id="", text="x" * 200),
        eur(700, text="", reference="9001123412341234", issuer="CUR"),
        eur(-700, reversal=True, booked=date(2025, 12, 31)),
    ]
    data = mt940_file(bookings, reference="P260415000000001", created=DAY, opening=Money(100, "EUR"))
    (other,) = mt940.parse_statements(data.decode("ascii"))
    assert [line.data["amount"].amount for line in other] == [
        booking.amount.decimal() if not booking.reversal else Decimal(7) for booking in bookings
    ]
    assert [line.data["status"] for line in other] == ["C", "D", "C", "C", "RC"]
    assert [line.data["date"] for line in other] == [booking.booked for booking in bookings]
    assert other.data["final_closing_balance"].amount.amount == Decimal("641.05")
    assert other[0].data["bank_reference"] == "2026041500001"
    assert other[3].data["customer_reference"] == "9001123412341234"


def test_mt940_is_read_back_in_ing_words() -> None:
    data = mt940_file([eur(128000)], reference="P1", created=DAY)
    (statement,) = read(data)
    (payment,) = statement.payments
    assert statement.findings == ()
    assert (payment.id, payment.end_to_end, payment.text) == ("2026041500001", "E2E-1", "DECLARATIE 2024Q1 12345")
    assert (payment.payer_account, payment.payer_name) == ("NL91ABNA0417164300", "Voorbeeld Zorgverzekeraar NV")


@pytest.mark.parametrize(
    "write",
    [
        lambda: ocr_file([eur(100)], created=DAY),
        lambda: ocr_file([nok(100, account=CARE_GROUP)], created=DAY),
        lambda: ocr_file([nok(100, reference="1" * 26)], created=DAY),
        lambda: ocr_file([nok(100, reference="", text="x" * 41)], created=DAY),
        lambda: ocr_file([nok(-100)], created=DAY),
        lambda: ocr_file([nok(100, reversal=True)], created=DAY),
        lambda: ocr_file([], created=DAY),
        lambda: mt940_file([nok(100)], reference="P1", created=DAY),
        lambda: mt940_file([eur(100, reference="9001123412341234", issuer="CUR")], reference="P1", created=DAY),
        lambda: mt940_file([eur(100, text="x" * 400)], reference="P1", created=DAY),
        lambda: mt940_file([eur(100, id="x" * 17)], reference="P1", created=DAY),
        lambda: mt940_file([eur(100), eur(100, amount=Money(1, "USD"))], reference="P1", created=DAY),
        lambda: mt940_file([MIXED[3]], reference="P1", created=DAY),
        lambda: camt054_file([nok(100)], message="M" * 31, created=NOW),
    ],
)
def test_what_a_format_has_no_room_for_is_refused(write: Callable[[], bytes]) -> None:
    with pytest.raises(MappingError):
        write()


def test_a_latin_1_record_that_reads_as_utf_8_keeps_its_positions() -> None:
    """`\u00c2\u00a1` in ISO-8859-1 is the UTF-8 of one character: read so, every later position would shift by one."""
    booking = Booking(
        id="1", amount=Money(100, "NOK"), booked=date(2026, 4, 21), account="12345678903", text="\u00c2\u00a1 takk"
    )
    (statement,) = read(ocr_file([booking], created=date(2026, 4, 21)))
    assert [payment.text for payment in statement.payments] == ["\u00c2\u00a1 takk"]
