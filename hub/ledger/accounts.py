"""The accounts of the journal, and its rows (decisions 19-21).

Money of a claim line moves along a tree of accounts, so that every pair of accounts means one thing:

    CLAIMED -> OPEN -> DUE       -> UNALLOCATED <- BANK
                    -> REFUSED   -> NETTED         -> RETURNED
                    -> PATIENT   -> WRITTEN_OFF    -> IN_TRANSIT <- PAID_OUT
                    -> WITHDRAWN                     -> NO_CLAIM

Per line: claimed = granted + refused + patient + withdrawn + open, where granted is what moved from OPEN to DUE, and
granted = received + netted + written off + outstanding, where outstanding is the balance of DUE and received is what
moved from UNALLOCATED. Credit lines move the other way round, so that every row's amount is positive. PAID_OUT and
CHARGED are what a practice was paid and what it was charged for services (COSTS).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hub.model.claim import Claim
from hub.model.money import Money


class Account(StrEnum):
    """Where money stands."""

    CLAIMED = "claimed"
    OPEN = "open"
    DUE = "due"
    REFUSED = "refused"
    PATIENT = "patient"
    WITHDRAWN = "withdrawn"
    NETTED = "netted"
    WRITTEN_OFF = "written_off"
    UNALLOCATED = "unallocated"
    BANK = "bank"
    RETURNED = "returned"
    PAID_OUT = "paid_out"
    IN_TRANSIT = "in_transit"
    CHARGED = "charged"
    COSTS = "costs"
    NO_CLAIM = "no_claim"


_A = Account
LINE_MOVES = frozenset(
    frozenset(pair)
    for pair in (
        (_A.CLAIMED, _A.OPEN),
        (_A.OPEN, _A.DUE),
        (_A.OPEN, _A.REFUSED),
        (_A.OPEN, _A.PATIENT),
        (_A.OPEN, _A.WITHDRAWN),
        (_A.DUE, _A.UNALLOCATED),
        (_A.DUE, _A.NETTED),
        (_A.DUE, _A.WRITTEN_OFF),
    )
)
"""Pairs of accounts a claim line's money may move between."""

PAYMENT_MOVES = frozenset(
    frozenset(pair)
    for pair in (
        (_A.BANK, _A.UNALLOCATED),
        (_A.DUE, _A.UNALLOCATED),
        (_A.UNALLOCATED, _A.RETURNED),
        (_A.UNALLOCATED, _A.IN_TRANSIT),
        (_A.UNALLOCATED, _A.NO_CLAIM),
    )
)
"""Pairs of accounts a payment's money may move between; an allocation belongs to both a line and a payment."""

PAYOUT_MOVES = frozenset({frozenset((_A.PAID_OUT, _A.IN_TRANSIT)), frozenset((_A.CHARGED, _A.COSTS))})
"""A payout handed to the bank (the bank's own booking of it clears IN_TRANSIT), and costs a practice is charged."""


class NoClaim(StrEnum):
    """Why money of a payment belongs to no claim: the reason on its NO_CLAIM row, an account of its own to a reader."""

    ADVANCE = "advance"
    COST_CEILING = "cost_ceiling"
    INTEREST = "interest"
    ROUNDING = "rounding"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """One row of the journal: debit account, credit account, one positive amount; never changed, never removed.

    `key` is unique per tenant: `GROUP#n`, where the rows of one group are written together or not at all. `at` is when
    the hub recorded it, `source` the message, payment or person it rests on.
    """

    id: str
    key: str
    tenant: str
    at: datetime
    debit: Account
    credit: Account
    amount: Money
    claim_line_id: str = ""
    claim_id: str = ""
    payment_id: str = ""
    practice: str = ""
    payee: str = ""
    payer: str = ""
    reason: str = ""
    source: str = ""

    @property
    def group(self) -> str:
        """The key without its row number."""
        return self.key.rpartition("#")[0]

    @property
    def pair(self) -> frozenset[Account]:
        """The two accounts, whatever the direction."""
        return frozenset((self.debit, self.credit))

    def into(self, account: Account) -> Money:
        """How much this row debits (positive) or credits (negative) an account."""
        if self.debit == account:
            return self.amount
        return -self.amount if self.credit == account else Money(0, self.amount.currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerLine:
    """A claim line as the journal knows it: whose money it is and how much was claimed (signed)."""

    tenant: str
    line_id: str
    claim_id: str
    claimed: Money
    practice: str = ""
    payee: str = ""
    payer: str = ""


def ledger_lines(claim: Claim) -> tuple[LedgerLine, ...]:
    """The journal's view of a claim: the provider is the practice, the claimant is the payee."""
    return tuple(
        LedgerLine(
            tenant=claim.tenant,
            line_id=line.id,
            claim_id=claim.id,
            claimed=line.payable,
            practice=claim.provider.id,
            payee=claim.claimant.id,
            payer=claim.payer,
        )
        for line in claim.lines
    )
