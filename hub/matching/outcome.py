"""How tiers put their findings: post with allocations taken off the book, or doubt with the claims in question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hub.matching.allocation import allocate
from hub.matching.book import Book
from hub.matching.items import Action, Allocation, Alternative, Evidence, Match, Tier
from hub.model.money import Money
from hub.model.payment import Payment


@dataclass(frozen=True, slots=True)
class Doubt:
    """A person must look: `named` are the claims the payment itself points at."""

    tier: Tier
    code: str
    evidence: tuple[Evidence, ...] = ()
    named: Sequence[int] = ()


def post(
    payment: Payment,
    tier: Tier,
    code: str,
    *,
    book: Book,
    indexes: Sequence[int],
    evidence: tuple[Evidence, ...],
    allocations: tuple[Allocation, ...] | None = None,
    rejected: tuple[Alternative, ...] = (),
) -> Match:
    """Allocate the payment to claims, in the order given, and take that off the book."""
    amount = payment.amount
    if allocations is None:
        dues = [due for index in indexes for due in book.dues(index)]
        allocations, _ = allocate(dues, amount.minor, amount.currency)
    book.settle(indexes, allocations)
    left = amount.minor - sum(made.amount.minor for made in allocations)
    return Match(
        payment_id=payment.id,
        tier=tier,
        action=Action.POST,
        remainder=Money(left, amount.currency),
        code=code,
        allocations=allocations,
        evidence=evidence,
        rejected=rejected,
    )


def ignore(payment: Payment, code: str) -> Match:
    """Nothing to do with this booking."""
    return Match(payment_id=payment.id, tier=Tier.NONE, action=Action.IGNORE, remainder=payment.amount, code=code)
