"""What a person has stopped for a while: everything that goes out, one partner, practice, file, or job."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_

from hub.store import schema
from hub.store.unit import Row, Unit, new_id

OUTBOUND, PARTNER, PRACTICE, BATCH, JOB = "outbound", "partner", "practice", "batch", "job"
KINDS = (OUTBOUND, PARTNER, PRACTICE, BATCH, JOB)


@dataclass(frozen=True, slots=True)
class Pauses:
    """The pauses in force at one moment."""

    rows: tuple[Row, ...] = ()

    def of(self, kind: str, *targets: str) -> Row | None:
        """The pause of this kind for one of these targets, if there is one."""
        return next((row for row in self.rows if row["kind"] == kind and row["target"] in targets), None)

    def stops(self, exchange: Row, practices: tuple[str, ...] = ()) -> Row | None:
        """Why an exchange does not go out now, if it does not; `practices` are those of its claims."""
        return (
            self.of(OUTBOUND, "")
            or self.of(PARTNER, exchange["partner"])
            or self.of(BATCH, exchange["business_key"], exchange["invoice_number"])
            or self.of(PRACTICE, *practices)
        )


def in_force(unit: Unit) -> Pauses:
    """Every pause that holds now."""
    table = schema.pause
    holds = or_(table.c.until.is_(None), table.c.until > unit.now)
    return Pauses(tuple(unit.rows(unit.mine(table, table.c.lifted_at.is_(None), holds).order_by(table.c.since))))


def pause(unit: Unit, kind: str, target: str, *, reason: str, by: str, until: datetime | None = None) -> bool:
    """Stop something; False when it is stopped already (its reason and end stay as they are)."""
    if in_force(unit).of(kind, target) is not None:
        return False
    row: Row = {
        "id": new_id(),
        "kind": kind,
        "target": target,
        "reason": reason,
        "since": unit.now,
        "until": until,
        "by": by,
    }
    unit.insert(schema.pause, [row])
    return True


def resume(unit: Unit, kind: str, target: str, *, by: str) -> bool:
    """Let it go on; False when it was not stopped."""
    row = in_force(unit).of(kind, target)
    if row is None:
        return False
    unit.update(schema.pause, row["id"], lifted_at=unit.now, lifted_by=by)
    return True
