"""Payments that say in a structured way what they pay: KID, RF and betalingskenmerk (T1), documents (T3)."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from hub.matching.allocation import Due, allocate
from hub.matching.book import NUMBER, REFERENCE, Book
from hub.matching.items import Evidence, Match, MatchRules, Tier
from hub.matching.outcome import Doubt, post
from hub.matching.references import compact, is_sound, plain, structured
from hub.matching.textual import names_others
from hub.model.payment import PaidDocument, Payment, ReferenceKind

_CHECKED = (ReferenceKind.KID, ReferenceKind.RF)
_UNTOLD = (None, ReferenceKind.OTHER)
_NL, _T1 = ReferenceKind.NL, Tier.STRUCTURED
"""A member asked of its class costs a call, which is felt a hundred thousand times."""


def has_reference(payment: Payment) -> bool:
    """Whether the payment carries a reference that says by itself whether it was mistyped."""
    if not payment.reference:
        return False
    if payment.reference_kind is _NL:
        return is_sound(structured(payment.reference), _NL)
    return payment.reference_kind in _CHECKED


def is_told(payment: Payment, book: Book) -> bool:
    """Whether a reference of no told kind is exactly one of ours, right by its check digits and in amount."""
    if not payment.reference or payment.reference_kind not in _UNTOLD:
        return False
    reference = structured(payment.reference)
    if not any(kind == REFERENCE and size == len(reference) for _, kind, size in book.entries(reference)):
        return False
    return is_sound(reference, None) and is_exact(payment, book)


def by_reference(payment: Payment, book: Book, rules: MatchRules) -> Match | Doubt:
    """T1: the claim with this reference; exact, partial and over-payments post, whatever is doubtful is reviewed."""
    reference = structured(payment.reference)
    if not is_sound(reference, payment.reference_kind):
        return Doubt(_T1, "check_digit", (Evidence(field="reference", value=reference),))
    everywhere = book.referenced(reference)
    named = tuple([Evidence("reference", reference, book.claims[index]) for index in everywhere])
    if not everywhere:
        return Doubt(_T1, "unknown_reference", (Evidence(field="reference", value=reference),))
    indexes = [index for index in everywhere if book.fits(index, payment)]
    if not indexes:
        return Doubt(_T1, "other_currency_or_account", named, everywhere)
    live = [index for index in indexes if book.open[index]]
    if not live:
        return Doubt(_T1, "already_paid", named, indexes)
    if len(live) > 1:
        return _several(payment, book, live, named)
    return _one(payment, book, live[0], named, rules)


def _several(payment: Payment, book: Book, live: list[int], named: tuple[Evidence, ...]) -> Match | Doubt:
    """A credit note may carry the invoice's KID: together exact, or exactly one of them, else a person."""
    amount = payment.amount.minor
    if len({book.ledger(index)[:3] for index in live}) == 1 and sum(book.open[index] for index in live) == amount:
        return post(payment, _T1, "exact", book=book, indexes=live, evidence=named)
    exact = [index for index in live if book.open[index] == amount]
    if len(exact) == 1:
        return post(payment, _T1, "exact", book=book, indexes=exact, evidence=named)
    return Doubt(_T1, "reference_not_unique", named, live)


def _one(payment: Payment, book: Book, index: int, named: tuple[Evidence, ...], rules: MatchRules) -> Match | Doubt:
    amount, payable = payment.amount.minor, book.open[index]
    owners = book.owners(payment.payer_account)
    stranger = bool(owners) and book.payer(index) not in owners
    if amount == payable:
        if stranger and book.others_of_amount(index, payment, amount, owners):
            return Doubt(_T1, "other_payer", named, [index])
        return post(payment, _T1, "exact", book=book, indexes=[index], evidence=named)
    code = _why_not(payment, book, index, stranger=stranger)
    if not code and payment.text and names_others(payment, book, index, rules):
        code = "text_names_others"
    if code:
        return Doubt(_T1, code, named, [index])
    code = "partial" if amount < payable else "overpaid"
    return post(payment, _T1, code, book=book, indexes=[index], evidence=named)


def _why_not(payment: Payment, book: Book, index: int, *, stranger: bool) -> str:
    """What speaks against part of a claim, or more than it, having been meant; the first ground counts."""
    amount, payable = payment.amount.minor, book.open[index]
    if amount < 0 or payable < 0:
        return "credit_differs"
    if amount > payable and book.beyond(index):
        return "more_than_granted"
    if book.others_of_amount(index, payment, amount):
        return "amount_of_another"
    if stranger:
        return "other_payer"
    if _slipped(payment, book, amount):
        return "amount_of_a_neighbour"
    return ""


def _slipped(payment: Payment, book: Book, amount: int) -> bool:
    """Whether a reference one slip away has exactly this amount: check digits of two methods do not see every slip."""
    reference = structured(payment.reference)
    return reference.isdecimal() and any(
        book.fits(index, payment) for index in book.near(reference, (amount,), (REFERENCE,))
    )


def is_exact(payment: Payment, book: Book) -> bool:
    """Whether the reference alone explains the whole amount."""
    match = [index for index in book.referenced(structured(payment.reference)) if book.fits(index, payment)]
    return [book.open[index] for index in match if book.open[index]] == [payment.amount.minor]


def by_documents(payment: Payment, book: Book, rules: MatchRules) -> Match | Doubt | None:
    """T3: every document named is one claim of one payer and their amounts make up the payment.

    None when a single document is no claim of ours by itself: it may be a file's number, which the text tiers know.
    """
    owners = book.owners(payment.payer_account)
    found = [_claims_of(document, payment, book, owners) for document in payment.documents]
    if len(found) == 1 and not found[0]:
        return None
    named = tuple(
        Evidence(
            field="document",
            value=plain(document.reference),
            claim_id=book.claims[indexes[0]] if len(indexes) == 1 else "",
        )
        for document, indexes in zip(payment.documents, found, strict=True)
    )
    every = list(dict.fromkeys(index for indexes in found for index in indexes))
    if sum(document.amount.minor for document in payment.documents) != payment.amount.minor:
        return Doubt(Tier.DOCUMENTS, "documents_do_not_add_up", named, every)
    if any(len(indexes) != 1 for indexes in found):
        code = "document_unknown" if any(not indexes for indexes in found) else "document_not_unique"
        return Doubt(Tier.DOCUMENTS, code, named, every)
    wanted: dict[int, int] = {}
    for document, (index,) in zip(payment.documents, found, strict=True):
        wanted[index] = wanted.get(index, 0) + document.amount.minor
    code = _doubt(payment, book, rules, wanted)
    if code:
        return Doubt(Tier.DOCUMENTS, code, named, list(wanted))
    return _post_documents(payment, book, wanted, named)


def _post_documents(payment: Payment, book: Book, wanted: dict[int, int], named: tuple[Evidence, ...]) -> Match | Doubt:
    dues = [due for index, minor in wanted.items() for due in _capped(book.dues(index), minor, book.open[index])]
    allocations, _ = allocate(dues, payment.amount.minor, payment.amount.currency)
    return post(
        payment,
        Tier.DOCUMENTS,
        "documents",
        book=book,
        indexes=list(wanted),
        evidence=named,
        allocations=allocations,
    )


def _claims_of(document: PaidDocument, payment: Payment, book: Book, owners: Collection[str]) -> list[int]:
    """The claims a document may be, of the right sign; settled ones only where nothing else is left."""
    written = compact(document.reference)
    entries = [each for each in book.entries(written) if each[1] in (NUMBER, REFERENCE)]
    exact = [index for index, _, size in entries if size == len(written)]
    both = dict.fromkeys(exact or [index for index, _, _ in entries])
    fitting = [i for i in both if book.fits(i, payment) and (not owners or book.payer(i) in owners)]
    live = [index for index in fitting if book.open[index] * document.amount.minor > 0]
    return live or fitting


def _doubt(payment: Payment, book: Book, rules: MatchRules, wanted: dict[int, int]) -> str:
    if any(abs(minor) > abs(book.open[i]) or minor * book.open[i] <= 0 for i, minor in wanted.items()):
        return "document_exceeds"
    if len({book.ledger(index)[:3] for index in wanted}) != 1:
        return "several_payers"
    strict = rules.strict(book.payer(next(iter(wanted))))
    if strict and not book.owners(payment.payer_account):
        return "payer_unknown"
    parts = [(index, minor) for index, minor in wanted.items() if minor != book.open[index]]
    if strict and any(book.others_of_amount(index, payment, minor) for index, minor in parts):
        return "amount_of_another"
    return ""


def _capped(dues: Sequence[Due], minor: int, payable: int) -> list[Due]:
    """A claim's lines up to the amount a document pays of it, in line order."""
    if minor == payable:
        return list(dues)
    left, part = minor, []
    for due in dues:
        if due.payable * minor > 0 and left:
            take = due.payable if abs(due.payable) < abs(left) else left
            granted = due.outstanding if abs(due.outstanding) < abs(take) else take
            part.append(Due(due.line_id, due.claim_id, granted, take - granted))
            left -= take
    return part
