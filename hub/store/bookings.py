"""Bookings page by page, and how many there are of each kind: nobody loads a tenant's money to show fifty rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import BigInteger, and_, func, literal, or_, select
from sqlalchemy.sql.functions import coalesce

from hub.store import schema
from hub.store.unit import Row, Unit

_NO_DAY = date(1, 1, 1)
"""Where bookings without a day stand: last, as the newest come first."""
After = tuple[date, str]
"""Where a page ended: day and id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """So many bookings in a state, and what they add up to in one currency."""

    state: str
    currency: str
    count: int
    minor: int


def page(unit: Unit, states: Sequence[str] = (), *, after: After | None = None, most: int = 50) -> list[Row]:
    """Bookings in some states (none: all), the newest first, from where the page before ended."""
    table = schema.payment
    day = coalesce(table.c.booked, literal(_NO_DAY))
    where: list[Any] = [table.c.matched.in_(states)] if states else []
    if after is not None:
        last, last_id = after
        where.append(or_(day < last, and_(day == last, table.c.id > last_id)))
    return unit.rows(unit.mine(table, *where).order_by(day.desc(), table.c.id).limit(most))


def cursor(row: Row) -> After:
    """Where the page after this row begins."""
    return (row["booked"] or _NO_DAY, row["id"])


def counts(unit: Unit) -> list[Count]:
    """How many bookings are in which state, and what they are together by currency, in whichever direction."""
    table = schema.payment
    total = coalesce(func.sum(func.abs(table.c.amount_minor)), 0).cast(BigInteger).label("minor")
    statement = (
        select(table.c.matched, table.c.currency, func.count().label("many"), total)
        .where(table.c.tenant_id == unit.tenant)
        .group_by(table.c.matched, table.c.currency)
        .order_by(table.c.matched, table.c.currency)
    )
    return [
        Count(state=row["matched"], currency=row["currency"], count=row["many"], minor=int(row["minor"]))
        for row in unit.rows(statement)
    ]


def received(unit: Unit, since: date) -> list[tuple[date, str, int]]:
    """What came in by day and currency from a day on; money that left, or was taken back, counts against it."""
    table = schema.payment
    total = coalesce(func.sum(table.c.amount_minor), 0).cast(BigInteger).label("minor")
    counted = table.c.matched.not_in(("same", "payout", "ignored"))
    statement = (
        select(table.c.booked, table.c.currency, total)
        .where(table.c.tenant_id == unit.tenant, table.c.state == "booked", table.c.booked >= since, counted)
        .group_by(table.c.booked, table.c.currency)
        .order_by(table.c.booked, table.c.currency)
    )
    return [(row["booked"], row["currency"], int(row["minor"])) for row in unit.rows(statement)]


def weeks(today: date, count: int) -> list[date]:
    """The Mondays of the last weeks, the oldest first, this week's last."""
    monday = today - timedelta(days=today.weekday())
    return [monday - timedelta(weeks=back) for back in range(count - 1, -1, -1)]
