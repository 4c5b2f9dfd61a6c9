"""Number series: gap-free within the transaction that uses the number."""

from __future__ import annotations

from sqlalchemy import select

from hub.store import schema
from hub.store.unit import Unit


def take(unit: Unit, name: str, *, first: int) -> int:
    """The next number of a series; given back by itself when the transaction rolls back."""
    return take_many(unit, name, 1, first=first)


def take_many(unit: Unit, name: str, count: int, *, first: int) -> int:
    """Reserve `count` numbers in a row; gives the first."""
    table = schema.series
    where = (table.c.tenant_id == unit.tenant, table.c.name == name)
    current = unit.connection.execute(select(table.c.next).where(*where).with_for_update()).scalar()
    if current is None:
        unit.insert(table, [{"name": name, "next": first + count}])
        return first
    unit.connection.execute(table.update().where(*where).values(next=current + count))
    return int(current)


def skip(unit: Unit, count: int) -> None:
    """Leave out so many numbers of every series: after a restore, those may have been given since the backup."""
    table = schema.series
    unit.connection.execute(table.update().where(table.c.tenant_id == unit.tenant).values(next=table.c.next + count))
