"""References as payers write them: structured ones with their check digits, numbers inside free text.

Check digits are those of `hub.model.identity` (KID, RF, betalingskenmerk).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

from hub.model import identity
from hub.model.identity import KID_LONGEST, digits, is_kid
from hub.model.payment import ReferenceKind

SHORTEST = 4
"""Shorter numbers in free text are not references."""
_PIECE = re.compile(r"[0-9A-Za-z]+")
_LETTERS_FIRST = re.compile(r"[A-Z]{1,8}([0-9]+)")
_WITHOUT_CHECK = 7

Key = int | str
"""A number as it is looked up: an integer where all digits, so that leading zeros say nothing."""


def is_rf(text: str) -> bool:
    """A creditor reference with right check digits, as people write it."""
    return identity.is_rf(digits(text).upper())


def is_kenmerk(text: str) -> bool:
    """A Dutch betalingskenmerk with a check digit, and it is right; seven digits carry none and prove nothing."""
    return len(text) != _WITHOUT_CHECK and identity.is_kenmerk(text)


_CHECKED = {ReferenceKind.KID: is_kid, ReferenceKind.RF: is_rf, ReferenceKind.NL: is_kenmerk}


def is_sound(reference: str, kind: ReferenceKind | None) -> bool:
    """Whether the check digits of a structured reference are right, by any method where its kind is not told."""
    check = _CHECKED.get(kind) if kind else None
    return check(reference) if check else any(method(reference) for method in _CHECKED.values())


def structured(text: str) -> str:
    """A structured reference in the form it is compared in."""
    if text.isdigit():
        return text
    return "".join(text.split()).upper() if text[-1:] == "-" else digits(text).upper()


def compact(text: str) -> str:
    """A number without the signs people write between, in capitals."""
    return text if text.isdigit() and text.isascii() else "".join(_PIECE.findall(text)).upper()


def plain(text: str) -> str:
    """A number in the form it is compared in: capitals, no signs between, no leading zeros where all digits."""
    joined = compact(text)
    return joined.lstrip("0") or joined if joined.isdigit() else joined


def key_of(joined: str) -> Key:
    """What a compact number is looked up by."""
    return int(joined) if joined.isdigit() else joined


def bare(joined: str) -> str:
    """The digits of a compact number that begins with letters (`F10023`), else nothing."""
    found = _LETTERS_FIRST.fullmatch(joined)
    return found[1] if found else ""


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


def by_patterns(text: str, patterns: tuple[str, ...]) -> list[str]:
    """The numbers a payer's own patterns find in a text, compact."""
    found = []
    for pattern in patterns:
        for hit in _compiled(pattern).finditer(text):
            groups = hit.groupdict()
            number = groups.get("number") or (hit.group(1) if hit.re.groups else hit.group(0))
            found.append(compact(number or ""))
    return list(dict.fromkeys(number for number in found if number))


def slips(number: str) -> Iterator[str]:
    """What a hand may have meant that wrote this number: one digit different, or two neighbours swapped."""
    for at, char in enumerate(number):
        head, tail = number[:at], number[at + 1 :]
        for other in "0123456789":
            if other != char:
                yield f"{head}{other}{tail}"
    for at, (char, after) in enumerate(pairwise(number)):
        if char != after:
            yield f"{number[:at]}{after}{char}{number[at + 2 :]}"


def repairs(reference: str) -> Iterator[str]:
    """KIDs that differ from a wrong one in one digit or by two neighbours swapped: only ever suggested."""
    body = digits(reference)
    if body.isascii() and body.isdigit() and 2 <= len(body) <= KID_LONGEST:
        yield from (one for one in slips(body) if is_kid(one))
