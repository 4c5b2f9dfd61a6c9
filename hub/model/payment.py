"""Bank bookings in one shape, whatever the bank file was (contract of `kvitt bank --json`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from hub.model.finding import Finding
from hub.model.money import Money


class BookingState(StrEnum):
    """Only booked entries are money; `held` means the file's own sums failed."""

    BOOKED = "booked"
    PENDING = "pending"
    INFO = "info"
    HELD = "held"


class ReferenceKind(StrEnum):
    """What a structured reference is: KID (NO), RF (ISO 11649), Dutch betalingskenmerk, anything else."""

    KID = "kid"
    RF = "rf"
    NL = "nl"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidDocument:
    """One document named in structured remittance: `CINV` invoice (positive), `CREN` credit note (negative)."""

    reference: str
    kind: str
    amount: Money


class Payment(NamedTuple):
    """One bank booking: signed (credit to us positive), in minor units.

    `account` is ours, `payer_account` theirs. `id` is the bank's own id of the transaction, if any (it may repeat).
    `position` is where in the source it stood (`line 3`, an XPath). A named tuple, because a bank file has a hundred
    thousand of them and a frozen dataclass takes twice as long to make: a changed copy is `payment._replace(...)`.
    """

    id: str
    account: str
    booked: date | None
    amount: Money
    state: BookingState = BookingState.BOOKED
    reference: str = ""
    reference_kind: ReferenceKind | None = None
    documents: tuple[PaidDocument, ...] = ()
    end_to_end: str = ""
    text: str = ""
    payer_account: str = ""
    payer_name: str = ""
    reversal: bool = False
    position: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One account statement or notification: bookings, balances where given, and what was odd about it."""

    id: str
    account: str
    currency: str
    format: str
    payments: tuple[Payment, ...]
    opening: Money | None = None
    closing: Money | None = None
    findings: tuple[Finding, ...] = ()
    copy: bool = False
