"""What a payment might be for when nothing says so for certain (T5): ranked, explained, never posted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

from hub.matching.book import Book
from hub.matching.items import Action, Alternative, Match, MatchRules, Tier
from hub.matching.outcome import SHOWN
from hub.matching.references import repairs, structured
from hub.model.payment import Payment, ReferenceKind

SOLUTIONS = 3


def suggest(match: Match, payment: Payment, book: Book, rules: MatchRules) -> Match:
    """A review with its alternatives completed, those the payment names itself first."""
    if match.action is not Action.REVIEW or match.tier is Tier.REVERSAL or payment.amount.minor <= 0:
        return match
    ranked: dict[tuple[str, int], Alternative] = {(one.claim_id, one.group): one for one in match.alternatives}
    for other in islice(_others(payment, book, rules), SHOWN):
        if (other.claim_id, 0) not in ranked:
            ranked.setdefault((other.claim_id, other.group), other)
    tier = Tier.SUGGESTION if ranked and match.tier is Tier.NONE else match.tier
    return replace(match, alternatives=tuple(ranked.values())[:SHOWN], tier=tier)


def _others(payment: Payment, book: Book, rules: MatchRules) -> Iterator[Alternative]:
    yield from _repaired(payment, book)
    amount, currency = payment.amount.minor, payment.amount.currency
    owners = sorted(_payers(payment, book))
    alone = True
    for payer in owners:
        same = [i for i in book.of_amount(payer, currency, amount, rules.scan_cap) if book.fits(i, payment)]
        alone = alone and not same
        reason = "same_amount" if len(same) == 1 else "same_amount_as_others"
        yield from (Alternative(claim_id=book.items[i].claim_id, reason=reason) for i in same)
    if owners and alone:
        for payer in owners:
            yield from _sums(payment, book, payer, rules)
    if not owners:
        for payer in book.payers():
            for index in book.of_amount(payer, currency, amount, 2):
                if book.fits(index, payment):
                    yield Alternative(claim_id=book.items[index].claim_id, reason="same_amount_other_payer")


def _payers(payment: Payment, book: Book) -> set[str]:
    """Whose payment it is: by the account it came from, else by the reference it names."""
    known = set(book.owners(payment.payer_account))
    if not known and payment.reference:
        known = {book.items[index].payer for index in book.referenced(structured(payment.reference))}
    return known


def _repaired(payment: Payment, book: Book) -> Iterator[Alternative]:
    if payment.reference_kind is not ReferenceKind.KID:
        return
    for candidate in dict.fromkeys(repairs(payment.reference)):
        for index in book.referenced(candidate):
            if book.open[index] and book.fits(index, payment):
                exact = book.open[index] == payment.amount.minor
                reason = "reference_one_digit_off_amount_exact" if exact else "reference_one_digit_off"
                yield Alternative(claim_id=book.items[index].claim_id, reason=reason)


def _sums(payment: Payment, book: Book, payer: str, rules: MatchRules) -> Iterator[Alternative]:
    """Up to three sets of the payer's newest claims that make up the amount; a coincidence is likely, and said so."""
    window = list(book.newest(payer, payment.amount.currency, rules.subset_lines))
    window = [index for index in window if book.fits(index, payment)]
    found = list(islice(subsets([book.open[index] for index in window], payment.amount.minor), SOLUTIONS))
    reason = "sum_of_several" if len(found) == 1 else "sum_of_several_ambiguous"
    for group, places in enumerate(found, start=1):
        for place in places:
            yield Alternative(claim_id=book.items[window[place]].claim_id, reason=reason, group=group)


def subsets(amounts: Sequence[int], wanted: int) -> Iterator[tuple[int, ...]]:
    """Places of two or more amounts that add up to the wanted one, by meeting in the middle."""
    half = len(amounts) // 2
    first = _all_sums(amounts, 0, half)
    by_sum: dict[int, list[tuple[int, ...]]] = {}
    for sum_, places in first:
        by_sum.setdefault(sum_, []).append(places)
    for sum_, places in _all_sums(amounts, half, len(amounts)):
        for others in by_sum.get(wanted - sum_, ()):
            if len(others) + len(places) > 1:
                yield others + places


def _all_sums(amounts: Sequence[int], start: int, stop: int) -> list[tuple[int, tuple[int, ...]]]:
    sums: list[tuple[int, tuple[int, ...]]] = [(0, ())]
    for place in range(start, stop):
        sums += [(sum_ + amounts[place], (*places, place)) for sum_, places in sums]
    return sums
