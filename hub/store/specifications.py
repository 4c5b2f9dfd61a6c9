"""Payers' specifications as read: each once, sealed, with the booking it explained."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from sqlalchemy import select

from hub.model.money import Money
from hub.model.specification import PayerSpecification, SpecifiedLine
from hub.store import schema
from hub.store.unit import Row, Unit, new_id

WAITING, HELD, EXPLAINED = "waiting", "held", "explained"


def add(unit: Unit, inbound_id: str, said: PayerSpecification) -> str | None:
    """Store a specification; None when this payer told the same before, in whatever file."""
    table = schema.specification
    print_ = said.fingerprint
    if unit.one(unit.mine(table, table.c.partner == said.partner, table.c.fingerprint == print_)) is not None:
        return None
    id_ = new_id()
    body = {"name": said.name, "lines": [_line_json(line) for line in said.lines]}
    row: Row = {
        "id": id_,
        "inbound_id": inbound_id,
        "partner": said.partner,
        "fingerprint": print_,
        "currency": said.currency,
        "total_minor": said.total.minor,
        "sealed": unit.seal_shared(json.dumps(body).encode(), f"specification:{id_}"),
        "state": WAITING,
        "payment_id": None,
        "read_at": unit.now,
    }
    unit.insert(table, [row])
    return id_


def _line_json(line: SpecifiedLine) -> dict[str, Any]:
    return asdict(line) | {"amount": line.amount.minor, "netting": line.netting.minor}


def unexplained(unit: Unit) -> list[tuple[Row, PayerSpecification]]:
    """Those no booking was settled by yet, oldest first."""
    table = schema.specification
    rows = unit.rows(unit.mine(table, table.c.state != EXPLAINED).order_by(table.c.read_at, table.c.id))
    return [(row, _specification(unit, row)) for row in rows]


def of_payment(unit: Unit, payment_id: str) -> list[tuple[Row, PayerSpecification]]:
    """What explained one booking."""
    table = schema.specification
    rows = unit.rows(unit.mine(table, table.c.payment_id == payment_id).order_by(table.c.read_at, table.c.id))
    return [(row, _specification(unit, row)) for row in rows]


def _specification(unit: Unit, row: Row) -> PayerSpecification:
    body = json.loads(unit.unseal_shared(row["sealed"], f"specification:{row['id']}"))
    currency = row["currency"]
    lines = [
        SpecifiedLine(**each | {"amount": Money(each["amount"], currency), "netting": Money(each["netting"], currency)})
        for each in body["lines"]
    ]
    return PayerSpecification(partner=row["partner"], name=body["name"], currency=currency, lines=tuple(lines))


def mark(unit: Unit, specification_id: str, state: str, payment_id: str | None = None) -> None:
    """Record what became of one."""
    unit.update(schema.specification, specification_id, state=state, payment_id=payment_id)


def named_inbound(unit: Unit, inbound_id: str) -> list[str]:
    """The ids of what one file told."""
    table = schema.specification
    found = select(table.c.id).where(table.c.tenant_id == unit.tenant, table.c.inbound_id == inbound_id)
    return [str(each) for each in unit.connection.execute(found).scalars()]
