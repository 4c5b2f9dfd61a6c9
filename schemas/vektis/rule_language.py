"""The small language in which tables say what fields must agree on: read here, bound to a record in `rule_compiler`.

A cell `rules` of a layout table, or of `rules/everywhere.csv`, holds clauses about the field of its row, each ended by
`;` or the end of the cell:

    clause     = demand [("if" | "unless") condition {"and" condition}] [":" MESSAGE] [RETURN-CODE | "-"]
    demand     = "filled" | "empty" | "never" | "unique" ["with" CODE {"/" CODE}] | "= sum" KIND.CODE | asked
    condition  = reference | "no" reference | reference asked
    asked      = operator values | ["not"] "starts" word {"/" word}
    operator   = "=" | "!=" | "<" | "<=" | ">" | ">="
    values     = value {"/" value}            (several after = and != only: one of them, none of them)
    value      = word | reference | CODE*CODE | days CODE..CODE | parent
    reference  = CODE | KIND.CODE             (a field of this record, or of the record of that kind it belongs under)

A CODE is a Vektis code (`BED161`) or an element id behind an @ (`@0113`). A word is a value as it stands in the field,
without the filling. `parent` is the same code in the record above; `days` counts both days. A bare reference asks
whether the field is filled. `never` lets no record of the condition pass, `unique` no value twice in a file, or no
combination of the value and the others named. Order is
asked of dates and amounts; an empty date has none and is passed over, as is every clause that touches a value which
is already wrong by itself. MESSAGE is a key of `rules/messages.csv`; without one the demand has its own. The return
code is a COD954 number; without one the field's own in `rules/return_codes.csv`, and with `-` none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from hub.errors import ConfigurationError

_CODE = r"(?:[A-Z]{3}[0-9]{3}|@[0-9]{4})"
_REFERENCE = re.compile(rf"(?:(?P<kind>[0-9]{{2}})\.)?(?P<name>{_CODE})")
_PRODUCT = re.compile(rf"({_CODE})\*({_CODE})")
_DAYS = re.compile(rf"({_CODE})\.\.({_CODE})")
_WORD = re.compile(r"[A-Za-z0-9_.]+")
_CLAUSE = re.compile(
    r"(?P<demand>.+?)(?:\s+(?P<how>if|unless)\s+(?P<conditions>.+?))?"
    r"(?:\s*:\s*(?P<message>[A-Z][A-Z-]+)?(?:\s*(?P<returns>[0-9]{4}|-))?)?"
)
_COMPARISON = re.compile(r"(?P<operator><=|>=|!=|=|<|>)\s*(?P<values>.+)")
_LISTED = re.compile(r"(?P<operator>(?:not )?starts|unique with)\s+(?P<values>.+)")
_ORDER = frozenset({"<", "<=", ">", ">="})

DEFAULTS = {
    "filled": "RULE-FILLED",
    "empty": "RULE-EMPTY",
    "never": "RULE-NEVER",
    "unique": "DUPLICATE-REFERENCE",
    "sum": "RULE-SUM",
    "starts": "RULE-VALUE",
    "not starts": "RULE-NOT-VALUE",
    "=": "RULE-VALUE",
    "!=": "RULE-NOT-VALUE",
}
"""The message of a demand that names none; order has its own."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A field: of the record itself, or with `kind` of the record of that kind above it."""

    name: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Value:
    """One value to compare with: a `word`, a `field`, the `product` or `days` of two fields, the `sum` of a field."""

    how: str
    word: str = ""
    fields: tuple[Reference, ...] = ()


@dataclass(frozen=True, slots=True)
class Test:
    """What is asked of a field: `filled`, `empty`, `starts`, `not starts`, `unique`, `never`, `sum` or a comparison."""

    subject: Reference
    operator: str
    values: tuple[Value, ...] = ()

    @property
    def references(self) -> tuple[Reference, ...]:
        """Every field this test looks at."""
        return (self.subject, *(one for value in self.values for one in value.fields))


@dataclass(frozen=True, slots=True)
class Clause:
    """One rule about the field of a row: its demand, when it holds, and what is said when it is not met."""

    demand: Test
    conditions: tuple[Test, ...] = ()
    unless: bool = False
    message: str = ""
    returns: str = ""
    text: str = ""

    @property
    def asked(self) -> str:
        """The clause without its message, to compare clauses by."""
        return " ".join(self.text.partition(":")[0].split())

    @property
    def references(self) -> tuple[Reference, ...]:
        """Every field the clause looks at, its own first."""
        return (*self.demand.references, *(one for test in self.conditions for one in test.references))


def read_rules(text: str, code: str, where: str) -> tuple[Clause, ...]:
    """The clauses of one cell about the field `code`; ConfigurationError naming `where` when one cannot be read."""
    return tuple(_clause(part.strip(), code, where) for part in text.split(";") if part.strip())


def _bad(part: str, where: str) -> ConfigurationError:
    return ConfigurationError(
        f"a rule cannot be read: {part!r}",
        where=where,
        hint="the language is described in schemas/vektis/rule_language.py",
    )


def _clause(part: str, code: str, where: str) -> Clause:
    match = _CLAUSE.fullmatch(part)
    if match is None:
        raise _bad(part, where)
    demand = _test(Reference(code), match["demand"], code, where)
    asked = re.split(r"\s+and\s+", match["conditions"]) if match["conditions"] else []
    conditions = tuple(_condition(one.strip(), code, where) for one in asked)
    message = match["message"] or _message(demand)
    return Clause(demand, conditions, match["how"] == "unless", message, match["returns"] or "", part)


def _message(demand: Test) -> str:
    """What is said when the clause does not say it: equality with a field reads otherwise than a value."""
    by_field = demand.operator == "=" and all(one.fields for one in demand.values)
    return "RULE-EQUAL" if by_field else DEFAULTS.get(demand.operator, "RULE-ORDER")


def _condition(part: str, code: str, where: str) -> Test:
    negated = part.startswith("no ")
    rest = part.removeprefix("no ").strip()
    match = _REFERENCE.match(rest)
    if match is None:
        raise _bad(part, where)
    subject = Reference(match["name"], match["kind"] or "")
    asked = rest[match.end() :].strip()
    if not asked:
        return Test(subject, "empty" if negated else "filled")
    if negated:
        raise _bad(part, where)
    test = _test(subject, asked, code, where)
    if test.operator in ("unique", "never", "sum"):
        raise _bad(part, where)
    return test


def _test(subject: Reference, asked: str, code: str, where: str) -> Test:
    if asked in ("filled", "empty", "never", "unique"):
        return Test(subject, asked)
    listed = _LISTED.fullmatch(asked)
    if listed:
        kind = "field" if listed["operator"] == "unique with" else "word"
        values = tuple(_values(listed["values"], code, where))
        if any(one.how != kind for one in values):
            raise _bad(asked, where)
        return Test(subject, listed["operator"].removesuffix(" with"), values)
    match = _COMPARISON.fullmatch(asked)
    if match is None:
        raise _bad(asked, where)
    values = tuple(_values(match["values"], code, where))
    kinds = {one.how for one in values}
    operator = "sum" if "sum" in kinds else match["operator"]
    if operator in _ORDER | {"sum"} and (len(values) > 1 or not kinds <= {"word", "field", "sum"}):
        raise _bad(asked, where)
    return Test(subject, operator, values)


def _values(text: str, code: str, where: str) -> Iterator[Value]:
    for part in (one.strip() for one in text.split("/")):
        yield _value(part, code, where)


def _value(part: str, code: str, where: str) -> Value:
    if part == "parent":
        return Value("field", fields=(Reference(code, "parent"),))
    pair = _PRODUCT.fullmatch(part)
    if pair:
        return Value("product", fields=(Reference(pair[1]), Reference(pair[2])))
    days = _DAYS.fullmatch(part.removeprefix("days ")) if part.startswith("days ") else None
    if days:
        return Value("days", fields=(Reference(days[1]), Reference(days[2])))
    single = _REFERENCE.fullmatch(part.removeprefix("sum "))
    if single:
        how = "sum" if part.startswith("sum ") else "field"
        return Value(how, fields=(Reference(single["name"], single["kind"] or ""),))
    return _word(part, where)


def _word(part: str, where: str) -> Value:
    if not _WORD.fullmatch(part):
        raise _bad(part, where)
    return Value("word", word=part)
