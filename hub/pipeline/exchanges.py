"""What travels, for people: lists, one exchange with its history, what is dead, and starting it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, or_

from hub.errors import ConfigurationError
from hub.model.exchange import ExchangeState
from hub.pipeline.context import Actor, Hub
from hub.pipeline.receive import read_again
from hub.pipeline.release import release
from hub.pipeline.send import send
from hub.store import access, exchanges, inbounds, schema
from hub.store.unit import Row, Unit

_SHOWN = (
    *("invoice_number", "business_key", "partner", "channel", "kind", "state", "released", "attempts"),
    *("prepared_at", "next_try_at", "sent_at", "reply_due", "answered_at", "note"),
)

_FEW = frozenset(state.value for state in ExchangeState) - {"sent", "delivered"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Dead:
    """Something nothing happens to any more: an exchange that gave up, or something that came in and cannot be read."""

    kind: str
    id: str
    ref: str
    partner: str
    reason: str
    since: object


def listed(
    unit: Unit, *, state: str = "", partner: str = "", most: int = 200, before: tuple[datetime, str] | None = None
) -> list[dict[str, Any]]:
    """Exchanges, newest first, as a program may print them; `before` goes on where a page ended.

    That is a moment and a business key: what is made in one transaction has one moment.
    """
    table = schema.exchange
    where = [column == wished for column, wished in ((table.c.state, state), (table.c.partner, partner)) if wished]
    if before is not None:
        at, key = before
        where += [table.c.prepared_at <= at, or_(table.c.prepared_at < at, table.c.business_key < key)]
    # The newest of all are found in order; the few in an open or failed state by that, or all would be looked through.
    newest = func.coalesce(table.c.prepared_at, None) if state in _FEW else table.c.prepared_at
    rows = unit.rows(unit.mine(table, *where).order_by(newest.desc(), table.c.business_key.desc()).limit(most))
    return [_body(row) for row in rows]


def _body(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in _SHOWN}


def one(unit: Unit, ref: str) -> Row:
    """An exchange by its invoice number, business key or id; ConfigurationError when there is none, or several."""
    table = schema.exchange
    # One name after another: asked for either at once, a database looks through all.
    names = (table.c.business_key, table.c.id, table.c.remote_id)
    found = list({row["id"]: row for name in names for row in exchanges.find(unit, name == ref)}.values())
    found = found or exchanges.find(unit, table.c.invoice_number == ref)
    if len(found) > 1:
        known = ", ".join(row["business_key"] for row in found[:5])
        raise ConfigurationError(f"several exchanges are called {ref}", hint=f"name one of: {known}")
    if not found:
        raise ConfigurationError(f"no exchange is called {ref}", hint="kvitt exchange list")
    return found[0]


def shown(unit: Unit, ref: str, actor: Actor) -> dict[str, Any]:
    """One exchange with its history; looking is logged."""
    row = one(unit, ref)
    access.record(unit, actor=actor.name, role=actor.role, action="view", object_=f"exchange/{row['business_key']}")
    history = [
        {name: line[name] for name in ("at", "kind", "text", "codes", "inbound_id")}
        for line in exchanges.history(unit, row["id"])
    ]
    named = {name: row[name] for name in ("id", "name", "remote_id", "payload_sha256", "ruleset", "stage")}
    return _body(row) | named | {"history": history}


def waits_for_answer(row: Mapping[str, Any]) -> bool:
    """Whether its answer is still to come, so that the day it is due means something."""
    arrived = row["state"] in (ExchangeState.SENT.value, ExchangeState.DELIVERED.value)
    return arrived and row["answered_at"] is None and row["reply_due"] is not None


@dataclass(frozen=True, slots=True)
class Part:
    """A page of what belongs to an exchange, and where the next one begins; nothing at the end."""

    rows: Sequence[Row]
    next: inbounds.Place | None


def claims_of(unit: Unit, exchange_id: str, after: inbounds.Place | None = None, most: int = 50) -> Part:
    """The claims it carries, oldest first, without their personal part."""
    table = schema.claim
    # Found by the exchange and then sorted: in order of time a database would look through every claim there is.
    made, key = func.coalesce(table.c.created_at, None), table.c.id
    where = [table.c.exchange_id == exchange_id]
    if after is not None:
        where.append(or_(made > after[0], and_(made == after[0], key > after[1])))
    rows = unit.rows(unit.mine(table, *where).order_by(made, key).limit(most + 1))
    return _part(rows, most, "created_at")


def replies_of(unit: Unit, exchange_id: str, before: inbounds.Place | None = None, most: int = 50) -> Part:
    """What came in about it, newest first."""
    return _part(inbounds.answers(unit, exchange_id, before, most + 1), most, "received_at")


def _part(rows: Sequence[Row], most: int, moment: str) -> Part:
    shown = rows[:most]
    return Part(shown, (shown[-1][moment], shown[-1]["id"]) if len(rows) > most else None)


def retry(hub: Hub, tenant: str, ref: str, actor: Actor) -> ExchangeState:
    """Try one exchange now instead of later; what may have arrived is asked about first, as ever."""
    with hub.store.unit(tenant) as unit:
        row = one(unit, ref)
        if not exchanges.is_open(row):
            hint = "kvitt dead redrive" if row["state"] == "failed" else f"kvitt why {row['invoice_number']}"
            raise ConfigurationError(f"{row['name']} is {row['state']}: there is nothing to try", hint=hint)
        if not row["released"]:
            hint = f"kvitt release {row['invoice_number']}, or kvitt in-doubt resolve"
            raise ConfigurationError(f"{row['name']} waits for a person", hint=hint)
        if row["state"] != ExchangeState.SENDING.value or row["next_try_at"] is not None:
            unit.update(schema.exchange, row["id"], next_try_at=unit.now)
        access.record(unit, actor=actor.name, role=actor.role, action="retry", object_=row["business_key"])
    return send(hub, tenant, row["id"])


def in_doubt(unit: Unit) -> list[dict[str, Any]]:
    """Exchanges of which a person must find out whether they arrived."""
    return listed(unit, state=ExchangeState.IN_DOUBT.value)


def resolve(hub: Hub, tenant: str, ref: str, actor: Actor, *, delivered: bool, evidence: str) -> str:
    """Settle a doubt; how the person knows stays in the history."""
    if not evidence.strip():
        raise ConfigurationError("how do you know?", hint='--evidence "who said so at the partner, and when"')
    with hub.store.reading(tenant) as unit:
        row = one(unit, ref)
    if row["state"] != ExchangeState.IN_DOUBT.value:
        raise ConfigurationError(f"{row['name']} is {row['state']}, not in doubt", hint="kvitt in-doubt list")
    return release(hub, tenant, row["business_key"], actor, arrived=delivered, evidence=evidence).what


def dead(unit: Unit) -> list[Dead]:
    """What stopped for good, both ways."""
    gone = exchanges.find(unit, schema.exchange.c.state == ExchangeState.FAILED.value)
    unread = inbounds.find(unit, schema.inbound.c.state == inbounds.UNREADABLE)
    out = [
        Dead(
            kind="out",
            id=row["id"],
            ref=row["invoice_number"] or row["business_key"],
            partner=row["partner"],
            reason=row["note"],
            since=row["prepared_at"],
        )
        for row in gone
    ]
    came = [
        Dead(
            kind="in",
            id=row["id"],
            ref=row["meta"]["name"] or row["remote_id"],
            partner=row["source"].partition("|")[0],
            reason=row["note"],
            since=row["received_at"],
        )
        for row in unread
    ]
    return [*out, *came]


def redrive(hub: Hub, tenant: str, one_dead: Dead, actor: Actor) -> str:
    """Start it again: an exchange goes out with the next submission, something that came in is read once more."""
    if one_dead.kind == "out":
        with hub.store.reading(tenant) as unit:
            key = exchanges.get(unit, one_dead.id)["business_key"]
        return release(hub, tenant, key, actor).what
    with hub.store.unit(tenant) as unit:
        access.record(unit, actor=actor.name, role=actor.role, action="redrive", object_=f"inbound/{one_dead.id}")
    done = read_again(hub, tenant, one_dead.id)
    return f"{done.name}: {done.state} {done.note}".rstrip()
