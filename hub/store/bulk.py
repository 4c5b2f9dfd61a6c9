"""Many new rows of one table, made ready for the driver before a transaction begins: others wait less for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from sqlalchemy import Table

from hub.errors import ConfigurationError
from hub.store.engine import room
from hub.store.unit import Row, Unit


@dataclass(frozen=True, slots=True)
class Bulk:
    """One insert and what it is run with, as the driver takes it."""

    statement: str
    parameters: Sequence[Any]


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
    order = compiled.positiontup
    if order is None:
        return Bulk(str(compiled), list(whole))
    return Bulk(str(compiled), [tuple(row[name] for name in order) for row in whole])


def insert(unit: Unit, bulks: Iterable[Bulk]) -> None:
    """Insert them in this order; only in a unit of the whole tenant, for nothing is asked of a fence here."""
    if unit.within is not None:
        raise ConfigurationError("many rows at once are not inserted within a fence", hint="use Unit.insert")
    with room(unit.connection):
        for each in bulks:
            if each.parameters:
                unit.connection.exec_driver_sql(each.statement, list(each.parameters))
