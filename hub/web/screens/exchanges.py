"""Exchanges: what travels between us and our partners, one with its history, and trying it now."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Response
from fastapi.responses import RedirectResponse

from hub.errors import ConfigurationError
from hub.model.exchange import ExchangeState
from hub.pipeline import exchanges
from hub.pipeline.release import release as release_again
from hub.store import exchanges as stored
from hub.store import schema
from hub.web.errors import Absent
from hub.web.guard import Visiting, needs
from hub.web.pages import page
from hub.web.parts.doors import door
from hub.web.parts.places import cursor, place
from hub.web.roles import Permission
from hub.web.saying import done
from hub.web.screen import Screen
from hub.web.visit import Visit

SCREEN = Screen(name="exchanges", path="/exchanges", group="traffic", order=10)
router = APIRouter()
_PAGE = 50


@router.get("/exchanges")
def listing(visit: Visiting, state: str = "", partner: str = "", before: str = "") -> Response:
    """Newest first, page by page."""
    wished = state if state in tuple(ExchangeState) else ""
    with visit.reading() as unit:
        rows = exchanges.listed(unit, state=wished, partner=partner, most=_PAGE + 1, before=place(before))
    last = rows[_PAGE - 1] if len(rows) > _PAGE else None
    return page(
        visit,
        "exchanges/list.html",
        rows=rows[:_PAGE],
        states=tuple(ExchangeState),
        partners=sorted(visit.hub.registry.partners),
        chosen={"state": wished, "partner": partner},
        after=cursor((last["prepared_at"], last["business_key"])) if last else "",
    )


@router.get("/exchanges/{key:path}/file")
def file(visit: Visiting, key: str) -> Response:
    """The file as it went, for somebody who may see persons; leaving a line in the access log."""
    if not visit.may(Permission.REVEAL):
        raise Absent("exchange", key)
    body = _shown(visit, key)
    with visit.reading() as unit:
        row = exchanges.one(unit, body["business_key"])
        payload = stored.message(unit, row).payload
    visit.saw("export", f"exchange/{body['business_key']}")
    name = str(body["name"]).replace('"', "")
    return Response(
        payload,
        media_type="application/octet-stream",
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


@router.post("/exchanges/{key:path}/retry", dependencies=[Depends(needs(Permission.RUN))])
def retry(visit: Visiting, key: str) -> Response:
    """Try it now instead of later; what may have arrived is asked about first."""
    body = _shown(visit, key)
    state = exchanges.retry(visit.hub, visit.tenant, body["business_key"], visit.actor)
    return done(f"/exchanges/{body['business_key']}", "tried", state=state.value)


@router.post("/exchanges/{key:path}/release", dependencies=[Depends(needs(Permission.RELEASE))])
def release(visit: Visiting, key: str, evidence: Annotated[str, Form(max_length=300)] = "") -> Response:
    """What a refused file may still send goes again, and one that gave up is tried again."""
    body = _shown(visit, key)
    if body["state"] not in (ExchangeState.REFUSED, ExchangeState.FAILED):
        raise ConfigurationError(f"{body['name']} is {body['state']}: nothing waits for a person")
    freed = release_again(visit.hub, visit.tenant, body["business_key"], visit.actor, evidence=evidence.strip())
    return done(f"/exchanges/{body['business_key']}", "freed", n=freed.claims)


@router.get("/exchanges/{key:path}")
def one(visit: Visiting, key: str, claims: str = "", replies: str = "") -> Response:
    """One exchange with its history, the claims it carries and what came in about it."""
    came_in = _came_in(visit, key)
    if came_in:
        return RedirectResponse(came_in, status_code=303)
    body = _shown(visit, key)
    with visit.reading() as unit:
        carried = exchanges.claims_of(unit, body["id"], place(claims), _PAGE)
        answers = exchanges.replies_of(unit, body["id"], place(replies), _PAGE)
    return page(
        visit,
        "exchanges/one.html",
        body=body,
        carried=carried.rows,
        more_claims=cursor(carried.next),
        answers=answers.rows,
        more_replies=cursor(answers.next),
        waits=exchanges.waits_for_answer(body),
        to=lambda kind, ref="": door(visit, kind, ref),
    )


def _came_in(visit: Visit, key: str) -> str:
    """Where to look at something that came in and belongs to no exchange; searches lead here with its id."""
    with visit.reading() as unit:
        found = unit.one(unit.mine(schema.inbound, schema.inbound.c.id == key))
    return door(visit, "unread", key) if found is not None else ""


def _shown(visit: Visit, key: str) -> dict[str, Any]:
    with visit.reading() as unit:
        try:
            row = exchanges.one(unit, key)
        except ConfigurationError as error:
            raise Absent("exchange", key) from error
    with visit.unit() as unit:
        return exchanges.shown(unit, row["business_key"], visit.actor)
