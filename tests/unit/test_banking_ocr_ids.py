"""Ids of OCR giro bookings in `kvitt bank --json`: one booking, one id, in whatever file, order or copy it comes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from hub.matching.book import Book
from hub.matching.lines import payment_of
from hub.matching.payments import Matcher
from hub.model.identity import make_kid
from hub.model.money import Money
from hub.sandbox.bank import Booking, ocr_file
from schemas.banking import read
from schemas.banking.report import as_json

DAY = date(2026, 4, 15)


def paid(number: int, minor: int = 10_000, **more: object) -> Booking:
    values: dict[str, object] = {
        "id": "000000001",
        "amount": Money(minor, "NOK"),
        "booked": DAY,
        "account": "12345678903",
        "payer_account": "86011117947",
        "reference": make_kid(str(number), length=8),
    }
    return Booking(**{**values, **more})  # type: ignore[arg-type]


def file(*bookings: Booking, transmission: int = 1) -> bytes:
    return ocr_file(bookings, created=DAY, transmission=transmission)


def transactions(data: bytes) -> list[dict[str, object]]:
    return [line for line in as_json(read(data)) if line["kind"] == "transaction"]


def ids(data: bytes) -> list[object]:
    return [line["id"] for line in transactions(data)]


def reasons(*files: bytes) -> list[str]:
    """Why matching passes over each payment of the files, read one after another in one run."""
    matcher = Matcher(Book())
    found = []
    for data in files:
        for at, line in enumerate(transactions(data)):
            payment = payment_of(line, f"line {at}")
            assert payment is not None
            found.append(matcher.match(payment).code)
    return found


def other(change: Callable[[bytes], bytes], data: bytes) -> list[object]:
    changed = change(data)
    assert changed != data
    return ids(changed)


def test_files_that_number_alike_have_no_id_in_common() -> None:
    assert not set(ids(file(paid(1), paid(2)))) & set(ids(file(paid(3), paid(4))))
    assert not set(ids(file(paid(1, id="")))) & set(ids(file(paid(2, id=""))))
    assert not set(ids(file(paid(1)))) & set(ids(file(paid(1, 10_001))))
    assert not set(ids(file(paid(1)))) & set(ids(file(paid(1), transmission=2)))
    assert not set(ids(file(paid(1)))) & set(ids(file(paid(1, booked=date(2026, 4, 16)))))
    assert not set(ids(file(paid(1)))) & set(ids(file(paid(1, account="86011117947"))))
    assert not set(ids(file(paid(1)))) & set(ids(file(paid(1, payer_account="12345678903"))))


def test_texts_tell_payments_without_kid_apart() -> None:
    one, two = (file(paid(1, reference="", text=text)) for text in ("faktura 1", "faktura 2"))
    assert ids(one) != ids(two)
    assert "faktura" not in str(ids(one))


def test_the_same_file_has_the_same_ids() -> None:
    data = file(paid(1), paid(2), paid(2))
    assert ids(data) == ids(data)
    assert ids(data) == other(lambda text: text.replace(b"\n", b"\r\n"), data)
    assert ids(data) == other(lambda text: text.replace(b"\n", b"\n\n"), data)


def test_a_copy_in_another_order_or_within_a_larger_file_has_the_same_ids() -> None:
    few, more = [paid(1), paid(2)], [paid(2), paid(3), paid(1), paid(4)]
    assert set(ids(file(*few))) < set(ids(file(*more)))


def test_two_equal_bookings_of_one_day_are_two() -> None:
    three = ids(file(paid(1), paid(1), paid(1), paid(2)))
    assert len(set(three)) == 4
    assert set(ids(file(paid(2), paid(1), paid(1)))) < set(three)


def test_an_id_names_transmission_assignment_and_archive_reference() -> None:
    (found,) = ids(file(paid(1, id="100000001"), transmission=1230001))
    assert str(found).rpartition("/")[0] == "1230001/0000001/00001/100000001"


def test_two_files_in_one_run_of_matching_are_all_looked_at_and_a_copy_is_not() -> None:
    first, second = file(paid(1), paid(2)), file(paid(3), paid(4))
    assert "same_id_twice" not in reasons(first, second)
    assert reasons(first, second, first)[4:] == ["same_id_twice", "same_id_twice"]
