"""What practices were told of a quarter, version by version."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

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


def versions(unit: Unit, practice: str, period: str, currency: str) -> list[Row]:
    """Every version of one statement, the oldest first."""
    table = schema.practice_statement
    return find(unit, table.c.practice == practice, table.c.period == period, table.c.currency == currency)


def delivered(unit: Unit, row: Row, by: str) -> None:
    """Record that a version went to its practice."""
    unit.update(schema.practice_statement, row["id"], delivered_by=by, delivered_at=unit.now)
