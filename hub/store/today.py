"""What waits for a person, counted and paged by the database: nobody loads a tenant's work to show the first of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import BigInteger, and_, func, literal, or_, select
from sqlalchemy.sql.functions import coalesce

from hub.store import schema
from hub.store.declarations import CURRENT
from hub.store.to_complete import NOT_FOR_PEOPLE
from hub.store.unit import Row, Unit

FAR = date(9999, 12, 31)
"""Where tasks without a day stand."""
After = tuple[date, int, str]
"""Where a page ended: day, money, id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """So many, worth so much in each currency, the first of them due by a day."""

    count: int = 0
    amounts: tuple[tuple[int, str], ...] = ()
    due: date | None = None


def tasks(unit: Unit, kinds: Sequence[str], *, until: date | None = None, unassigned: bool = False) -> Sum:
    """Open tasks of some kinds; those due by a day, those nobody has taken."""
    table = schema.task
    where = [table.c.state == "open", table.c.kind.in_(kinds)]
    where += [table.c.due <= until] if until else []
    where += [table.c.assignee == ""] if unassigned else []
    return _sum(unit, table, func.abs(table.c.amount_minor), where, currency=table.c.currency, due=table.c.due)


def page(
    unit: Unit, *, kinds: Sequence[str] = (), assignee: str | None = None, after: After | None = None, most: int = 50
) -> list[Row]:
    """Open tasks: nearest day first, then most money, from where the page before ended."""
    table = schema.task
    day, worth = coalesce(table.c.due, literal(FAR)), func.abs(table.c.amount_minor)
    where = [table.c.state == "open"]
    where += [table.c.kind.in_(kinds)] if kinds else []
    where += [table.c.assignee == assignee] if assignee is not None else []
    if after is not None:
        last, money, last_id = after
        same_day = and_(day == last, or_(worth < money, and_(worth == money, table.c.id > last_id)))
        where.append(or_(day > last, same_day))
    return unit.rows(unit.mine(table, *where).order_by(day, worth.desc(), table.c.id).limit(most))


def cursor(row: Row) -> After:
    """Where the page after this row begins."""
    return (row["due"] or FAR, abs(row["amount_minor"]), row["id"])


def held_rows(unit: Unit) -> Sum:
    """Rows of lists in force that wait for somebody to complete them, as To complete shows them."""
    row, declaration = schema.declaration_row, schema.declaration
    listed = and_(declaration.c.id == row.c.declaration_id, declaration.c.tenant_id == row.c.tenant_id)
    statement = (
        select(func.count())
        .select_from(row)
        .join(declaration, listed)
        .where(row.c.tenant_id == unit.tenant, _literally(row.c.outcome, "hold"), declaration.c.state == CURRENT)
    )
    return Sum(count=int(unit.connection.execute(statement).scalar_one()))


def held_claims(unit: Unit) -> Sum:
    """Claims that are held for a person, in no message; holds that end by themselves are nobody's work."""
    table = schema.claim
    where = [table.c.exchange_id.is_(None), table.c.hold_code.not_in(NOT_FOR_PEOPLE)]
    return _sum(unit, table, coalesce(table.c.total_minor, 0), where, currency=table.c.currency)


def exchanges(unit: Unit, states: Sequence[str], *, released: bool | None = None) -> Sum:
    """Messages in one of these states."""
    table = schema.exchange
    where = [table.c.state.in_(states)]
    where += [table.c.released.is_(released)] if released is not None else []
    return _sum(unit, table, literal(0), where)


def overdue(unit: Unit, today: date) -> Sum:
    """Messages that arrived and whose answer should be here; the partial index has those without one."""
    table = schema.exchange
    where = [table.c.answered_at.is_(None), table.c.state.in_(("sent", "delivered")), table.c.reply_due < today]
    return _sum(unit, table, literal(0), where, due=table.c.reply_due)


def payments(unit: Unit, states: Sequence[str]) -> Sum:
    """Bookings of which nobody knows yet what they pay for."""
    table = schema.payment
    where = [table.c.matched.in_(states), table.c.state == "booked"]
    return _sum(unit, table, func.abs(table.c.amount_minor), where, currency=table.c.currency)


def payouts(unit: Unit) -> Sum:
    """Pay-outs that a second person must look at."""
    table = schema.payout
    return _sum(unit, table, table.c.amount_minor, [table.c.state == "proposed"], currency=table.c.currency)


def incidents(unit: Unit) -> Sum:
    """What is wrong now."""
    table = schema.incident
    return _sum(unit, table, literal(0), [table.c.resolved_at.is_(None)], due=table.c.due)


def _sum(
    unit: Unit,
    table: Any,  # noqa: ANN401 -- a table
    amount: Any,  # noqa: ANN401 -- SQLAlchemy expressions
    where: Sequence[Any],
    *,
    currency: Any = None,  # noqa: ANN401
    due: Any = None,  # noqa: ANN401
) -> Sum:
    money = func.sum(amount).cast(BigInteger).label("amount")
    first = (func.min(due) if due is not None else func.min(literal(None))).label("due")
    named = (literal("") if currency is None else currency).label("currency")
    statement = select(func.count().label("count"), money, first, named).select_from(table)
    statement = statement.where(table.c.tenant_id == unit.tenant, *where)
    rows = unit.rows(statement if currency is None else statement.group_by(currency))
    days = [row["due"] for row in rows if row["due"] is not None]
    return Sum(
        count=sum(row["count"] for row in rows),
        amounts=tuple(sorted((row["amount"], row["currency"]) for row in rows if row["amount"] and row["currency"])),
        due=min(days, default=None),
    )


def _literally(column: Any, value: str) -> Any:  # noqa: ANN401 -- SQLAlchemy expressions
    """A comparison that partial indexes can see: the value stands in the statement."""
    return column == literal(value, literal_execute=True)
