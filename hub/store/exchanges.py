"""Exchanges: stored before they are sent, advanced by rank, with a line of history for each thing that happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, func, or_, select

from hub.model.exchange import ExchangeState, Message, advance
from hub.store import blobs, schema
from hub.store.unit import Row, Unit, new_id

_OPEN = (ExchangeState.PREPARED.value, ExchangeState.SENDING.value, ExchangeState.IN_DOUBT.value)
_ADDRESS = ("id", "partner", "agreement_id", "channel", "business_key", "invoice_number")
"""What says where an exchange goes and whether it is paused."""
_MANY = 500
"""So many ids in one statement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewExchange:
    """One message to store before it goes on the wire."""

    partner: str
    agreement_id: str
    channel: str
    message: Message
    invoice_number: str
    sha256: str
    stage: str
    ruleset: str = ""
    findings: Sequence[Mapping[str, Any]] = ()
    released: bool = True
    note: str = ""
    meta: Mapping[str, Any] = field(default_factory=dict)


def add(unit: Unit, new: NewExchange) -> str:
    """Store a prepared exchange with its bytes; gives its id."""
    (exchange_id,) = add_all(unit, [new])
    return exchange_id


def add_all(unit: Unit, new: Sequence[NewExchange]) -> list[str]:
    """Store several prepared exchanges with their bytes; gives their ids in the same order."""
    addresses = blobs.put_all(unit, [each.message.payload for each in new])
    rows = [_row(unit, each, where) for each, where in zip(new, addresses, strict=True)]
    unit.insert(schema.exchange, rows)
    lines = [_line(unit, row["id"], "prepared", row["note"]) | {"seq": 1} for row in rows]
    unit.insert(schema.exchange_event, lines)
    return [row["id"] for row in rows]


def _row(unit: Unit, new: NewExchange, address: str) -> Row:
    return {
        "id": new_id(),
        "partner": new.partner,
        "agreement_id": new.agreement_id,
        "channel": new.channel,
        "kind": new.message.kind,
        "business_key": new.message.key,
        "invoice_number": new.invoice_number,
        "remote_id": "",
        "name": new.message.name,
        "blob_address": address,
        "payload_sha256": new.sha256,
        "meta": dict(new.message.meta) | {"media_type": new.message.media_type} | dict(new.meta),
        "ruleset": new.ruleset,
        "findings": [dict(each) for each in new.findings],
        "stage": new.stage,
        "state": ExchangeState.PREPARED.value,
        "released": new.released,
        "attempts": 0,
        "note": new.note,
        "prepared_at": unit.now,
    }


def message(unit: Unit, row: Row, sealed: Mapping[str, Row] | None = None) -> Message:
    """The message of an exchange, byte-identical on every attempt.

    Its key names the tenant too: partners know one account for several tenants. `sealed` is what `blobs.sealed` gave,
    where several messages are read at once.
    """
    where = row["blob_address"]
    meta = {key: str(value) for key, value in row["meta"].items() if key != "media_type"}
    return Message(
        key=key_of(unit, row),
        kind=row["kind"],
        name=row["name"],
        payload=blobs.get(unit, where) if sealed is None else blobs.unsealed(unit, where, sealed.get(where)),
        media_type=row["meta"].get("media_type", "application/octet-stream"),
        meta=meta,
    )


def key_of(unit: Unit, row: Row) -> str:
    """What an exchange is called at the partner: tenant and business key, never anything of the payload."""
    return f"{unit.tenant}:{row['business_key']}"


def get(unit: Unit, exchange_id: str, *, lock: bool = False) -> Row:
    """One exchange row that must exist; with `lock` nobody else changes it before this transaction ends."""
    statement = unit.mine(schema.exchange, schema.exchange.c.id == exchange_id)
    row = unit.one(statement.with_for_update() if lock else statement)
    if row is None:
        raise LookupError(exchange_id)
    return row


def get_all(unit: Unit, ids: Sequence[str], *, lock: bool = False) -> dict[str, Row]:
    """Several exchange rows that must exist, by id."""
    rows: dict[str, Row] = {}
    for start in range(0, len(ids), _MANY):
        statement = unit.mine(schema.exchange, schema.exchange.c.id.in_(ids[start : start + _MANY]))
        rows |= {row["id"]: row for row in unit.rows(statement.with_for_update() if lock else statement)}
    absent = next((each for each in ids if each not in rows), None)
    if absent is not None:
        raise LookupError(absent)
    return rows


def standing(unit: Unit, ids: Sequence[str] | None = None) -> dict[str, Row]:
    """Where messages are (`state`, `sent_at`, `reply_due`), by id: all, or those some claims travel in.

    Whoever may see a claim may know where it is, also where the message with its other claims is another's.
    """
    table = schema.exchange
    columns = [table.c[name] for name in ("id", "state", "sent_at", "reply_due")]
    wanted = [None] if ids is None else [ids[start : start + _MANY] for start in range(0, len(ids), _MANY)]
    found: dict[str, Row] = {}
    with unit.whole() as whole:
        for part in wanted:
            where = [table.c.tenant_id == unit.tenant] + ([] if part is None else [table.c.id.in_(part)])
            found |= {row["id"]: row for row in whole.rows(select(*columns).where(*where))}
    return found


def states(unit: Unit, ids: Sequence[str]) -> dict[str, ExchangeState]:
    """The states of several exchanges, by id."""
    table = schema.exchange
    found: dict[str, ExchangeState] = {}
    for start in range(0, len(ids), _MANY):
        where = (table.c.tenant_id == unit.tenant, table.c.id.in_(ids[start : start + _MANY]))
        rows = unit.connection.execute(select(table.c.id, table.c.state).where(*where))
        found |= {exchange_id: ExchangeState(state) for exchange_id, state in rows}
    return found


def find(unit: Unit, *where: Any) -> list[Row]:
    """Exchange rows, oldest first."""
    return _oldest_first(unit.rows(unit.mine(schema.exchange, *where)))


def _oldest_first(rows: list[Row]) -> list[Row]:
    """Sorted here: a database asked for this order may walk through all there ever were to spare itself the sorting."""
    return sorted(rows, key=lambda row: (row["prepared_at"], row["business_key"]))


def to_send(unit: Unit, most: int = 0) -> list[Row]:
    """Where released exchanges go that are due: prepared ones, and those whose outcome must be asked for.

    Oldest first; with `most` only so many of each agreement, however many wait.
    """
    table = schema.exchange
    due = or_(table.c.next_try_at.is_(None), table.c.next_try_at <= unit.now)
    where = (table.c.tenant_id == unit.tenant, table.c.state.in_(_OPEN), table.c.released, due)
    order = (table.c.prepared_at, table.c.business_key)
    columns = [table.c[name] for name in _ADDRESS]
    if not most:
        return _oldest_first(unit.rows(select(*columns, table.c.prepared_at).where(*where)))
    nth = func.row_number().over(partition_by=table.c.agreement_id, order_by=order).label("nth")
    each = select(*columns, table.c.prepared_at, nth).where(*where).subquery()
    first = select(each).where(each.c.nth <= most).order_by(each.c.prepared_at, each.c.business_key)
    return unit.rows(first)


def is_open(row: Row) -> bool:
    """Whether what becomes of it is not known yet."""
    return row["state"] in _OPEN


def is_due(unit: Unit, row: Row) -> bool:
    """Whether it would be in `to_send` now: what one process found due, another may have tried since."""
    return is_open(row) and row["released"] and (row["next_try_at"] is None or row["next_try_at"] <= unit.now)


def wait_until(unit: Unit, exchange_id: str, moment: datetime, note: str) -> None:
    """Put off the next try."""
    unit.update(schema.exchange, exchange_id, next_try_at=moment, note=note)


def wait_together(unit: Unit, tried: Sequence[str], others: Sequence[str]) -> datetime | None:
    """Put all of them off to the latest of the tried ones' times, so that they go out in their order when it comes.

    Gives that time; None when none of the tried ones waits.
    """
    rows = [row for row in (get(unit, each, lock=True) for each in sorted([*tried, *others])) if is_open(row)]
    times = [row["next_try_at"] for row in rows if row["id"] in set(tried) and row["next_try_at"] is not None]
    for row in rows if times else ():
        unit.update(schema.exchange, row["id"], next_try_at=max(times))
    return max(times, default=None)


def by_business_key(unit: Unit, key: str) -> Row | None:
    """The exchange with this business key, if any."""
    return unit.one(unit.mine(schema.exchange, schema.exchange.c.business_key == key))


def next_key(unit: Unit, stem: str) -> str:
    """The first business key of a stem that is not taken: found key by key, which no number of exchanges slows down."""
    number = 1
    while by_business_key(unit, f"{stem}{number}") is not None:
        number += 1
    return f"{stem}{number}"


def by_answer(unit: Unit, *, remote_id: str = "", invoice_number: str = "") -> Row | None:
    """The exchange an answer belongs to: by the partner's id for it, else by its invoice number (newest first)."""
    table = schema.exchange
    if remote_id:
        found = unit.one(unit.mine(table, table.c.remote_id == remote_id)) or by_business_key(unit, remote_id)
        if found is not None:
            return found
    if not invoice_number or _several_use(unit, invoice_number):
        return None
    statement = unit.mine(table, table.c.invoice_number == invoice_number).order_by(table.c.prepared_at.desc())
    return unit.one(statement)


def _several_use(unit: Unit, invoice_number: str) -> bool:
    """Numbers are the claimant's own: one that several of this tenant use says nothing about whose answer this is."""
    column = schema.claim.c.claimant_code
    where = (schema.claim.c.tenant_id == unit.tenant, schema.claim.c.invoice_number == invoice_number)
    return len(unit.rows(select(column).where(*where).distinct().limit(2))) > 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A state to advance to, with its line of history; `row` was read with its lock in this transaction."""

    row: Row
    state: ExchangeState
    text: str = ""
    values: Mapping[str, object] = field(default_factory=dict)


def change(
    unit: Unit, exchange_id: str, state: ExchangeState, *, text: str = "", locked: Row | None = None, **values: object
) -> ExchangeState:
    """Advance an exchange by rank and write its history; gives the state it has now.

    `locked` is its row where this transaction has read it with its lock already.
    """
    row = locked or get(unit, exchange_id, lock=True)
    (now,) = change_all(unit, [Change(row=row, state=state, text=text, values=values)])
    return now


def change_all(unit: Unit, changes: Sequence[Change]) -> list[ExchangeState]:
    """Advance several exchanges (each once, all with the same values' names) and write their history.

    One statement for all rows and one for all lines; gives the states they have now.
    """
    if not changes:
        return []
    now = [advance(ExchangeState(each.row["state"]), each.state) for each in changes]
    table = schema.exchange
    named = {name: bindparam(f"new_{name}", type_=table.c[name].type) for name in ("state", *changes[0].values)}
    where = (table.c.id == bindparam("the_id"), table.c.tenant_id == unit.tenant)
    rows = [
        {f"new_{name}": value for name, value in each.values.items()}
        | {"the_id": each.row["id"], "new_state": state.value}
        for each, state in zip(changes, now, strict=True)
    ]
    unit.connection.execute(table.update().where(*where).values(named), rows)
    _write(unit, [_line(unit, each.row["id"], each.state.value, each.text) for each in changes])
    return now


def force(unit: Unit, exchange_id: str, state: ExchangeState, *, text: str, **values: object) -> None:
    """Set a state that is not an advance: back to prepared after a first attempt that provably took nothing over."""
    unit.update(schema.exchange, exchange_id, state=state.value, **values)
    log(unit, exchange_id, state.value, text)


def log(
    unit: Unit,
    exchange_id: str,
    kind: str,
    text: str,
    *,
    codes: Sequence[str] = (),
    inbound_id: str | None = None,
) -> None:
    """Write one line of an exchange's history."""
    _write(unit, [_line(unit, exchange_id, kind, text) | {"codes": list(codes), "inbound_id": inbound_id}])


def _line(unit: Unit, exchange_id: str, kind: str, text: str) -> Row:
    return {
        "id": new_id(),
        "exchange_id": exchange_id,
        "at": unit.now,
        "kind": kind,
        "text": text,
        "codes": [],
        "inbound_id": None,
    }


def _write(unit: Unit, lines: Sequence[Row]) -> None:
    table = schema.exchange_event
    # Writers of one tenant follow one another, so the number of lines is the last one's number.
    same = table.c.exchange_id == bindparam("of_exchange")
    earlier = select(func.count()).where(table.c.tenant_id == unit.tenant, same).scalar_subquery()
    rows = [line | {"tenant_id": unit.tenant, "of_exchange": line["exchange_id"]} for line in lines]
    unit.connection.execute(table.insert().values(seq=earlier + 1), rows)


def history(unit: Unit, exchange_id: str) -> list[Row]:
    """What happened to an exchange, in order."""
    table = schema.exchange_event
    return unit.rows(unit.mine(table, table.c.exchange_id == exchange_id).order_by(table.c.seq, table.c.at, table.c.id))


def silent_since(unit: Unit, today: date) -> list[Row]:
    """Delivered exchanges whose reply date has passed without an answer."""
    table = schema.exchange
    states = [ExchangeState.SENT.value, ExchangeState.DELIVERED.value]
    return find(unit, table.c.state.in_(states), table.c.reply_due < today, table.c.answered_at.is_(None))
