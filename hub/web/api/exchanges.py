"""Messages to payers: where each stands, what was found in it, and its history."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from hub.log import clean_text
from hub.store import exchanges, keyset, schema
from hub.store.unit import Row, Unit
from hub.web.api.caller import Caller, scoped
from hub.web.api.paging import Page, Paging, Word, page

router = APIRouter(tags=["exchanges"])
_Reads = Annotated[Caller, Depends(scoped("exchanges:read"))]


class Exchange(BaseModel):
    """One message. `in_doubt`: it may have arrived, and is asked about before it is sent again."""

    id: str
    partner: str
    channel: str
    kind: str
    name: str
    invoice_number: str
    remote_id: str
    state: str
    stage: str
    released: bool
    attempts: int
    note: str
    sha256: str
    prepared_at: datetime
    next_try_at: datetime | None
    sent_at: datetime | None
    reply_due: date | None
    answered_at: datetime | None


class Event(BaseModel):
    """One thing that happened to a message."""

    at: datetime
    kind: str
    text: str


class FindingInIt(BaseModel):
    """One finding of our own checks."""

    code: str
    severity: str
    message: str
    location: str


class ExchangeWithHistory(Exchange):
    """A message with what happened to it."""

    events: list[Event]
    findings: list[FindingInIt] = Field(description="Of our own checks, when it was written.")


class Exchanges(Paging):
    """Filters."""

    partner: Word | None = None
    state: Literal["prepared", "sending", "sent", "delivered", "refused", "in_doubt", "failed"] | None = None
    invoice_number: Word | None = None


@router.get("/exchanges")
def listing(caller: _Reads, asked: Annotated[Exchanges, Query()]) -> Page[Exchange]:
    """Messages, oldest first."""
    table = schema.exchange
    where = [table.c[name] == value for name, value in asked.filters().items() if value]
    return page(caller, asked, ("prepared_at", "id"), partial(keyset.exchanges, where=where), _exchanges)


@router.get("/exchanges/{exchange}")
def one(caller: _Reads, exchange: str) -> ExchangeWithHistory:
    """One message with its history."""
    with caller.reading() as unit:
        rows = keyset.exchanges(unit, (), 1, [schema.exchange.c.id == exchange])
        found = _exchanges(unit, rows)
        history = exchanges.history(unit, exchange) if rows else []
    if not found:
        raise caller.absent("exchange", exchange)
    events = [Event(at=each["at"], kind=each["kind"], text=clean_text(each["text"])) for each in history]
    findings = [_finding(each) for each in rows[0]["findings"]]
    return ExchangeWithHistory(**found[0].model_dump(), events=events, findings=findings)


def _finding(body: dict[str, Any]) -> FindingInIt:
    said = {name: str(body.get(name) or "") for name in ("code", "severity", "location")}
    return FindingInIt(**said, message=clean_text(str(body.get("message") or "")))


def _exchanges(_unit: Unit, rows: Sequence[Row]) -> list[Exchange]:
    names = set(Exchange.model_fields) - {"sha256", "note"}
    return [
        Exchange(**{name: row[name] for name in names}, sha256=row["payload_sha256"], note=clean_text(row["note"]))
        for row in rows
    ]
