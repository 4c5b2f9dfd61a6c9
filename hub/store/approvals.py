"""What one person asked for and a second one decides, as rows of `resolution`.

They are only ever added to, so nobody can change what was asked between the asking and the approval.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from hub.errors import ConfigurationError
from hub.model.money import Money
from hub.store import keyset, resolutions, schema, series
from hub.store.resolutions import NewResolution
from hub.store.unit import Row, Unit

ASKED, APPROVED, REFUSED, VOID = "asked", "approved", "refused", "void"
STATES = (ASKED, APPROVED, REFUSED, VOID)
_SERIES = "approval"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Something asked for: `what` of which amount, about which booking or claim line, why, and what became of it."""

    id: str
    number: int
    what: str
    amount: Money
    reason: str
    asked_by: str
    role: str
    asked_at: datetime
    payment_id: str | None
    claim_line_id: str | None
    body: Mapping[str, Any]
    state: str
    decided_by: str = ""
    decided_at: datetime | None = None
    note: str = ""


def ask(unit: Unit, what: str, new: NewResolution) -> tuple[Request, bool]:
    """Write down what somebody asks for (`kind` is set here); the same asked again is given back, and False."""
    for known in find(unit, ASKED):
        same = (known.what, known.amount, known.payment_id, known.claim_line_id, dict(known.body))
        if same == (what, new.amount, new.payment_id, new.claim_line_id, dict(new.detail)):
            return known, False
    number = series.take(unit, _SERIES, first=1)
    row = NewResolution(
        kind=ASKED,
        amount=new.amount,
        reason=new.reason,
        by=new.by,
        role=new.role,
        payment_id=new.payment_id,
        claim_line_id=new.claim_line_id,
        detail={"number": number, "what": what, "body": dict(new.detail)},
    )
    resolutions.add(unit, row)
    return get(unit, number), True


def decide(unit: Unit, request: Request, state: str, *, by: str, role: str, note: str = "") -> Request:
    """Write down what a second person (or what happened meanwhile) made of it."""
    row = NewResolution(
        kind=state,
        amount=request.amount,
        reason=note,
        by=by,
        role=role,
        payment_id=request.payment_id,
        claim_line_id=request.claim_line_id,
        detail={"number": request.number},
    )
    resolutions.add(unit, row)
    return get(unit, request.number)


def find(unit: Unit, *states: str) -> list[Request]:
    """What was asked for, by number: all, or what is in one of these states."""
    rows = resolutions.of_kind(unit, *STATES)
    decided = {row["detail"]["number"]: row for row in rows if row["kind"] != ASKED}
    asked = sorted((row for row in rows if row["kind"] == ASKED), key=lambda row: row["detail"]["number"])
    found = [_request(row, decided.get(row["detail"]["number"])) for row in asked]
    return [each for each in found if not states or each.state in states]


def page(unit: Unit, after: int | None, most: int, *, waiting: bool) -> list[Request]:
    """Some of what waits, by number, from after one; or of what was decided, the highest number first."""
    asked = keyset.requests(unit, () if after is None else (after,), most, waiting=waiting)
    table = schema.resolution
    number = table.c.detail["number"].as_integer()
    same = (table.c.kind.in_(STATES[1:]), number.in_([row["detail"]["number"] for row in asked]))
    decided = {row["detail"]["number"]: row for row in unit.rows(unit.mine(table, *same))} if not waiting else {}
    return [_request(row, decided.get(row["detail"]["number"])) for row in asked]


def count_waiting(unit: Unit) -> int:
    """How many requests wait for a second person."""
    table = schema.resolution
    kinds = {kind: table.c.kind.in_(names) for kind, names in (("asked", STATES[:1]), ("decided", STATES[1:]))}
    counted = [func.count(table.c.id).filter(where).label(name) for name, where in kinds.items()]
    row = unit.one(select(*counted).where(table.c.tenant_id == unit.tenant))
    return row["asked"] - row["decided"] if row is not None else 0


def get(unit: Unit, number: int) -> Request:
    """One request; ConfigurationError when there is none of that number."""
    found = next((each for each in find(unit) if each.number == number), None)
    if found is None:
        raise ConfigurationError(f"nothing was asked for under number {number}", hint="kvitt payment approvals")
    return found


def _request(row: Row, decided: Row | None) -> Request:
    detail = row["detail"]
    return Request(
        id=row["id"],
        number=detail["number"],
        what=detail["what"],
        amount=Money(row["amount_minor"], row["currency"]),
        reason=row["reason"],
        asked_by=row["by"],
        role=row["role"],
        asked_at=row["at"],
        payment_id=row["payment_id"],
        claim_line_id=row["claim_line_id"],
        body=detail["body"],
        state=decided["kind"] if decided else ASKED,
        decided_by=decided["by"] if decided else "",
        decided_at=decided["at"] if decided else None,
        note=decided["reason"] if decided else "",
    )
