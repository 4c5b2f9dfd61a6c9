"""What a payment might be for when nothing says so for certain: ranked, scored, explained, never posted.

Scores are ours, from 0 to 100, and only rank: what the payment names comes before what its amount happens to fit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice
from operator import itemgetter

from hub.matching.book import BARE, NUMBER, REFERENCE, Book
from hub.matching.items import Action, Match, MatchRules, Suggestion, Tier
from hub.matching.naming import text_of
from hub.matching.outcome import Doubt
from hub.matching.references import structured
from hub.matching.shorthand import Found, Parts, padded, shortened
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
_MISTYPED = frozenset({"check_digit", "unknown_reference", "amount_of_a_neighbour", "no_reference", "payer_unknown"})
_REVIEW = Action.REVIEW
_NONE, _T1, _T5 = Tier.NONE, Tier.STRUCTURED, Tier.SUGGESTION
_CERTAIN = (_T1, Tier.BATCH)
_EXPLAINED = frozenset({"amount_of_another", "already_paid", "outgoing"})
_NAMED_LISTS = 14
"""Of how many named claims subsets are tried."""
_MANY_PAYERS = 2000
_TWO_OR_MORE = 2


def suggest(doubt: Doubt, payment: Payment, book: Book, rules: MatchRules) -> Match:
    """A review with its suggestions, those the payment names itself first where they explain the amount."""
    ranked: dict[Parts, Found] = {}
    if payment.amount.minor > 0:
        for one in islice(_all(doubt, payment, book, rules), 4 * SHOWN):
            before = ranked.get(one[0])
            if before is None or before[1] < one[1]:
                ranked[one[0]] = one
    elif doubt.named:
        ranked = {one[0]: one for one in _named(doubt, payment, book)}
    best = sorted(ranked.values(), key=_SCORE, reverse=True)[:SHOWN]
    tier = _T5 if best and doubt.tier is _NONE else doubt.tier
    shown = tuple(map(Suggestion._make, best))
    return Match(payment.id, tier, _REVIEW, payment.amount, doubt.code, (), doubt.evidence, shown)


_SCORE = itemgetter(1)


def _all(doubt: Doubt, payment: Payment, book: Book, rules: MatchRules) -> Iterator[Found]:
    if doubt.named:
        yield from _named(doubt, payment, book)
    if doubt.code in _MISTYPED and payment.reference_kind is not None:
        yield from _slips(payment, book)
        yield from padded(payment, book)
    owners = sorted(book.owners(payment.payer_account))
    if owners and doubt.tier not in _CERTAIN and doubt.code not in _EXPLAINED:
        yield from _meant(doubt, payment, book, owners)
        yield from shortened(payment, book, owners)
    known = owners or sorted({book.payer(index) for index in doubt.named})
    alone = True
    for payer in known:
        same = book.nearest_of_amount(payer, payment, rules.typical_days, _ALIKE)
        if same:
            alone = False
            yield from _same_amount(same, payment, book)
    if known and alone:
        for payer in known:
            yield from _sums(payment, book, payer, rules)
    if not owners and not any(book.open[index] == payment.amount.minor for index in doubt.named):
        yield from _anybody(payment, book, rules)


def _one(book: Book, index: int, payment: Payment, score: int, why: str) -> Found:
    """A claim with as much of the payment as it can take; a settled one with all of it."""
    amount, payable = payment.amount.minor, book.open[index]
    part = payable if payable and abs(payable) < abs(amount) and payable * amount > 0 else amount
    return ((book.claims[index], part),), score, why


def _named(doubt: Doubt, payment: Payment, book: Book) -> Iterator[Found]:
    """What the payment names: all of it, parts of it that make up the amount, each for itself."""
    named, amount = list(dict.fromkeys(doubt.named)), payment.amount.minor
    live = [index for index in named if book.open[index]]
    if len(live) > 1 and sum([book.open[index] for index in live]) == amount:
        yield _open(book, live), 92, "named"
        return
    if _TWO_OR_MORE < len(live) <= _NAMED_LISTS:
        for places in islice(subsets([book.open[index] for index in live], amount), SOLUTIONS):
            yield _open(book, [live[at] for at in places]), 80, "some_of_the_named"
    for index in named[:SHOWN]:
        if book.open[index] < 0 < amount and doubt.tier is not _T1:
            continue  # money that came in does not pay a credit; a KID that says so is shown all the same
        if not book.open[index]:
            yield _one(book, index, payment, 55 if not live else 20, "named")
        elif book.open[index] == amount:
            yield _one(book, index, payment, 90, "named")
        else:
            yield _one(book, index, payment, 78 if doubt.tier is _T1 else 60, "named")


def _open(book: Book, indexes: Sequence[int]) -> Parts:
    return tuple([(book.claims[index], book.open[index]) for index in indexes])


def _slips(payment: Payment, book: Book) -> Iterator[Found]:
    """Claims whose reference is one digit, or two swapped neighbours, away from one that is none of ours."""
    reference = structured(payment.reference)
    if not (reference.isdecimal() and 2 <= len(reference) <= KID_LONGEST):
        return
    for other, entries in book.known_slips(reference):
        for index, kind, size in entries:
            if kind != REFERENCE or size != len(other) or not book.open[index] or not book.fits(index, payment):
                continue
            if payment.reference_kind is ReferenceKind.KID and not is_kid(other):
                continue
            exact = book.open[index] == payment.amount.minor
            why = "reference_one_digit_off_amount_exact" if exact else "reference_one_digit_off"
            yield _one(book, index, payment, 88 if exact else 45, why)


def _meant(doubt: Doubt, payment: Payment, book: Book, owners: Sequence[str]) -> Iterator[Found]:
    """Claims whose number is one slip away from one in the text, alone or beside those named, with the right amount."""
    numbers = runs(cleaned(text_of(payment)))[:_RUNS]
    beside = [index for index in dict.fromkeys(doubt.named) if book.open[index] and book.payer(index) in owners]
    grounds: list[tuple[list[int], int]] = [([], payment.amount.minor)]
    if beside:
        grounds.append((beside, payment.amount.minor - sum([book.open[index] for index in beside])))
    minors = [minor for _, minor in grounds if numbers and minor and book.owe(owners, payment, minor)]
    for number in numbers if minors else ():
        if any(index in beside for index, _, _ in book.entries(number)):
            continue
        for index in book.near(number, minors, (NUMBER, BARE, REFERENCE)):
            if book.payer(index) not in owners or not book.fits(index, payment):
                continue
            for together, minor in grounds:
                if book.open[index] == minor and index not in together:
                    yield _open(book, [*together, index]), 82, "number_one_digit_off"
    if beside and grounds[1][1] > 0:
        yield from _rest(payment, book, beside, grounds[1][1])


def _rest(payment: Payment, book: Book, beside: Sequence[int], rest: int) -> Iterator[Found]:
    """What is named, with the one claim of the payer that makes up the rest."""
    others = [index for index in book.of_amount(book.payer(beside[0]), payment, rest) if index not in beside]
    for index in others[:SOLUTIONS]:
        yield _open(book, [*beside, index]), 68 if len(others) == 1 else 35, "named_and_the_rest"


def _same_amount(same: Sequence[int], payment: Payment, book: Book) -> Iterator[Found]:
    """Claims of the payer with the amount: alone, or ranked by how long payers usually take."""
    amount = payment.amount.minor
    if len(same) == 1:
        yield ((book.claims[same[0]], amount),), 75, "same_amount"
        return
    for place, index in enumerate(same):
        yield ((book.claims[index], amount),), 50 - 2 * place, "same_amount_as_others"


def _sums(payment: Payment, book: Book, payer: str, rules: MatchRules) -> Iterator[Found]:
    """Up to three sets of the payer's newest claims that make up the amount; a coincidence is likely, and said so."""
    window = book.newest(payer, payment, rules.subset_lines)
    found = list(islice(subsets([book.open[index] for index in window], payment.amount.minor), SOLUTIONS))
    why = "sum_of_several" if len(found) == 1 else "sum_of_several_ambiguous"
    for place, places in enumerate(found):
        yield _open(book, [window[at] for at in places]), (40 if len(found) == 1 else 25) - place, why


def _anybody(payment: Payment, book: Book, rules: MatchRules) -> Iterator[Found]:
    """Claims of the amount of anybody, those first whose name is like the payer's."""
    theirs, amount = _words(payment.payer_name), payment.amount.minor
    payers = book.payers_owing(payment)
    shared = [len(theirs & words) for words in map(_words, payers)] if theirs else []
    most = max(shared, default=0)
    alike = {payer for payer, count in zip(payers, shared, strict=False) if count == most > 0}
    for payer in payers if len(payers) <= _MANY_PAYERS else [payer for payer in payers if payer in alike]:
        same = book.nearest_of_amount(payer, payment, rules.typical_days, 2)
        like = payer in alike
        score, why = (65, "same_amount_name_alike") if like else (15, "same_amount_other_payer")
        for place, index in enumerate(same):
            lower = place + (20 if like and len(same) > 1 else 0)
            yield ((book.claims[index], amount),), score - lower, why


@lru_cache(maxsize=8192)
def _words(name: str) -> frozenset[str]:
    """The words of a name, but for the shortest."""
    words = "".join(char if char.isalnum() else " " for char in name.casefold()).split()
    return frozenset(word for word in words if len(word) > 1 and word not in _FORMS)


_FORMS = frozenset({"as", "asa", "bv", "nv", "sa", "de", "the", "og", "en", "of", "av", "van"})


def subsets(amounts: Sequence[int], wanted: int) -> Iterator[tuple[int, ...]]:
    """Places of two or more amounts that add up to the wanted one, by meeting in the middle."""
    half = len(amounts) // 2
    first, second = _all_sums(amounts[:half]), _all_sums(amounts[half:])
    reached = set(first)
    for high, more in enumerate(second):
        if wanted - more not in reached:
            continue
        for low, sum_ in enumerate(first):
            taken = low | high << half
            if sum_ + more == wanted and taken & taken - 1:
                yield tuple([place for place in range(len(amounts)) if taken >> place & 1])


def _all_sums(amounts: Sequence[int]) -> list[int]:
    """The sum of every choice of amounts; the bits of its place are what is chosen."""
    sums = [0]
    for amount in amounts:
        sums += [sum_ + amount for sum_ in sums]
    return sums
