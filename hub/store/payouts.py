"""Pay-outs to practices and the payment files they went out in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import func, select

from hub.errors import ConfigurationError
from hub.model.money import Money
from hub.store import blobs, schema, series
from hub.store.unit import Row, Unit, new_id

PROPOSED, APPROVED, EXPORTED = "proposed", "approved", "exported"
REJECTED, CANCELLED, VOID, SETTLED, FAILED = "rejected", "cancelled", "void", "settled", "failed"
WAITING = (PROPOSED, APPROVED)
_SERIES, _FILES = "payout", "payout-file"
_SPACE = UUID("f0f4b6d2-7d3f-5c0e-9a51-3f3b8a7c1d20")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPayout:
    """A pay-out as it is frozen: to whom, how much, to which account, and what it rests on."""

    practice: str
    payee: str
    amount: Money
    name: str
    account: str
    until: datetime
    basis: Mapping[str, Any]


def add(unit: Unit, new: NewPayout, by: str, *, key: str = "") -> Row:
    """Store a pay-out as proposed; a second one waiting for the same practice, payee and currency fails."""
    key = key or _next_id(unit, new)
    row: Row = {
        "id": key,
        "number": series.take(unit, _SERIES, first=1),
        "practice": new.practice,
        "payee": new.payee,
        "currency": new.amount.currency,
        "amount_minor": new.amount.minor,
        "name": new.name,
        "account": new.account,
        "end_to_end": end_to_end(key),
        "until": new.until,
        "basis": dict(new.basis),
        "state": PROPOSED,
        "proposed_by": by,
        "proposed_at": unit.now,
    }
    unit.insert(schema.payout, [row | {"digest": digest(row)}])
    return get(unit, row["number"])


def _next_id(unit: Unit, new: NewPayout) -> str:
    """The id of the next pay-out of a practice.

    It comes from how many there were, so that a hub put back from a backup gives the same one and the bank knows it.
    """
    table = schema.payout
    owner = (table.c.practice == new.practice, table.c.payee == new.payee, table.c.currency == new.amount.currency)
    known = {row["id"] for row in unit.rows(unit.mine(table, *owner))}
    number = len(known) + 1
    while (key := nth_id(unit, new.practice, new.payee, new.amount.currency, number)) in known:
        number += 1
    return key


def nth_id(unit: Unit, practice: str, payee: str, currency: str, number: int) -> str:
    """The id of the n-th pay-out to a practice."""
    return str(uuid5(_SPACE, f"{unit.tenant}|{practice}|{payee}|{currency}|{number}"))


def end_to_end(key: str) -> str:
    """The EndToEndId of a pay-out: what a bank says of it is found by this."""
    return f"KV{key.replace('-', '')}"


def recover(unit: Unit, key: str, new: NewPayout) -> Row:
    """Store a pay-out the bank has carried out and this hub lost, as handed over."""
    row = add(unit, new, "restored", key=key)
    change(unit, row, EXPORTED, note="recovered from the bank's booking")
    return get(unit, row["number"])


_BOUND = ("id", "number", "practice", "payee", "currency", "amount_minor", "name", "account", "end_to_end", "basis")


def digest(row: Row) -> str:
    """What an approval is bound to: whoever changes any of it afterwards has something nobody approved."""
    bound = {name: row[name] for name in _BOUND}
    return hashlib.sha256(json.dumps(bound, sort_keys=True).encode()).hexdigest()


def find(unit: Unit, *where: Any) -> list[Row]:
    """Pay-outs by number."""
    return unit.rows(unit.mine(schema.payout, *where).order_by(schema.payout.c.number))


def holders(unit: Unit) -> list[Row]:
    """Who holds approved pay-outs, once for each currency, with one of the practices they are for."""
    table = schema.payout
    found = select(table.c.payee, table.c.currency, func.min(table.c.practice).label("practice"))
    mine = (table.c.tenant_id == unit.tenant, table.c.state == APPROVED)
    return unit.rows(found.where(*mine).group_by(table.c.payee, table.c.currency))


def get(unit: Unit, number: int) -> Row:
    """One pay-out; ConfigurationError when this tenant has none of that number."""
    row = unit.one(unit.mine(schema.payout, schema.payout.c.number == number).with_for_update())
    if row is None:
        raise ConfigurationError(f"no pay-out {number}", hint="kvitt payout list")
    return row


def by_end_to_end(unit: Unit, end_to_end: str) -> Row | None:
    """The pay-out a bank speaks of, or None."""
    if not end_to_end.startswith("KV"):
        return None
    return unit.one(unit.mine(schema.payout, schema.payout.c.end_to_end == end_to_end).with_for_update())


def amount(row: Row) -> Money:
    """How much a pay-out pays."""
    return Money(row["amount_minor"], row["currency"])


def change(unit: Unit, row: Row, state: str, **values: object) -> None:
    """Move a pay-out on."""
    unit.update(schema.payout, row["id"], state=state, **values)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewExport:
    """A payment file as it goes to the bank."""

    payee: str
    amount: Money
    count: int
    message_id: str
    execution_date: date
    content: bytes


def add_export(unit: Unit, new: NewExport, by: str) -> Row:
    """Store a payment file; the same message a second time fails the transaction."""
    row: Row = {
        "id": new_id(),
        "number": series.take(unit, _FILES, first=1),
        "payee": new.payee,
        "currency": new.amount.currency,
        "message_id": new.message_id,
        "execution_date": new.execution_date,
        "count": new.count,
        "amount_minor": new.amount.minor,
        "blob_address": blobs.put(unit, new.content),
        "made_by": by,
        "made_at": unit.now,
    }
    unit.insert(schema.payout_export, [row])
    return row


def exports(unit: Unit) -> list[Row]:
    """Payment files by number."""
    return unit.rows(unit.mine(schema.payout_export).order_by(schema.payout_export.c.number))


def export(unit: Unit, number: int) -> tuple[Row, bytes]:
    """A payment file and its bytes; ConfigurationError when there is none of that number."""
    row = unit.one(unit.mine(schema.payout_export, schema.payout_export.c.number == number))
    if row is None:
        raise ConfigurationError(f"no payment file {number}", hint="kvitt payout files")
    return row, blobs.get(unit, row["blob_address"])


def export_by_message(unit: Unit, message_id: str) -> Row | None:
    """The payment file a bank speaks of, or None."""
    return unit.one(unit.mine(schema.payout_export, schema.payout_export.c.message_id == message_id))


def of_export(unit: Unit, export_id: str) -> Sequence[Row]:
    """The pay-outs of a payment file."""
    return find(unit, schema.payout.c.export_id == export_id)
