"""What came in and cannot be settled by itself: found, looked at, read again, or dismissed with a reason.

A thing waits as long as a task asks about it. Dismissing keeps it, bytes and all, with who did it and why, and closes
what asked; reading it again takes it up again, whatever was said before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from hub.errors import ConfigurationError, ContentError
from hub.log import clean_text
from hub.pipeline import receive, task_work
from hub.pipeline.context import Actor, Hub
from hub.pipeline.glimpse import Glimpse, glimpse
from hub.pipeline.receive import Received
from hub.store import access, exchanges, inbounds, schema, support, tasks
from hub.store.inbounds import ASIDE, ASKING, DISMISSED, Place
from hub.store.unit import Row, Unit

WAITING, ASIDE_ALL = "waiting", "aside"
SHOWN = (WAITING, ASIDE_ALL, DISMISSED)
"""What the list can show: what a task asks about, all that was set aside, what was dismissed."""
MAIL = "mail"
_MOST_EVENTS = 50
_FEW = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class CameIn:
    """One row of the list."""

    id: str
    name: str
    sender: str
    channel: str
    kind: str
    state: str
    note: str
    received_at: object
    tasks: Sequence[Row] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """One thing that came in, with everything that is known of it."""

    row: Row
    line: CameIn
    open: Sequence[Row]
    closed: Sequence[Row]
    notes: dict[str, list[Row]]
    exchange: Row | None
    events: Sequence[Row]
    glimpse: Glimpse | None
    findings: Sequence[dict[str, Any]] = field(default_factory=tuple)


def listed(
    hub: Hub, unit: Unit, show: str = WAITING, *, before: Place | None = None, most: int = 50
) -> tuple[list[CameIn], Place | None]:
    """A page, newest first, and where the next one begins; None at the end."""
    if show == WAITING:
        rows = inbounds.asking(unit, before, most + 1)
    else:
        rows = inbounds.in_states(unit, ASIDE if show == ASIDE_ALL else (DISMISSED,), before, most + 1)
    shown = rows[:most]
    asking: dict[str, list[Row]] = {}
    for task in tasks.of_inbound(unit, [row["id"] for row in shown], ASKING):
        asking.setdefault(task["inbound_id"], []).append(task)
    senders = receive.senders(hub, unit)
    lines = [_line(row, senders, asking.get(row["id"], ())) for row in shown]
    return lines, (shown[-1]["received_at"], shown[-1]["id"]) if len(rows) > most else None


def _line(row: Row, senders: dict[str, str], asking: Sequence[Row]) -> CameIn:
    return CameIn(
        id=row["id"],
        name=clean_text(row["meta"].get("name") or row["remote_id"]),
        sender=senders.get(row["source"], ""),
        channel=row["source"].partition(":")[0],
        kind=row["kind"],
        state=row["state"],
        note=row["note"],
        received_at=row["received_at"],
        tasks=asking,
    )


def never_stored(unit: Unit) -> list[Row]:
    """Open tasks about what arrived damaged: nothing of it is kept here, it comes again."""
    table = schema.task
    where = [table.c.state == "open", table.c.kind.in_(ASKING), table.c.inbound_id.is_(None)]
    return unit.rows(unit.mine(table, *where).order_by(table.c.created_at.desc(), table.c.id).limit(_FEW))


def one(
    hub: Hub, unit: Unit, inbound_id: str, *, language: str, personal: bool = False, money: bool = True
) -> Opened | None:
    """One thing that came in, or None; without `money` nothing of what a bank sent is shown."""
    row = unit.one(unit.mine(schema.inbound, schema.inbound.c.id == inbound_id))
    if row is None:
        return None
    table = schema.task
    about = unit.rows(unit.mine(table, table.c.inbound_id == inbound_id).order_by(table.c.created_at, table.c.id))
    open_ = [each for each in about if each["state"] == "open"]
    closed = [each for each in about if each["state"] != "open"]
    asking = [each for each in open_ if each["kind"] in ASKING]
    exchange = exchanges.get(unit, row["exchange_id"]) if row["exchange_id"] else None
    return Opened(
        row=row,
        line=_line(row, receive.senders(hub, unit), asking),
        open=open_,
        closed=closed,
        notes=support.notes(unit, [each["id"] for each in about]),
        exchange=exchange,
        events=_events(unit, row),
        glimpse=_glimpse(unit, row, language, personal=personal, money=money),
        findings=row["findings"] or (),
    )


def _events(unit: Unit, row: Row) -> list[Row]:
    """What this thing did to its exchange."""
    if not row["exchange_id"]:
        return []
    table = schema.exchange_event
    where = (table.c.exchange_id == row["exchange_id"], table.c.inbound_id == row["id"])
    return unit.rows(unit.mine(table, *where).order_by(table.c.seq, table.c.at).limit(_MOST_EVENTS))


def _glimpse(unit: Unit, row: Row, language: str, *, personal: bool, money: bool) -> Glimpse | None:
    try:
        payload = inbounds.payload(unit, row)
    except (LookupError, ContentError):
        return None  # its retention is over: the row stays, its bytes do not
    found = glimpse(unit, payload, mail=row["kind"] == MAIL, language=language, personal=personal)
    return None if found.family == "bank" and not money else found


def read_again(hub: Hub, tenant: str, inbound_id: str, actor: Actor) -> Received:
    """Read it once more, after what was missing has been mended."""
    with hub.store.unit(tenant) as unit:
        row = inbounds.get(unit, inbound_id)
        if row["state"] not in (*ASIDE, DISMISSED):
            raise ConfigurationError(f"it is {row['state']}: there is nothing to read again")
        access.record(unit, actor=actor.name, role=actor.role, action="redrive", object_=f"inbound/{inbound_id}")
    return receive.read_again(hub, tenant, inbound_id)


def dismiss(unit: Unit, inbound_id: str, reason: str, actor: Actor) -> None:
    """Nothing is to be done with it: it stays, with the reason, and what asked about it is closed."""
    table = schema.inbound
    row = unit.one(unit.mine(table, table.c.id == inbound_id).with_for_update())
    if row is None:
        raise LookupError(inbound_id)
    said = clean_text(" ".join(reason.split()))
    if not said:
        raise ConfigurationError("why it is dismissed must be said", hint="write the reason")
    asking = tasks.of_inbound(unit, [inbound_id], ASKING)
    if row["state"] not in ASIDE and not asking:
        raise ConfigurationError(f"it is {row['state']}: nobody waits for a word on it")
    kept = {"by": actor.name, "role": actor.role, "why": said, "at": unit.now.isoformat(), "was": row["state"]}
    state = DISMISSED if row["state"] in ASIDE else row["state"]
    unit.update(table, inbound_id, state=state, meta=row["meta"] | {"dismissed": kept})
    for each in asking:
        task_work.closed(unit, each, task_work.OTHER, said, actor)
    access.record(unit, actor=actor.name, role=actor.role, action="dismiss", object_=f"inbound/{inbound_id}")
