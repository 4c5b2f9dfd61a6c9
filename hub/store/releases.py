"""What waits for a person to let it go: files that were made and not released, with what their claims are worth."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, and_, func, or_, select

from hub.model.money import Money
from hub.store import schema
from hub.store.unit import Row, Unit

After = tuple[datetime, str]
"""Where a page ended: when it was made, and its id."""


def waiting(unit: Unit, *, tried: bool, partner: str = "", after: After | None = None, most: int = 50) -> list[Row]:
    """Prepared files that nobody let go, the oldest first; `tried`: those a channel put ready for a person instead."""
    table = schema.exchange
    where: list[Any] = [table.c.state == "prepared", table.c.released.is_(False)]
    where.append(table.c.attempts > 0 if tried else table.c.attempts == 0)
    where += [table.c.partner == partner] if partner else []
    if after is not None:
        made, last = after
        where.append(or_(table.c.prepared_at > made, and_(table.c.prepared_at == made, table.c.id > last)))
    return unit.rows(unit.mine(table, *where).order_by(table.c.prepared_at, table.c.id).limit(most))


def one(unit: Unit, exchange_id: str) -> Row | None:
    """A prepared file that nobody let go; None where there is no such one."""
    table = schema.exchange
    where = (table.c.id == exchange_id, table.c.state == "prepared", table.c.released.is_(False))
    return unit.one(unit.mine(table, *where))


def worth(unit: Unit, ids: Sequence[str]) -> dict[str, list[Money]]:
    """What the claims of some files ask for or give back together, by file."""
    claim = schema.claim
    asked = func.coalesce(func.sum(claim.c.total_minor), 0).cast(BigInteger).label("asked")
    statement = (
        select(claim.c.exchange_id, claim.c.currency, asked)
        .where(claim.c.tenant_id == unit.tenant, claim.c.exchange_id.in_(ids))
        .group_by(claim.c.exchange_id, claim.c.currency)
        .order_by(claim.c.exchange_id, claim.c.currency)
    )
    found: dict[str, list[Money]] = {}
    for row in unit.rows(statement) if ids else []:
        found.setdefault(row["exchange_id"], []).append(Money(int(row["asked"]), row["currency"]))
    return found


def counts(unit: Unit, ids: Sequence[str]) -> dict[str, int]:
    """How many claims are in each of some files."""
    claim = schema.claim
    many = func.count().label("many")
    where = (claim.c.tenant_id == unit.tenant, claim.c.exchange_id.in_(ids))
    statement = select(claim.c.exchange_id, many).where(*where).group_by(claim.c.exchange_id)
    return {row["exchange_id"]: row["many"] for row in (unit.rows(statement) if ids else [])}


def first_line(unit: Unit, exchange_id: str) -> str | None:
    """A line of a file, by which it is known whose the file is; None for a file without claims."""
    rows = sample(unit, exchange_id, 1)
    return rows[0]["id"] if rows else None


def sample(unit: Unit, exchange_id: str, most: int) -> list[Row]:
    """The first lines of a file with their claim's reference, practice and subject."""
    claim, line = schema.claim, schema.claim_line
    own = and_(claim.c.id == line.c.claim_id, claim.c.tenant_id == line.c.tenant_id)
    statement = (
        select(
            *(line.c.id, line.c.number, line.c.service_code, line.c.amount_minor, line.c.currency),
            *(claim.c.ref.label("claim_ref"), claim.c.provider_code, claim.c.period),
        )
        .select_from(line)
        .join(claim, own)
        .where(line.c.tenant_id == unit.tenant, claim.c.exchange_id == exchange_id)
        .order_by(claim.c.ref, line.c.number)
        .limit(most)
    )
    return unit.rows(statement)
