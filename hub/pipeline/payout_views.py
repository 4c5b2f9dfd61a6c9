"""Pay-outs for people: what was proposed, what each amount rests on, what became of it, and the files made."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from hub.pipeline import payout_ties
from hub.store import keyset, payouts, schema
from hub.store.unit import Row, Unit

STATES = ("proposed", "approved", "exported", "settled", "failed", "rejected", "cancelled", "void")
"""What may have become of a pay-out."""
_NAMES = ("number", "practice", "payee", "amount_minor", "currency", "account", "state")
_DECIDED = ("proposed_by", "proposed_at", "decided_by", "decided_at", "note")


def body(row: Row) -> dict[str, Any]:
    """One pay-out in a list."""
    return {name: row[name] for name in (*_NAMES, *_DECIDED)}


def listed(unit: Unit, state: str = "") -> list[dict[str, Any]]:
    """Pay-outs by number: all, or those in a state."""
    where = [schema.payout.c.state == state] if state else []
    return [body(row) for row in payouts.find(unit, *where)]


def shown(unit: Unit, number: int) -> dict[str, Any]:
    """One pay-out: what its amount rests on (`basis`: parts by module and quarter), and what a person tied to it."""
    row = payouts.get(unit, number)
    more = {name: row[name] for name in ("name", "end_to_end", "basis", "settled_at")}
    return body(row) | more | {"tied": payout_ties.history(unit, row)}


def files(unit: Unit) -> list[dict[str, Any]]:
    """The payment files made."""
    return [file_body(row) for row in payouts.exports(unit)]


def file_body(row: Row) -> dict[str, Any]:
    """One payment file in a list."""
    names = ("number", "payee", "currency", "message_id", "count", "amount_minor", "made_by")
    return {name: row[name] for name in names} | {"execution_date": row["execution_date"].isoformat()}


def paged(unit: Unit, state: str = "", *, below: int = 0, most: int = 50) -> list[dict[str, Any]]:
    """Pay-outs, the newest first, from below a number on: all, or those in a state."""
    table = schema.payout
    where = [table.c.state == state] if state else []
    where += [table.c.number < below] if below else []
    return [body(row) for row in unit.rows(unit.mine(table, *where).order_by(table.c.number.desc()).limit(most))]


def waiting(unit: Unit, state: str, *, above: int = 0, most: int = 50) -> list[dict[str, Any]]:
    """Pay-outs of a state by number, from above one on: they are worked through in this order."""
    where = [schema.payout.c.state == state]
    return [body(row) for row in keyset.payouts(unit, (above,), most, where)]


def sums(unit: Unit, state: str) -> list[tuple[str, int, int]]:
    """How many pay-outs of a state there are, and what they are together, by currency."""
    table = schema.payout
    columns = (table.c.currency, func.count(table.c.id).label("n"), func.sum(table.c.amount_minor).label("minor"))
    found = select(*columns).where(table.c.tenant_id == unit.tenant, table.c.state == state).group_by(table.c.currency)
    return sorted((row["currency"], int(row["n"]), int(row["minor"])) for row in unit.rows(found))


def latest_files(unit: Unit, most: int = 50) -> list[dict[str, Any]]:
    """The payment files made last, the newest first."""
    table = schema.payout_export
    return [file_body(row) for row in unit.rows(unit.mine(table).order_by(table.c.number.desc()).limit(most))]


def one(unit: Unit, number: int) -> dict[str, Any] | None:
    """One pay-out as in a list; None where it is not there for who asks."""
    row = unit.one(unit.mine(schema.payout, schema.payout.c.number == number))
    return body(row) if row else None
