"""Payments that say in a structured way what they pay: KID and RF references (T1), documents (T3)."""

from __future__ import annotations

from collections.abc import Sequence

from hub.matching.allocation import Due, allocate
from hub.matching.book import Book
from hub.matching.items import Evidence, Match, MatchRules, Tier
from hub.matching.outcome import post, review
from hub.matching.references import is_rf, plain, structured
from hub.model.identity import is_kid
from hub.model.payment import PaidDocument, Payment, ReferenceKind


def has_reference(payment: Payment) -> bool:
    """Whether the payment carries a KID or RF reference."""
    return bool(payment.reference) and payment.reference_kind in (ReferenceKind.KID, ReferenceKind.RF)


def by_reference(payment: Payment, book: Book) -> Match:
    """T1: the claim with this reference; exact, partial and over-payments post, whatever is doubtful is reviewed."""
    reference = structured(payment.reference)
    named: tuple[Evidence, ...] = (Evidence(field="reference", value=reference),)
    valid = is_kid(reference) if payment.reference_kind is ReferenceKind.KID else is_rf(reference)
    if not valid:
        return review(payment, Tier.STRUCTURED, "check_digit", named)
    everywhere = book.referenced(reference)
    if not everywhere:
        return review(payment, Tier.STRUCTURED, "unknown_reference", named)
    indexes = [index for index in everywhere if book.fits(index, payment)]
    named = tuple(
        Evidence(field="reference", value=reference, claim_id=book.items[index].claim_id) for index in everywhere
    )
    if not indexes:
        return review(payment, Tier.STRUCTURED, "other_currency_or_account", named, claims=book.claims(everywhere))
    live = [index for index in indexes if book.open[index]]
    if not live:
        return review(payment, Tier.STRUCTURED, "already_paid", named, claims=book.claims(indexes))
    if len(live) > 1:
        return _several(payment, book, live, named)
    return _one(payment, book, live[0], named)


def _several(payment: Payment, book: Book, live: list[int], named: tuple[Evidence, ...]) -> Match:
    """A credit note may carry the invoice's KID: together exact, or exactly one of them, else a person."""
    amount = payment.amount.minor
    if len({book.ledger(index) for index in live}) == 1 and sum(book.open[index] for index in live) == amount:
        return post(payment, Tier.STRUCTURED, "exact", book=book, indexes=live, evidence=named)
    exact = [index for index in live if book.open[index] == amount]
    if len(exact) == 1:
        return post(payment, Tier.STRUCTURED, "exact", book=book, indexes=exact, evidence=named)
    return review(payment, Tier.STRUCTURED, "reference_not_unique", named, claims=book.claims(live))


def _one(payment: Payment, book: Book, index: int, named: tuple[Evidence, ...]) -> Match:
    amount, payable = payment.amount.minor, book.open[index]
    if amount == payable:
        return post(payment, Tier.STRUCTURED, "exact", book=book, indexes=[index], evidence=named)
    if amount < 0 or payable < 0:
        return review(payment, Tier.STRUCTURED, "credit_differs", named, claims=book.claims([index]))
    if book.others_of_amount(index, payment, amount):
        return review(payment, Tier.STRUCTURED, "amount_of_another", named, claims=book.claims([index]))
    owners = book.owners(payment.payer_account)
    if owners and book.items[index].payer not in owners:
        return review(payment, Tier.STRUCTURED, "other_payer", named, claims=book.claims([index]))
    code = "partial" if amount < payable else "overpaid"
    return post(payment, Tier.STRUCTURED, code, book=book, indexes=[index], evidence=named)


def is_exact(payment: Payment, book: Book) -> bool:
    """Whether the reference alone explains the whole amount."""
    match = [index for index in book.referenced(structured(payment.reference)) if book.fits(index, payment)]
    return [book.open[index] for index in match if book.open[index]] == [payment.amount.minor]


def by_documents(payment: Payment, book: Book, rules: MatchRules) -> Match | None:
    """T3: every document named is one claim of one payer and their amounts make up the payment.

    None when a single document is no claim of ours by itself: it may be a file's number, which the text tiers know.
    """
    named = tuple(Evidence(field="document", value=plain(one.reference)) for one in payment.documents)
    owners = book.owners(payment.payer_account)
    found = [_claims_of(document, payment, book, owners) for document in payment.documents]
    if len(found) == 1 and not found[0]:
        return None
    if sum(document.amount.minor for document in payment.documents) != payment.amount.minor:
        return review(payment, Tier.DOCUMENTS, "documents_do_not_add_up", named, claims=book.claims(_flat(found)))
    if any(len(indexes) != 1 for indexes in found):
        code = "document_unknown" if any(not indexes for indexes in found) else "document_not_unique"
        return review(payment, Tier.DOCUMENTS, code, named, claims=book.claims(_flat(found)))
    wanted: dict[int, int] = {}
    for document, (index,) in zip(payment.documents, found, strict=True):
        wanted[index] = wanted.get(index, 0) + document.amount.minor
    code = _doubt(payment, book, rules, wanted)
    if code:
        return review(payment, Tier.DOCUMENTS, code, named, claims=book.claims(list(wanted)))
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


def _claims_of(document: PaidDocument, payment: Payment, book: Book, owners: frozenset[str]) -> list[int]:
    """The claims a document may be, of the right sign; settled ones only where nothing else is left."""
    key = plain(document.reference)
    both = dict.fromkeys((*book.numbered(key), *book.referenced(structured(document.reference))))
    fitting = [i for i in both if book.fits(i, payment) and (not owners or book.items[i].payer in owners)]
    live = [index for index in fitting if book.open[index] * document.amount.minor > 0]
    return live or fitting


def _doubt(payment: Payment, book: Book, rules: MatchRules, wanted: dict[int, int]) -> str:
    if any(abs(minor) > abs(book.open[i]) or minor * book.open[i] <= 0 for i, minor in wanted.items()):
        return "document_exceeds"
    ledgers = {book.ledger(index) for index in wanted}
    if len(ledgers) != 1:
        return "several_payers"
    payer = next(iter(ledgers))[0]
    if not book.owners(payment.payer_account) and rules.strict(payer):
        return "payer_unknown"
    return ""


def _capped(dues: Sequence[Due], minor: int, payable: int) -> list[Due]:
    """An item's lines up to the amount a document pays of it, in line order."""
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


def _flat(found: Sequence[Sequence[int]]) -> list[int]:
    return list(dict.fromkeys(index for indexes in found for index in indexes))
