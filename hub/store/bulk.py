"""Many new rows of one table, made ready for the driver before a transaction begins: others wait less for it.

What was made at the moment of the unit that made it ready is stored with the moment of the one that inserts it: other
transactions came in between, and who has read up to their moment must not miss what is stored after them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any

from sqlalchemy import Table

from hub.errors import ConfigurationError
from hub.store.engine import room
from hub.store.types import Moment
from hub.store.unit import Row, Unit

_PART = 5_000
Place = int | str
"""Where a value stands among a row's parameters: by number or by name, as the driver takes them."""


@dataclass(frozen=True, slots=True)
class Bulk:
    """One insert and what it is run with, as the driver takes it; `now` are the places of when it happens."""

    statement: str
    parameters: Sequence[Any]
    now: Sequence[Place] = ()


def made(unit: Unit, table: Table, rows: Iterable[Row]) -> Bulk:
    """Rows of this unit's tenant, converted; `rows` may be a generator, and each has the columns of the first."""
    given = iter(rows)
    first = next(given, None)
    if first is None:
        return Bulk("", ())
    names = [*first, "tenant_id"]
    dialect = unit.connection.dialect
    compiled = table.insert().compile(dialect=dialect, column_keys=names)
    convert = {name: table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in names}
    whole = (
        {name: process(row[name]) if (process := convert[name]) else row[name] for name in names}
        for row in (each | {"tenant_id": unit.tenant} for each in chain([first], given))
    )
    now = [name for name in first if isinstance(table.c[name].type, Moment) and first[name] == unit.now]
    order = compiled.positiontup
    if order is None:
        return Bulk(str(compiled), list(whole), now)
    places = [order.index(name) for name in now]
    return Bulk(str(compiled), [tuple(row[name] for name in order) for row in whole], places)


def insert(unit: Unit, bulks: Iterable[Bulk]) -> None:
    """Insert them in this order; only in a unit of the whole tenant, for nothing is asked of a fence here."""
    if unit.within is not None:
        raise ConfigurationError("many rows at once are not inserted within a fence", hint="use Unit.insert")
    dialect = unit.connection.dialect
    process = Moment().dialect_impl(dialect).bind_processor(dialect)
    now = process(unit.now) if process else unit.now
    with room(unit.connection):
        for each in bulks:
            for start in range(0, len(each.parameters), _PART):
                part = [_at(row, each.now, now) for row in each.parameters[start : start + _PART]]
                unit.connection.exec_driver_sql(each.statement, part)


def _at(row: Any, places: Sequence[Place], now: datetime | str) -> Any:  # noqa: ANN401 -- a driver's parameters
    """A row's parameters with the moment of its insertion."""
    if not places:
        return row
    if isinstance(row, dict):
        return row | dict.fromkeys(places, now)
    values = list(row)
    for place in places:
        values[int(place)] = now
    return tuple(values)
