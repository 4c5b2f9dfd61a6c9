"""Exchanges: what travels between us and our partners, one with its history, and trying it now."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Depends, Response

from hub.errors import ConfigurationError
from hub.model.exchange import ExchangeState
from hub.pipeline import exchanges
from hub.store import exchanges as stored
from hub.web.errors import Absent
from hub.web.guard import Visiting, needs
from hub.web.pages import page
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
        rows = exchanges.listed(unit, state=wished, partner=partner, most=_PAGE + 1, before=_moment(before))
    last = rows[_PAGE - 1]["prepared_at"].isoformat() if len(rows) > _PAGE else ""
    return page(
        visit,
        "exchanges/list.html",
        rows=rows[:_PAGE],
        states=tuple(ExchangeState),
        partners=sorted(visit.hub.registry.partners),
        chosen={"state": wished, "partner": partner},
        after=last,
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


@router.get("/exchanges/{key:path}")
def one(visit: Visiting, key: str) -> Response:
    """One exchange with its history."""
    return page(visit, "exchanges/one.html", body=_shown(visit, key))


def _shown(visit: Visit, key: str) -> dict[str, Any]:
    with visit.reading() as unit:
        try:
            row = exchanges.one(unit, key)
        except ConfigurationError as error:
            raise Absent("exchange", key) from error
    with visit.unit() as unit:
        return exchanges.shown(unit, row["business_key"], visit.actor)


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
