"""The access log: who saw, searched, exported or changed what; chained per tenant and month (decision 26)."""

from __future__ import annotations

from sqlalchemy import func, select

from hub.security.chain import GENESIS, AccessEvent, first_break, link, month_of, sign
from hub.store import schema
from hub.store.unit import Row, Unit


def record(
    unit: Unit, *, actor: str, role: str, action: str, object_: str, subject: str = "", outcome: str = "ok"
) -> None:
    """Append one event to this month's chain."""
    table = schema.access_log
    month = month_of(unit.now)
    last = unit.one(unit.mine(table, table.c.month == month).order_by(table.c.seq.desc()).limit(1))
    if last is None:
        _close_earlier(unit, month)
    event = AccessEvent(
        at=unit.now, actor=actor, role=role, action=action, object=object_, subject=subject, outcome=outcome
    )
    row: Row = {
        "month": month,
        "seq": 1 if last is None else last["seq"] + 1,
        "at": event.at,
        "actor": actor,
        "role": role,
        "action": action,
        "object": object_,
        "subject": subject,
        "outcome": outcome,
        "hash": link(GENESIS if last is None else last["hash"], event),
    }
    unit.insert(table, [row])


def _close_earlier(unit: Unit, month: str) -> None:
    """Close every month before this one that still lacks its signed head."""
    for earlier in _months(unit):
        if earlier < month and _head(unit, earlier) is None:
            chain = _events(unit, earlier)
            last = chain[-1][1]
            row: Row = {"month": earlier, "events": len(chain), "hash": last, "closed_at": unit.now}
            row["signature"] = sign(_key(unit), unit.tenant, earlier, len(chain), last)
            unit.insert(schema.access_head, [row])


def _head(unit: Unit, month: str) -> Row | None:
    return unit.one(unit.mine(schema.access_head, schema.access_head.c.month == month))


def _key(unit: Unit) -> bytes:
    return unit.keys.derived(f"access:{unit.tenant}")


def _months(unit: Unit) -> list[str]:
    table = schema.access_log
    found = select(table.c.month).where(table.c.tenant_id == unit.tenant).distinct().order_by(table.c.month)
    return list(unit.connection.execute(found).scalars())


def verify(unit: Unit) -> dict[str, int | None]:
    """For each month the first broken position of its chain, or None when whole (a closed one with its head)."""
    closed = [row["month"] for row in unit.rows(unit.mine(schema.access_head))]
    return {month: _first_break(unit, month) for month in sorted({*_months(unit), *closed})}


def _first_break(unit: Unit, month: str) -> int | None:
    chain = _events(unit, month)
    broken = first_break(chain)
    head = _head(unit, month)
    if broken is not None or head is None:
        return broken
    whole = len(chain) == head["events"] and bool(chain) and chain[-1][1] == head["hash"]
    signed = head["signature"] == sign(_key(unit), unit.tenant, month, head["events"], head["hash"])
    return None if whole and signed else len(chain)


def count(unit: Unit) -> int:
    """How many events this tenant's log holds."""
    statement = select(func.count()).select_from(schema.access_log).where(schema.access_log.c.tenant_id == unit.tenant)
    return int(unit.connection.execute(statement).scalar_one())


def events(unit: Unit) -> list[Row]:
    """All events in order."""
    table = schema.access_log
    return unit.rows(unit.mine(table).order_by(table.c.month, table.c.seq))


def _events(unit: Unit, month: str) -> list[tuple[AccessEvent, str]]:
    table = schema.access_log
    names = ("at", "actor", "role", "action", "object", "subject", "outcome")
    rows = unit.rows(unit.mine(table, table.c.month == month).order_by(table.c.seq))
    return [(AccessEvent(**{name: row[name] for name in names}), row["hash"]) for row in rows]
