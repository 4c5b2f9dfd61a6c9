"""A small language to say which lines are meant: `0418>10000 and (COD061=3332 or reference=ABC)`.

A name is an element id (0418), a code that is the same in every standard (BED161) or one of the words below. It is
compared (= != < <= > >=, ~ for "holds") as what the field is: a day, an amount in cents or with two decimals, a number
or text; a name alone asks whether the field is filled. A line meets a comparison when one of its records does: the
performance, what hangs below it, its insured and the opening record.
"""

from __future__ import annotations

import difflib
import operator
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import chain
from typing import Any

from hub.errors import ContentError, FormatError
from schemas.vektis.codec import Record, as_date
from schemas.vektis.layout import Field, Layout
from schemas.vektis.typed import is_day

Line = Sequence[Record]
Wanted = Callable[[Line], bool]
WORDS = {
    "amount": ("BED161",),
    "awarded": ("BED166",),
    "birthdate": ("DAT006",),
    "bsn": ("NUM313",),
    "code": ("COD388", "COD695", "COD334", "COD973"),
    "comment": ("OMS016",),
    "date": ("DAT001", "DAT272", "DAT282", "DAT298"),
    "invoice": ("NUM029",),
    "insured": ("NUM003",),
    "performer": ("COD089",),
    "reference": ("NUM362", "NUM371", "NUM415", "NUM417"),
    "returncode": ("COD954", "COD955", "COD956", "COD957", "COD958", "COD959"),
    "uzovi": ("COD061",),
}
"""Words for what stands under several codes or whose code nobody remembers."""
_COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_TOKEN = re.compile(
    r"\s*(?:(?P<op>[<>!]=|[=<>~])|(?P<par>[()])|(?P<text>\"[^\"]*\"|'[^']*')|(?P<word>[^\s()<>=!~\"']+))"
)
_HINT = "such as --where '0418>10000 and COD061=3332'"


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int


def where(expression: str, layout: Layout) -> Wanted:
    """A question about lines of this standard; ContentError with the position when it cannot be understood."""
    reader = _Reader(list(_tokens(expression)), layout, len(expression) + 1)
    found = reader.either()
    if reader.left:
        raise _wrong("something is left over", reader.left[0].at, "join conditions with and, or")
    return found


def _tokens(expression: str) -> Iterator[_Token]:
    at = 0
    text = expression.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            at = len(text) - len(text[at:].lstrip())
            raise _wrong("a character that means nothing here", at + 1, "put values with signs in them between quotes")
        start = match.start(match.lastgroup) + 1
        yield _Token(match.lastgroup, match[match.lastgroup], start)
        at = match.end()


def _wrong(what: str, at: int, hint: str = _HINT) -> ContentError:
    """The value is never repeated: it may be somebody's number."""
    return ContentError(what, where=f"--where, position {at}", hint=hint)


@dataclass(slots=True)
class _Reader:
    """Reads tokens from left to right; `end` is the position after the last."""

    left: list[_Token]
    layout: Layout
    end: int

    def either(self) -> Wanted:
        parts = [self.both()]
        while self._next("or"):
            parts.append(self.both())
        return parts[0] if len(parts) == 1 else lambda line: any(one(line) for one in parts)

    def both(self) -> Wanted:
        parts = [self.single()]
        while self._next("and"):
            parts.append(self.single())
        return parts[0] if len(parts) == 1 else lambda line: all(one(line) for one in parts)

    def single(self) -> Wanted:
        if self._next("not"):
            turned = self.single()
            return lambda line: not turned(line)
        if self._next("("):
            inner = self.either()
            if not self._next(")"):
                raise _wrong("a closing bracket is missing", self.left[0].at if self.left else self.end)
            return inner
        return self._comparison()

    def _next(self, text: str) -> bool:
        """Take the next token when it is this word or bracket."""
        found = bool(self.left) and self.left[0].kind in ("word", "par") and self.left[0].text.lower() == text
        if found:
            del self.left[0]
        return found

    def _comparison(self) -> Wanted:
        if not self.left or self.left[0].kind != "word":
            raise _wrong("a field is missing", self.left[0].at if self.left else self.end)
        name = self.left.pop(0)
        places = places_of(name.text, self.layout, name.at)
        if not self.left or self.left[0].kind != "op":
            return _any(places, lambda record, one: record.filled(one.element))
        sign = self.left.pop(0)
        if not self.left or self.left[0].kind not in ("word", "text"):
            raise _wrong("a value is missing", self.left[0].at if self.left else self.end)
        value = self.left.pop(0)
        return _compared(places, sign.text, value)


Places = dict[str, tuple[Field, ...]]
"""By record kind: the fields a name means there."""


def places_of(name: str, layout: Layout, at: int = 1) -> Places:
    """Where a name stands in the records of a standard; ContentError with names that look like it."""
    wanted = WORDS.get(name.lower(), (name.upper(),))
    places: Places = {}
    for kind, record in layout.records.items():
        found = tuple(one for one in record.fields if one.element in wanted or one.code in wanted)
        if found:
            places[kind] = found
    if not places:
        raise _wrong(f"{layout.standard} {layout.version} has no such field", at, _likely(name, layout))
    return places


def _likely(name: str, layout: Layout) -> str:
    fields = chain.from_iterable(record.fields for record in layout.records.values())
    known = {text for one in fields for text in (one.element, one.code)} | set(WORDS)
    close = difflib.get_close_matches(name.upper(), known, 3) or difflib.get_close_matches(name.lower(), known, 3)
    return f"did you mean {', '.join(sorted(close))}?" if close else f"element ids, codes or: {', '.join(WORDS)}"


def _any(places: Places, meets: Callable[[Record, Field], bool]) -> Wanted:
    def wanted(line: Line) -> bool:
        return any(meets(record, one) for record in line if record.whole for one in places.get(record.kind, ()))

    return wanted


def _compared(places: Places, sign: str, value: _Token) -> Wanted:
    text = value.text[1:-1] if value.kind == "text" else value.text
    if sign == "~":
        return _any(places, lambda record, one: text in record.string(one.element))
    if not text:
        blank = _any(places, lambda record, one: not record.filled(one.element))
        return (lambda line: not blank(line)) if sign == "!=" else blank
    targets = {one.element: _target(one, text, value.at) for fields in places.values() for one in fields}
    compare = _COMPARED[sign]

    def meets(record: Record, one: Field) -> bool:
        found = value_of(record, one)
        return found is not None and compare(found, targets[one.element])

    found = _any(places, meets)
    return (lambda line: not found(line)) if sign == "!=" else found


def _target(one: Field, text: str, at: int) -> object:
    """The value as what the field is."""
    if is_day(one):
        day = text.replace("-", "")
        if as_date(day) is None:
            raise _wrong(f"{one.element} {one.name} is a day", at, "such as 20240131 or 2024-01-31")
        return day
    if one.code.startswith("BED"):
        return _cents(one, text, at)
    if one.numeric:
        if not (text.isascii() and text.isdigit()):
            raise _wrong(f"{one.element} {one.name} is a number", at, "give digits")
        return int(text)
    return text


def _cents(one: Field, text: str, at: int) -> int:
    try:
        amount = Decimal(text.replace(",", "."))
        return int(amount * 100 if re.search("[.,]", text) else amount)
    except (InvalidOperation, ValueError, OverflowError) as error:
        raise _wrong(
            f"{one.element} {one.name} is an amount", at, "in cents (10000) or with decimals (100.00)"
        ) from error


def value_of(record: Record, one: Field) -> object | None:
    """What a field is compared by: text of a day, signed cents, a number or text; None when it cannot be read."""
    raw = record.text[one.at]
    if not one.numeric:
        return raw.rstrip(" ")
    if not (raw.isascii() and raw.isdigit()):
        return None
    if is_day(one):
        return raw if raw.strip("0") else None
    try:
        return record.amount_of(one.element)
    except FormatError:
        return None
