"""The sandbox bank's MT940 in ING's dialect, as seen in open test files: `:86:` in code words, totals at the end."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from datetime import date

from hub.errors import MappingError
from hub.model.money import Money
from hub.sandbox.bank_booking import Booking, by_account, moved
from schemas.banking.mt940_dialects import WIDTH

_HEAD = ("{1:F01INGBNL2ABXXX0000000000}", "{2:I940INGBNL2AXXXN}", "{4:")
_LINES = 6
_REFERENCE = 16
_LETTERS = str.maketrans({"ø": "o", "Ø": "O", "æ": "ae", "Æ": "AE", "ß": "ss", "ð": "d", "þ": "th"})
_PUNCTUATION = frozenset("/-?:().,'+ ")


def mt940_file(
    bookings: Sequence[Booking],
    *,
    reference: str,
    created: date,
    opening: Money | None = None,
    duplicate: bool = False,
) -> bytes:
    """An MT940 file with a statement per account; MappingError for what ING's form has no room for."""
    lines: list[str] = []
    for number, ours in enumerate(by_account(bookings, duplicate=duplicate).values(), start=1):
        lines += _statement(ours, reference=reference, number=number, created=created, opening=opening)
    return "".join(line + "\r\n" for line in lines).encode("ascii")


def _statement(
    bookings: list[Booking], *, reference: str, number: int, created: date, opening: Money | None
) -> Iterator[str]:
    start, end = moved(bookings, opening)
    first_day = min(booking.booked for booking in bookings)
    yield from _HEAD
    yield f":20:{_fits(reference, _REFERENCE)}"
    yield f":25:{bookings[0].account}{start.currency}"
    yield f":28C:{number:05}"
    yield f":60F:{_balance(first_day, start)}"
    for booking in bookings:
        yield from _entry(booking)
    yield f":62F:{_balance(created, end)}"
    yield f":64:{_balance(created, end)}"
    yield f":86:{_totals(bookings)}"
    yield "-}"


def _balance(day: date, value: Money) -> str:
    return f"{'D' if value.minor < 0 else 'C'}{day:%y%m%d}{value.currency}{_decimal(value.minor, value.currency)}"


def _decimal(minor: int, currency: str) -> str:
    text = f"{Money(abs(minor), currency).decimal():f}".replace(".", ",")
    return text if "," in text else text + ","


def _totals(bookings: list[Booking]) -> str:
    out = [-booking.amount.minor for booking in bookings if booking.amount.minor < 0]
    into = [booking.amount.minor for booking in bookings if booking.amount.minor >= 0]
    currency = bookings[0].amount.currency
    return f"/SUM/{len(out)}/{len(into)}/{_decimal(sum(out), currency)}/{_decimal(sum(into), currency)}/"


def _entry(booking: Booking) -> Iterator[str]:
    day, minor = booking.booked, booking.amount.minor
    mark = ("RC" if minor < 0 else "RD") if booking.reversal else ("D" if minor < 0 else "C")
    customer = booking.reference if booking.issuer == "CUR" else "EREF" if booking.end_to_end else "NONREF"
    bank = f"//{_fits(booking.id, _REFERENCE)}" if booking.id else ""
    amount = _decimal(minor, booking.amount.currency)
    yield f":61:{day:%y%m%d}{day:%m%d}{mark}{amount}NTRF{_fits(customer, _REFERENCE)}{bank}"
    yield "/TRCD/00100/"
    lines = list(_wrapped(_information(booking)))
    if len(lines) > _LINES:
        raise MappingError(f"an MT940 :86: has room for {_LINES * WIDTH} characters")
    yield from (f":86:{line}" if index == 0 else line for index, line in enumerate(lines))


def _information(booking: Booking) -> str:
    """`:86:` in ING's code words; a slash in a name would end it and becomes a blank."""
    said = f"/EREF/{_swift(booking.end_to_end)}/" if booking.end_to_end else ""
    if booking.payer_account or booking.payer_name:
        said += f"/CNTP/{booking.payer_account}//{_swift(booking.payer_name).replace('/', ' ')}//"
    return said + f"/REMI/{_remittance(booking)}/"


def _remittance(booking: Booking) -> str:
    if booking.documents:
        raise MappingError("MT940 has no room for documents")
    if booking.reference and booking.text:
        raise MappingError("ING's MT940 carries a reference or a text, not both")
    if booking.reference and not booking.issuer:
        raise MappingError("ING's MT940 knows references of issuer CUR and ISO only")
    if booking.reference:
        return f"STRD/{booking.issuer}/{_swift(booking.reference)}"
    return f"USTD//{_swift(booking.text)}"


def _wrapped(text: str) -> Iterator[str]:
    """Lines of at most 65 characters, none of which begins like a tag or the end of the message."""
    while text:
        end = WIDTH
        while text[end : end + 1] in (":", "-") and end > 1:
            end -= 1
        yield text[:end]
        text = text[end:]


def _fits(text: str, length: int) -> str:
    if len(text) > length:
        raise MappingError(f"an MT940 reference has at most {length} characters, this one has {len(text)}")
    return _swift(text)


def _swift(text: str) -> str:
    """Text in SWIFT's character set: letters lose their marks, the rest becomes a point."""
    plain = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    base = (char for char in plain if not unicodedata.combining(char))
    return "".join(char if char.isascii() and (char.isalnum() or char in _PUNCTUATION) else "." for char in base)
