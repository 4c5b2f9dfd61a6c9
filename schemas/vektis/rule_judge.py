"""One clause of the rule language at its place in a layout: whether a record breaks it, judged field by field.

This is the careful answer; `rule_compiler` makes the quick one. A clause that looks at a value which is absent or wrong
by itself says nothing, so that one fault is told once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from schemas.vektis.codec import as_date
from schemas.vektis.field_rules import is_day
from schemas.vektis.layout import Field
from schemas.vektis.rule_language import Clause, Reference, Test, Value

Texts = Mapping[str, str]
"""The texts of the records above, by kind; empty where there is none or it is damaged."""

Judge = Callable[[str], object]
"""Says of one value whether it is right by itself."""

BEGINS = frozenset({"starts", "not starts"})
LATER = frozenset({"unique", "sum"})
"""Demands that need more than the record and those above it."""


@dataclass(frozen=True, slots=True)
class Place:
    """A field a clause looks at: the record kind above (empty for the record itself) and where it stands there."""

    kind: str
    field: Field
    good: Judge

    def raw(self, own: str, above: Texts) -> str:
        """The value as it stands; empty when that record is not there."""
        text = above[self.kind] if self.kind else own
        return text[self.field.at]

    @property
    def code(self) -> str:
        """The same as a Python expression of `t` (this record) and `k` (those above)."""
        text = f"k[{self.kind!r}]" if self.kind else "t"
        return f"{text}[{self.field.at.start}:{self.field.at.stop}]"


@dataclass(frozen=True, slots=True)
class Rule:
    """A clause at its place in a layout; `names` are the other fields it looks at, for the message."""

    clause: Clause
    field: Field
    places: Mapping[Reference, Place]
    returns: str
    names: str

    def broken(self, own: str, above: Texts) -> bool:
        """Whether a record breaks it; no when a value it looks at is absent or wrong by itself."""
        if not all(_sound(place, place.raw(own, above)) for place in self.places.values()):
            return False
        return self._met(own, above) and self._holds(self.clause.demand, own, above) is False

    def applies(self, own: str, above: Texts) -> bool:
        """Whether a demand that is judged later holds for this record: its own values are sound, its conditions met."""
        tests = (self.clause.demand.subject, *(one for test in self.clause.conditions for one in test.references))
        return all(_sound(self.places[ref], self.places[ref].raw(own, above)) for ref in tests) and self._met(
            own, above
        )

    def key(self, own: str) -> str:
        """What may stand once: the field's value, with those of the fields named beside it."""
        beside = (self.places[ref].raw(own, {}) for value in self.clause.demand.values for ref in value.fields)
        return "|".join((own[self.field.at], *beside))

    def _met(self, own: str, above: Texts) -> bool:
        """Whether the conditions are as the clause wants them; no when one cannot be asked."""
        answers = [self._holds(test, own, above) for test in self.clause.conditions]
        if None in answers:
            return False
        return not answers or all(answers) != self.clause.unless

    def _holds(self, test: Test, own: str, above: Texts) -> bool | None:
        """The answer to one test; None when it cannot be asked."""
        place = self.places[test.subject]
        raw = place.raw(own, above)
        if test.operator in ("filled", "empty"):
            return (raw == place.field.blank) == (test.operator == "empty")
        if test.operator == "never":
            return False
        if test.operator in BEGINS:
            return raw.startswith(tuple(value.word for value in test.values)) == (test.operator == "starts")
        return self._compared(test, place.field, raw, own, above)

    def amounts(self, own: str, above: Texts) -> tuple[int, int] | None:
        """The amount that stands there and the one it is compared with, in minor units; None when it is no amount."""
        values = self.clause.demand.values
        if not self.field.code.startswith("BED") or len(values) != 1 or not values[0].fields:
            return None
        return int(own[self.field.at]), int(self._said(values[0], self.field, own, above))

    def _compared(self, test: Test, one: Field, raw: str, own: str, above: Texts) -> bool | None:
        others = [self._said(value, one, own, above) for value in test.values]
        mine = _plain(one, raw)
        if test.operator == "=":
            return mine in others
        if test.operator == "!=":
            by_field = any(value.fields for value in test.values)
            return mine not in others or (by_field and raw == one.blank)
        if is_day(one) and not (mine.strip("0") and others[0].strip("0")):
            return None
        return _ordered(test.operator, mine, others[0])

    def _said(self, value: Value, one: Field, own: str, above: Texts) -> str:
        """What a value comes to, in the plain form of the field it is compared with."""
        raws = [self.places[ref].raw(own, above) for ref in value.fields]
        if value.how == "word":
            return _plain(one, value.word)
        if value.how == "field":
            return _plain(self.places[value.fields[0]].field, raws[0])
        if value.how == "product":
            return str(int(raws[0]) * int(raws[1]))
        return str(days(raws[0], raws[1]))


def _plain(one: Field, raw: str) -> str:
    """A value without its filling; a date keeps its zeros."""
    if not one.numeric:
        return raw.rstrip(" ")
    return raw if is_day(one) else raw.lstrip("0") or "0"


def _ordered(operator: str, mine: str, other: str) -> bool:
    first, second = (len(mine), mine), (len(other), other)
    return {"<": first < second, "<=": first <= second, ">": first > second, ">=": first >= second}[operator]


def _sound(place: Place, raw: str) -> bool:
    if not raw or not place.good(raw):
        return False
    return not is_day(place.field) or raw == place.field.blank or as_date(raw) is not None


def days(first: str, last: str) -> int:
    """How many days there are from one date to another, both counted; 0 when either is no date."""
    begins, ends = as_date(first), as_date(last)
    return (ends - begins).days + 1 if begins and ends else 0
