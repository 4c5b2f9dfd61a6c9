"""Bookings on our accounts, and what of each belongs to which line; of who paid nothing but their reference."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from hub.log import clean_text
from hub.store import keyset, schema
from hub.store.unit import Row, Unit
from hub.web.api.caller import Caller, scoped
from hub.web.api.paging import Page, Paging, Word, page

router = APIRouter(tags=["payments"])
_Reads = Annotated[Caller, Depends(scoped("payments:read"))]


class Payment(BaseModel):
    """One booking."""

    id: str
    account: str = Field(description="Ours.")
    booked: date | None
    amount_minor: int
    currency: str
    state: str
    reference: str
    matched: str = Field(description="new, posted, review, ignored, by_hand, same or reversed.")
    tier: str = Field(description="How sure the matching was: T1 to T4.")


class Allocation(BaseModel):
    """Part of a booking on one line. One that takes another back is negative."""

    id: str
    payment: str | None = Field(description="The booking, where it is this token's to see.")
    claim: str
    line: str
    number: int
    amount_minor: int
    netted_minor: int
    currency: str
    tier: str
    at: datetime


class Payments(Paging):
    """Filters."""

    account: Word | None = None
    reference: Word | None = None
    matched: Literal["new", "posted", "review", "ignored", "by_hand", "same", "reversed"] | None = None
    booked_from: date | None = None
    booked_to: date | None = None


class Allocations(Paging):
    """Filters."""

    payment: Word | None = None
    claim: Word | None = None


@router.get("/payments")
def listing(caller: _Reads, asked: Annotated[Payments, Query()]) -> Page[Payment]:
    """Bookings, in an order that stays; for what came since, follow the allocations."""
    table = schema.payment
    given = {name: value for name in ("account", "reference", "matched") if (value := getattr(asked, name))}
    where = [table.c[name] == value for name, value in given.items()]
    where += [table.c.booked >= asked.booked_from] if asked.booked_from else []
    where += [table.c.booked <= asked.booked_to] if asked.booked_to else []
    return page(caller, asked, ("id",), partial(keyset.payments, where=where), _payments)


@router.get("/payments/{payment}")
def one(caller: _Reads, payment: str) -> Payment:
    """One booking."""
    with caller.reading() as unit:
        found = _payments(unit, keyset.payments(unit, (), 1, [schema.payment.c.id == payment]))
    if not found:
        raise caller.absent("payment", payment)
    return found[0]


@router.get("/allocations")
def allocations(caller: _Reads, asked: Annotated[Allocations, Query()]) -> Page[Allocation]:
    """What of which booking belongs to which line, oldest first."""
    columns = {"payment": schema.allocation.c.payment_id, "claim": schema.claim.c.ref}
    where = [columns[name] == value for name, value in asked.filters().items() if value]
    return page(caller, asked, ("at", "id"), partial(keyset.allocations, where=where), _allocations)


def _payments(_unit: Unit, rows: Sequence[Row]) -> list[Payment]:
    names = set(Payment.model_fields) - {"reference"}
    return [Payment(**{name: row[name] for name in names}, reference=clean_text(row["reference"])) for row in rows]


def _allocations(unit: Unit, rows: Sequence[Row]) -> list[Allocation]:
    shown = keyset.seen(unit, schema.payment, [row["payment_id"] for row in rows])
    names = set(Allocation.model_fields) - {"payment"}
    return [
        Allocation(
            **{name: row[name] for name in names}, payment=row["payment_id"] if row["payment_id"] in shown else None
        )
        for row in rows
    ]
