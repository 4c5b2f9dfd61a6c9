"""How a settlement falls on lines: in line order, credits first set off against the first lines, then cash."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from hub.matching.items import Allocation
from hub.model.money import Money


@dataclass(slots=True)
class Due:
    """A line's money during a run (minor units): `outstanding` is granted, `undecided` a payment may grant."""

    line_id: str
    claim_id: str
    outstanding: int
    undecided: int

    @property
    def payable(self) -> int:
        """What may still be settled."""
        return self.outstanding + self.undecided

    def grants(self, amount: int) -> int:
        """How much of a signed amount a payment has to grant.

        What is granted goes first, but only what is owed in the same direction.
        """
        if self.outstanding * amount <= 0:
            return amount
        return 0 if abs(amount) <= abs(self.outstanding) else amount - self.outstanding

    def take(self, amount: int) -> int:
        """Settle a signed amount; the answer is how much of it a payment has to grant."""
        grants = self.grants(amount)
        self.outstanding -= amount - grants
        self.undecided -= grants
        return grants


def allocate(dues: Sequence[Due], cash: int, currency: str) -> tuple[tuple[Allocation, ...], int]:
    """Settle lines with cash (signed) and with each other; the second answer is the cash nothing took.

    Nothing is changed here: `settle` takes the allocations off the lines.
    """
    if len(dues) == 1 and cash * dues[0].payable > 0:
        paid = cash if abs(cash) <= abs(dues[0].payable) else dues[0].payable
        return (_allocation(dues[0], paid, 0, currency),), cash - paid
    payables = [due.payable for due in dues]
    if sum(payables) == cash and min(payables, default=0) > 0:
        return tuple([whole(due, Money(paid, currency)) for due, paid in zip(dues, payables, strict=True)]), 0
    sign = -1 if cash < 0 else 1
    against = -sum(sign * due.payable for due in dues if sign * due.payable < 0)
    rows: dict[int, tuple[int, int]] = {}
    left, credit = abs(cash), against
    for index, due in enumerate(dues):
        payable = sign * due.payable
        if payable > 0:
            netted = min(payable, credit)
            paid = min(payable - netted, left)
            left, credit = left - paid, credit - netted
            rows[index] = (sign * paid, sign * netted)
    _net_credits(dues, rows, sign, against - credit)
    made = [
        _allocation(dues[index], paid, netted, currency)
        for index, (paid, netted) in sorted(rows.items())
        if paid or netted
    ]
    return tuple(made), sign * left


def whole(due: Due, paid: Money) -> Allocation:
    """All that is payable on a line, paid with exactly that."""
    grants = due.grants(paid.minor)
    nothing = none_of(paid.currency)
    granted = paid if grants == paid.minor else (Money(grants, paid.currency) if grants else nothing)
    return Allocation(due.line_id, due.claim_id, paid, nothing, granted)


def _net_credits(dues: Sequence[Due], rows: dict[int, tuple[int, int]], sign: int, used: int) -> None:
    for index, due in enumerate(dues):
        payable = -sign * due.payable
        if payable > 0:
            part = min(payable, used)
            used -= part
            rows[index] = (0, -sign * part)


def _allocation(due: Due, paid: int, netted: int, currency: str) -> Allocation:
    amount, grants = Money(paid, currency), due.grants(paid + netted)
    return Allocation(
        line_id=due.line_id,
        claim_id=due.claim_id,
        amount=amount,
        netted=Money(netted, currency) if netted else none_of(currency),
        grants=amount if grants == paid else (Money(grants, currency) if grants else none_of(currency)),
    )


@lru_cache(maxsize=64)
def none_of(currency: str) -> Money:
    """No money of a currency."""
    return Money(0, currency)
