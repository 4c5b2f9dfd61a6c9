"""What a payment might be for when nothing says so for certain: ranked, scored, explained, never posted.

Scores are ours, from 0 to 100, and only rank: what the payment names comes before what its amount happens to fit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice

from hub.matching.book import BARE, NUMBER, REFERENCE, Book
from hub.matching.items import Action, Match, MatchRules, Suggestion, Tier
from hub.matching.naming import text_of
from hub.matching.outcome import Doubt
from hub.matching.references import slips, structured
from hub.matching.wording import cleaned, runs
from hub.model.identity import KID_LONGEST, is_kid
from hub.model.payment import Payment, ReferenceKind

SHOWN = 10
"""How many suggestions a review carries."""
SOLUTIONS = 3
_ALIKE = 5
"""How many claims of one amount are shown."""
_RUNS = 6
"""Numbers of a text whose slips are looked for."""
_EXPLAINED = frozenset({"amount_of_another", "already_paid", "outgoing"})
_NAMED_LISTS = 14
"""Of how many named claims subsets are tried."""
_MANY_PAYERS = 2000
_TWO_OR_MORE = 2


def suggest(doubt: Doubt, payment: Payment, book: Book, rules: MatchRules) -> Match:
    """A review with its suggestions, those the payment names itself first where they explain the amount."""
    ranked: dict[tuple[tuple[str, int], ...], Suggestion] = {}
    if payment.amount.minor > 0:
        for one in islice(_all(doubt, payment, book, rules), 4 * SHOWN):
            before = ranked.get(one.allocations)
            if before is None or before.score < one.score:
                ranked[one.allocations] = one
    elif doubt.named:
        ranked = {one.allocations: one for one in _named(doubt, payment, book)}
    best = sorted(ranked.values(), key=lambda one: -one.score)[:SHOWN]
    return Match(
        payment_id=payment.id,
        tier=Tier.SUGGESTION if best and doubt.tier is Tier.NONE else doubt.tier,
        action=Action.REVIEW,
        remainder=payment.amount,
        code=doubt.code,
        evidence=doubt.evidence,
        suggestions=tuple(best),
    )


def _all(doubt: Doubt, payment: Payment, book: Book, rules: MatchRules) -> Iterator[Suggestion]:
    yield from _named(doubt, payment, book)
    yield from _slips(doubt, payment, book)
    owners = sorted(book.owners(payment.payer_account))
    yield from _meant(doubt, payment, book, owners)
    known = owners or sorted({book.payer(index) for index in doubt.named})
    alone = True
    for payer in known:
        same = book.nearest_of_amount(payer, payment, rules.typical_days, _ALIKE)
        alone = alone and not same
        yield from _same_amount(same, payment, book)
    if known and alone:
        for payer in known:
            yield from _sums(payment, book, payer, rules)
    if not owners and all(book.open[index] != payment.amount.minor for index in doubt.named):
        yield from _anybody(payment, book, rules)


def _one(book: Book, index: int, payment: Payment, score: int, why: str) -> Suggestion:
    """A claim with as much of the payment as it can take; a settled one with all of it."""
    amount, payable = payment.amount.minor, book.open[index]
    part = payable if payable and abs(payable) < abs(amount) and payable * amount > 0 else amount
    return Suggestion(allocations=((book.claims[index], part),), score=score, why=why)


def _named(doubt: Doubt, payment: Payment, book: Book) -> Iterator[Suggestion]:
    """What the payment names: all of it, parts of it that make up the amount, each for itself."""
    named, amount = list(dict.fromkeys(doubt.named)), payment.amount.minor
    live = [index for index in named if book.open[index]]
    if len(live) > 1 and sum(book.open[index] for index in live) == amount:
        yield Suggestion(allocations=_open(book, live), score=92, why="named")
        return
    if _TWO_OR_MORE < len(live) <= _NAMED_LISTS:
        for places in islice(subsets([book.open[index] for index in live], amount), SOLUTIONS):
            yield Suggestion(allocations=_open(book, [live[at] for at in places]), score=80, why="some_of_the_named")
    for index in named[:SHOWN]:
        if book.open[index] < 0 < amount and doubt.tier is not Tier.STRUCTURED:
            continue  # money that came in does not pay a credit; a KID that says so is shown all the same
        if not book.open[index]:
            yield _one(book, index, payment, 55 if not live else 20, "named")
        elif book.open[index] == amount:
            yield _one(book, index, payment, 90, "named")
        else:
            yield _one(book, index, payment, 78 if doubt.tier is Tier.STRUCTURED else 60, "named")


def _open(book: Book, indexes: Sequence[int]) -> tuple[tuple[str, int], ...]:
    return tuple((book.claims[index], book.open[index]) for index in indexes)


def _slips(doubt: Doubt, payment: Payment, book: Book) -> Iterator[Suggestion]:
    """Claims whose reference is one digit, or two swapped neighbours, away from one that is none of ours."""
    reference = structured(payment.reference)
    if payment.reference_kind is None or not reference.isdigit() or not 2 <= len(reference) <= KID_LONGEST:
        return
    if doubt.code not in ("check_digit", "unknown_reference", "amount_of_a_neighbour", "no_reference", "payer_unknown"):
        return
    for other in slips(reference):
        if not book.knows(other):
            continue
        for index, kind, size in book.entries(other):
            if kind != REFERENCE or size != len(other) or not book.open[index] or not book.fits(index, payment):
                continue
            if payment.reference_kind is ReferenceKind.KID and not is_kid(other):
                continue
            exact = book.open[index] == payment.amount.minor
            why = "reference_one_digit_off_amount_exact" if exact else "reference_one_digit_off"
            yield _one(book, index, payment, 88 if exact else 45, why)


def _meant(doubt: Doubt, payment: Payment, book: Book, owners: Sequence[str]) -> Iterator[Suggestion]:
    """Claims whose number is one slip away from one in the text, alone or beside those named, with the right amount."""
    if not owners or doubt.tier in (Tier.STRUCTURED, Tier.BATCH) or doubt.code in _EXPLAINED:
        return
    beside = [index for index in dict.fromkeys(doubt.named) if book.open[index] and book.payer(index) in owners]
    grounds: list[tuple[list[int], int]] = [([], payment.amount.minor)]
    if beside:
        grounds.append((beside, payment.amount.minor - sum(book.open[index] for index in beside)))
    minors = {minor for _, minor in grounds if minor}
    for number in runs(cleaned(text_of(payment)))[:_RUNS]:
        if any(index in beside for index, _, _ in book.entries(number)):
            continue
        for index in book.near(number, minors, (NUMBER, BARE, REFERENCE)):
            if book.payer(index) not in owners or not book.fits(index, payment):
                continue
            for together, minor in grounds:
                if book.open[index] == minor and index not in together:
                    found = _open(book, [*together, index])
                    yield Suggestion(allocations=found, score=82, why="number_one_digit_off")
    if beside and grounds[1][1] > 0:
        yield from _rest(payment, book, beside, grounds[1][1])


def _rest(payment: Payment, book: Book, beside: Sequence[int], rest: int) -> Iterator[Suggestion]:
    """What is named, with the one claim of the payer that makes up the rest."""
    others = [index for index in book.of_amount(book.payer(beside[0]), payment, rest) if index not in beside]
    for index in others[:SOLUTIONS]:
        score = 68 if len(others) == 1 else 35
        yield Suggestion(allocations=_open(book, [*beside, index]), score=score, why="named_and_the_rest")


def _same_amount(same: Sequence[int], payment: Payment, book: Book) -> Iterator[Suggestion]:
    """Claims of the payer with the amount: alone, or ranked by how long payers usually take."""
    for place, index in enumerate(same):
        if len(same) == 1:
            yield _one(book, index, payment, 75, "same_amount")
        else:
            yield _one(book, index, payment, 50 - 2 * place, "same_amount_as_others")


def _sums(payment: Payment, book: Book, payer: str, rules: MatchRules) -> Iterator[Suggestion]:
    """Up to three sets of the payer's newest claims that make up the amount; a coincidence is likely, and said so."""
    window = book.newest(payer, payment, rules.subset_lines)
    found = list(islice(subsets([book.open[index] for index in window], payment.amount.minor), SOLUTIONS))
    why = "sum_of_several" if len(found) == 1 else "sum_of_several_ambiguous"
    for place, places in enumerate(found):
        yield Suggestion(
            allocations=_open(book, [window[at] for at in places]),
            score=(40 if len(found) == 1 else 25) - place,
            why=why,
        )


def _anybody(payment: Payment, book: Book, rules: MatchRules) -> Iterator[Suggestion]:
    """Claims of the amount of anybody, those first whose name is like the payer's."""
    theirs = _words(payment.payer_name)
    payers = book.payers_owing(payment)
    alike = {payer: len(theirs & _words(payer)) for payer in payers}
    most = max(alike.values(), default=0)
    for payer in payers if len(payers) <= _MANY_PAYERS else [payer for payer in payers if alike[payer] == most > 0]:
        same = book.nearest_of_amount(payer, payment, rules.typical_days, 2)
        like = alike[payer] == most > 0
        score, why = (65, "same_amount_name_alike") if like else (15, "same_amount_other_payer")
        for place, index in enumerate(same):
            yield _one(book, index, payment, score - place - (20 if like and len(same) > 1 else 0), why)


@lru_cache(maxsize=8192)
def _words(name: str) -> frozenset[str]:
    """The words of a name, but for the shortest."""
    words = "".join(char if char.isalnum() else " " for char in name.casefold()).split()
    return frozenset(word for word in words if len(word) > 1 and word not in _FORMS)


_FORMS = frozenset({"as", "asa", "bv", "nv", "sa", "de", "the", "og", "en", "of", "av", "van"})


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
