"""Money taken back (T6): never matched forward; the payment it undoes is proposed to a person."""

from __future__ import annotations

from collections.abc import Iterable

from hub.matching.items import Action, Evidence, Match, Tier
from hub.matching.references import structured
from hub.model.payment import BookingState, Payment

_NO_ID = frozenset({"", "NOTPROVIDED"})


class Earlier:
    """Payments that a reversal may take back, by account, currency and amount."""

    def __init__(self, payments: Iterable[Payment]) -> None:
        self._places: dict[tuple[str, str, int], list[Payment]] = {}
        for payment in payments:
            if payment.state is BookingState.BOOKED and not payment.reversal:
                key = (payment.account, payment.amount.currency, payment.amount.minor)
                self._places.setdefault(key, []).append(payment)

    def against(self, reversal: Payment) -> list[Payment]:
        """Earlier payments of the opposite amount on the same account."""
        key = (reversal.account, reversal.amount.currency, -reversal.amount.minor)
        return [
            payment
            for payment in self._places.get(key, ())
            if payment.booked is None or reversal.booked is None or payment.booked <= reversal.booked
        ]


def by_reversal(payment: Payment, earlier: Earlier) -> Match:
    """The one earlier payment with the same reference or end-to-end id; otherwise a person must find it."""
    same_sum = earlier.against(payment)
    linked = {one.id: _link(payment, one) for one in same_sum}
    linked = {key: evidence for key, evidence in linked.items() if evidence}
    code = "undo" if len(linked) == 1 else ("reversal_not_unique" if linked else "reversal_unknown")
    return Match(
        payment_id=payment.id,
        tier=Tier.REVERSAL,
        action=Action.REVIEW,
        remainder=payment.amount,
        code=code,
        evidence=tuple(one for evidence in linked.values() for one in evidence),
        undoes=next(iter(linked)) if len(linked) == 1 else "",
    )


def _link(reversal: Payment, payment: Payment) -> tuple[Evidence, ...]:
    found = []
    if reversal.reference and structured(reversal.reference) == structured(payment.reference):
        found.append(Evidence(field="reference", value=structured(payment.reference)))
    if reversal.end_to_end not in _NO_ID and reversal.end_to_end == payment.end_to_end:
        found.append(Evidence(field="end-to-end id", value=payment.end_to_end))
    return tuple(found)
