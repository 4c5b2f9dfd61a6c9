"""Bind the clauses of the tables to a layout and compile them: an expression per record kind, a judge per clause.

Sources: the `rules` columns of the layout tables and `rules/everywhere.csv`, which hold what holds in every standard
and is bound to codes; a clause of that table that names a field this layout does not have is not for this layout. In a
layout's own table such a name is an error; a clause there in the same words takes the place of the shared one, with
its own message. A response repeats the claim's records, so there only clauses about what the response adds are kept.

The compiled expression is the quick answer that a faultless record passes; it may say no too often (about a value that
is wrong by itself, or an empty date), never yes too often. Only then the clauses are judged one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from hub.errors import ConfigurationError
from schemas.vektis.field_rules import well_formed
from schemas.vektis.layout import Field, Layout, RecordLayout
from schemas.vektis.report import return_code, table
from schemas.vektis.rule_judge import BEGINS, LATER, Place, Rule, Texts, days
from schemas.vektis.rule_language import Clause, Reference, Test, Value, read_rules

_STRAY = "PARENT-DIFFERS"
"""What is said of a value that a record does not repeat as it stands above."""


@dataclass(frozen=True, slots=True)
class RecordClauses:
    """The compiled clauses of one record kind: `holds` is the quick answer, `judged` the clauses one by one.

    `once` are the fields whose values may not stand twice in a file, `sums` are asked when the record is complete.
    """

    holds: Callable[[str, Texts], bool]
    judged: tuple[Rule, ...]
    once: tuple[Rule, ...]
    sums: tuple[Rule, ...]

    def broken(self, own: str, above: Texts) -> Iterator[Rule]:
        """The clauses a record breaks; a field is told the same thing once.

        A record that differs from the one above in what it repeats belongs elsewhere: with that one nothing else is
        compared, but whether it may stand there at all.
        """
        strange = {rule.places[rule.clause.demand.values[0].fields[0]].kind for rule in self._strays(own, above)}
        told: set[tuple[str, str]] = set()
        for rule in self.judged:
            said = (rule.clause.message, rule.field.element)
            kept = rule.clause.message == _STRAY or rule.clause.demand.operator == "never"
            elsewhere = not kept and any(place.kind in strange for place in rule.places.values())
            if said not in told and not elsewhere and rule.broken(own, above):
                told.add(said)
                yield rule

    def _strays(self, own: str, above: Texts) -> Iterator[Rule]:
        return (rule for rule in self.judged if rule.clause.message == _STRAY and rule.broken(own, above))


@cache
def clauses_of(layout: Layout) -> Mapping[str, RecordClauses]:
    """The compiled clauses of every record kind of a layout; ConfigurationError when a table's clause is not right."""
    return {kind: _compiled(layout, record) for kind, record in layout.records.items()}


def _compiled(layout: Layout, record: RecordLayout) -> RecordClauses:
    rules = tuple(_rules(layout, record))
    judged = tuple(rule for rule in rules if rule.clause.demand.operator not in LATER)
    return RecordClauses(
        holds=_expression(judged, f"<rules of {layout.standard} {record.kind}>"),
        judged=judged,
        once=tuple(rule for rule in rules if rule.clause.demand.operator == "unique"),
        sums=tuple(rule for rule in rules if rule.clause.demand.operator == "sum"),
    )


def _rules(layout: Layout, record: RecordLayout) -> Iterator[Rule]:
    first = layout.tail if record.kind != "99" else 0
    own: set[tuple[str, str]] = set()
    for one in record.fields:
        if one.start < first:
            continue
        where = f"{layout.standard} {layout.version}, record {record.kind}, {one.element}"
        for clause in read_rules(one.rules, f"@{one.element}", where):
            own.add((one.element, clause.asked))
            yield _bound(layout, record, one, clause, where)
    for kind, kinds, code, clause in everywhere():
        named = record.named.get(code) if kind == layout.kind else None
        if named is None or named.start < first or not {"*", record.kind} & {*kinds}:
            continue
        if (named.element, clause.asked) not in own:
            try:
                yield _bound(layout, record, named, clause, "")
            except _NotHereError:
                continue


@cache
def everywhere() -> tuple[tuple[str, tuple[str, ...], str, Clause], ...]:
    """The clauses that hold in every standard: claims or responses, record kinds, code, clause."""
    name = "everywhere.csv"
    return tuple(
        (row["of"], tuple(row["kinds"].split()), row["code"], clause)
        for row in table(name)
        for clause in read_rules(row["rules"], row["code"], f"{name}, {row['kinds']} {row['code']}")
    )


class _NotHereError(ConfigurationError):
    """The clause names a field or a record that this layout does not have."""


def _bound(layout: Layout, record: RecordLayout, one: Field, clause: Clause, where: str) -> Rule:
    places: dict[Reference, Place] = {}
    for ref in clause.references:
        found = _place(layout, record, ref)
        if found is None:
            raise _NotHereError(f"a rule names {ref.kind} {ref.name}, which is not here: {clause.text!r}", where=where)
        places[ref] = found
    _check_words(clause, places, where or f"everywhere.csv, {one.code}")
    returns = clause.returns.strip("-") if clause.returns else return_code(record.kind, one.code)
    return Rule(clause, one, places, returns, _names(clause, places, one))


def _place(layout: Layout, record: RecordLayout, ref: Reference) -> Place | None:
    kind = record.parent if ref.kind == "parent" else ref.kind
    holder = record if not kind else layout.records.get(kind)
    if holder is None or (ref.kind == "parent" and not kind):
        return None
    if kind and kind not in ancestors(layout, record.kind) and holder.parent != record.kind:
        return None
    name = ref.name.removeprefix("@")
    if ref.kind == "parent" and ref.name.startswith("@"):
        name = record.field(name).code
    found = holder.named.get(name)
    return Place(kind, found, well_formed(found, holder.kind)) if found else None


@cache
def ancestors(layout: Layout, kind: str) -> tuple[str, ...]:
    """The record kinds a kind stands under, nearest first; the opening record stands above all."""
    above: list[str] = []
    parent = layout.records[kind].parent
    while parent in layout.records:
        above.append(parent)
        parent = layout.records[parent].parent
    opening = next(iter(layout.records))
    return tuple(above) if kind == opening or opening in above else (*above, opening)


def _check_words(clause: Clause, places: Mapping[Reference, Place], where: str) -> None:
    for test in (clause.demand, *clause.conditions):
        one = places[test.subject].field
        for value in test.values:
            fits = len(value.word) <= one.length
            whole = not one.numeric or test.operator in BEGINS or len(value.word) == one.length
            if value.how == "word" and not (fits and whole):
                raise ConfigurationError(
                    f"{value.word!r} is no value of {one.element}: {clause.text!r}",
                    where=where,
                    hint="write it in full",
                )


def _names(clause: Clause, places: Mapping[Reference, Place], one: Field) -> str:
    """What the message names: the values demanded, and the elements the clause looks at beside its own."""
    words = ", ".join(value.word for value in clause.demand.values if value.word)
    others = dict.fromkeys(place.field.element for place in places.values() if place.field != one)
    elements = ", ".join(others)
    return f"{words} ({elements})" if words and elements else words or elements


def _expression(rules: tuple[Rule, ...], name: str) -> Callable[[str, Texts], bool]:
    """All clauses of a record kind as one function of its text and those above."""
    parts = [f"({clause_code(rule)})" for rule in rules] or ["True"]
    source = f"lambda t, k: {' and '.join(parts)}"
    code = compile(source, name, "eval")
    compiled: Callable[[str, Texts], bool] = eval(code, {"days": days})  # noqa: S307 # nosec B307 # our own tables
    return compiled


def clause_code(rule: Rule) -> str:
    """One clause as a Python expression of `t` (this record) and `k` (those above)."""
    demand = _test_code(rule, rule.clause.demand)
    if not rule.clause.conditions:
        return demand
    asked = " and ".join(_test_code(rule, test) for test in rule.clause.conditions)
    return f"({asked}) or {demand}" if rule.clause.unless else f"not ({asked}) or {demand}"


def _test_code(rule: Rule, test: Test) -> str:
    place = rule.places[test.subject]
    one, raw = place.field, place.code
    if test.operator in ("filled", "empty"):
        return f"{raw} {'!=' if test.operator == 'filled' else '=='} {one.blank!r}"
    if test.operator == "never":
        return "False"
    if test.operator in BEGINS:
        refused = "not " if test.operator == "not starts" else ""
        return f"{refused}{raw}.startswith({tuple(value.word for value in test.values)!r})"
    if test.operator in ("=", "!="):
        same = " or ".join(_same_code(rule, one, raw, value) for value in test.values)
        return f"({same})" if test.operator == "=" else _differs_code(test, one, raw, same)
    return _order_code(rule, test, one, raw)


def _same_code(rule: Rule, one: Field, raw: str, value: Value) -> str:
    if value.how == "word":
        return f"{raw} == {value.word.ljust(one.length)!r}"
    places = [rule.places[ref] for ref in value.fields]
    if value.how == "product":
        return f"int({raw}) == int({places[0].code}) * int({places[1].code})"
    if value.how == "days":
        return f"int({raw}) == days({places[0].code}, {places[1].code})"
    if one.length == places[0].field.length and one.numeric == places[0].field.numeric:
        return f"{raw} == {places[0].code}"
    strip = "lstrip('0')" if one.numeric else "rstrip()"
    return f"{raw}.{strip} == {places[0].code}.{strip}"


def _differs_code(test: Test, one: Field, raw: str, same: str) -> str:
    blank = f"{raw} == {one.blank!r} or " if any(value.fields for value in test.values) else ""
    return f"({blank}not ({same}))"


def _order_code(rule: Rule, test: Test, one: Field, raw: str) -> str:
    value = test.values[0]
    if value.how == "word":
        return f"{raw} {test.operator} {value.word!r}"
    other = rule.places[value.fields[0]]
    if one.length == other.field.length:
        return f"{raw} {test.operator} {other.code}"
    width = max(one.length, other.field.length)
    return f"{raw}.zfill({width}) {test.operator} {other.code}.zfill({width})"
