"""How the builders write rows: signed moves of one group become postings with positive amounts and steady keys."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from hub.ledger.accounts import Account, LedgerLine, Posting
from hub.model.money import Money

_SPACE = UUID("6f4d0a6e-6c1b-5f0e-9d55-7a2f8f0e4b11")


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentFacts:
    """A booking as the journal knows it; `id` is the hub's own (`hub.matching.duplicates`)."""

    tenant: str
    id: str
    amount: Money
    payee: str = ""
    payer: str = ""


@dataclass(frozen=True, slots=True)
class Move:
    """Signed money into one account out of another; a negative amount moves the other way."""

    into: Account
    out_of: Account
    amount: Money
    line: LedgerLine | None = None
    payment_id: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """What the rows of one group have in common."""

    tenant: str
    group: str
    at: datetime
    source: str
    reason: str
    payee: str = ""
    payer: str = ""
    practice: str = ""


def rows_of(entry: Entry, moves: Iterable[Move]) -> tuple[Posting, ...]:
    """One row per move that is not zero, numbered within the group."""
    return tuple(_row(entry, number, move) for number, move in enumerate([m for m in moves if m.amount], start=1))


def _row(entry: Entry, number: int, move: Move) -> Posting:
    forward = move.amount.minor > 0
    key, line = f"{entry.group}#{number}", move.line
    return Posting(
        id=str(uuid5(_SPACE, f"{entry.tenant}|{key}")),
        key=key,
        tenant=entry.tenant,
        at=entry.at,
        debit=move.into if forward else move.out_of,
        credit=move.out_of if forward else move.into,
        amount=move.amount if forward else -move.amount,
        claim_line_id=line.line_id if line else "",
        claim_id=line.claim_id if line else "",
        payment_id=move.payment_id,
        practice=line.practice if line else entry.practice,
        payee=line.payee if line else entry.payee,
        payer=line.payer if line else entry.payer,
        reason=entry.reason,
        source=entry.source,
    )
