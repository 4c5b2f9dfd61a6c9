"""Claims on the three axes, without the person: where they travel, what was decided, what was paid."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from hub.pipeline.views import claim_views
from hub.store import claims, keyset, schema
from hub.store.unit import Row, Unit
from hub.web.api.caller import Caller, scoped
from hub.web.api.paging import Page, Paging, Word, page

router = APIRouter(tags=["claims"])
ELSEWHERE = "with_claimant"
"""It travels in a message of its claimant, with claims of others: only the claimant sees how that stands."""
_Reads = Annotated[Caller, Depends(scoped("claims:read"))]


class Claim(BaseModel):
    """A claim. The money of a claim: claimed = granted + refused + patient + withdrawn + open."""

    ref: str
    kind: str
    programme: str
    module: str
    period: str
    invoice_number: str
    provider: str
    claimant: str
    payer: str
    payer_code: str
    corrects: str
    declaration: str | None
    exchange: str | None
    created_at: datetime
    due_date: date | None
    hold: str = Field(description="Why it is held; empty when it is not.")
    transport: str
    decision: str
    label: str = Field(description="All three in one word.")
    currency: str
    claimed_minor: int
    granted_minor: int
    refused_minor: int
    patient_minor: int
    withdrawn_minor: int
    open_minor: int
    received_minor: int
    outstanding_minor: int


class Line(BaseModel):
    """One line of a claim."""

    number: int
    ref: str
    service_code: str
    amount_minor: int
    currency: str
    verdict: str
    granted_minor: int
    patient_minor: int
    withdrawn: bool
    decided_at: datetime | None


class ClaimWithLines(Claim):
    """A claim with its lines."""

    lines: list[Line]


class Claims(Paging):
    """Filters."""

    provider: Word | None = None
    payer: Word | None = None
    module: Word | None = None
    period: Word | None = None
    invoice_number: Word | None = None
    declaration: Word | None = None
    held: bool | None = None


@router.get("/claims")
def listing(caller: _Reads, asked: Annotated[Claims, Query()]) -> Page[Claim]:
    """Claims, oldest first."""
    table = schema.claim
    columns = {"provider": table.c.provider_code, "declaration": table.c.declaration_id}
    given = {name: value for name, value in asked.filters().items() if value is not None and name != "held"}
    where = [columns.get(name, table.c.get(name)) == value for name, value in given.items()]
    if asked.held is not None:
        where.append((table.c.hold_code != "") if asked.held else (table.c.hold_code == ""))
    caller.saw("list", "claims")
    return page(caller, asked, ("created_at", "id"), partial(keyset.claims, where=where), _claims)


@router.get("/claims/{ref}")
def one(caller: _Reads, ref: str) -> ClaimWithLines:
    """One claim with its lines."""
    with caller.reading() as unit:
        row = claims.by_ref(unit, ref)
        found = _claims(unit, [row]) if row else []
        lines = claims.lines(unit, [row["id"]]) if row else []
    if row is None:
        raise caller.absent("claim", ref)
    caller.saw("read", f"claim:{ref}", subject=row["subject_id"])
    return ClaimWithLines(**found[0].model_dump(), lines=[_line(each) for each in lines])


def _line(row: Row) -> Line:
    return Line(**{name: row[name] for name in Line.model_fields})


def _claims(unit: Unit, rows: Sequence[Row]) -> list[Claim]:
    shown = keyset.seen(unit, schema.declaration, [row["declaration_id"] for row in rows])
    exchanges = keyset.seen(unit, schema.exchange, [row["exchange_id"] for row in rows])
    found = []
    for row, view in zip(rows, claim_views(unit, rows), strict=True):
        told = view.as_json()
        of_view = {name: told[name] for name in Claim.model_fields if name in told}
        of_row = {name: row[name] for name in Claim.model_fields if name in row and name not in told}
        links = {
            "declaration": row["declaration_id"] if row["declaration_id"] in shown else None,
            "exchange": row["exchange_id"] if row["exchange_id"] in exchanges else None,
        }
        if row["exchange_id"] and links["exchange"] is None:  # its message is not this token's to see
            of_view |= {"transport": ELSEWHERE, "label": ELSEWHERE if view.decision == "open" else told["label"]}
        found.append(Claim.model_validate(of_row | of_view | links))
    return found
