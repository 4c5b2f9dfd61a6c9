"""One truth in every format: read the same, spoilt it is refused or reported, and told twice it counts once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from lxml import etree

from hub.errors import FormatError
from hub.matching.duplicates import fingerprints, new_payments
from hub.model.identity import make_kid
from hub.model.money import Money
from hub.model.payment import BookingState, Payment, ReferenceKind, Statement
from hub.sandbox.bank import Booking, camt053_file, camt054_file, mt940_file, ocr_file
from schemas.banking import read

DAY = date(2026, 4, 15)
NOW = datetime(2026, 4, 15, 18, 0, tzinfo=UTC)
CLINIC, PAYER = "86011117947", "12345678903"
CARE_GROUP, INSURER = "NL02INGB0123456789", "NL91ABNA0417164300"
BOOKED, HELD = BookingState.BOOKED, BookingState.HELD
Write = Callable[[list[Booking]], bytes]


def nok(number: int, minor: int, **more: object) -> Booking:
    method = "MOD11" if number % 2 else "MOD10"
    base = Booking(
        id=f"{number:09}",
        amount=Money(minor, "NOK"),
        booked=DAY,
        account=CLINIC,
        payer_account=PAYER,
        reference=make_kid(str(number), length=10, method=method),
    )
    return replace(base, **more)  # type: ignore[arg-type]


def eur(number: int, minor: int, **more: object) -> Booking:
    base = Booking(
        id=f"P{number:09}",
        amount=Money(minor, "EUR"),
        booked=DAY,
        account=CARE_GROUP,
        payer_account=INSURER,
        payer_name="Voorbeeld Zorgverzekeraar",
        text=f"declaratie {number}",
    )
    return replace(base, **more)  # type: ignore[arg-type]


MOD11_DASH = next(number for number in range(1, 100) if make_kid(str(number), method="MOD11").endswith("-"))
NORWEGIAN = [
    nok(1, 128000),
    nok(2, 64000),
    nok(2, 64000),
    nok(3, 100),
    nok(MOD11_DASH, 99, reference=make_kid(str(MOD11_DASH), method="MOD11")),
    nok(4, -64000, reversal=True),
    nok(5, 7700, booked=date(2026, 4, 14)),
]
DUTCH = [
    eur(1, 128000),
    eur(2, -5, text="terugboeking"),
    eur(3, 77, text="", reference="5000056789012345", issuer="CUR"),
    eur(4, 88, text="", reference="RF18539007547034", issuer="ISO"),
    eur(5, -700, reversal=True, end_to_end="E2E-1"),
]


def in_08(data: bytes) -> bytes:
    """The same camt as .001.08 says it: `Sts/Cd`, `Pty/Nm`, `TxDtls/Amt` with its direction."""
    name = etree.fromstring(data).nsmap[None]  # type: ignore[index]
    root = etree.fromstring(data.replace(b".001.02", b".001.08"))
    space = f"{{{name[:-2]}08}}"
    for status in root.iter(f"{space}Sts"):
        code, status.text = status.text, None
        etree.SubElement(status, f"{space}Cd").text = code
    for party in [*root.iter(f"{space}Dbtr"), *root.iter(f"{space}Cdtr")]:
        below = etree.SubElement(party, f"{space}Pty")
        for child in [child for child in party if child is not below]:
            below.append(child)
    for details in root.iter(f"{space}TxDtls"):
        worth = details.find(f"{space}AmtDtls")
        assert worth is not None
        entry = next(details.iterancestors(f"{space}Ntry"))
        amount = worth.find(f"{space}TxAmt/{space}Amt")
        assert amount is not None
        direction = etree.Element(f"{space}CdtDbtInd")
        direction.text = entry.findtext(f"{space}CdtDbtInd")
        worth.addprevious(amount)
        worth.addprevious(direction)
        details.remove(worth)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def ocr(bookings: list[Booking]) -> bytes:
    return ocr_file(bookings, created=DAY)


def camt054(bookings: list[Booking]) -> bytes:
    return camt054_file(bookings, message="M1", created=NOW)


def camt054_batch(bookings: list[Booking]) -> bytes:
    return camt054_file(bookings, message="M1", created=NOW, batch=True)


def camt054_08(bookings: list[Booking]) -> bytes:
    return in_08(camt054_batch(bookings))


def camt053(bookings: list[Booking]) -> bytes:
    return camt053_file(bookings, message="S1", created=NOW, opening=Money(1000, bookings[0].amount.currency))


def camt053_08(bookings: list[Booking]) -> bytes:
    return in_08(camt053(bookings))


def mt940(bookings: list[Booking]) -> bytes:
    return mt940_file(bookings, reference="P1", created=DAY)


CAMT = [camt054, camt054_batch, camt054_08, camt053, camt053_08]


def payments(data: bytes) -> list[Payment]:
    found = list(read(data))
    assert [finding for one in found for finding in one.findings] == []
    return [payment for one in found for payment in one.payments]


def facts(payment: Payment) -> tuple[object, ...]:
    return (
        payment.account, payment.booked, payment.amount, payment.state, payment.reference, payment.reference_kind,
        payment.payer_account, payment.reversal, payment.text,
    )  # fmt: skip


@pytest.mark.parametrize("write", CAMT)
def test_norwegian_bookings_are_the_same_in_ocr_giro_and_camt(write: Write) -> None:
    """What OCR giro has no room for (names, end-to-end ids) is the only difference."""
    plain = sorted(map(facts, payments(ocr(NORWEGIAN))), key=str)
    assert sorted(map(facts, payments(write(NORWEGIAN))), key=str) == plain
    assert {payment.reference_kind for payment in payments(ocr(NORWEGIAN))} == {ReferenceKind.KID}


@pytest.mark.parametrize("write", CAMT)
def test_dutch_bookings_are_the_same_in_mt940_and_camt(write: Write) -> None:
    def whole(payment: Payment) -> tuple[object, ...]:
        return (*facts(payment), payment.id, payment.payer_name, payment.end_to_end)

    plain = sorted(map(whole, payments(mt940(DUTCH))), key=str)
    assert sorted(map(whole, payments(write(DUTCH))), key=str) == plain
    assert [one.reference_kind for one in payments(mt940(DUTCH))] == [None, None, "nl", "rf", None]


@pytest.mark.shared
@pytest.mark.parametrize(("write", "schema"), [(camt054_08, "camt.054.001.08"), (camt053_08, "camt.053.001.08")])
def test_what_is_called_08_here_is_valid_by_its_schema(shared: Path, write: Write, schema: str) -> None:
    xsd = etree.XMLSchema(etree.parse(shared / "data" / "payments" / "xsd" / f"{schema}.xsd"))
    xsd.assertValid(etree.fromstring(write(NORWEGIAN)))


# --- spoilt


def spoilt(data: bytes) -> bool:
    """Whether a spoilt file is refused, or something blocking or a warning says so; never booked without a word."""
    try:
        found = list(read(data))
    except FormatError:
        return True
    return any(finding.severity in ("error", "warning") for one in found for finding in one.findings)


def lines(data: bytes) -> list[bytes]:
    return data.splitlines(keepends=True)


@pytest.mark.parametrize("at", range(len(lines(ocr(NORWEGIAN)))))
def test_a_record_dropped_from_ocr_giro_holds_everything(at: int) -> None:
    found = list(read(b"".join(line for index, line in enumerate(lines(ocr(NORWEGIAN))) if index != at)))
    assert {payment.state for one in found for payment in one.payments} <= {HELD}
    assert any(finding.blocks for one in found for finding in one.findings)


@pytest.mark.parametrize("tag", [b":60F:", b":61:", b":62F:", b":86:/SUM/"])
def test_a_line_dropped_from_mt940_is_said(tag: bytes) -> None:
    whole = lines(mt940(DUTCH))
    numbers = [index for index, line in enumerate(whole) if line.startswith(tag)]
    silent = [at for at in numbers if not spoilt(b"".join(whole[:at] + whole[at + 1 :]))]
    assert silent == ([] if tag != b":86:/SUM/" else numbers), "only the bank's own totals may be left out"


@pytest.mark.parametrize("write", CAMT)
@pytest.mark.parametrize("name", ["Ntry", "TxDtls"])
def test_an_element_dropped_from_camt_is_said(write: Write, name: str) -> None:
    data = write(NORWEGIAN)
    number = data.count(b"<" + name.encode() + b">")
    for at in range(number):
        root = etree.fromstring(data)
        gone = list(root.iter(f"{{*}}{name}"))[at]
        several = len(list(gone.itersiblings(f"{{*}}{name}"))) + len(
            list(gone.itersiblings(f"{{*}}{name}", preceding=True))
        )
        above = gone.getparent()
        assert above is not None
        above.remove(gone)
        assert spoilt(etree.tostring(root)) or (name == "TxDtls" and not several), f"{name} {at}"


@pytest.mark.parametrize(
    ("data", "before", "after"),
    [
        (ocr(NORWEGIAN), b"00000000000128000", b"00000000000128001"),
        (mt940(DUTCH), b"C1280,00NTRF", b"C1280,01NTRF"),
        *((write(NORWEGIAN), b'<Amt Ccy="NOK">1280.00</Amt>', b'<Amt Ccy="NOK">1280.01</Amt>') for write in CAMT),
        (ocr(NORWEGIAN), b"0000100000000000128000", b"00001-0000000000128000"),
        (mt940(DUTCH), b"0415C1280", b"0415D1280"),
        *((write(NORWEGIAN), b"CRDT", b"DBIT") for write in CAMT),
    ],
)
def test_a_sum_changed_or_a_sign_swapped_is_said(data: bytes, before: bytes, after: bytes) -> None:
    changed = data.replace(before, after, 1)
    if changed == data:  # the sign position of OCR giro stands right before the amount
        changed = data.replace(b"0" + before[-16:], b"-" + before[-16:], 1)
    assert changed != data
    assert spoilt(changed)


# --- told twice


class Day:
    """Bank files as they come in, with the counters kept between them."""

    def __init__(self) -> None:
        self.seen: dict[str, int] = {}
        self.counted: list[Payment] = []

    def hears(self, data: bytes) -> int:
        return sum(map(self._one, read(data)))

    def _one(self, statement: Statement) -> int:
        known = {key: n for key, n in self.seen.items() if key[:40] in fingerprints(statement.payments)}
        found = new_payments(known, statement.payments, kind=statement.format)
        self.seen.update(found.counts)
        self.counted += [booking.payment for booking in found.new]
        return len(found.new)

    def total(self) -> int:
        return sum(payment.amount.minor for payment in self.counted)


ALL = len(NORWEGIAN)
SUM = sum(booking.amount.minor for booking in NORWEGIAN)


@pytest.mark.parametrize("second", [ocr, *CAMT])
@pytest.mark.parametrize("first", [ocr, *CAMT])
def test_any_two_kinds_of_file_about_one_day_count_once(first: Write, second: Write) -> None:
    """Also the same file twice. The two equal bookings of one day are two, in whichever file they come."""
    day = Day()
    assert (day.hears(first(NORWEGIAN)), day.hears(second(NORWEGIAN))) == (ALL, 0)
    assert day.total() == SUM


@pytest.mark.parametrize("write", [camt053, camt054])
def test_mt940_and_camt_about_one_day_count_once(write: Write) -> None:
    for order in ((mt940, write), (write, mt940)):
        day = Day()
        assert [day.hears(each(DUTCH)) for each in order] == [len(DUTCH), 0]


def test_a_statement_inside_a_file_with_another_counts_once() -> None:
    other = [replace(booking, account="60000000000") for booking in NORWEGIAN[:2]]
    day = Day()
    assert day.hears(camt053(NORWEGIAN)) == ALL
    assert day.hears(camt053([*NORWEGIAN, *other])) == 2
    assert day.hears(ocr([*NORWEGIAN, *other])) == 0
    assert day.total() == SUM + 192000


@pytest.mark.parametrize("batch", [False, True])
def test_a_copy_ordered_later_in_another_order_counts_nothing(batch: bool) -> None:
    day = Day()
    assert day.hears(camt054_file(NORWEGIAN, message="M1", created=NOW, batch=batch)) == ALL
    again = camt054_file(NORWEGIAN[::-1], message="M2", created=NOW, copy=True)
    assert day.hears(again) == 0
    assert [one.copy for one in read(again)] == [True]


def test_two_equal_bookings_of_one_day_count_twice_and_a_third_in_another_file_once_more() -> None:
    twice, three = [nok(2, 64000)] * 2, [nok(2, 64000)] * 3
    day = Day()
    assert [day.hears(ocr(twice)), day.hears(camt054(twice)), day.hears(camt053(three))] == [2, 0, 1]


def test_what_was_held_is_counted_when_the_right_file_comes() -> None:
    day = Day()
    wrong = ocr(NORWEGIAN).replace(b"00000000000128000", b"00000000000128001", 1)
    assert [day.hears(wrong), day.hears(ocr(NORWEGIAN))] == [0, ALL]
    assert {payment.state for payment in day.counted} == {BOOKED}
