"""The small language of `rules/vc.csv`: conditions on elements, compiled once, and said in words in three languages.

A condition is `path operator argument`; several are joined by `;` and all must hold. A path is relative to the class
the rule is about, or begins with `Header:`, `Line:` (the performance around it), `Up:` (the class around it). `.` is
the class itself and `Today:` the day of the check. Several paths are joined by `|`.

    present absent somewhere      there is an element (any of several), there is none, there is one at any depth
    is not only  a|b              the value is one of these; is none of these; is one of these or empty
    same  path                    both values are equal
    < <= > >=  date or path       dates or times in that order; holds where one of them is missing or unreadable
    zero positive one             the amount (any of several) is 0, above 0; the number is 1
    sepa                          only characters that SEPA allows

A comparison with a value that cannot be read holds: that value has its own finding already.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType

from hub.errors import ConfigurationError
from schemas.gds.element import Element
from schemas.gds.place import Place

Holds = Callable[[Place, "Scene"], bool]
Finds = Callable[[Place, "Scene"], Element | None]
Values = Callable[[Place, "Scene"], str]
_SEPA = re.compile(r"[A-Za-z0-9/\-?:().,'+ ]*")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_TIME = re.compile(r"\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)?")
_NUMBER = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,4})?")
_TODAY = "Today:"


@dataclass(frozen=True, slots=True)
class Scene:
    """What rules know beside the place they look at: the header, the day, VECOZO's environment, lines by reference."""

    header: Place | None
    on: date
    environment: str
    own_debits: frozenset[str]


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition as it is written: paths, operator, argument."""

    paths: tuple[str, ...]
    operator: str
    argument: str

    @property
    def of_header(self) -> bool:
        """Whether only the header decides it."""
        return all(path.startswith("Header:") for path in self.paths) and ":" not in self.argument

    @property
    def path(self) -> str:
        """The one path of an operator that takes one."""
        return self.paths[0]

    @property
    def values(self) -> tuple[str, ...]:
        """The values of the argument."""
        return tuple(self.argument.split("|")) if self.argument else ()


def conditions(text: str) -> tuple[Condition, ...]:
    """Read conditions; ConfigurationError for an operator that does not exist."""
    return tuple(_condition(part.split()) for part in text.split(";") if part.strip())


def _condition(words: list[str]) -> Condition:
    if len(words) not in (2, 3) or words[1] not in _OPERATORS or not _scoped(words):
        raise ConfigurationError(f"no condition: {' '.join(words)[:60]!r}", hint="path operator [argument]")
    return Condition(tuple(words[0].split("|")), words[1], words[2] if len(words) == 3 else "")


def _scoped(words: list[str]) -> bool:
    paths = [path for word in (words[0], words[-1]) for path in word.split("|") if ":" in path and path != _TODAY]
    return all(path.partition(":")[0] in _SCOPES for path in paths)


def compiled(parts: tuple[Condition, ...]) -> Holds:
    """One test that holds when all conditions do."""
    tests = tuple(_OPERATORS[part.operator](part) for part in parts)
    if len(tests) == 1:
        return tests[0]
    if len(tests) == 2:
        one, other = tests
        return lambda place, scene: one(place, scene) and other(place, scene)
    return lambda place, scene: all(test(place, scene) for test in tests)


def finder(path: str) -> Finds:
    """What finds the element at a path of the language, None when there is none."""
    scope, colon, rest = path.partition(":")
    if not colon:
        return (lambda place, _scene: place.element) if path == "." else (lambda place, _scene: place.first(path))
    base = _SCOPES[scope]

    def find(place: Place, scene: Scene) -> Element | None:
        above = base(place, scene)
        return above.first(rest) if above is not None else None

    return find


def valuer(path: str) -> Values:
    """What gives the text at a path of the language without surrounding white space, empty when there is none."""
    if path == _TODAY:
        return lambda _place, scene: scene.on.isoformat()
    find = finder(path)

    def value(place: Place, scene: Scene) -> str:
        one = find(place, scene)
        return one.text.strip() if one is not None else ""

    return value


def _present(part: Condition) -> Holds:
    finds = [finder(path) for path in part.paths]
    return lambda place, scene: any(find(place, scene) is not None for find in finds)


def _absent(part: Condition) -> Holds:
    finds = [finder(path) for path in part.paths]
    return lambda place, scene: all(find(place, scene) is None for find in finds)


def _somewhere(part: Condition) -> Holds:
    name = part.path
    return lambda place, _scene: _below(place.element, name)


def _below(element: Element, name: str) -> bool:
    return any(child.name == name or _below(child, name) for child in element.children)


def _is(part: Condition) -> Holds:
    value, values = valuer(part.path), frozenset(part.values)
    return lambda place, scene: value(place, scene) in values


def _not(part: Condition) -> Holds:
    value, values = valuer(part.path), frozenset(part.values)
    return lambda place, scene: value(place, scene) not in values


def _only(part: Condition) -> Holds:
    value, values = valuer(part.path), frozenset((*part.values, ""))
    return lambda place, scene: value(place, scene) in values


def _same(part: Condition) -> Holds:
    value, other = valuer(part.path), valuer(part.argument)
    return lambda place, scene: value(place, scene) == other(place, scene)


def _compares(order: Callable[[object, object], bool]) -> Callable[[Condition], Holds]:
    def test(part: Condition) -> Holds:
        value, fixed = valuer(part.path), moment(part.argument)
        against = valuer(part.argument) if fixed is None else None

        def holds(place: Place, scene: Scene) -> bool:
            mine = moment(value(place, scene))
            other = fixed if against is None else moment(against(place, scene))
            return mine is None or other is None or type(mine) is not type(other) or _ordered(order, mine, other)

        return holds

    return test


def _ordered(order: Callable[[object, object], bool], one: date | time, other: date | time) -> bool:
    try:
        return order(one, other)
    except TypeError:  # a time with a zone beside one without: they have no order
        return True


def _zero(part: Condition) -> Holds:
    values = [valuer(path) for path in part.paths]
    return lambda place, scene: any(amount(value(place, scene)) == 0 for value in values)


def _positive(part: Condition) -> Holds:
    values = [valuer(path) for path in part.paths]
    return lambda place, scene: any((amount(value(place, scene)) or 0) > 0 for value in values)


def _one(part: Condition) -> Holds:
    value = valuer(part.path)
    return lambda place, scene: amount(value(place, scene)) in (None, 1)


def _sepa(part: Condition) -> Holds:
    value = valuer(part.path)
    return lambda place, scene: _SEPA.fullmatch(value(place, scene)) is not None


@lru_cache(maxsize=8192)
def moment(text: str) -> date | time | None:
    """A date or a time as XML Schema writes them, None for anything else."""
    try:
        if _DATE.fullmatch(text) and text.isascii():
            return date.fromisoformat(text)
        return time.fromisoformat(text) if _TIME.fullmatch(text) and text.isascii() else None
    except ValueError:
        return None


@lru_cache(maxsize=8192)
def amount(text: str) -> Decimal | None:
    """A number without sign or exponent, None for anything else."""
    return Decimal(text) if _NUMBER.fullmatch(text) else None


_SCOPES: Mapping[str, Callable[[Place, Scene], Place | None]] = MappingProxyType(
    {
        "Header": lambda _place, scene: scene.header,
        "Up": lambda place, _scene: place.parent,
        "Line": lambda place, _scene: place.line(),
    }
)
_OPERATORS: dict[str, Callable[[Condition], Holds]] = {
    "present": _present,
    "absent": _absent,
    "somewhere": _somewhere,
    "is": _is,
    "not": _not,
    "only": _only,
    "same": _same,
    "<": _compares(lambda one, other: one < other),  # type: ignore[operator]
    "<=": _compares(lambda one, other: one <= other),  # type: ignore[operator]
    ">": _compares(lambda one, other: one > other),  # type: ignore[operator]
    ">=": _compares(lambda one, other: one >= other),  # type: ignore[operator]
    "zero": _zero,
    "positive": _positive,
    "one": _one,
    "sepa": _sepa,
}
