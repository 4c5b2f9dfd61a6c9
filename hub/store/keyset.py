"""Long lists, a page at a time: always in the same order, from after the last row that was given.

A page costs the same wherever it is, and rows that are added meanwhile neither repeat nor hide others.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, or_, select

from hub.store import schema
from hub.store.unit import Row, Unit

Place = Sequence[Any]
"""The values of the ordering columns of the last row that was given."""
Where = Sequence[ColumnElement[bool]]


def claims(unit: Unit, after: Place, most: int, where: Where = ()) -> list[Row]:
    """Claims, oldest first."""
    table = schema.claim
    return _page(unit, unit.mine(table, *where), (table.c.created_at, table.c.id), after, most)


def declarations(unit: Unit, after: Place, most: int, where: Where = ()) -> list[Row]:
    """Declarations with the code of their organisation, oldest first."""
    table, organisation = schema.declaration, schema.organisation
    joined = table.join(organisation, organisation.c.id == table.c.organisation_id)
    found = select(table, organisation.c.code.label("organisation")).select_from(joined)
    found = found.where(table.c.tenant_id == unit.tenant, *where)
    return _page(unit, found, (table.c.received_at, table.c.id), after, most)


def declared_rows(unit: Unit, declaration_id: str, after: Place, most: int, where: Where = ()) -> list[Row]:
    """Rows of a declaration with the references of their claims, by line, without their bodies."""
    table, claim = schema.declaration_row, schema.claim
    joined = table.outerjoin(claim, and_(claim.c.id == table.c.claim_id, claim.c.tenant_id == table.c.tenant_id))
    columns = (table.c.line, table.c.row_id, table.c.outcome, table.c.code, table.c.message)
    found = select(*columns, claim.c.ref.label("claim")).select_from(joined)
    found = found.where(table.c.tenant_id == unit.tenant, table.c.declaration_id == declaration_id, *where)
    return _page(unit, found, (table.c.line,), after, most)


def exchanges(unit: Unit, after: Place, most: int, where: Where = ()) -> list[Row]:
    """Messages, oldest first."""
    table = schema.exchange
    return _page(unit, unit.mine(table, *where), (table.c.prepared_at, table.c.id), after, most)


def decisions(unit: Unit, after: Place, most: int, where: Where = ()) -> list[Row]:
    """Verdicts with their line and claim, oldest first."""
    table, line, claim = schema.decision, schema.claim_line, schema.claim
    joined = table.join(line, line.c.id == table.c.claim_line_id).join(claim, claim.c.id == line.c.claim_id)
    names = {"claim": claim.c.ref, "line": line.c.ref, "line_number": line.c.number, "payer": claim.c.payer}
    more = [column.label(name) for name, column in names.items()]
    found = select(table, *more, claim.c.currency.label("currency")).select_from(joined)
    found = found.where(table.c.tenant_id == unit.tenant, *where)
    return _page(unit, found, (table.c.at, table.c.id), after, most)


def payments(unit: Unit, after: Place, most: int, where: Where = ()) -> list[Row]:
    """Bookings, by id: some have no day."""
    table = schema.payment
    return _page(unit, unit.mine(table, *where), (table.c.id,), after, most)


def allocations(unit: Unit, after: Place, most: int, where: Where = ()) -> list[Row]:
    """What of a booking belongs to which line, oldest first."""
    table, line, claim = schema.allocation, schema.claim_line, schema.claim
    joined = table.join(line, line.c.id == table.c.claim_line_id).join(claim, claim.c.id == line.c.claim_id)
    names = {"claim": claim.c.ref, "line": line.c.ref, "currency": claim.c.currency}
    found = select(table, *(column.label(name) for name, column in names.items())).select_from(joined)
    found = found.where(table.c.tenant_id == unit.tenant, *where)
    return _page(unit, found, (table.c.at, table.c.id), after, most)


def tasks(unit: Unit, after: Place, most: int, where: Where = ()) -> list[Row]:
    """What needs a person, oldest first."""
    table = schema.task
    return _page(unit, unit.mine(table, *where), (table.c.created_at, table.c.id), after, most)


def exchange_events(unit: Unit, after: Place, most: int, where: Where = ()) -> list[Row]:
    """What happened to messages, oldest first, with what they are called."""
    table, exchange = schema.exchange_event, schema.exchange
    names = ("partner", "invoice_number", "state", "kind")
    more = [exchange.c[name].label(f"exchange_{name}") for name in names]
    found = select(table, *more).select_from(table.join(exchange, exchange.c.id == table.c.exchange_id))
    found = found.where(table.c.tenant_id == unit.tenant, *where)
    return _page(unit, found, (table.c.at, table.c.id), after, most)


def deliveries(unit: Unit, after: Place, most: int, where: Where = (), *, newest_first: bool = False) -> list[Row]:
    """What webhooks were told, or are to be, oldest first (or newest first, from before the last one given)."""
    table = schema.webhook_delivery
    order = (table.c.made_at, table.c.id)
    return _page(unit, unit.mine(table, *where), order, after, most, newest_first=newest_first)


def account_changes(unit: Unit, after: Place, most: int, where: Where = (), *, newest_first: bool = False) -> list[Row]:
    """Changes of our organisations' accounts with its code, oldest first (or newest first)."""
    table, organisation = schema.account_change, schema.organisation
    joined = table.join(organisation, organisation.c.id == table.c.organisation_id)
    found = select(table, organisation.c.code.label("code")).select_from(joined)
    found = found.where(table.c.tenant_id == unit.tenant, *where)
    order = (table.c.asked_at, table.c.id)
    return _page(unit, found, order, after, most, newest_first=newest_first)


def organisations(unit: Unit, after: Place, most: int, where: Where = ()) -> list[Row]:
    """Our organisations, by code."""
    table = schema.organisation
    return _page(unit, unit.mine(table, *where), (table.c.code,), after, most)


def payouts(unit: Unit, after: Place, most: int, where: Where = ()) -> list[Row]:
    """Pay-outs, by number."""
    table = schema.payout
    return _page(unit, unit.mine(table, *where), (table.c.number,), after, most)


def requests(unit: Unit, after: Place, most: int, *, waiting: bool) -> list[Row]:
    """What one person asked a second one for, by number: what waits, or, the highest number first, what was decided."""
    table = schema.resolution
    number = table.c.detail["number"].as_integer()
    decided = select(number).where(table.c.tenant_id == unit.tenant, table.c.kind.in_(("approved", "refused", "void")))
    asked = unit.mine(table, table.c.kind == "asked")
    chosen = asked.where(number.not_in(decided) if waiting else number.in_(decided))
    return _page(unit, chosen, (number,), after, most, newest_first=not waiting)


def seen(unit: Unit, table: Table, ids: Iterable[str | None]) -> frozenset[str]:
    """Those of some ids that this unit sees."""
    wanted = sorted({each for each in ids if each})
    found = select(table.c.id).where(table.c.tenant_id == unit.tenant, table.c.id.in_(wanted))
    return frozenset(unit.connection.execute(found).scalars()) if wanted else frozenset()


def _page(
    unit: Unit,
    statement: Any,  # noqa: ANN401 -- any select
    order: Sequence[ColumnElement[Any]],
    after: Place,
    most: int,
    *,
    newest_first: bool = False,
) -> list[Row]:
    """`after` is empty, or has one value for each column of the order (one or two); the last one is unique."""
    beyond = operator.lt if newest_first else operator.gt
    if after:
        later = beyond(order[-1], after[-1])
        if len(order) > 1:  # the first condition alone is what an index is walked from
            first = order[0], after[0]
            reached = first[0] <= first[1] if newest_first else first[0] >= first[1]
            later = and_(reached, or_(beyond(*first), later))
        statement = statement.where(later)
    by = [column.desc() for column in order] if newest_first else order
    return unit.rows(statement.order_by(*by).limit(most))
