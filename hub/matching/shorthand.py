"""Numbers that are not written out: only ever suggested, and only where the amount fits.

Payers write `10023/24/25` or `10023 - 10027` for a row of invoices, leave out letters and zeros before a number that
ends in a letter, and fill a KID with zeros that ends in the check character `-` (a matter of the agreement's length).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from hub.matching.book import BARE, FILE, Book
from hub.matching.naming import text_of
from hub.matching.references import SHORTEST, structured
from hub.matching.wording import cleaned
from hub.model.payment import Payment

Parts = tuple[tuple[str, int], ...]
Found = tuple[Parts, int, str]
"""What a suggestion is made of: most of what is found is never shown."""
_ROW = re.compile(
    r"(?<![0-9A-Z])(?P<first>[0-9]{4,12})"
    r"(?:[ ]?(?:-|TIL|T/M|TOT)[ ]?(?P<last>[0-9]{1,12})|(?P<tails>(?:[ ]?/[ ]?[0-9]{1,3}){1,20}))(?![0-9A-Z/])"
)
_LETTERED = re.compile(r"(?<![0-9A-Z])[0-9A-Z]*[0-9][A-Z](?![0-9A-Z])")
_TAIL = re.compile("[0-9]+")
_LONGEST_ROW = 60
"""Invoices in a row; more than that is two numbers and not a row."""
_MOST = 6
"""Rows, and numbers with a letter, that are looked at in one text."""


def shortened(payment: Payment, book: Book, owners: Collection[str]) -> Iterator[Found]:
    """The payer's claims that a row stands for, or a number with a letter behind, where they make up the amount."""
    text = cleaned(text_of(payment))
    if len(text) < SHORTEST:
        return
    for hit in list(_ROW.finditer(text))[:_MOST]:
        numbers = _row(hit["first"], hit["last"] or "", _TAIL.findall(hit["tails"] or ""))
        found = [_of(number, payment, book, owners) for number in numbers]
        claims = [index for each in found for index in each]
        whole = all(len(each) == 1 for each in found) if hit["tails"] else all(len(each) < 2 for each in found)
        if whole and len(claims) > 1 and sum(book.open[index] for index in claims) == payment.amount.minor:
            yield tuple((book.claims[index], book.open[index]) for index in claims), 84, "row_of_numbers"
    for written in _LETTERED.findall(text)[:_MOST]:
        for index in _live(book.alike(written), payment, book, owners):
            if book.open[index] == payment.amount.minor:
                yield ((book.claims[index], book.open[index]),), 84, "number_without_its_beginning"


def _row(first: str, last: str, tails: list[str]) -> list[str]:
    """The numbers of a row, as long as the first; what follows it stands for its last digits."""
    if tails:
        return [first, *(first[: -len(tail)] + tail for tail in tails)]
    end = int(first[: -len(last)] + last if len(last) < len(first) else last)
    if not 0 < end - int(first) < _LONGEST_ROW:
        return []
    return [str(value).zfill(len(first)) for value in range(int(first), end + 1)]


def _of(number: str, payment: Payment, book: Book, owners: Collection[str]) -> list[int]:
    own = [index for index, kind, _ in book.entries(number) if kind != FILE]
    return _live(own, payment, book, owners)


def _live(found: Collection[int], payment: Payment, book: Book, owners: Collection[str]) -> list[int]:
    """Those with something payable that the payer owes and the payment fits."""
    return [i for i in dict.fromkeys(found) if book.open[i] and book.payer(i) in owners and book.fits(i, payment)]


def padded(payment: Payment, book: Book) -> Iterator[Found]:
    """Claims whose KID is the payment's but for zeros in front; where all are digits it is the same number anyway."""
    reference = structured(payment.reference)
    if not (reference.endswith("-") and reference[:-1].isdecimal()):
        return
    for index, kind, _ in book.entries(reference[:-1]):
        if kind == BARE and book.open[index] == payment.amount.minor and book.fits(index, payment):
            yield ((book.claims[index], book.open[index]),), 86, "reference_of_another_length"
