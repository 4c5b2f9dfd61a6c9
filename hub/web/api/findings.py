"""What needs a person: our own findings about claims and messages, with what to do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from hub.store import keyset, schema
from hub.store.unit import Row, Unit
from hub.web.api.caller import Caller, scoped
from hub.web.api.paging import Page, Paging, Word, page

router = APIRouter(tags=["findings"])
_OTHERS = ("device", "webhook_failed", "alert_failed")
"""Kinds that are about users and addresses of ours, and no matter of claims or messages."""
_Reads = Annotated[Caller, Depends(scoped("claims:read"))]


class FindingOut(BaseModel):
    """Something that is wrong, or was."""

    id: str
    kind: str
    text: dict[str, str] = Field(description="What it is, by language.")
    action: dict[str, str] = Field(description="What to do, by language.")
    claim: str | None
    exchange: str | None
    amount_minor: int
    currency: str
    due: date | None
    state: str = Field(description="open or done.")
    created_at: datetime
    done_at: datetime | None


class Findings(Paging):
    """Filters."""

    claim: Word | None = None
    kind: Word | None = None
    state: Literal["open", "done"] | None = None


@router.get("/findings")
def listing(caller: _Reads, asked: Annotated[Findings, Query()]) -> Page[FindingOut]:
    """Findings, oldest first."""
    table = schema.task
    columns = {"claim": table.c.claim_ref, "kind": table.c.kind, "state": table.c.state}
    where = [columns[name] == value for name, value in asked.filters().items() if value]
    where.append(table.c.kind.not_in(_OTHERS))
    caller.saw("list", "findings")
    return page(caller, asked, ("created_at", "id"), partial(keyset.tasks, where=where), _findings)


def _findings(unit: Unit, rows: Sequence[Row]) -> list[FindingOut]:
    exchanges = keyset.seen(unit, schema.exchange, [row["exchange_id"] for row in rows])
    names = ("id", "kind", "text", "action", "amount_minor", "currency", "due", "state", "created_at", "done_at")
    return [
        FindingOut(
            **{name: row[name] for name in names},
            claim=row["claim_ref"] or None,
            exchange=row["exchange_id"] if row["exchange_id"] in exchanges else None,
        )
        for row in rows
    ]
