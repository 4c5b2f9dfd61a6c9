"""Alerts as stored: who is told, what is wrong and since when, and every message before it leaves.

A message is written down under a key (what it is about, to whom) before anybody sends it, and marked as told by
compare-and-set afterwards. Nothing in these tables may say anything about a person.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import or_

from hub.store import schema
from hub.store.unit import Row, Unit, new_id

MAIL, WEBHOOK = "mail", "webhook"
CALM = timedelta(hours=1)
"""What comes back within this time was never over: no second alert, and no all-clear before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Who is told: a mail address or a URL. Times are local to `zone`; secrets in `settings` are references."""

    name: str
    kind: str
    address: str
    settings: Mapping[str, str] = field(default_factory=dict)
    language: str = "en"
    zone: str = "Europe/Amsterdam"
    quiet_from: str = ""
    quiet_to: str = ""
    digest_at: str = "05:30"
    id: str = ""
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Something that is wrong now, as one incident; `step` tells how far a term has come."""

    key: str
    partner: str
    cause: str
    urgent: bool = False
    step: str = ""
    count: int = 1
    amounts: Mapping[str, int] = field(default_factory=dict)
    due: date | None = None


def put_target(unit: Unit, target: Target) -> str:
    """Add a target, or change the one of this name; gives its id."""
    table = schema.alert_target
    names = ("kind", "address", "language", "zone", "quiet_from", "quiet_to", "digest_at")
    values: Row = {name: getattr(target, name) for name in names} | {"settings": dict(target.settings)}
    known = unit.one(unit.mine(table, table.c.name == target.name))
    if known is not None:
        back = {} if known["removed_at"] is None else {"created_at": unit.now}
        unit.update(table, known["id"], removed_at=None, **values, **back)
        return str(known["id"])
    row_id = new_id()
    unit.insert(table, [{"id": row_id, "name": target.name, "created_at": unit.now} | values])
    return row_id


def remove_target(unit: Unit, name: str) -> bool:
    """Tell a target nothing any more; False when there is none of this name."""
    table = schema.alert_target
    row = unit.one(unit.mine(table, table.c.name == name, table.c.removed_at.is_(None)))
    if row is None:
        return False
    unit.update(table, row["id"], removed_at=unit.now)
    unit.connection.execute(
        schema.alert_message.delete().where(
            schema.alert_message.c.tenant_id == unit.tenant,
            schema.alert_message.c.target_id == row["id"],
            schema.alert_message.c.told_at.is_(None),
        )
    )
    return True


def targets(unit: Unit) -> list[Target]:
    """Everybody who is told, by name."""
    table = schema.alert_target
    rows = unit.rows(unit.mine(table, table.c.removed_at.is_(None)).order_by(table.c.name))
    names = ("id", "name", "kind", "address", "settings", "language", "zone", "quiet_from", "quiet_to", "digest_at")
    return [Target(**{name: row[name] for name in names}, created_at=row["created_at"]) for row in rows]


def incidents(unit: Unit, since: datetime | None = None) -> list[Row]:
    """What is wrong now, oldest first; with `since` also what was over after that moment."""
    table = schema.incident
    wanted = table.c.resolved_at.is_(None)
    where = wanted if since is None else or_(wanted, table.c.resolved_at >= since)
    return unit.rows(unit.mine(table, where).order_by(table.c.opened_at, table.c.key))


def observe(unit: Unit, seen: Mapping[str, Seen]) -> None:
    """Open, keep or close incidents by what is wrong now."""
    recent = {row["key"]: row for row in incidents(unit, unit.now - CALM)}
    for key, each in seen.items():
        values: Row = {
            "urgent": each.urgent,
            "step": each.step,
            "count": each.count,
            "amounts": dict(each.amounts),
            "due": each.due,
        }
        known = recent.get(key)
        if known is None:
            _open(unit, each, values)
        elif known["resolved_at"] is not None or any(known[name] != value for name, value in values.items()):
            unit.update(schema.incident, known["id"], seen_at=unit.now, resolved_at=None, **values)
    for key, row in recent.items():
        if row["resolved_at"] is None and key not in seen:
            unit.update(schema.incident, row["id"], resolved_at=unit.now)


def _open(unit: Unit, each: Seen, values: Row) -> None:
    table = schema.incident
    before = unit.one(unit.mine(table, table.c.key == each.key).order_by(table.c.episode.desc()).limit(1))
    row: Row = {
        "id": new_id(),
        "key": each.key,
        "episode": before["episode"] + 1 if before else 1,
        "partner": each.partner,
        "cause": each.cause,
        "opened_at": unit.now,
        "seen_at": unit.now,
        "resolved_at": None,
    }
    unit.insert(table, [row | values])


def write(unit: Unit, target_id: str, key: str, subject: str, body: str, data: Mapping[str, Any]) -> bool:
    """Write a message down that is to be told; False when this target was to be told this before."""
    if message(unit, target_id, key) is not None:
        return False
    row: Row = {
        "id": new_id(),
        "target_id": target_id,
        "key": key,
        "subject": subject,
        "body": body,
        "data": dict(data),
        "made_at": unit.now,
        "attempts": 0,
        "note": "",
        "told_at": None,
    }
    unit.insert(schema.alert_message, [row])
    return True


def message(unit: Unit, target_id: str, key: str) -> Row | None:
    """What a target was, or is to be, told under a key."""
    table = schema.alert_message
    return unit.one(unit.mine(table, table.c.target_id == target_id, table.c.key == key))


def keys_since(unit: Unit, target_id: str, since: datetime) -> frozenset[str]:
    """The keys of everything written down for a target since a moment."""
    table = schema.alert_message
    rows = unit.rows(unit.mine(table, table.c.target_id == target_id, table.c.made_at >= since))
    return frozenset(row["key"] for row in rows)


def untold(unit: Unit, since: datetime) -> list[Row]:
    """What was written down since a moment and is not told yet, oldest first."""
    table = schema.alert_message
    return unit.rows(
        unit.mine(table, table.c.told_at.is_(None), table.c.made_at >= since).order_by(table.c.made_at, table.c.key)
    )


def trying(unit: Unit, message_id: str) -> Row | None:
    """Count one more attempt at a message; None when somebody told it meanwhile."""
    table = schema.alert_message
    row = unit.one(unit.mine(table, table.c.id == message_id, table.c.told_at.is_(None)))
    if row is not None:
        unit.update(table, message_id, attempts=row["attempts"] + 1)
    return row


def told(unit: Unit, message_id: str) -> bool:
    """Mark a message as told; False when it was marked before (it went out twice)."""
    table = schema.alert_message
    where = (table.c.tenant_id == unit.tenant, table.c.id == message_id, table.c.told_at.is_(None))
    done = unit.connection.execute(table.update().where(*where).values(told_at=unit.now, note=""))
    return bool(done.rowcount == 1)


def failed(unit: Unit, message_id: str, note: str) -> None:
    """Keep why a message could not be told."""
    unit.update(schema.alert_message, message_id, note=note)


def last_written(unit: Unit, target_id: str, prefix: str) -> Row | None:
    """The newest message of a target whose key begins with this."""
    table = schema.alert_message
    rows = unit.mine(table, table.c.target_id == target_id, table.c.key.startswith(prefix))
    return unit.one(rows.order_by(table.c.made_at.desc()).limit(1))


def forget(unit: Unit, target_id: str, key: str) -> None:
    """Take back a message that was not told and is not to be tried again."""
    table = schema.alert_message
    where = (table.c.tenant_id == unit.tenant, table.c.target_id == target_id, table.c.key == key)
    unit.connection.execute(table.delete().where(*where, table.c.told_at.is_(None)))


def counts(unit: Unit, target_id: str) -> tuple[int, int, str]:
    """How many messages of a target were told, how many wait, and why the last of those does."""
    table = schema.alert_message
    rows = unit.rows(unit.mine(table, table.c.target_id == target_id).order_by(table.c.made_at))
    waiting = [row for row in rows if row["told_at"] is None]
    return len(rows) - len(waiting), len(waiting), waiting[-1]["note"] if waiting else ""
