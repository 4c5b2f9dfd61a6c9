"""Typed values of a record: a reader and a writer per record kind, compiled from its layout table.

Source of the rules: Vektis STB GZ321 5.3 (N: digits, zero filled, not filled is zeros; AN: left aligned, space filled,
not filled is spaces; dates EEJJMMDD; amounts in cents, unsigned, with the sign in a field of their own).

A row is a tuple with one value per field, in the order of the table:

* amounts (BED) are whole minor units, negative where the sign field beside them says C; that field stays in the row;
* quantities (ANT) and the running numbers NUM040 and NUM109 are whole numbers; zero and not filled are the same here;
* dates (DAT, eight positions) are dates, None when not filled;
* every other field is its text without the filling behind it, None when not filled. Codes and numbers that identify
  (N of type COD and NUM) keep their leading zeros.

Nothing is lost: a record that does not hold to these forms is no row, so what becomes a row is written back the same,
character by character. This is the one module that executes source text (also for `scanner` and
`quick`), all of it made from our own tables.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any, cast

from hub.errors import MappingError
from schemas.vektis.layout import Field, Layout, RecordLayout

Value = str | int | date
Typed = str | int | date | None
Row = tuple[Typed, ...]
RowReader = Callable[[str], Row | None]
RowWriter = Callable[[Sequence[Typed]], str]

ENCODING = "latin-1"
TYPED = "[ -~\xa0-\xff]"
"""A printable character of the single-byte set."""
INK = "[!-~\xa1-\xff]"
"""The same without the spaces: what a filled AN field begins with."""
_RUNNING = frozenset({"NUM040", "NUM109"})
_REMEMBERED = 50_000


def is_day(one: Field) -> bool:
    """Whether the field holds a date."""
    return one.code.startswith("DAT") and one.length == 8


def is_number(one: Field) -> bool:
    """Whether the field is a quantity, an amount or a running number, so that zero and not filled are the same."""
    return one.numeric and (one.code[:3] in ("ANT", "BED") or one.code in _RUNNING)


@lru_cache(maxsize=_REMEMBERED)
def as_date(raw: str) -> date | None:
    """Read EEJJMMDD; None when it is not an existing date."""
    if len(raw) != 8 or not (raw.isascii() and raw.isdigit()):
        return None
    try:
        return date(int(raw[:4]), int(raw[4:6]), int(raw[6:]))
    except ValueError:
        return None


class _Numbers(dict[str | None, int]):
    """Digits and the number they are, as far as they were met before; not filled is zero."""

    def __missing__(self, raw: str | None) -> int:
        """Read and, within bounds, remember."""
        if len(self) > _REMEMBERED:
            self.clear()
        self[raw] = number = 0 if raw is None else int(raw)
        return number


class _Days(dict[str | None, date | None]):
    """Digits and the date they are, as far as they were met before; ValueError where there is no such date."""

    def __missing__(self, raw: str | None) -> date | None:
        """Read and, within bounds, remember."""
        if len(self) > _REMEMBERED:
            self.clear()
        self[raw] = day = None if raw is None else date(int(raw[:4]), int(raw[4:6]), int(raw[6:]))
        return day


@lru_cache(maxsize=_REMEMBERED)
def _day_text(day: date | None) -> str:
    return "00000000" if day is None else f"{day.year:04d}{day.month:02d}{day.day:02d}"


def expression_of(fields: Iterable[Field]) -> str:
    """One group per field that takes part only where the field is filled.

    Repeats are possessive, since every length is fixed: there is nothing to go back to, and it is faster.
    """
    return "".join(
        f"(?:0{{{one.length}}}+|([0-9]{{{one.length}}}+))"
        if one.numeric
        else f"(?: {{{one.length}}}+|({INK}{TYPED}{{{one.length - 1}}}+))"
        for one in fields
    )


def _whole(record: RecordLayout) -> str:
    """The expression of a record; its kind is literal."""
    return f"({re.escape(record.kind)}){expression_of(record.fields[1:])}"


def _demands(record: RecordLayout) -> str:
    """What a record's characters must be: its kind, digits in N, nothing but spaces or no space first in AN."""
    parts, digits = [re.escape(record.kind)], 0
    for one in record.fields[1:]:
        if one.numeric:
            digits += one.length
            continue
        parts += [f"[0-9]{{{digits}}}+"] if digits else []
        parts.append(f"(?: {{{one.length}}}+|{INK}{TYPED}{{{one.length - 1}}}+)")
        digits = 0
    return "".join([*parts, f"[0-9]{{{digits}}}+" if digits else ""])


@lru_cache(maxsize=512)
def row_reader(record: RecordLayout) -> RowReader:
    """A function from a record's text to its row, None where the text has not the prescribed forms."""
    source = f"""
def read_row(text):
    found = match(text)
    if found is None:
        return None
    {names_of(len(record.fields))} = found.groups()
    try:
        return {values_of(record, record.fields)}
    except ValueError:
        return None
"""
    match = re.compile(_whole(record)).fullmatch
    return cast("RowReader", compiled(source, "read_row", match=match, **memories()))


def memories() -> dict[str, object]:
    """What the compiled readers call: memories of their own for amounts and days."""
    return {"numbers": _Numbers(), "days": _Days()}


def names_of(groups: int) -> str:
    """The names of so many groups, as the target of an assignment."""
    return f"({', '.join(f'f{index}' for index in range(groups))},)"


def values_of(record: RecordLayout, fields: tuple[Field, ...]) -> str:
    """The expression that makes a row of the groups of some fields of a record."""
    names = {one.element: f"f{index}" for index, one in enumerate(fields)}
    made = [_decoding(one, names[one.element], names.get(record.signs.get(one.element, ""), "")) for one in fields]
    return f"({', '.join(made)},)"


def _decoding(one: Field, name: str, sign: str) -> str:
    """The expression that makes a field's value of its group."""
    if one.code in _RUNNING:
        return f"0 if {name} is None else int({name})"
    if is_number(one):
        return f"-numbers[{name}] if {sign} == 'C' else numbers[{name}]" if sign else f"numbers[{name}]"
    if is_day(one):
        return f"days[{name}]"
    return name if one.numeric or one.length == 1 else f"{name} and {name}.rstrip(' ')"


@lru_cache(maxsize=512)
def row_writer(record: RecordLayout) -> RowWriter:
    """A function from a row to the record's text; MappingError naming the element whose value does not fit.

    Every place in the template is at least as wide as its field, so the length is right only when each value fits; one
    expression then judges the characters. Only what fails is gone through field by field.
    """
    names = [f"f{index}" for index in range(len(record.fields))]
    elements = {one.element: name for one, name in zip(record.fields, names, strict=True)}
    values = [
        _encoding(one, name, signed=one.element in record.signs) for one, name in zip(record.fields, names, strict=True)
    ]
    signed = [(elements[name], elements[sign]) for name, sign in record.signs.items() if name in elements]
    contradicts = " or ".join(f"({amount} and ({amount} < 0) is not ({sign} == 'C'))" for amount, sign in signed)
    template = "".join(map(_place, record.fields))
    source = f"""
def write_row(row):
    try:
        ({", ".join(names)},) = row
        text = {template!r} % ({", ".join(values)},)
        return text if match(text) and not ({contradicts or "False"}) else refuse(record, row)
    except (AttributeError, TypeError, ValueError):
        return refuse(record, row)
"""
    match = re.compile(_demands(record)).fullmatch
    known = {"match": match, "refuse": _field_by_field, "record": record, "day": _day_text}
    return cast("RowWriter", compiled(source, "write_row", **known))


def _place(one: Field) -> str:
    if is_number(one):
        return f"%0{one.length}d"
    return f"%{one.length}s" if one.numeric else f"%-{one.length}s"


def _encoding(one: Field, name: str, *, signed: bool) -> str:
    """The expression that gives a field's value to the template; `| 0` refuses what is no whole number."""
    if is_number(one):
        return f"abs({name} or 0) | 0" if signed else f"({name} or 0) | 0"
    if is_day(one):
        return f"day({name})"
    return f"{name} or {one.blank if one.numeric else ''!r}"


def compiled(source: str, name: str, **known: object) -> Callable[..., Any]:
    """The function of this name from source text that was made of our own tables and of nothing else."""
    scope = dict(known)
    exec(compile(source, f"<vektis {name}>", "exec"), scope)  # noqa: S102 # nosec B102 # the point of this module
    return cast("Callable[..., Any]", scope[name])


def _field_by_field(record: RecordLayout, row: Sequence[Typed]) -> str:
    """The record with each value rendered on its own; MappingError at the first that does not fit."""
    if len(row) != len(record.fields):
        raise MappingError(
            f"record {record.kind} has {len(record.fields)} values, {len(row)} were given",
            where=f"record {record.kind}",
            hint="one value per field, None where it is not filled",
        )
    given = {one.element: value for one, value in zip(record.fields, row, strict=True)}
    return "".join(_part(record, one, given) for one in record.fields)


def _part(record: RecordLayout, one: Field, given: Mapping[str, Typed]) -> str:
    value = given[one.element]
    if one is record.fields[0] and value != record.kind:
        raise _misfit(one, f"must be {record.kind} here")
    if value is None:
        return one.blank
    if is_day(one) and not isinstance(value, date):
        raise _misfit(one, "must be a date")
    if is_number(one):
        return rendered(one, _unsigned(record, one, value, given))
    text = rendered(one, value)
    if not one.numeric and text[0] == " " and text.strip(" "):
        raise _misfit(one, "begins with a space, and the field is left aligned")
    return text


def _unsigned(record: RecordLayout, one: Field, value: Typed, given: Mapping[str, Typed]) -> int:
    """The digits of an amount; its sign must be what the sign field says."""
    if not isinstance(value, int):
        raise _misfit(one, "must be a whole number (amounts in minor units)")
    sign = record.signs.get(one.element)
    if sign is None and value < 0:
        raise _misfit(one, "is negative, and no field says so")
    if sign is not None and value and (value < 0) is not (given[sign] == "C"):
        raise _misfit(one, f"and {sign} contradict each other: C goes with a negative amount, and only with one")
    return abs(value)


def _misfit(one: Field, what: str) -> MappingError:
    return MappingError(f"{one.element} {one.name} {what}", where=one.element)


def rendered(one: Field, value: Value) -> str:
    """One field's text: N zero filled on the left, AN space filled on the right; MappingError when it does not fit."""
    text = _plain(one, value)
    if len(text) > one.length:
        raise MappingError(
            f"{one.element} {one.name}: {len(text)} characters do not fit in {one.length}",
            where=one.element,
            hint="shorten the value where it comes from",
        )
    return text.rjust(one.length, "0") if one.numeric else text.ljust(one.length)


def as_text(value: Value) -> str:
    """A value's characters before any filling."""
    return f"{value.year:04d}{value.month:02d}{value.day:02d}" if isinstance(value, date) else str(value)


def _plain(one: Field, value: Value) -> str:
    text = as_text(value)
    if one.numeric and text and not (text.isascii() and text.isdigit()):
        raise MappingError(f"{one.element} {one.name}: only digits may stand here", where=one.element)
    if not one.numeric and not re.fullmatch(f"{TYPED}*", text):
        raise MappingError(
            f"{one.element} {one.name}: a character has no place in the single-byte set ({ENCODING})",
            where=one.element,
            hint="write it with Western European letters, one position each",
        )
    return text


def row(layout: Layout, kind: str, values: Mapping[str, Typed]) -> Row:
    """A row from values by element id or code; what is not named is not filled, an unnamed sign follows its amount."""
    record = layout.records[kind]
    unknown = [name for name in values if name not in record]
    if unknown:
        raise MappingError(f"record {kind} of {layout.format} has no field {unknown[0]}", where=f"record {kind}")
    given: dict[str, Typed] = {record.fields[0].element: kind}
    given |= {record.field(name).element: value for name, value in values.items()}
    for amount, sign in record.signs.items():
        value = given.get(amount)
        if sign not in given and isinstance(value, int):
            given[sign] = "C" if value < 0 else "D"
    return tuple(given.get(one.element, 0 if is_number(one) else None) for one in record.fields)
