"""Payments meet open claims, in tiers; only what is certain posts, everything else is explained to a person.

Payments are taken one after another, in the order given, against open amounts that shrink: `arrival` is the order for a
caller that has the choice. Running it again over the same values gives the same answer.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date

from hub.matching.book import Book
from hub.matching.items import Match, MatchRules, OpenItem
from hub.matching.outcome import Doubt, ignore
from hub.matching.reversals import Earlier, by_reversal
from hub.matching.structured import by_documents, by_reference, has_reference, is_exact, is_told
from hub.matching.suggestions import suggest
from hub.matching.textual import by_text
from hub.model.payment import BookingState, Payment

_RULES = MatchRules()
_BOOKED = BookingState.BOOKED


def match(
    payments: Sequence[Payment],
    claims: Iterable[OpenItem],
    rules: MatchRules = _RULES,
    *,
    earlier: Iterable[Payment] = (),
    settled: Collection[str] = (),
) -> list[Match]:
    """One match per payment, in the order given; each payment's `id` is the hub's own and unique (`new_payments`).

    `earlier` are payments of earlier runs that a reversal may take back. `settled` are ids somebody has dealt with
    already: they are left alone.
    """
    matcher = Matcher(Book(claims), rules, earlier=earlier, settled=settled)
    return [matcher.match(payment) for payment in payments]


def arrival(payment: Payment) -> tuple[int, date, str]:
    """The order to match in where all payments are at hand.

    What says for certain what it pays goes before free text, earlier bookings before later ones, what takes money
    back last.
    """
    if payment.reversal:
        rank = 3
    else:
        rank = 0 if has_reference(payment) and not payment.documents else (1 if payment.documents else 2)
    return rank, payment.booked or date.min, payment.id


class Matcher:
    """One run over one book: payments are given to it one at a time."""

    def __init__(
        self,
        book: Book,
        rules: MatchRules = _RULES,
        *,
        earlier: Iterable[Payment] = (),
        settled: Collection[str] = (),
    ) -> None:
        self._book = book
        book.waiting = rules.wait_for_decision
        self._rules = rules
        self._settled = settled
        self._earlier = Earlier(earlier)
        self._known: set[str] = set()

    def match(self, payment: Payment) -> Match:
        """What one payment is for; what it posts is off the book for those after it."""
        if payment.id in self._known:
            return ignore(payment, "same_id_twice")
        self._known.add(payment.id)
        code = _not_money(payment, self._settled)
        if code:
            return ignore(payment, code)
        if payment.reversal:
            return by_reversal(payment, self._earlier)
        told = self._tiers(payment)
        found = suggest(told, payment, self._book, self._rules) if isinstance(told, Doubt) else told
        self._earlier.add(payment, found)
        return found

    def _tiers(self, payment: Payment) -> Match | Doubt:
        """The first tier that has something to say; a reference beside documents counts when it explains all."""
        book, rules = self._book, self._rules
        certain = has_reference(payment) or is_told(payment, book)
        if certain and (not payment.documents or is_exact(payment, book)):
            return by_reference(payment, book, rules)
        if payment.documents:
            told = by_documents(payment, book, rules)
            if told is None and certain:
                told = by_reference(payment, book, rules)
            if told is not None:
                return told
        return by_text(payment, book, rules)


def _not_money(payment: Payment, settled: Collection[str]) -> str:
    if payment.state is not _BOOKED:
        return f"state_{payment.state}"
    if payment.id in settled:
        return "already_matched"
    return "" if payment.amount.minor else "no_amount"
