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


class _Paid(NamedTuple):
    """What is kept of a payment in case it is taken back."""

    id: str
    booked: date | None
    reference: str
    end_to_end: str
    payer_account: str
    allocations: tuple[tuple[str, int], ...]


class Earlier:
    """Payments that a reversal may take back, by account, currency and amount."""

    def __init__(self, payments: Iterable[Payment] = ()) -> None:
        self._places: dict[tuple[str, str, int], list[_Paid]] = {}
        self._taken: set[str] = set()
        for payment in payments:
            self.add(payment)

    def add(self, payment: Payment, match: Match | None = None) -> None:
        """Remember a payment, with what it was allocated to."""
        if payment.state is not BookingState.BOOKED or payment.reversal:
            return
        made = match.allocations if match else ()
        if len(made) == 1:
            parts: tuple[tuple[str, int], ...] = ((made[0].claim_id, made[0].amount.minor),)
        else:
            parts = _by_claim(made)
        paid = _Paid(
            payment.id,
            payment.booked,
            payment.reference,
            payment.end_to_end,
            payment.payer_account,
            parts,
        )
        key = (payment.account, payment.amount.currency, payment.amount.minor)
        there = self._places.get(key)
        if there is None:
            self._places[key] = [paid]
        else:
            there.append(paid)

    def against(self, reversal: Payment) -> list[_Paid]:
        """Earlier payments of the opposite amount on the same account, not yet taken back."""
        key = (reversal.account, reversal.amount.currency, -reversal.amount.minor)
        found = self._places.get(key, ())
        if not found and reversal.amount.minor > 0:  # some files give the amount of a reversal without its sign
            found = self._places.get((*key[:2], reversal.amount.minor), ())
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
    same_sum = earlier.against(payment)
    reference = structured(payment.reference) if payment.reference else ""
    told = ((one, _link(payment, reference, one)) for one in same_sum)
    linked = {one.id: (one, evidence) for one, evidence in told if evidence}
    code = "undo" if len(linked) == 1 else ("reversal_not_unique" if linked else "reversal_unknown")
    undoes = next(iter(linked)) if len(linked) == 1 else ""
    if undoes:
        earlier.took(undoes)
    candidates = [one for one, _ in linked.values()] or _same_payer(payment, same_sum)
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
    if reference and (paid.reference == reference or structured(paid.reference) == reference):
        found.append(Evidence(field="reference", value=reference))
    if reversal.end_to_end not in _NO_ID and reversal.end_to_end == paid.end_to_end:
        found.append(Evidence(field="end-to-end id", value=paid.end_to_end))
    return tuple(found)
