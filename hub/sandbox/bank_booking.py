"""What the sandbox bank is told: one movement on one account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from hub.errors import MappingError
from hub.model.money import Money, total
from hub.model.payment import PaidDocument


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """One movement on `account`, positive for money in; `issuer` says what `reference` is ("" KID, "ISO" RF, "CUR" NL).

    A reversal takes back an earlier movement; a negative amount that is no reversal is money paid out or, in OCR, a
    credit note the payer netted.
    """

    id: str
    amount: Money
    booked: date
    account: str
    payer_account: str = ""
    payer_name: str = ""
    reference: str = ""
    issuer: str = ""
    text: str = ""
    documents: tuple[PaidDocument, ...] = ()
    end_to_end: str = ""
    reversal: bool = False


def by_account(bookings: Sequence[Booking], *, duplicate: bool) -> dict[str, list[Booking]]:
    """Bookings of every account in the order given, each twice where the bank is to misbehave."""
    if not bookings:
        raise MappingError("a bank file needs at least one booking", hint="banks send no file for a day without any")
    accounts: dict[str, list[Booking]] = {}
    for booking in bookings:
        accounts.setdefault(booking.account, []).extend([booking, booking] if duplicate else [booking])
    return accounts


def moved(bookings: Sequence[Booking], opening: Money | None) -> tuple[Money, Money]:
    """Opening balance (zero where none is given) and what it becomes."""
    start = opening or Money(0, bookings[0].amount.currency)
    try:
        return start, start + total([booking.amount for booking in bookings], start.currency)
    except ValueError:
        raise MappingError("one account has bookings in several currencies", hint="give each its own account") from None
