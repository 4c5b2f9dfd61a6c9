"""Rows that made no claim yet and claims that are held: in pages and by cause."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from hub.security.crypto import seal
from hub.store import schema, subjects
from hub.store.declarations import CURRENT, DeclarationRow
from hub.store.support import Page
from hub.store.unit import Row, Unit

NOT_FOR_PEOPLE = ("", "WITHDRAWN", "AWAITS_CREDIT", "UNDO_WINDOW", "REFUSED_BY_CLEARING")
"""Holds that end by themselves, or that are worked through as refusals."""

_row, _head, _organisation = schema.declaration_row, schema.declaration, schema.organisation


def _joined() -> Any:  # noqa: ANN401 -- a SQLAlchemy join
    return _row.join(_head, (_head.c.id == _row.c.declaration_id) & (_head.c.tenant_id == _row.c.tenant_id)).join(
        _organisation,
        (_organisation.c.id == _head.c.organisation_id) & (_organisation.c.tenant_id == _head.c.tenant_id),
    )


def _waiting(unit: Unit, outcomes: Sequence[str], code: str) -> list[Any]:
    found = [_row.c.tenant_id == unit.tenant, _row.c.outcome.in_(outcomes), _head.c.state == CURRENT]
    return [*found, _row.c.code == code] if code else found


def rows(
    unit: Unit,
    outcomes: Sequence[str],
    *,
    code: str = "",
    after: tuple[datetime, str] | None = None,
    most: int = 50,
) -> Page:
    """Rows in force with one of these outcomes, newest list first."""
    columns = (
        _head.c.received_at,
        _head.c.programme,
        _head.c.module,
        _head.c.period,
        _organisation.c.code.label("practice"),
    )
    statement = select(_row, *columns).select_from(_joined()).where(*_waiting(unit, outcomes, code))
    if after is not None:
        moment, last = after
        older = (_head.c.received_at < moment) | ((_head.c.received_at == moment) & (_row.c.id > last))
        statement = statement.where(older)
    found = unit.rows(statement.order_by(_head.c.received_at.desc(), _row.c.id).limit(most + 1))
    shown = found[:most]
    end: Any = (shown[-1]["received_at"], shown[-1]["id"]) if len(found) > most else None
    return Page(shown, end)


def causes(unit: Unit, outcomes: Sequence[str]) -> list[Row]:
    """How many rows wait for each cause; most first."""
    count = func.count().label("count")
    statement = select(_row.c.outcome, _row.c.code, count).select_from(_joined()).where(*_waiting(unit, outcomes, ""))
    return unit.rows(statement.group_by(_row.c.outcome, _row.c.code).order_by(count.desc(), _row.c.code))


def held_causes(unit: Unit) -> list[Row]:
    """How many claims are held for each cause, and what they are worth; most first."""
    table, line = schema.claim, schema.claim_line
    count = func.count(func.distinct(table.c.id)).label("count")
    joined = table.join(line, (line.c.claim_id == table.c.id) & (line.c.tenant_id == table.c.tenant_id))
    statement = select(
        table.c.hold_code.label("code"), table.c.currency, count, func.sum(line.c.amount_minor).label("amount_minor")
    )
    statement = statement.select_from(joined).where(
        table.c.tenant_id == unit.tenant, table.c.hold_code != "", table.c.hold_code.not_in(NOT_FOR_PEOPLE)
    )
    return unit.rows(statement.group_by(table.c.hold_code, table.c.currency).order_by(count.desc(), table.c.hold_code))


def held(unit: Unit, *, code: str = "", after: str = "", most: int = 50) -> Page:
    """Held claims that a person must look at, by reference."""
    table = schema.claim
    where = [table.c.hold_code == code] if code else []
    where += [table.c.ref > after] if after else []
    statement = unit.mine(table, table.c.hold_code != "", table.c.hold_code.not_in(NOT_FOR_PEOPLE), *where)
    found = unit.rows(statement.order_by(table.c.ref).limit(most + 1))
    end: Any = found[most - 1]["ref"] if len(found) > most else None
    return Page(found[:most], end)


def row(unit: Unit, row_id: str) -> Row | None:
    """One row, or None."""
    return unit.one(unit.mine(_row, _row.c.id == row_id))


def declaration(unit: Unit, declaration_id: str) -> Row:
    """The list a row came in; it must exist."""
    found = unit.one(unit.mine(_head, _head.c.id == declaration_id))
    if found is None:
        raise LookupError(declaration_id)
    return found


def waits(unit: Unit, declaration_id: str, outcome: str) -> bool:
    """Whether any row of a list still has this outcome."""
    return (
        unit.one(unit.mine(_row, _row.c.declaration_id == declaration_id, _row.c.outcome == outcome).limit(1))
        is not None
    )


def set_outcome(unit: Unit, row_id: str, outcome: str, code: str, message: Mapping[str, str]) -> None:
    """Another outcome for a row; what it holds stays."""
    unit.update(_row, row_id, outcome=outcome, code=code, message=dict(message))


def put_row(unit: Unit, before: Row, new: DeclarationRow) -> None:
    """A row completed: its outcome, its claim, and its columns sealed for the same person."""
    about = f"row:{before['declaration_id']}:{before['line']}"
    plain = json.dumps(dict(new.body), separators=(",", ":")).encode()
    if before["subject_id"] is None:
        _, batch = unit.batch_key(before["declaration_id"])
        sealed = seal(batch, plain, about)
    else:
        (sealed,) = subjects.seal_many(unit, [(before["subject_id"], about, plain)])
    set_outcome(unit, before["id"], new.outcome, new.code, new.message)
    unit.update(_row, before["id"], claim_id=new.claim_id, sealed=sealed)
