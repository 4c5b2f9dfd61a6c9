"""How tiers put their findings: post with allocations taken off the book, review with the claims in question."""

from __future__ import annotations

from collections.abc import Sequence

from hub.matching.allocation import allocate
from hub.matching.book import Book
from hub.matching.items import Action, Allocation, Alternative, Evidence, Match, Tier
from hub.model.payment import Payment

SHOWN = 10
"""How many claims in question a review shows."""


def post(
    payment: Payment,
    tier: Tier,
    code: str,
    *,
    book: Book,
    indexes: Sequence[int],
    evidence: tuple[Evidence, ...],
    allocations: tuple[Allocation, ...] | None = None,
) -> Match:
    """Allocate the payment to items, in the order given, and take that off the book."""
    if allocations is None:
        dues = [due for index in indexes for due in book.dues(index)]
        allocations, _ = allocate(dues, payment.amount.minor, payment.amount.currency)
    book.settle(indexes, allocations)
    remainder = payment.amount
    for made in allocations:
        remainder -= made.amount
    return Match(
        payment_id=payment.id,
        tier=tier,
        action=Action.POST,
        remainder=remainder,
        code=code,
        allocations=allocations,
        evidence=evidence,
    )


def review(
    payment: Payment,
    tier: Tier,
    code: str,
    evidence: tuple[Evidence, ...] = (),
    *,
    claims: Sequence[str] = (),
) -> Match:
    """A person must look: `claims` are those the payment itself points at."""
    return Match(
        payment_id=payment.id,
        tier=tier,
        action=Action.REVIEW,
        remainder=payment.amount,
        code=code,
        evidence=evidence,
        alternatives=tuple(Alternative(claim_id=claim, reason="named") for claim in claims[:SHOWN]),
    )


def ignore(payment: Payment, code: str) -> Match:
    """Nothing to do with this booking."""
    return Match(payment_id=payment.id, tier=Tier.NONE, action=Action.IGNORE, remainder=payment.amount, code=code)
