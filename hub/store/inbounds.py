"""What partners sent us: stored raw before anything reads it, processed once, confirmed after our commit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_, select

from hub.model.exchange import Collected
from hub.store import blobs, schema
from hub.store.unit import Row, Unit, new_id

STORED = "stored"
PROCESSED = "processed"
DUPLICATE = "duplicate"
TRIAGE = "triage"
QUARANTINE = "quarantine"
UNREADABLE = "unreadable"
DISMISSED = "dismissed"
"""Set aside by a person, with a reason: nothing more is done with it until somebody has it read again."""
ASIDE = (TRIAGE, QUARANTINE, UNREADABLE)
"""What could not be placed, proved or read."""
ASKING = ("unreadable", "unknown_answer", "triage", "held_file", "mail_triage", "quarantine")
"""The kinds of task that ask what something that came in is, or what is to become of it."""
Place = tuple[datetime, str]
"""Where a page ended: the moment it came in, its id."""


def known(unit: Unit, source: str, remote_id: str) -> Row | None:
    """What was already stored under this partner's id."""
    table = schema.inbound
    return unit.one(unit.mine(table, table.c.source == source, table.c.remote_id == remote_id))


def store(unit: Unit, source: str, item: Collected) -> Row:
    """Store one thing raw; the same content again (whatever its name) is stored as a duplicate of the first."""
    key = blobs.content_key(unit, item.payload)
    first = stands_for(unit, source, key)
    row: Row = {
        "id": new_id(),
        "source": source,
        "remote_id": item.remote_id,
        "kind": item.kind,
        "blob_address": blobs.put(unit, item.payload),
        "content_key": key,
        "trusted": item.trusted,
        "meta": dict(item.meta) | {"answers": item.answers, "name": item.name},
        "state": STORED if first is None else DUPLICATE,
        "note": "" if first is None else f"same content as {first['remote_id']}",
        "findings": [],
        "confirmed": False,
        "exchange_id": None if first is None else first["exchange_id"],
        "received_at": unit.now,
        "processed_at": None,
    }
    unit.insert(schema.inbound, [row])
    return row


def stands_for(unit: Unit, source: str, content_key: str) -> Row | None:
    """What was read of the same bytes, so that they are not read again; None where they are still to be read.

    What was set aside or dismissed stands only for what comes from the same place: who sent it may have been why.
    """
    table = schema.inbound
    read = or_(table.c.processed_at.is_not(None), table.c.state == STORED)
    counts = or_(table.c.state.not_in((*ASIDE, DISMISSED)), table.c.source == source)
    found = unit.mine(table, table.c.content_key == content_key, read, counts)
    return unit.one(found.order_by(table.c.received_at, table.c.id).limit(1))


def get(unit: Unit, inbound_id: str) -> Row:
    """One inbound row that must exist."""
    row = unit.one(unit.mine(schema.inbound, schema.inbound.c.id == inbound_id))
    if row is None:
        raise LookupError(inbound_id)
    return row


def payload(unit: Unit, row: Row) -> bytes:
    """The raw bytes."""
    return blobs.get(unit, row["blob_address"])


def close(
    unit: Unit,
    inbound_id: str,
    state: str,
    *,
    note: str = "",
    kind: str = "",
    exchange_id: str | None = None,
    findings: list[Mapping[str, Any]] | None = None,
) -> None:
    """Record what became of it; findings noted earlier stay unless others are given."""
    values: Row = {"state": state, "note": note, "processed_at": unit.now}
    if findings is not None:
        values["findings"] = findings
    if kind:
        values["kind"] = kind
    if exchange_id is not None:
        values["exchange_id"] = exchange_id
    unit.update(schema.inbound, inbound_id, **values)


def waiting(unit: Unit) -> list[Row]:
    """Stored but not yet processed (the process died in between): to be processed first of all."""
    table = schema.inbound
    return unit.rows(unit.mine(table, table.c.state == STORED).order_by(table.c.received_at))


def unconfirmed(unit: Unit, source: str) -> list[Row]:
    """Stored here but not yet confirmed to the partner."""
    table = schema.inbound
    return unit.rows(unit.mine(table, table.c.source == source, table.c.confirmed.is_(False)))


def mark_confirmed(unit: Unit, inbound_id: str) -> None:
    """The partner knows that we have it."""
    unit.update(schema.inbound, inbound_id, confirmed=True)


def find(unit: Unit, *where: Any) -> list[Row]:
    """Inbound rows, oldest first."""
    return unit.rows(unit.mine(schema.inbound, *where).order_by(schema.inbound.c.received_at))


def asking(unit: Unit, before: Place | None, most: int) -> list[Row]:
    """What came in and waits for a person, newest first, a page at a time: its tasks say so."""
    task = schema.task
    open_ = select(task.c.inbound_id).where(
        task.c.tenant_id == unit.tenant, task.c.state == "open", task.c.kind.in_(ASKING), task.c.inbound_id.is_not(None)
    )
    return _newest(unit, [schema.inbound.c.id.in_(open_)], before, most)


def in_states(unit: Unit, states: Sequence[str], before: Place | None, most: int) -> list[Row]:
    """What ended in one of these states, newest first, a page at a time."""
    return _newest(unit, [schema.inbound.c.state.in_(states)], before, most)


def answers(unit: Unit, exchange_id: str, before: Place | None, most: int) -> list[Row]:
    """What came in about one exchange, newest first, a page at a time."""
    return _newest(unit, [schema.inbound.c.exchange_id == exchange_id], before, most)


def _newest(unit: Unit, where: Sequence[Any], before: Place | None, most: int) -> list[Row]:
    table = schema.inbound
    if before is not None:
        at, row_id = before
        where = [*where, or_(table.c.received_at < at, and_(table.c.received_at == at, table.c.id < row_id))]
    statement = unit.mine(table, *where).order_by(table.c.received_at.desc(), table.c.id.desc())
    return unit.rows(statement.limit(most))
