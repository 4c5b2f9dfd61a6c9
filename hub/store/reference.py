"""Dated reference data of a tenant: UZOVI register, tariffs, assignments, coverage table, code lists.

Every row carries its source and the days it holds; an import of the same code and first day replaces that row only.
Bodies are sealed, because assignments and coverage rows are about persons.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from hub.store import schema
from hub.store.unit import Row, Unit, new_id

_BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceRow:
    """One dated row of reference data: its code and its columns."""

    code: str
    body: Mapping[str, str]
    valid_from: date
    valid_to: date | None = None
    source: str = ""

    def holds_on(self, day: date) -> bool:
        """Whether the row is in force on a day."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


def put(unit: Unit, kind: str, rows: Iterable[ReferenceRow]) -> None:
    """Store rows; one with the same code and first day is replaced."""
    table = schema.reference
    for row in rows:
        unit.connection.execute(
            table.delete().where(
                table.c.tenant_id == unit.tenant,
                table.c.kind == kind,
                table.c.code == row.code,
                table.c.valid_from == row.valid_from,
            )
        )
        sealed = unit.seal_shared(json.dumps(dict(row.body)).encode(), f"reference:{kind}:{row.code}")
        values = {"id": new_id(), "kind": kind, "code": row.code, "valid_from": row.valid_from}
        values |= {"valid_to": row.valid_to, "sealed": sealed, "source": row.source, "imported_at": unit.now}
        unit.insert(table, [values])


def told_again(unit: Unit, kind: str, rows: Iterable[ReferenceRow]) -> None:
    """A list had these rows as they are stored: they are kept for a time after it was told last."""
    codes: dict[date, list[str]] = {}
    for row in rows:
        codes.setdefault(row.valid_from, []).append(row.code)
    table = schema.reference
    for first, same in codes.items():
        for start in range(0, len(same), _BATCH):
            part = (table.c.valid_from == first, table.c.code.in_(same[start : start + _BATCH]))
            theirs = table.update().where(table.c.tenant_id == unit.tenant, table.c.kind == kind, *part)
            unit.connection.execute(theirs.values(imported_at=unit.now))


def rows_of(unit: Unit, kind: str) -> list[ReferenceRow]:
    """All rows of one kind, by code and first day."""
    table = schema.reference
    found = unit.rows(unit.mine(table, table.c.kind == kind).order_by(table.c.code, table.c.valid_from))
    return [
        ReferenceRow(
            code=row["code"],
            body=opened(unit, row),
            valid_from=row["valid_from"],
            valid_to=row["valid_to"],
            source=row["source"],
        )
        for row in found
    ]


def opened(unit: Unit, row: Row) -> dict[str, str]:
    """The columns of a stored row."""
    body: dict[str, str] = json.loads(unit.unseal_shared(row["sealed"], f"reference:{row['kind']}:{row['code']}"))
    return body


def in_force(unit: Unit, kind: str, day: date) -> dict[str, ReferenceRow]:
    """The rows of one kind in force on a day, by code; a later first day wins."""
    return {row.code: row for row in rows_of(unit, kind) if row.holds_on(day)}
