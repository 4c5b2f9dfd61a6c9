r"""Regular expressions that people write for strangers' mails: which of them cannot be made to run for ever.

Python's `re` tries every way in which a text may fit, so `(a+)+b` takes longer than anybody waits on a text made for
it. Three things bound that here. A mail is searched in its first `MOST` characters, with runs of blanks made one
(`searchable`), so that `\s*` is short whatever is sent. Every other repetition must say how many at most: `{1,30}`,
not `+`. And `cost` counts the ways in which a pattern may fit at one place, which is bounded too.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterable
from typing import Any

MOST = 20_000
MOST_COST = 5_000

_FLAGS = re.IGNORECASE | re.MULTILINE
_BLANKS = re.compile(r"[^\S\n]+")
_LINES = re.compile(r"\s*\n\s*")
_LONGEST_BLANKS = 1
_UNBOUNDED = MOST
# The standard library's own parser of patterns. Its name begins with an underscore since Python 3.11; the tree it
# gives is the one `re` compiles from, so that nothing is counted otherwise than it is run.
_PARSER: Any = importlib.import_module("re._parser")


def searchable(text: str) -> str:
    """A mail's text as patterns see it: blanks as one, empty lines gone, at most `MOST` characters."""
    return _LINES.sub("\n", _BLANKS.sub(" ", text[: 4 * MOST])).strip()[:MOST]


def problem(pattern: str) -> str:
    """Why a pattern may not be used on mails, with what to write instead; empty when it may."""
    try:
        tree = _PARSER.parse(pattern, _FLAGS)
    except (re.error, OverflowError, RecursionError) as error:
        return f"it is no regular expression: {error}"
    if re.search(pattern, "", _FLAGS):
        return "it fits an empty text: make it ask for something"
    try:
        found = _cost(tree)
    except _Unbounded:
        return r"a repetition has no end: write {1,30} instead of +, {0,30} instead of * (only \s* and \s+ may stay)"
    except _BackReference:
        return r"it refers back to a group (\1): write it without"
    if found > MOST_COST:
        return "it can fit in too many ways: use fewer or shorter repetitions, and none within another"
    return ""


def cost(pattern: str) -> int:
    """In how many ways a pattern may fit at one place of a text, at most; for patterns without a `problem`."""
    return _cost(_PARSER.parse(pattern, _FLAGS))


class _Unbounded(Exception):  # noqa: N818 -- found, not failed
    pass


class _BackReference(Exception):  # noqa: N818 -- found, not failed
    pass


def _cost(tree: Iterable[Any]) -> int:
    """Parts that follow one another multiply."""
    ways = 1
    for name, value in tree:
        ways = min(ways * _of(str(name), value), MOST_COST + 1)
    return ways


def _of(name: str, value: Any) -> int:  # noqa: ANN401 -- the parser's own tree
    if name.startswith("GROUPREF"):
        raise _BackReference
    reading: Callable[[Any], int] = _READING.get(name, _one)
    return reading(value)


def _one(_: object) -> int:
    return 1


def _branch(value: Any) -> int:  # noqa: ANN401 -- as above
    return sum(_cost(each) for each in value[1])


def _group(value: Any) -> int:  # noqa: ANN401 -- as above
    return _cost(value[-1])


def _assertion(value: Any) -> int:  # noqa: ANN401 -- as above
    return _cost(value[1])


def _atomic(value: Any) -> int:  # noqa: ANN401 -- as above
    return _cost(value)


def _repeat(value: Any) -> int:  # noqa: ANN401 -- as above
    least, most, inner = int(value[0]), int(value[1]), value[2]
    if _is_blank(inner):
        return _LONGEST_BLANKS + 1
    if most > _UNBOUNDED:
        raise _Unbounded
    within = _cost(inner)
    lengths = most - least + 1
    return lengths if within == 1 else min(MOST_COST + 1, lengths * int(within ** min(most, 20)))


def _is_blank(inner: Any) -> bool:  # noqa: ANN401 -- as above
    """Whether a repetition is of blanks only: there are never two of them in a row."""
    items = list(inner)
    if len(items) != 1:
        return False
    name, value = str(items[0][0]), items[0][1]
    if name == "LITERAL":
        return chr(value).isspace()
    return name == "IN" and all(
        (str(kind) == "CATEGORY" and str(what) == "CATEGORY_SPACE") or (str(kind) == "LITERAL" and chr(what).isspace())
        for kind, what in value
    )


_READING: dict[str, Callable[[Any], int]] = {
    "BRANCH": _branch,
    "SUBPATTERN": _group,
    "ASSERT": _assertion,
    "ASSERT_NOT": _assertion,
    "ATOMIC_GROUP": _atomic,
    "MAX_REPEAT": _repeat,
    "MIN_REPEAT": _repeat,
    "POSSESSIVE_REPEAT": _repeat,
}
