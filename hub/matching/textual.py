"""Payments that name numbers in free text: files we sent (T2), invoices (T4).

A number counts only as a whole token, only of a payer whose account the money came from, and only when the amount is
exact. Strict matching also wants that nothing else would fit: no other open claim of that payer with the same amount,
no second number of the same length in the text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from hub.matching.book import Book
from hub.matching.items import Alternative, Evidence, Match, MatchRules, Tier
from hub.matching.naming import Named, evidence_of, find, live
from hub.matching.outcome import Doubt, post
from hub.matching.wording import is_date_like, is_year
from hub.model.payment import Payment

_T4, _NONE = Tier.TEXT, Tier.NONE
_NETTED = re.compile(r"AFREKEN|VERREKEN|SALDE|NETT|MOTREGN|AVREGN|KREDIT|CREDIT", re.IGNORECASE)
"""How payers say that a payment is what was left after credits."""
_LISTED = re.compile(r"[\s/,;+&|]*(?:OG|EN|AND|ET)?[\s/,;+&|]*")


def by_text(payment: Payment, book: Book, rules: MatchRules) -> Match | Doubt:
    """T2 and T4: what the text names, of the payer the account belongs to."""
    if payment.amount.minor <= 0:
        return Doubt(_NONE, "outgoing")
    owners = book.owners(payment.payer_account)
    named = find(payment, book, owners, rules)
    every = named.every()
    if not every:
        strangers = [index for found in named.strangers.values() for index in found]
        code = "no_reference" if not strangers else ("other_payer" if owners else "payer_unknown")
        return Doubt(_NONE, code, (), strangers)
    evidence = evidence_of(book, named)
    selected = live(book, every)
    doubt = _doubt(book, named, every, selected, payment.amount.minor, rules)
    if doubt:
        return Doubt(_T4, doubt, evidence, selected or every)
    if named.files or (len(selected) > 1 and any(len(live(book, found)) > 1 for found in named.items.values())):
        return _file(payment, book, named, selected, evidence)
    return _invoices(payment, book, named, selected, evidence, rules)


def names_others(payment: Payment, book: Book, index: int, rules: MatchRules) -> bool:
    """Whether the text names open claims beside the one that the reference does."""
    named = find(payment, book, book.owners(payment.payer_account) or (book.payer(index),), rules)
    return any(other != index for other in live(book, named.every()))


def _doubt(
    book: Book, named: Named, every: Sequence[int], selected: Sequence[int], amount: int, rules: MatchRules
) -> str:
    """What makes the naming itself unclear, whatever the amount; the first ground counts."""
    if not selected:
        return "already_paid"
    strict = rules.strict(book.payer(selected[0]))
    others = named.other_numbers()
    if len(every) == 1 and not named.strangers:
        return "other_number" if others and (strict or _listed(named, others)) else ""
    several = len(selected) > 1
    certain = several and sum(book.open[index] for index in selected) == amount  # an AGB code or phone beside a file
    grounds = (
        ("several_payers", several and len({book.payer(index) for index in selected}) > 1),
        ("not_unique", several and len({book.ledger(index)[:3] for index in selected}) > 1),
        ("not_unique", several and any(_twice(book, live(book, found)) for found in named.items.values())),
        ("names_other_payer", _names_other_payer(book, named, selected, amount)),
        ("names_settled", strict and len(selected) < len(every) and _settled(book, named)),
        ("other_number", bool(others) and ((strict and not certain) or _listed(named, others))),
    )
    return next((code for code, holds in grounds if holds), "")


def _names_other_payer(book: Book, named: Named, selected: Sequence[int], amount: int) -> bool:
    """Whether the text names a claim of another payer; a year does not, where the payer's own make up the amount."""
    if not named.strangers:
        return False
    years = all(is_year(number) for number in named.strangers)
    return not years or sum(book.open[index] for index in selected) != amount


def _twice(book: Book, found: Sequence[int]) -> bool:
    """Whether a number that several claims share may mean one of them: then their sum says nothing."""
    return len(found) > 1 and len({book.claims[index] for index in found}) > 1 and not _one_invoice(book, found)


def _one_invoice(book: Book, found: Sequence[int]) -> bool:
    """Lines of one invoice travel as claims of one day, debits all of them."""
    return len({book.days[index] for index in found}) == 1 and all(book.granted[index] > 0 for index in found)


def _settled(book: Book, named: Named) -> bool:
    return any(not live(book, found) for found in (*named.items.values(), *named.files.values()))


def _listed(named: Named, others: Sequence[str]) -> bool:
    """Whether an unknown number stands in a list with a recognised one (`10023/10029`)."""
    upper = named.text.upper()
    hits = "|".join(re.escape(number) for number in (*named.items, *named.files))
    for other in others:
        near = rf"(?:{hits}){_LISTED.pattern}{other}(?![0-9A-Z])|(?<![0-9A-Z]){other}{_LISTED.pattern}(?:{hits})"
        if re.search(near, upper):
            return True
    return False


def _file(
    payment: Payment, book: Book, named: Named, selected: Sequence[int], evidence: tuple[Evidence, ...]
) -> Match | Doubt:
    """T2: the granted amounts of the named files, less credits the payer may have netted, oldest first.

    Insurers net until nothing is left to net (payments reference, Zilveren Kruis): a difference that is every credit
    of the current account is netting; one that is some of them may as well be a line left unpaid.
    """
    amount = payment.amount.minor
    expected = sum(book.open[index] for index in selected)
    sums = Evidence(field="granted and outstanding", value=str(expected))
    if expected == amount:
        return post(payment, Tier.BATCH, "exact", book=book, indexes=selected, evidence=(*evidence, sums))
    notes = _credits(payment, book, selected)
    netting = _netting(book, notes, expected - amount)
    every = len(netting) == len(notes)
    if netting and (every or not _may_be_unpaid(book, named, selected, expected - amount)):
        told = tuple(Evidence(field="credit netted", value=str(book.open[i]), claim_id=book.claims[i]) for i in netting)
        indexes = [*selected, *netting]
        return post(payment, Tier.BATCH, "netted", book=book, indexes=indexes, evidence=(*evidence, sums, *told))
    reasons = [*evidence, sums, Evidence(field="difference", value=str(amount - expected))]
    if book.balance(selected[0]) == amount:
        reasons.append(Evidence(field="balance of everything open with this payer", value=str(amount)))
    return Doubt(Tier.BATCH, "batch_difference", tuple(reasons), [*selected, *netting])


def _another(payment: Payment, book: Book, index: int) -> bool:
    """Whether whoever pays from this account has another open claim of the amount."""
    return book.others_of_amount(index, payment, book.open[index], book.owners(payment.payer_account))


def _credits(payment: Payment, book: Book, selected: Sequence[int]) -> list[int]:
    """Credits of the same current account that were out when the payment was booked, oldest first."""
    taken, day = set(selected), payment.booked.toordinal() if payment.booked else 0
    return [
        index
        for index in book.credits(selected[0])
        if index not in taken and book.fits(index, payment) and (not day or book.days[index] <= day)
    ]


def _netting(book: Book, oldest_first: Sequence[int], wanted: int) -> list[int]:
    """The oldest credits that make up the difference exactly, none left out between them."""
    total, taken = 0, []
    for index in oldest_first:
        taken.append(index)
        total -= book.open[index]
        if total >= wanted:
            break
    return taken if taken and total == wanted else []


def _may_be_unpaid(book: Book, named: Named, selected: Sequence[int], difference: int) -> bool:
    """Whether lines left unpaid explain the difference as well as credits do, and no word tells of netting."""
    if _NETTED.search(named.text):
        return False
    amounts = [book.open[index] for index in selected]
    sums = {0}
    for amount in amounts:
        sums |= {one + amount for one in sums if one + amount <= difference}
        if len(sums) > _SUMS:
            return True
    return difference in sums


_SUMS = 4096
"""Sums of unpaid lines that are looked through before the question counts as open."""


def _invoices(
    payment: Payment,
    book: Book,
    named: Named,
    selected: Sequence[int],
    evidence: tuple[Evidence, ...],
    rules: MatchRules,
) -> Match | Doubt:
    """T4: the invoices named, together exactly the amount."""
    amount = payment.amount.minor
    expected = sum(book.open[index] for index in selected)
    payer = book.payer(selected[0])
    if expected != amount:
        short = expected - amount
        if len(selected) == 1 and 0 < short <= rules.fees.get(payer, 0) and not book.beyond(selected[0]):
            return _short(payment, book, selected[0], evidence, rules)
        told = (*evidence, Evidence(field="payable", value=str(expected)))
        return Doubt(_T4, "amount_differs", told, [*selected, *_inside(book, named, amount)])
    code = _rival(payment, book, named, selected, rules)
    if code:
        return Doubt(_T4, code, evidence, [*selected, *_inside(book, named, amount)])
    passed = tuple(
        Alternative(claim_id=book.claims[index], reason="inside_a_longer_number")
        for found in named.inside.values()
        for index in live(book, found)
    )
    return post(payment, _T4, "exact", book=book, indexes=selected, evidence=evidence, rejected=passed)


def _short(
    payment: Payment, book: Book, index: int, evidence: tuple[Evidence, ...], rules: MatchRules
) -> Match | Doubt:
    """A bank kept its fee: the one claim named is paid in part, unless another claim has exactly this amount."""
    minors = (payment.amount.minor, book.open[index]) if rules.strict(book.payer(index)) else (payment.amount.minor,)
    owners = book.owners(payment.payer_account)
    if any(book.others_of_amount(index, payment, minor, owners) for minor in minors):
        return Doubt(_T4, "amount_of_another", evidence, [index])
    return post(payment, _T4, "short_by_fee", book=book, indexes=[index], evidence=evidence)


def _inside(book: Book, named: Named, amount: int) -> list[int]:
    """Claims whose number stands inside a longer one and whose amount is right."""
    return [index for found in named.inside.values() for index in found if book.open[index] == amount]


def _rival(payment: Payment, book: Book, named: Named, selected: Sequence[int], rules: MatchRules) -> str:
    """What else the same text and amount could mean."""
    if _inside(book, named, payment.amount.minor):
        return "number_inside_number"
    careful = rules.strict(book.payer(selected[0])) or all(is_date_like(number) for number in named.items)
    if len(selected) == 1 and careful:
        return "amount_of_another" if _another(payment, book, selected[0]) else ""
    if len(selected) == 1 and _sharer(payment, book, selected[0]):
        return "amount_of_another"
    return ""


def _sharer(payment: Payment, book: Book, index: int) -> bool:
    """Whether someone else who pays from the same account has an open claim of the amount."""
    others = [payer for payer in book.owners(payment.payer_account) if payer != book.payer(index)]
    return bool(others) and book.others_of_amount(index, payment, book.open[index], others)
