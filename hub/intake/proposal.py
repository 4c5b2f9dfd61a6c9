"""A proposal for an unknown header: guesses from column names and from values, with masked samples, for a person.

Nothing is taken in by a proposal. The person confirms or corrects it, and the confirmed column map is what is applied.
Values count for what can be told by form: nine digits that pass the 11 test, AGB codes, UZOVI numbers the register
knows, dates, postal codes, sexes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from hub.intake.columns import PRACTICE_LIST, REQUIRED, ColumnMap, systems
from hub.intake.privacy import normalised, shown_name
from hub.intake.table import Table
from hub.intake.values import parse_agb, parse_bsn, parse_date
from hub.model.identity import is_agb, is_bsn

BY_NAME = "name"
BY_VALUES = "values"
_SAMPLES = 5
_LOOKED_AT = 500
_SHARE = 80
"""So many per cent of a column's values must look alike for a guess from values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnGuess:
    """One column of the file, the field it seems to be (empty: would be dropped), and what the guess rests on."""

    number: int
    name: str
    field: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnProposal:
    """What every column seems to be, masked sample rows, and the required fields nobody found."""

    kind: str
    guesses: tuple[ColumnGuess, ...]
    sample: tuple[tuple[str, ...], ...]
    missing: tuple[str, ...]


def propose(table: Table, kind: str = PRACTICE_LIST, known_uzovis: Collection[str] = ()) -> ColumnProposal:
    """Guess a field for every column: by the names systems use, then by values; never two columns for one field."""
    by_name = _by_name(table.header, kind)
    by_values = _by_values(table, set(by_name.values()), by_name, known_uzovis) if kind == PRACTICE_LIST else {}
    guesses = tuple(
        ColumnGuess(
            number=index + 1,
            name=shown_name(name, index),
            field=by_name.get(index) or by_values.get(index, ""),
            reason=BY_NAME if index in by_name else BY_VALUES if index in by_values else "",
        )
        for index, name in enumerate(table.header)
    )
    found = {guess.field for guess in guesses}
    return ColumnProposal(
        kind=kind,
        guesses=guesses,
        sample=tuple(tuple(map(masked, row.cells)) for row in islice(table.rows, _SAMPLES)),
        missing=tuple(name for name in REQUIRED[kind] if name not in found),
    )


def confirmed(table: Table, kind: str, fields: Mapping[int, str], name: str, title: str = "") -> ColumnMap:
    """The column map a person confirmed: column number (from 1) to field; columns left out are dropped."""
    columns = {field: (table.header[number - 1],) for number, field in fields.items() if field}
    return ColumnMap(name=name, title=title or name, kind=kind, columns=columns, source="confirmed by a person")


def masked(cell: str) -> str:
    """A cell's shape without its content: digits become 9, letters x; separators stay."""
    return re.sub(r"[^\W\d_]", "x", re.sub(r"\d", "9", cell.strip()))[:40]


def _by_name(header: Sequence[str], kind: str) -> dict[int, str]:
    names: dict[str, str] = {}
    for item in systems():
        if item.kind == kind:
            for field, aliases in item.columns.items():
                for alias in aliases:
                    names.setdefault(normalised(alias), field)
    guessed: dict[int, str] = {}
    for index, name in enumerate(header):
        field = names.get(normalised(name), "")
        if field and field not in guessed.values():
            guessed[index] = field
    return guessed


def _by_values(
    table: Table, taken: set[str], named: Mapping[int, str], known_uzovis: Collection[str]
) -> dict[int, str]:
    guessed: dict[int, str] = {}
    shapes = _shapes(known_uzovis)
    for index in range(len(table.header)):
        values = [] if index in named else _values(table, index)
        free = (field for field in shapes if field not in taken and field not in guessed.values())
        field = next((field for field in free if _looks_like(values, shapes[field])), "")
        if field:
            guessed[index] = field
    return _birth_date_first(table, guessed)


def _birth_date_first(table: Table, guessed: dict[int, str]) -> dict[int, str]:
    """Of several date columns the one with the oldest typical day is the birth date; the others stay open."""
    dates = [index for index, field in guessed.items() if field == "birth_date"]
    others = [index for index in range(len(table.header)) if index not in guessed]
    columns = dates + [index for index in others if _looks_like(_values(table, index), _is_date)]
    if not dates or len(columns) < 2:
        return guessed
    oldest = min(columns, key=lambda index: _middle_day(table, index))
    return {**{index: field for index, field in guessed.items() if field != "birth_date"}, oldest: "birth_date"}


def _middle_day(table: Table, index: int) -> int:
    days = sorted(day.toordinal() for value in _values(table, index) if (day := parse_date(value)))
    return days[len(days) // 2]


def _values(table: Table, index: int) -> list[str]:
    return [value for row in islice(table.rows, _LOOKED_AT) if (value := row.cells[index].strip())]


def _looks_like(values: Sequence[str], shape: Callable[[str], bool]) -> bool:
    return len(values) > 1 and sum(map(shape, values)) * 100 >= len(values) * _SHARE


def _shapes(known_uzovis: Collection[str]) -> dict[str, Callable[[str], bool]]:
    known = frozenset(known_uzovis)
    return {
        "bsn": lambda value: is_bsn(parse_bsn(value)[0]),
        "uzovi": lambda value: value.zfill(4) in known if known else re.fullmatch(r"\d{4}", value) is not None,
        "birth_date": _is_date,
        "performer_agb": _is_gp,
        "postal_code": lambda value: re.fullmatch(r"[1-9]\d{3} ?[A-Za-z]{2}", value) is not None,
        "sex": lambda value: value.upper() in {"M", "V", "O", "F", "MAN", "VROUW"},
    }


def _is_date(value: str) -> bool:
    return re.fullmatch(r"\d{5}", value) is None and parse_date(value) is not None


def _is_gp(value: str) -> bool:
    """A general practitioner's AGB code starts with 01; dates written as eight digits never do."""
    code = parse_agb(value)[0]
    return is_agb(code) and code.startswith("01")
