"""References as payers write them: structured ones with their check digits, numbers inside free text.

Check digits are those of `hub.model.identity` (KID, RF, betalingskenmerk).
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise

from hub.model import identity
from hub.model.identity import digits, is_kid
from hub.model.payment import ReferenceKind

SHORTEST = 4
"""Shorter numbers in free text are not references."""
_PIECE = re.compile(r"[0-9A-Za-z]+")
_LETTERS_FIRST = re.compile(r"[A-Z]{1,8}([0-9]+)")
_LETTER_LAST = re.compile(r"[A-Z]{0,8}0*([1-9][0-9]{2,}[A-Z])")
_WITHOUT_CHECK = 7

Key = int | str
"""A number as it is looked up: an integer where all digits, so that leading zeros say nothing."""


def is_rf(text: str) -> bool:
    """A creditor reference with right check digits, as people write it."""
    return identity.is_rf(_joined(text))


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
    return "".join(text.split()).upper() if text[-1:] == "-" else _joined(text)


def _joined(text: str) -> str:
    return text.upper() if text.isalnum() else digits(text).upper()


def compact(text: str) -> str:
    """A number without the signs people write between, in capitals."""
    return text if text.isdigit() and text.isascii() else "".join(_PIECE.findall(text)).upper()


def plain(text: str) -> str:
    """A number in the form it is compared in: capitals, no signs between, no leading zeros where all digits."""
    joined = compact(text)
    return joined.lstrip("0") or joined if joined.isdigit() else joined


def key_of(joined: str) -> Key:
    """What a compact number is looked up by."""
    return int(joined) if joined.isdecimal() else joined


def bare(joined: str) -> str:
    """The digits of a compact number that begins with letters (`F10023`), else nothing."""
    found = _LETTERS_FIRST.fullmatch(joined)
    return found[1] if found else ""


def core(joined: str) -> str:
    """A compact number that ends in a letter, without letters and zeros in front (`F0010023A`), else nothing."""
    found = _LETTER_LAST.fullmatch(joined)
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


def slips(number: str) -> list[int]:
    """What a hand may have meant that wrote this number: one digit different, or two neighbours swapped, as values."""
    value, shown = int(number), [int(char) for char in number]
    places = [10**at for at in reversed(range(len(shown)))]
    found = [value + more * place for digit, place in zip(shown, places, strict=True) for more in _OTHERS[digit]]
    for (digit, after), place in zip(pairwise(shown), places, strict=False):
        if digit != after:
            found.append(value + 9 * (after - digit) * place // 10)
    return found


_OTHERS = tuple(tuple(other - digit for other in range(10) if other != digit) for digit in range(10))
"""From each digit to all others."""
