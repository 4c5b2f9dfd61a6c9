"""What payers decided, line by line: their raw codes, and what these mean in plain words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from hub.log import clean_text
from hub.model.partner import Partner
from hub.model.reply import Code
from hub.pipeline.worklist import Reason, reason_of
from hub.store import keyset, schema
from hub.store.unit import Row
from hub.web.api.caller import Caller, scoped
from hub.web.api.paging import Page, Paging, Word, page

router = APIRouter(tags=["replies"])
_Reads = Annotated[Caller, Depends(scoped("claims:read"))]


class ReasonOut(BaseModel):
    """One code: as it came, and in words."""

    raw: str = Field(description="List and code as the payer sent them.")
    text: dict[str, str] = Field(description="In plain words, by language.")
    hint: dict[str, str] = Field(description="What to do, by language.")
    who_acts: str
    known: bool = Field(description="Whether we know this code; else the words are the payer's own.")


class Reply(BaseModel):
    """A payer's decision on one line; a later one on the same line has a higher number."""

    id: str
    claim: str
    line: str
    number: int
    payer: str
    verdict: str
    granted_minor: int
    patient_minor: int
    currency: str
    reasons: list[ReasonOut]
    text: str
    payer_ref: str
    at: datetime


class Replies(Paging):
    """Filters."""

    claim: Word | None = None
    payer: Word | None = None
    verdict: Word | None = None


@router.get("/replies")
def listing(caller: _Reads, asked: Annotated[Replies, Query()]) -> Page[Reply]:
    """Decisions, oldest first: keep `next_cursor` and ask again for what came since."""
    columns = {"claim": schema.claim.c.ref, "payer": schema.claim.c.payer, "verdict": schema.decision.c.verdict}
    where = [columns[name] == value for name, value in asked.filters().items() if value]
    caller.saw("list", "replies")
    partners = caller.hub.registry.partners
    return page(
        caller,
        asked,
        ("at", "id"),
        partial(keyset.decisions, where=where),
        lambda _unit, rows: _replies(rows, partners),
    )


def _replies(rows: Sequence[Row], partners: Mapping[str, Partner]) -> list[Reply]:
    names = ("id", "claim", "line", "number", "payer", "verdict", "granted_minor", "patient_minor", "currency")
    return [
        Reply(
            **{name: row[name] for name in (*names, "payer_ref", "at")},
            reasons=[_reason(reason_of(partners.get(row["payer"]), Code(**code))) for code in row["codes"]],
            text=clean_text(row["text"]),
        )
        for row in rows
    ]


def _reason(found: Reason) -> ReasonOut:
    return ReasonOut(raw=found.raw, text=dict(found.text), hint=dict(found.hint), who_acts=found.who, known=found.known)
