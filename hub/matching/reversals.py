"""Money taken back: never matched forward; undoing the payment it takes back is proposed to a person."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

from hub.matching.book import bank_account
from hub.matching.items import Action, Allocation, Evidence, Match, Suggestion, Tier
from hub.matching.references import structured
from hub.model.payment import BookingState, Payment

_NO_ID = frozenset({"", "NOTPROVIDED"})
_BOOKED = BookingState.BOOKED


class _Paid(NamedTuple):
    """What is kept of a payment in case it is taken back; `order` is its place among all."""

    order: int
    id: str
    sum: _Sum
    booked: date | None
    reference: str
    end_to_end: str
    payer_account: str
    allocations: tuple[tuple[str, int], ...]


_Sum = tuple[str, str, int]
"""Our account, currency, amount."""


class Earlier:
    """Payments that a reversal may take back, by account, currency and amount, and by what links the two."""

    def __init__(self, payments: Iterable[Payment] = ()) -> None:
        self._sums: dict[_Sum, list[_Paid]] = {}
        self._links: dict[str, list[_Paid]] = {}
        self._count = 0
        self._taken: set[str] = set()
        for payment in payments:
            self.add(payment)

    def add(self, payment: Payment, match: Match | None = None) -> None:
        """Remember a payment, with what it was allocated to."""
        if payment.state is not _BOOKED or payment.reversal:
            return
        made = match.allocations if match else ()
        if len(made) == 1:
            parts: tuple[tuple[str, int], ...] = ((made[0].claim_id, made[0].amount.minor),)
        else:
            parts = _by_claim(made)
        sum_ = (payment.account, payment.amount.currency, payment.amount.minor)
        reference = structured(payment.reference) if payment.reference else ""
        self._count += 1
        paid = _Paid(
            self._count, payment.id, sum_, payment.booked, reference, payment.end_to_end, payment.payer_account, parts
        )
        self._sums.setdefault(sum_, []).append(paid)
        if reference:
            self._links.setdefault(reference, []).append(paid)
        if payment.end_to_end not in _NO_ID:
            self._links.setdefault(payment.end_to_end, []).append(paid)

    def linked(self, reversal: Payment, reference: str) -> list[_Paid]:
        """Those of `against` that have the reversal's reference or end-to-end id."""
        named = [*self._links.get(reference, ()), *self._links.get(reversal.end_to_end, ())]
        sum_ = self._opposite(reversal)
        found = {paid.order: paid for paid in named if paid.sum == sum_ and _link(reversal, reference, paid)}
        return self._open([found[order] for order in sorted(found)], reversal)

    def against(self, reversal: Payment) -> list[_Paid]:
        """Earlier payments of the opposite amount on the same account, not yet taken back."""
        return self._open(self._sums.get(self._opposite(reversal), ()), reversal)

    def _opposite(self, reversal: Payment) -> _Sum:
        """What a payment that this reversal takes back came to."""
        account, currency, minor = reversal.account, reversal.amount.currency, reversal.amount.minor
        if minor > 0 and (account, currency, -minor) not in self._sums:
            return account, currency, minor  # some files give the amount of a reversal without its sign
        return account, currency, -minor

    def _open(self, found: Iterable[_Paid], reversal: Payment) -> list[_Paid]:
        return [
            paid
            for paid in found
            if paid.id not in self._taken
            and (paid.booked is None or reversal.booked is None or paid.booked <= reversal.booked)
        ]

    def took(self, payment_id: str) -> None:
        """Note that a reversal of this payment has been proposed."""
        self._taken.add(payment_id)


def _by_claim(made: Sequence[Allocation]) -> tuple[tuple[str, int], ...]:
    parts: dict[str, int] = {}
    for one in made:
        parts[one.claim_id] = parts.get(one.claim_id, 0) + one.amount.minor + one.netted.minor
    return tuple(parts.items())


def by_reversal(payment: Payment, earlier: Earlier) -> Match:
    """The one earlier payment with the same reference or end-to-end id; otherwise a person must find it."""
    reference = structured(payment.reference) if payment.reference else ""
    linked = {one.id: (one, _link(payment, reference, one)) for one in earlier.linked(payment, reference)}
    code = "undo" if len(linked) == 1 else ("reversal_not_unique" if linked else "reversal_unknown")
    undoes = next(iter(linked)) if len(linked) == 1 else ""
    if undoes:
        earlier.took(undoes)
    candidates = [one for one, _ in linked.values()] or _same_payer(payment, earlier.against(payment))
    return Match(
        payment_id=payment.id,
        tier=Tier.REVERSAL,
        action=Action.REVIEW,
        remainder=payment.amount,
        code=code,
        evidence=tuple(row for _, evidence in linked.values() for row in evidence),
        suggestions=_undo(candidates, linked=bool(linked)),
        undoes=undoes,
    )


def _undo(candidates: list[_Paid], *, linked: bool) -> tuple[Suggestion, ...]:
    score = 90 if linked else 40
    newest = [one for one in reversed(candidates) if one.allocations]
    return tuple(
        Suggestion(
            allocations=tuple((claim, -minor) for claim, minor in one.allocations),
            score=max(score if len(newest) == 1 else score // 2 - place, 1),
            why="undo",
        )
        for place, one in enumerate(newest[:3])
    )


def _same_payer(reversal: Payment, same_sum: list[_Paid]) -> list[_Paid]:
    if not reversal.payer_account:
        return same_sum
    account = bank_account(reversal.payer_account)
    return [one for one in same_sum if bank_account(one.payer_account) == account]


def _link(reversal: Payment, reference: str, paid: _Paid) -> tuple[Evidence, ...]:
    found = []
    if reference and paid.reference == reference:
        found.append(Evidence(field="reference", value=reference))
    if reversal.end_to_end not in _NO_ID and reversal.end_to_end == paid.end_to_end:
        found.append(Evidence(field="end-to-end id", value=paid.end_to_end))
    return tuple(found)
