"""What practices were told of a quarter, version by version."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select

from hub.store import schema
from hub.store.unit import Row, Unit, new_id


@dataclass(frozen=True, slots=True, kw_only=True)
class NewStatement:
    """A statement as it is told."""

    practice: str
    period: str
    currency: str
    language: str
    since: datetime | None
    body: Mapping[str, Any]


def add(unit: Unit, new: NewStatement, by: str) -> tuple[Row, bool]:
    """Store the next version when it says anything else than the last one; gives the version and whether it is new."""
    said = digest(new.body)
    before = versions(unit, new.practice, new.period, new.currency)
    if before and before[-1]["digest"] == said:
        return before[-1], False
    row: Row = {
        "id": new_id(),
        "practice": new.practice,
        "period": new.period,
        "currency": new.currency,
        "version": len(before) + 1,
        "language": new.language,
        "since": new.since,
        "until": unit.now,
        "body": dict(new.body),
        "digest": said,
        "made_by": by,
        "made_at": unit.now,
        "delivered_by": "",
        "delivered_at": None,
    }
    unit.insert(schema.practice_statement, [row])
    return row, True


def digest(body: Mapping[str, Any]) -> str:
    """What a statement says, whenever it was made."""
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def find(unit: Unit, *where: Any) -> list[Row]:
    """Statements by practice, period, currency and version."""
    table = schema.practice_statement
    order = (table.c.practice, table.c.period, table.c.currency, table.c.version)
    return unit.rows(unit.mine(table, *where).order_by(*order))


After = tuple[str, str, str, int]
"""Where a page ended: period, practice, currency, version."""
_LISTED = ("id", "practice", "period", "currency", "version", "language")
_WHEN = ("made_by", "made_at", "delivered_by", "delivered_at")


def page(
    unit: Unit, *, period: str = "", practice: str = "", after: After | None = None, most: int = 50, told: bool = False
) -> list[Row]:
    """Versions without what they say: the newest quarter first, then by practice, the last version first.

    `told`: only those that went to their practice.
    """
    table = schema.practice_statement
    where: list[Any] = [table.c.tenant_id == unit.tenant]
    where += [table.c.period == period] if period else []
    where += [table.c.practice == practice] if practice else []
    where += [table.c.delivered_at.is_not(None)] if told else []
    if after is not None:
        where.append(_beyond(after))
    order = (table.c.period.desc(), table.c.practice, table.c.currency, table.c.version.desc())
    columns = [table.c[name] for name in (*_LISTED, *_WHEN)]
    return unit.rows(select(*columns).where(*where).order_by(*order).limit(most))


def _beyond(after: After) -> ColumnElement[bool]:
    table = schema.practice_statement
    period, practice, currency, version = after
    same_period = table.c.period == period
    same_practice = and_(same_period, table.c.practice == practice)
    same = and_(same_practice, table.c.currency == currency)
    return or_(
        table.c.period < period,
        and_(same_period, table.c.practice > practice),
        and_(same_practice, table.c.currency > currency),
        and_(same, table.c.version < version),
    )


def versions(unit: Unit, practice: str, period: str, currency: str) -> list[Row]:
    """Every version of one statement, the oldest first."""
    table = schema.practice_statement
    return find(unit, table.c.practice == practice, table.c.period == period, table.c.currency == currency)


def delivered(unit: Unit, row: Row, by: str) -> None:
    """Record that a version went to its practice."""
    unit.update(schema.practice_statement, row["id"], delivered_by=by, delivered_at=unit.now)
