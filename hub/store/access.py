"""The access log: who saw, searched, exported or changed what; chained per tenant and month (decision 26)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, or_, select, tuple_

from hub.errors import ContentError
from hub.security.chain import GENESIS, AccessEvent, first_break, link, month_of, sign
from hub.store import schema
from hub.store.unit import Row, Unit

_FIELDS = ("at", "actor", "role", "action", "object", "subject", "outcome")


def record(
    unit: Unit, *, actor: str, role: str, action: str, object_: str, subject: str = "", outcome: str = "ok"
) -> None:
    """Append one event to this month's chain, which is the whole tenant's also where the unit is fenced."""
    event = AccessEvent(
        at=unit.now, actor=actor, role=role, action=action, object=object_, subject=subject, outcome=outcome
    )
    with unit.whole() as whole:
        _append(whole, event)


def _append(unit: Unit, event: AccessEvent) -> None:
    table = schema.access_log
    month = month_of(unit.now)
    last = unit.one(unit.mine(table, table.c.month == month).order_by(table.c.seq.desc()).limit(1))
    if last is None:
        _close_earlier(unit, month)
    row: Row = {name: getattr(event, name) for name in _FIELDS}
    row |= {"month": month, "seq": 1 if last is None else last["seq"] + 1}
    unit.insert(table, [row | {"hash": link(GENESIS if last is None else last["hash"], event)}])


def _close_earlier(unit: Unit, month: str) -> None:
    """Close every month before this one that still lacks its signed head."""
    closed = {row["month"] for row in unit.rows(unit.mine(schema.access_head))}
    for earlier in _months(unit):
        if earlier < month and earlier not in closed:
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
    """For each month the first broken position of its chain, or None when whole (a closed one with its head).

    A month whose lines the retention took away is whole while its head and the signed note of that fit.
    """
    closed = [row["month"] for row in unit.rows(unit.mine(schema.access_head))]
    return {month: _first_break(unit, month) for month in sorted({*_months(unit), *closed, *_pruned(unit)})}


def _first_break(unit: Unit, month: str) -> int | None:
    chain = _events(unit, month)
    broken = first_break(chain)
    head, gone = _head(unit, month), _pruned(unit).get(month)
    if gone is not None:
        fits = head is not None and not chain and (gone["events"], gone["hash"]) == (head["events"], head["hash"])
        return None if fits and _is_signed(unit, head) and gone["signature"] == _prune_signature(unit, gone) else 0
    if broken is not None or head is None:
        return broken
    whole = len(chain) == head["events"] and bool(chain) and chain[-1][1] == head["hash"]
    return None if whole and _is_signed(unit, head) else len(chain)


def _is_signed(unit: Unit, head: Row | None) -> bool:
    if head is None:
        return False
    return bool(head["signature"] == sign(_key(unit), unit.tenant, head["month"], head["events"], head["hash"]))


def _pruned(unit: Unit) -> dict[str, Row]:
    return {row["month"]: row for row in unit.rows(unit.mine(schema.access_pruned))}


def _prune_signature(unit: Unit, gone: Row) -> str:
    said = f"pruned|{gone['month']}|{gone['by']}|{gone['at'].isoformat()}"
    return sign(_key(unit), unit.tenant, said, gone["events"], gone["hash"])


def prunable(unit: Unit, before: str) -> dict[str, int]:
    """Closed and whole months before this one that still have their lines, with how many they are."""
    gone = _pruned(unit)
    heads = unit.rows(unit.mine(schema.access_head, schema.access_head.c.month < before))
    return {head["month"]: head["events"] for head in heads if head["month"] not in gone}


def prune(unit: Unit, month: str, by: str) -> int:
    """Take the lines of a closed month away; its head stays and says what they were. A broken one is kept."""
    head = _head(unit, month)
    if head is None or _first_break(unit, month) is not None:
        raise ContentError(f"the access log of {month} is not closed and whole", hint="kvitt accesslog verify")
    gone: Row = {"month": month, "events": head["events"], "hash": head["hash"], "by": by, "at": unit.now}
    unit.insert(schema.access_pruned, [gone | {"signature": _prune_signature(unit, gone)}])
    table = schema.access_log
    unit.connection.execute(table.delete().where(table.c.tenant_id == unit.tenant, table.c.month == month))
    return int(head["events"])


def about(unit: Unit, blinds: Collection[str], objects: Collection[str]) -> list[Row]:
    """Every line that is about a person, by blind index, or about one of these things or a part of it; in order."""
    table = schema.access_log
    parts = [table.c.object.startswith(f"{each}{mark}", autoescape=True) for each in objects for mark in ":/"]
    where = or_(table.c.subject.in_(list(blinds)), table.c.object.in_(list(objects)), *parts)
    return unit.rows(unit.mine(table, where).order_by(table.c.month, table.c.seq))


def by_actor(unit: Unit, actor: str, since: datetime, until: datetime) -> list[Row]:
    """Everything one person did between two moments, in order."""
    table = schema.access_log
    where = (table.c.actor == actor, table.c.at >= since, table.c.at < until)
    return unit.rows(unit.mine(table, *where).order_by(table.c.month, table.c.seq))


def page(unit: Unit, before: tuple[str, int] | None, most: int) -> list[Row]:
    """The newest lines, or those before a place (month and number), newest first."""
    table = schema.access_log
    older = [] if before is None else [tuple_(table.c.month, table.c.seq) < before]
    return unit.rows(unit.mine(table, *older).order_by(table.c.month.desc(), table.c.seq.desc()).limit(most))


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
    rows = unit.rows(unit.mine(table, table.c.month == month).order_by(table.c.seq))
    return [(AccessEvent(**{name: row[name] for name in _FIELDS}), row["hash"]) for row in rows]
