"""Notices as stored: what a practice or clinic is told, and how far its mail is.

`sending` is committed before anything leaves. Whoever finds it there while holding the notice's effect lock knows that
its process died on the way: whether the mail arrived only its recipient can say, so it is in doubt and not sent again.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import or_

from hub.store import schema
from hub.store.unit import Row, Unit

STORED, WAITING, SENDING, SENT, IN_DOUBT, FAILED = "stored", "waiting", "sending", "sent", "in_doubt", "failed"
"""`stored`: from before notices were mailed; nobody mails it any more."""


def due(unit: Unit) -> list[Row]:
    """What is to be mailed now, and what a process may have died on, oldest first."""
    table = schema.notification
    now = or_(table.c.next_try_at.is_(None), table.c.next_try_at <= unit.now)
    waits = (table.c.state == WAITING) & now
    return unit.rows(unit.mine(table, waits | (table.c.state == SENDING)).order_by(table.c.created_at, table.c.key))


def open_ones(unit: Unit) -> list[Row]:
    """What has not gone out yet, as far as this database knows."""
    table = schema.notification
    return unit.rows(unit.mine(table, table.c.state.in_((WAITING, SENDING))).order_by(table.c.created_at))


def find(unit: Unit, key: str) -> Row | None:
    """A notice by its key."""
    return unit.one(unit.mine(schema.notification, schema.notification.c.key == key))


def begin(unit: Unit, notice_id: str) -> Row | None:
    """Write down that it is being sent; None unless it waits. What is found in `sending` is put in doubt instead."""
    table = schema.notification
    row = unit.one(unit.mine(table, table.c.id == notice_id))
    if row is None or row["state"] not in (WAITING, SENDING):
        return None
    state = SENDING if row["state"] == WAITING else IN_DOUBT
    unit.update(table, notice_id, state=state, attempts=row["attempts"] + (state == SENDING))
    return row | {"state": state, "attempts": row["attempts"] + (state == SENDING)}


def settle(unit: Unit, notice_id: str, state: str, note: str = "", next_try_at: datetime | None = None) -> None:
    """Write down what became of it."""
    sent_at = unit.now if state == SENT else None
    unit.update(schema.notification, notice_id, state=state, note=note, next_try_at=next_try_at, sent_at=sent_at)
