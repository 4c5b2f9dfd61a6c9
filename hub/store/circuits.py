"""Places that do not answer: everything for them waits until one message gets through, on every node."""

from __future__ import annotations

from datetime import datetime, timedelta

from hub.store import schema
from hub.store.unit import Row, Unit

_FORGOTTEN = timedelta(hours=12)
"""While something is due a place is tried at least once an hour: without a try for so long nothing waits there any more
(its address has changed, what waited was settled otherwise), and it is away no longer."""


def open_ones(unit: Unit) -> dict[str, Row]:
    """The places nobody should try before their time, by name."""
    table = schema.circuit
    return {row["place"]: row for row in unit.rows(unit.mine(table, table.c.open_until > unit.now))}


def half_open(unit: Unit) -> dict[str, Row]:
    """The places whose time has come: one message may try. One that nothing has tried for long is forgotten."""
    table = schema.circuit
    where = (table.c.open_until <= unit.now, table.c.open_until > unit.now - _FORGOTTEN)
    return {row["place"]: row for row in unit.rows(unit.mine(table, *where))}


def break_(unit: Unit, place: str, *, partner: str, reason: str, until: datetime) -> None:
    """Nobody tries this place before `until`; how long it has been away is kept."""
    table = schema.circuit
    mine = (table.c.tenant_id == unit.tenant, table.c.place == place)
    known = unit.one(unit.mine(table, table.c.place == place))
    if known is not None:
        since = known["since"] if known["open_until"] > unit.now - _FORGOTTEN else unit.now
        values = {"open_until": until, "reason": reason, "since": since, "partner": partner}
        unit.connection.execute(table.update().where(*mine).values(**values))
        return
    row: Row = {"place": place, "partner": partner, "reason": reason, "since": unit.now, "open_until": until}
    unit.insert(table, [row])


def close(unit: Unit, place: str) -> None:
    """The place answers again."""
    table = schema.circuit
    unit.connection.execute(table.delete().where(table.c.tenant_id == unit.tenant, table.c.place == place))
