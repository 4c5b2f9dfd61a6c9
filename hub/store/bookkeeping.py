"""What went to bookkeeping."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from hub.errors import ConfigurationError
from hub.ledger.accounts import Posting
from hub.store import blobs, schema, series
from hub.store.unit import Row, Unit, new_id

_SERIES = "journal-export"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewExport:
    """An export to bookkeeping: which rows, what they add up to, and the file."""

    period: str
    rows: Sequence[Posting]
    totals: Mapping[str, int]
    content: bytes


def next_number(unit: Unit) -> int:
    """The number the next export gets, taken."""
    return series.take(unit, _SERIES, first=1)


def add_export(unit: Unit, number: int, new: NewExport, by: str) -> Row:
    """Store an export with its rows; a row that went before fails the transaction."""
    row: Row = {
        "id": new_id(),
        "number": number,
        "period": new.period,
        "count": len(new.rows),
        "totals": dict(new.totals),
        "blob_address": blobs.put(unit, new.content),
        "made_by": by,
        "made_at": unit.now,
    }
    unit.insert(schema.journal_export, [row])
    unit.insert(schema.exported_posting, [{"posting_id": each.id, "export_id": row["id"]} for each in new.rows])
    return row


def exports(unit: Unit) -> list[Row]:
    """Exports by number."""
    return unit.rows(unit.mine(schema.journal_export).order_by(schema.journal_export.c.number))


def export(unit: Unit, number: int) -> tuple[Row, bytes]:
    """An export and its bytes; ConfigurationError when there is none of that number."""
    row = unit.one(unit.mine(schema.journal_export, schema.journal_export.c.number == number))
    if row is None:
        raise ConfigurationError(f"no export {number}", hint="kvitt ledger exports")
    return row, blobs.get(unit, row["blob_address"])


def exported(unit: Unit) -> set[str]:
    """The ids of the rows that went."""
    table = schema.exported_posting
    return set(unit.connection.execute(select(table.c.posting_id).where(table.c.tenant_id == unit.tenant)).scalars())
