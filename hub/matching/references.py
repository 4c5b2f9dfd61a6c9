"""References as payers write them: structured ones with their check digits, numbers inside free text.

Sources: KID (Nets OCR giro), RF (ISO 11649: mod 97-10 over the reference with RF and check digits moved to the end).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from hub.model.identity import KID_LONGEST, digits, is_kid

SHORTEST = 4
"""Shorter numbers in free text are not references."""
LONGEST_JOIN = 4
_PIECE = re.compile(r"[0-9A-Za-z]+")
_PREFIXED = re.compile(r"[A-Za-z]{1,8}([0-9]+)")


def is_rf(text: str) -> bool:
    """A creditor reference with right check digits."""
    compact = digits(text).upper()
    if not (5 <= len(compact) <= 25 and compact.isascii() and compact.isalnum()) or not compact.startswith("RF"):
        return False
    if not compact[2:4].isdigit():
        return False
    return int("".join(str(int(char, 36)) for char in compact[4:] + compact[:4])) % 97 == 1


def structured(text: str) -> str:
    """A structured reference in the form it is compared in."""
    if text.isdigit():
        return text
    return "".join(text.split()).upper() if text[-1:] == "-" else digits(text).upper()


def plain(text: str) -> str:
    """A number in the form it is compared in: capitals, no signs between, no leading zeros where all digits."""
    compact = text if text.isdigit() else "".join(_PIECE.findall(text)).upper()
    return compact.lstrip("0") or compact if compact.isdigit() else compact


def tokens(text: str) -> tuple[str, ...]:
    """Every number a text may name, as compared: whole pieces and up to four adjacent ones joined.

    A piece of letters before digits also counts without the letters (`F10023`). Pieces below four digits count only
    inside a join.
    """
    pieces = _PIECE.findall(text.upper())
    found: dict[str, None] = {}
    for start, piece in enumerate(pieces):
        prefixed = None if piece.isdigit() else _PREFIXED.fullmatch(piece)
        if prefixed:
            _note(found, prefixed[1])
        joined = ""
        for other in pieces[start : start + LONGEST_JOIN]:
            joined += other
            if not joined.isalpha():
                _note(found, joined)
    return tuple(found)


def _note(found: dict[str, None], joined: str) -> None:
    key = (joined.lstrip("0") or joined) if joined.isdigit() else joined
    if len(key) >= SHORTEST:
        found[key] = None


def numbers(text: str) -> list[str]:
    """The whole runs of digits in a text that are long enough to be a number, as compared."""
    runs = (plain(piece) for piece in re.findall(r"(?<![0-9])[0-9]+(?![0-9])", text))
    return [run for run in runs if len(run) >= SHORTEST]


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


def by_patterns(text: str, patterns: tuple[str, ...]) -> list[str]:
    """The numbers a payer's own patterns find in a text, as compared."""
    found = []
    for pattern in patterns:
        for hit in _compiled(pattern).finditer(text):
            groups = hit.groupdict()
            number = groups.get("number") or (hit.group(1) if hit.re.groups else hit.group(0))
            found.append(plain(number or ""))
    return list(dict.fromkeys(number for number in found if number))


def repairs(reference: str) -> Iterator[str]:
    """KIDs that differ from a wrong one in one digit or by two neighbours swapped: only ever suggested."""
    body = digits(reference)
    if not (body.isascii() and body.isdigit()) or not 2 <= len(body) <= KID_LONGEST:
        return
    for index, char in enumerate(body):
        for other in "0123456789":
            if other != char:
                candidate = body[:index] + other + body[index + 1 :]
                if is_kid(candidate):
                    yield candidate
        swapped = body[:index] + body[index + 1 : index + 2] + char + body[index + 2 :]
        if swapped != body and len(swapped) == len(body) and is_kid(swapped):
            yield swapped
