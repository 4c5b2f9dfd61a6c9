"""Tasks only a person may do, and notifications told once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from hub.model.money import Money
from hub.store import schema
from hub.store.unit import Row, Unit, new_id

Texts = Mapping[str, str]
_MANY = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTask:
    """Something a person must decide: why, what to do, by when, how much money. The same `key` makes one task."""

    key: str
    kind: str
    text: Texts
    action: Texts
    claim_ref: str = ""
    exchange_id: str | None = None
    inbound_id: str | None = None
    amount: Money | None = None
    due: date | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)
    cause: str = ""
    """What makes several tasks one trouble: a payer's code, or its words without their numbers."""


def add(unit: Unit, new: NewTask, *, reopen: bool = False) -> bool:
    """Make a task once; False when its key exists. A closed one opens again only where `reopen` says so.

    It is then about what happened now: its day, its evidence and what it hangs on are the new ones.
    """
    known = unit.one(unit.mine(schema.task, schema.task.c.key == new.key))
    if known is not None:
        if reopen and known["state"] == "done":
            at_stake = {"amount_minor": new.amount.minor, "currency": new.amount.currency} if new.amount else {}
            said = {"text": dict(new.text), "action": dict(new.action), "cause": new.cause or known["cause"]}
            hangs = {"due": new.due, "evidence": dict(new.evidence), "exchange_id": new.exchange_id}
            hangs |= {"inbound_id": new.inbound_id}
            unit.update(schema.task, known["id"], state="open", done_at=None, **said, **at_stake, **hangs)
        return False
    row: Row = {
        "id": new_id(),
        "key": new.key,
        "kind": new.kind,
        "text": dict(new.text),
        "action": dict(new.action),
        "claim_ref": new.claim_ref,
        "exchange_id": new.exchange_id,
        "inbound_id": new.inbound_id,
        "amount_minor": new.amount.minor if new.amount else 0,
        "currency": new.amount.currency if new.amount else "",
        "due": new.due,
        "state": "open",
        "evidence": dict(new.evidence),
        "created_at": unit.now,
        "done_at": None,
        "cause": new.cause,
    }
    unit.insert(schema.task, [row])
    return True


def reopen(unit: Unit, task_ids: Sequence[str]) -> None:
    """What closed these tasks was undone: they wait for a person again."""
    for task_id in task_ids:
        unit.update(schema.task, task_id, state="open", done_at=None)


def open_of(unit: Unit, claim_ref: str, exchange_id: str | None) -> dict[str, str]:
    """The open tasks about a claim, or about the message it travels in: key by id."""
    table = schema.task
    about = table.c.claim_ref == claim_ref
    if exchange_id:
        about |= table.c.exchange_id == exchange_id
    return {row["id"]: row["key"] for row in unit.rows(unit.mine(table, table.c.state == "open", about))}


def named(unit: Unit, ref: str) -> Row | None:
    """One task by its id or its key, whatever its kind; None when there is none."""
    table = schema.task
    return unit.one(unit.mine(table, table.c.id == ref)) or unit.one(unit.mine(table, table.c.key == ref))


def of_inbound(unit: Unit, inbound_ids: Sequence[str], kinds: Sequence[str] = ()) -> list[Row]:
    """The open tasks about things that came in, oldest first; of some kinds, or all."""
    table = schema.task
    where = [table.c.state == "open", table.c.inbound_id.in_(inbound_ids)]
    where += [table.c.kind.in_(kinds)] if kinds else []
    return unit.rows(unit.mine(table, *where).order_by(table.c.created_at, table.c.id)) if inbound_ids else []


def open_tasks(unit: Unit) -> list[Row]:
    """What waits for a person: nearest due date first, then most money."""
    table = schema.task
    return _by_day_and_money(unit.rows(unit.mine(table, table.c.state == "open")))


def of_claims(unit: Unit, refs: Sequence[str], *, closed: bool = False) -> list[Row]:
    """What waits (with `closed`: also what waited) for a person about some claims, in the same order."""
    table = schema.task
    rows: list[Row] = []
    for start in range(0, len(refs), _MANY):
        where = [table.c.claim_ref.in_(refs[start : start + _MANY]), table.c.claim_ref != ""]
        rows += unit.rows(unit.mine(table, *where, *([] if closed else [table.c.state == "open"])))
    return _by_day_and_money(rows)


def _by_day_and_money(rows: Sequence[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (row["due"] or date.max, -abs(row["amount_minor"]), row["key"]))


def amend(unit: Unit, key: str, action: Texts) -> None:
    """Say something better to do on an open task."""
    table = schema.task
    row = unit.one(unit.mine(table, table.c.key == key, table.c.state == "open"))
    if row is not None:
        unit.update(table, row["id"], action=dict(action))


def done(unit: Unit, key: str, evidence: Mapping[str, Any]) -> bool:
    """Close an open task with what was done; False when there is none."""
    table = schema.task
    row = unit.one(unit.mine(table, table.c.key == key, table.c.state == "open"))
    if row is None:
        return False
    unit.update(table, row["id"], state="done", done_at=unit.now, evidence=row["evidence"] | dict(evidence))
    return True


def done_all(unit: Unit, exchange_id: str, evidence: Mapping[str, Any], *, claims_too: bool = False) -> None:
    """Close every open task of an exchange: what it waited for has happened.

    A payer's no to a single claim is another matter and stays open, unless the claims are gone too.
    """
    table = schema.task
    where = [table.c.exchange_id == exchange_id, table.c.state == "open"]
    if not claims_too:
        where.append(table.c.claim_ref == "")
    for row in unit.rows(unit.mine(table, *where)):
        done(unit, row["key"], evidence)


def any_with(unit: Unit, exchange_ids: Sequence[str], keys: Sequence[str]) -> bool:
    """Whether `done_with` would close anything for one of these exchanges."""
    table = schema.task
    own = table.c.exchange_id.in_(exchange_ids) & (table.c.claim_ref == "")
    return unit.one(unit.mine(table, table.c.state == "open", own | table.c.key.in_(keys)).limit(1)) is not None


def done_with(unit: Unit, exchange_id: str, keys: Sequence[str], evidence: Mapping[str, Any]) -> None:
    """Close the open tasks of an exchange itself and those with these keys."""
    table = schema.task
    own = (table.c.exchange_id == exchange_id) & (table.c.claim_ref == "")
    for row in unit.rows(unit.mine(table, table.c.state == "open", own | table.c.key.in_(keys))):
        unit.update(table, row["id"], state="done", done_at=unit.now, evidence=row["evidence"] | dict(evidence))


def notify(unit: Unit, key: str, recipient: str, subject: str, body: str, language: str = "") -> bool:
    """Hand over a notification once per key, to be mailed; False when it was told before.

    `language` is the recipient's; without it the mail is in the tenant's own.
    """
    table = schema.notification
    if unit.one(unit.mine(table, table.c.key == key)) is not None:
        return False
    row: Row = {"id": new_id(), "key": key, "recipient": recipient, "subject": subject, "body": body}
    unit.insert(table, [row | {"created_at": unit.now, "language": language, "state": "waiting"}])
    return True


def notifications(unit: Unit) -> list[Row]:
    """Everything told so far, in order."""
    return unit.rows(unit.mine(schema.notification).order_by(schema.notification.c.created_at))
