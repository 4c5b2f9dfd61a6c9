"""Places that do not answer: everything for them waits until one message gets through, on every node."""

from __future__ import annotations

from datetime import datetime

from hub.store import schema
from hub.store.unit import Row, Unit


def open_ones(unit: Unit) -> dict[str, Row]:
    """The places nobody should try before their time, by name."""
    table = schema.circuit
    return {row["place"]: row for row in unit.rows(unit.mine(table, table.c.open_until > unit.now))}


def half_open(unit: Unit) -> dict[str, Row]:
    """The places whose time has come: one message may try."""
    table = schema.circuit
    return {row["place"]: row for row in unit.rows(unit.mine(table, table.c.open_until <= unit.now))}


def break_(unit: Unit, place: str, *, partner: str, reason: str, until: datetime) -> None:
    """Nobody tries this place before `until`; how long it has been away is kept."""
    table = schema.circuit
    mine = (table.c.tenant_id == unit.tenant, table.c.place == place)
    known = unit.one(unit.mine(table, table.c.place == place))
    if known is not None:
        unit.connection.execute(table.update().where(*mine).values(open_until=until, reason=reason))
        return
    row: Row = {"place": place, "partner": partner, "reason": reason, "since": unit.now, "open_until": until}
    unit.insert(table, [row])


def close(unit: Unit, place: str) -> None:
    """The place answers again."""
    table = schema.circuit
    unit.connection.execute(table.delete().where(table.c.tenant_id == unit.tenant, table.c.place == place))
