"""How often a place may be called, counted for all tenants and nodes together, as the partner counts it.

Partners block accounts that go beyond their quota (VECOZO answers 429 and blocks). The count is one row per place and
minute, raised by compare-and-set in a transaction of its own: a call that was counted counts, whatever becomes of it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Engine
from sqlalchemy.dialects import postgresql, sqlite

from hub.store import schema

_WINDOW = timedelta(minutes=1)
_KEPT = timedelta(hours=1)


def take(engine: Engine, place: str, limit: int, now: datetime) -> int:
    """Count one call; 0 when it may be made, else the seconds until the next window."""
    table = schema.quota
    window = now.replace(second=0, microsecond=0)
    insert = (postgresql if engine.dialect.name == "postgresql" else sqlite).insert(table)
    statement = insert.values(place=place, window=window, used=1).on_conflict_do_update(
        index_elements=[table.c.place, table.c.window], set_={"used": table.c.used + 1}, where=table.c.used < limit
    )
    with engine.begin() as connection:
        if limit > 0 and connection.execute(statement.returning(table.c.used)).first() is not None:
            return 0
        connection.execute(table.delete().where(table.c.place == place, table.c.window < now - _KEPT))
    return max(1, int((window + _WINDOW - now).total_seconds()) + 1)
