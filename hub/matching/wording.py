"""Numbers inside free text: whole pieces, and pieces that belong together, with where they stand.

Amounts and dates are taken out first. A piece of letters before digits also counts without its letters (`F10023`,
`INV2026-10023`). Pieces are joined over at most two blanks, dots, dashes or slashes and over line ends, never over a
comma, a word or another sign: payers list with those.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from hub.matching.references import SHORTEST, bare

LONGEST_JOIN = 4
_TEXT_CAP = 2000
"""Characters of a text that are read; a bank's text has some hundred."""
_PIECE = re.compile(r"(?<![0-9A-Z])[A-Z]*+[0-9][0-9A-Z]*+")
_WITH_LETTERS = re.compile(r"[0-9A-Z]+")
_WIDEST = 6
_JOINS = re.compile(r"[ \t\r\n]{0,3}[./\\_-]?[ \t\r\n]{0,3}")
_DAY, _MONTH, _YEAR = r"(?:0?[1-9]|[12][0-9]|3[01])", r"(?:0?[1-9]|1[0-2])", r"(?:19|20)[0-9]{2}"
_NOT_NUMBERS = re.compile(
    rf"""(?<![0-9A-Z])(?:
        {_DAY}\.{_MONTH}\.(?:{_YEAR}|[0-9]{{2}})
      | {_DAY}-{_MONTH}-{_YEAR}
      | {_DAY}/{_MONTH}/{_YEAR}
      | {_YEAR}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])
      | [0-9]{{1,3}}(?:[. ][0-9]{{3}})+,(?:[0-9]{{2}}|-)
      | [0-9]+,(?:[0-9]{{2}}|-)
      | [0-9]{{1,3}}(?:,[0-9]{{3}})+\.[0-9]{{2}}
      | (?:KR|NOK|EUR|€)\.?[ ]?[0-9]{{1,3}}(?:[. ,][0-9]{{3}})+(?:[.,][0-9]{{2}})?
      | (?:KR|NOK|EUR|€)\.?[ ]?[0-9]+(?:[.,][0-9]{{2}})?
      | [0-9]+\.[0-9]{{2}}(?![.\-/][0-9])
    )(?![0-9A-Z])""",
    re.VERBOSE,
)
_DATE_LIKE = re.compile(
    rf"(?:19|20)[0-9]{{2}}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])"
    rf"|(?:0[1-9]|[12][0-9]|3[01])(?:0[1-9]|1[0-2])(?:{_YEAR}|[0-9]{{2}})"
    rf"|[0-9]{{2}}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])|{_YEAR}"
)

_A_YEAR = re.compile(_YEAR)


class Spot(NamedTuple):
    """A number that may stand in a text: which pieces it covers, and as what it may be looked up, surest first."""

    first: int
    last: int
    forms: tuple[str, ...]


@lru_cache(maxsize=64)
def cleaned(text: str) -> str:
    """A text in capitals, without amounts and dates."""
    return _NOT_NUMBERS.sub("#", text[:_TEXT_CAP].upper())


def spots(upper: str, *, letters: bool) -> Iterator[Spot]:
    """Every number a cleaned text may name, from left to right, the longest first at each place.

    `letters`: numbers that begin with letters are looked for as well.
    """
    hits = list((_WITH_LETTERS if letters else _PIECE).finditer(upper))
    if len(hits) == 1:
        forms = _forms(hits[0][0], alone=True)
        if forms:
            yield Spot(0, 0, forms)
        return
    pieces = [hit[0] for hit in hits]
    together = [_joined(upper[hit.end() : after.start()]) for hit, after in pairwise(hits)]
    for first, piece in enumerate(pieces):
        joined = piece
        found = [Spot(first, first, forms)] if (forms := _forms(joined, alone=True)) else []
        for last in range(first + 1, min(first + LONGEST_JOIN, len(pieces))):
            if not together[last - 1]:
                break
            joined += pieces[last]
            if forms := _forms(joined, alone=bool(bare(piece))):
                found.append(Spot(first, last, forms))
        yield from reversed(found)


@lru_cache(maxsize=4096)
def _joined(between: str) -> bool:
    return len(between) <= _WIDEST and _JOINS.fullmatch(between) is not None


def _forms(joined: str, *, alone: bool) -> tuple[str, ...]:
    """As what some pieces may be looked up; `alone`: letters in front of them may be left away."""
    if len(joined) < SHORTEST or joined.isalpha():
        return ()
    if joined.isdigit():
        return (joined,)
    stripped = bare(joined) if alone else ""
    return (joined, stripped) if len(stripped) >= SHORTEST else (joined,)


def is_date_like(number: str) -> bool:
    """Whether digits may be a day or a year as well as a number."""
    return _DATE_LIKE.fullmatch(number) is not None


def is_year(number: str) -> bool:
    """Whether digits may be a year as well as a number."""
    return _A_YEAR.fullmatch(number) is not None


def runs(upper: str) -> list[str]:
    """The whole runs of digits in a cleaned text that are long enough to be a number."""
    return _RUN.findall(upper)


_RUN = re.compile(rf"(?<![0-9])[0-9]{{{SHORTEST},}}")
