"""A practice's own start: which lists are asked for, what was handed in, which questions wait, which answers came."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query, Response

from hub.pipeline import decisions
from hub.pipeline.decisions import Form, Wanted
from hub.pipeline.list_requests import STATES, list_requests
from hub.pipeline.portal import handed_in
from hub.store import portal
from hub.web.errors import Absent
from hub.web.guard import Visiting
from hub.web.pages import page
from hub.web.roles import Permission
from hub.web.screen import Screen

SCREEN = Screen(name="practice", path="/practice", needs=Permission.HAND_IN, group="practice", order=10, country="NL")
router = APIRouter()
_RECENT = 5
_SUFFIX = {Form.CSV: "csv", Form.XLSX: "xlsx", Form.RESPONSE: "txt"}


@router.get("/practice")
def overview(visit: Visiting) -> Response:
    """What is asked, what came, what is answered."""
    with visit.reading() as unit:
        asked = list_requests(visit.hub, unit, visit.country)
        recent = handed_in(unit, portal.lists(unit, most=_RECENT).rows)
        questions = portal.waiting_questions(unit)
    counts = {state: sum(one.state == state for one in asked) for state in STATES}
    visit.saw("read", "practice")
    return page(visit, "practice/overview.html", requests=asked, counts=counts, recent=recent, questions=questions)


@router.get("/practice/decisions")
def files(visit: Visiting) -> Response:
    """The files this organisation's claims went in, with the decisions on them as downloads."""
    with visit.reading() as unit:
        found = [
            row for row in portal.decided_files(unit) if visit.within is None or row["provider_code"] in visit.within
        ]
    visit.saw("read", "practice/decisions")
    return page(visit, "practice/decisions.html", files=found)


@router.get("/practice/decisions/{exchange}")
def download(
    visit: Visiting,
    exchange: str,
    provider: Annotated[str, Query(max_length=20)] = "",
    form: Annotated[str, Query(alias="as", max_length=10)] = Form.CSV.value,
) -> Response:
    """The decisions on one provider's lines of one file."""
    if form not in {one.value for one in Form} or (visit.within is not None and provider not in visit.within):
        raise Absent("exchange", exchange)
    with visit.reading() as unit:
        claim = portal.file_claim(unit, exchange, provider)
    if claim is None:
        raise Absent("exchange", exchange)
    wanted = Wanted(provider=provider, exchange=exchange)
    found = decisions.export_decisions(visit.hub, visit.tenant, wanted, Form(form), visit.language, visit.actor)
    name = quote(f"{claim['invoice_number']}-{provider}.{_SUFFIX[Form(form)]}")
    return Response(
        found.payload,
        media_type=found.media_type,
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )
