"""What a person decided about a payment or an amount that is owed: who, when, why; only ever added to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.model.money import Money
from hub.store import schema
from hub.store.unit import Row, Unit, new_id


@dataclass(frozen=True, slots=True, kw_only=True)
class NewResolution:
    """One decision of a person: about a payment, or about a claim line that will not be paid."""

    kind: str
    amount: Money
    reason: str
    by: str
    role: str
    payment_id: str | None = None
    claim_line_id: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


def add(unit: Unit, new: NewResolution) -> str:
    """Write a decision down; gives its id."""
    row: Row = {
        "id": new_id(),
        "payment_id": new.payment_id,
        "claim_line_id": new.claim_line_id,
        "kind": new.kind,
        "amount_minor": new.amount.minor,
        "currency": new.amount.currency,
        "reason": new.reason,
        "detail": dict(new.detail),
        "by": new.by[:60],
        "role": new.role,
        "at": unit.now,
    }
    unit.insert(schema.resolution, [row])
    return str(row["id"])


def of_payment(unit: Unit, payment_id: str) -> list[Row]:
    """What was decided about one payment, in order."""
    return _found(unit, schema.resolution.c.payment_id == payment_id)


def of_kind(unit: Unit, *kinds: str) -> list[Row]:
    """Every decision of some kinds, in order."""
    return _found(unit, schema.resolution.c.kind.in_(kinds))


def _found(unit: Unit, *where: Any) -> list[Row]:
    table = schema.resolution
    return unit.rows(unit.mine(table, *where).order_by(table.c.at, table.c.id))
