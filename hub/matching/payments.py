"""Payments meet open claims, in tiers (T1-T6); only what is certain posts, everything else is explained to a person.

Order of arrival does not matter: structured references of all payments are taken before any text, earlier bookings
before later ones. Running it again over the same values gives the same answer.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date

from hub.matching.book import Book
from hub.matching.items import Match, MatchRules, OpenItem
from hub.matching.outcome import ignore
from hub.matching.reversals import Earlier, by_reversal
from hub.matching.structured import by_documents, by_reference, has_reference, is_exact
from hub.matching.suggestions import suggest
from hub.matching.textual import by_text
from hub.model.payment import BookingState, Payment

_RULES = MatchRules()


def match(
    payments: Sequence[Payment],
    items: Iterable[OpenItem],
    rules: MatchRules = _RULES,
    *,
    earlier: Iterable[Payment] = (),
    settled: Collection[str] = (),
) -> list[Match]:
    """One match per payment, in the order given; each payment's `id` is the hub's own and unique (`new_payments`).

    `earlier` are payments of earlier runs that a reversal may take back. `settled` are ids somebody has dealt with
    already: they are left alone.
    """
    book = Book(items)
    found: dict[int, Match] = {}
    before = Earlier([*earlier, *payments])
    order = sorted(range(len(payments)), key=lambda at: (payments[at].booked or date.min, payments[at].id))
    known: set[str] = set()
    for at in order:
        payment = payments[at]
        if payment.id in known:
            found[at] = ignore(payment, "same_id_twice")
        elif code := _not_money(payment, settled):
            found[at] = ignore(payment, code)
        elif payment.reversal:
            found[at] = by_reversal(payment, before)
        known.add(payment.id)
    rest = [at for at in order if at not in found]
    _structured(payments, rest, book, rules, found)
    for at in rest:
        if at not in found:
            found[at] = by_text(payments[at], book, rules)
    return [suggest(found[at], payments[at], book, rules) for at in range(len(payments))]


def _not_money(payment: Payment, settled: Collection[str]) -> str:
    if payment.state is not BookingState.BOOKED:
        return f"state_{payment.state}"
    if payment.id in settled:
        return "already_matched"
    return "" if payment.amount else "no_amount"


def _structured(
    payments: Sequence[Payment], rest: Sequence[int], book: Book, rules: MatchRules, found: dict[int, Match]
) -> None:
    """References of all payments first, then documents; a reference beside documents counts when it explains all."""
    documents = []
    for at in rest:
        payment = payments[at]
        if has_reference(payment) and (not payment.documents or is_exact(payment, book)):
            found[at] = by_reference(payment, book)
        elif payment.documents:
            documents.append(at)
    for at in documents:
        told = by_documents(payments[at], book, rules)
        if told is None and has_reference(payments[at]):
            told = by_reference(payments[at], book)
        if told is not None:
            found[at] = told
