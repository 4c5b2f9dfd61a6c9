"""How tiers put their findings: post with allocations taken off the book, or doubt with the claims in question."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from hub.matching.allocation import allocate, none_of, whole
from hub.matching.book import Book
from hub.matching.items import Action, Allocation, Alternative, Evidence, Match, Tier
from hub.model.money import Money
from hub.model.payment import Payment


class Doubt(NamedTuple):
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
) -> Match | Doubt:
    """Allocate the payment to claims, in the order given, and take that off the book, unless a decision comes first."""
    amount = payment.amount
    if allocations is None:
        allocations = _allocated(amount, book, indexes)
    if amount.currency in book.waiting and any(made.grants for made in allocations):
        return Doubt(tier, "not_decided", evidence, indexes)
    book.settle(indexes, allocations)
    left = amount.minor - sum([made.amount.minor for made in allocations])
    remainder = Money(left, amount.currency) if left else none_of(amount.currency)
    return Match(payment.id, tier, _POST, remainder, code, allocations, evidence, (), rejected)


_POST = Action.POST


def _allocated(amount: Money, book: Book, indexes: Sequence[int]) -> tuple[Allocation, ...]:
    dues = [due for index in indexes for due in book.dues(index)] if len(indexes) > 1 else book.dues(indexes[0])
    if len(dues) == 1 and dues[0].payable == amount.minor:
        return (whole(dues[0], amount),)
    return allocate(dues, amount.minor, amount.currency)[0]


def ignore(payment: Payment, code: str) -> Match:
    """Nothing to do with this booking."""
    return Match(payment_id=payment.id, tier=Tier.NONE, action=Action.IGNORE, remainder=payment.amount, code=code)
