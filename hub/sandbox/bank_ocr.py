"""The sandbox bank's OCR giro (Nets layout; see `schemas.banking.ocr_layout`)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from hub.errors import MappingError
from hub.model.identity import is_bban
from hub.sandbox.bank_booking import Booking, by_account
from schemas.banking import ocr_layout as layout

_Values = dict[str, str | int]
_TRANSMISSION = "NY0000"
_ASSIGNMENT = "NY0900"
_DATES = ("settled", "earliest", "latest")


def ocr_file(
    bookings: Sequence[Booking],
    *,
    created: date,
    transmission: int = 1,
    recipient: int = 12345,
    agreement: int = 1234567,
    duplicate: bool = False,
) -> bytes:
    """An OCR giro transmission with an assignment per account; MappingError for what cannot be OCR giro.

    KID payments are type 10 (19 needs a card), others type 21 with their text; reversals are 18 and 20. Ids of up to
    nine digits stand as archive reference.
    """
    body: list[str] = []
    control = count = 0
    for number, (account, ours) in enumerate(by_account(bookings, duplicate=duplicate).items(), start=1):
        records = [record for index, one in enumerate(ours, start=1) for record in _transaction(one, index)]
        total = sum(_control(one) for one in ours)
        start: _Values = {"agreement": agreement, "assignment": number, "account": _norwegian(account)}
        body.append(_record(_ASSIGNMENT, layout.START_ASSIGNMENT, start))
        body += records
        body.append(_record(_ASSIGNMENT, layout.END_ASSIGNMENT, _trailer(len(ours), len(records) + 2, total, created)))
        control, count = control + total, count + len(ours)
    head: _Values = {"sender": layout.NETS, "transmission": transmission, "recipient": recipient}
    lines = [
        _record(_TRANSMISSION, layout.START_TRANSMISSION, head),
        *body,
        _record(_TRANSMISSION, layout.END_TRANSMISSION, _trailer(count, len(body) + 2, control, created)),
    ]
    return "".join(line + "\n" for line in lines).encode("iso-8859-1", errors="replace")


def _record(prefix: str, record: layout.Record, values: _Values) -> str:
    try:
        return record.write(prefix, values)
    except ValueError as error:
        raise MappingError(f"no room in OCR giro: {error}") from None


def _trailer(transactions: int, records: int, control: int, created: date) -> _Values:
    if control < 0:
        raise MappingError("the credit notes are more than the payments: OCR giro has no negative control sum")
    day = created.strftime(layout.DATE)
    dates = dict.fromkeys((*_DATES, "date"), day)
    return {"transactions": transactions, "records": records, "sum": control, **dates}


def _control(booking: Booking) -> int:
    """The part of the control sum: reversals are added although they are money out; credit notes are taken off."""
    return abs(booking.amount.minor) if booking.reversal else booking.amount.minor


def _transaction(booking: Booking, number: int) -> list[str]:
    if booking.amount.currency != "NOK":
        raise MappingError(f"OCR giro carries NOK, not {booking.amount.currency}")
    if booking.reversal and booking.amount.minor > 0:
        raise MappingError("OCR giro reverses payments only: a reversal is money out")
    kind = _type(booking)
    day = booking.booked.strftime(layout.DATE)
    credit_note = booking.amount.minor < 0 and not booking.reversal
    first: _Values = {
        "number": number,
        "date": day,
        "day": booking.booked.strftime("%d"),
        "serial": 1,
        "sign": "-" if credit_note else "0",
        "amount": abs(booking.amount.minor),
        "kid": booking.reference,
    }
    second: _Values = {
        "number": number,
        "archive": booking.id if booking.id.isdigit() and len(booking.id) <= 9 else "",
        "bank_date": day,
        "debit_account": _payer(booking.payer_account),
    }
    records = [_record(f"NY09{kind}", layout.ITEM_1, first), _record(f"NY09{kind}", layout.ITEM_2, second)]
    if kind in layout.WITH_TEXT:
        records.append(_record(f"NY09{kind}", layout.ITEM_3, {"number": number, "text": booking.text}))
    return records


def _type(booking: Booking) -> str:
    if booking.reversal:
        return "18" if booking.reference else "20"
    return "10" if booking.reference else "21"


def _norwegian(account: str) -> str:
    """The eleven digits of a Norwegian account, from an IBAN too."""
    number = account[4:] if account.startswith("NO") else account
    if len(number) != 11 or not number.isdigit():
        raise MappingError("an OCR giro account is a Norwegian one of eleven digits")
    return number


def _payer(account: str) -> str:
    number = account[4:] if account.startswith("NO") else account
    return number if is_bban(number) else ""
