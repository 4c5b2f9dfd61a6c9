"""Statements as JSON lines: the contract of `kvitt bank --json`. Fields are only ever added."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Any

from hub.errors import FormatError
from hub.model.payment import BookingState, PaidDocument, Payment, Statement
from schemas.banking import ocr
from schemas.banking.remarks import unreadable_remark

_DIGEST = 16
"""Hexadecimal digits: no person is named by an id, and ids stay short."""


def as_json(statements: Iterable[Statement], *, language: str = "en") -> Iterator[dict[str, Any]]:
    """A `transaction` per booking, a `finding` per finding, and last a `summary` over the booked ones.

    Amounts of different currencies are never added: with several, the overall sums are null and `by_currency` has them.
    """
    count = 0
    sums: dict[str, dict[str, int]] = {}
    used: Counter[str] = Counter()
    for statement in statements:
        count += 1
        for payment in statement.payments:
            _count(sums, payment)
            named = _told_apart if statement.format == ocr.NAME else _id
            yield _transaction(payment, named(payment, used))
        for finding in statement.findings:
            yield {"kind": "finding", **finding.as_json(language)}
    yield _summary(count, sums)


def unreadable(error: FormatError, *, language: str = "en") -> Iterator[dict[str, Any]]:
    """The lines of a file that cannot be read: why, and a summary without anything, because nothing of it counts."""
    yield {"kind": "finding", **unreadable_remark(error).as_json(language)}
    yield _summary(0, {})


def _id(payment: Payment, used: Counter[str]) -> str:
    """The bank's id the first time it comes; with its place where the bank repeats it, or gives none.

    Banks give all payments of a batch the id of the entry, or none at all, but each line needs one of its own.
    """
    own = payment.id
    if not own or own in used:
        own = "#".join(filter(None, (payment.id or payment.source, payment.position)))
    while own in used:
        own += "+"
    used[own] += 1
    return own


def _told_apart(payment: Payment, used: Counter[str]) -> str:
    """An id for OCR giro, whose archive references, as its other numbers, may begin anew with every file.

    Transmission, assignment and settlement, the archive reference, and a digest of what the transaction says: the same
    in a copy, whatever the order of its records, another one in another file. What is alike in all of it is counted.
    """
    said = (
        payment.account,
        payment.booked.isoformat() if payment.booked else "",
        str(payment.amount.minor),
        payment.reference,
        payment.payer_account,
        payment.text,
    )
    digest = sha256("\n".join(said).encode()).hexdigest()[:_DIGEST]
    own = "/".join(filter(None, (payment.source, payment.id, digest)))
    used[own] += 1
    return own if used[own] == 1 else f"{own}#{used[own]}"


def _transaction(payment: Payment, own: str) -> dict[str, Any]:
    return {
        "kind": "transaction",
        "id": own,
        "account": payment.account,
        "booked": payment.booked.isoformat() if payment.booked else None,
        "amount_minor": payment.amount.minor,
        "currency": payment.amount.currency,
        "state": payment.state.value,
        "reference": payment.reference,
        "reference_kind": payment.reference_kind.value if payment.reference_kind else None,
        "documents": [_document(document) for document in payment.documents],
        "end_to_end": payment.end_to_end,
        "text": payment.text,
        "payer_account": payment.payer_account,
        "payer_name": payment.payer_name,
        "reversal": payment.reversal,
        "position": payment.position,
    }


def _document(document: PaidDocument) -> dict[str, Any]:
    return {"reference": document.reference, "kind": document.kind, "amount_minor": document.amount.minor}


def _count(sums: dict[str, dict[str, int]], payment: Payment) -> None:
    if payment.state is not BookingState.BOOKED:
        return
    empty = {"transactions": 0, "credit_minor": 0, "debit_minor": 0}
    figures = sums.setdefault(payment.amount.currency, empty)
    figures["transactions"] += 1
    side = "debit_minor" if payment.amount.minor < 0 else "credit_minor"
    figures[side] += abs(payment.amount.minor)


def _summary(statements: int, sums: dict[str, dict[str, int]]) -> dict[str, Any]:
    only = next(iter(sums.values())) if len(sums) == 1 else {}
    nothing = None if sums else 0
    return {
        "kind": "summary",
        "statements": statements,
        "transactions": sum(figures["transactions"] for figures in sums.values()),
        "credit_minor": only.get("credit_minor", nothing),
        "debit_minor": only.get("debit_minor", nothing),
        "by_currency": {currency: sums[currency] for currency in sorted(sums)},
    }
