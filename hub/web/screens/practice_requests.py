"""Support's side of the requests: which practice was asked for which list, and those nobody waits for any more."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Response

from hub.pipeline import list_requests
from hub.pipeline.list_requests import STATES
from hub.web.errors import Absent
from hub.web.guard import Visiting
from hub.web.pages import page
from hub.web.roles import Permission
from hub.web.saying import done
from hub.web.screen import Screen

SCREEN = Screen(name="practice_requests", path="/requests", needs=Permission.WORK, group="work", order=65, country="NL")
router = APIRouter()
_SHOWN = 500


@router.get("/requests")
def listing(visit: Visiting, state: str = "") -> Response:
    """Every request by its state; those still open first."""
    wished = state if state in STATES else ""
    with visit.reading() as unit:
        found = list_requests.list_requests(visit.hub, unit, visit.country)
    counts = {name: sum(one.state == name for one in found) for name in STATES}
    shown = [one for one in found if wished in ("", one.state)]
    return page(
        visit,
        "practice_requests/list.html",
        requests=shown[:_SHOWN],
        hidden=max(len(shown) - _SHOWN, 0),
        counts=counts,
        chosen=wished,
    )


@router.post("/requests/close")
def close(
    visit: Visiting,
    practice: Annotated[str, Form(max_length=20)],
    module: Annotated[str, Form(max_length=20)],
    period: Annotated[str, Form(max_length=10)],
    reason: Annotated[str, Form(max_length=300)],
) -> Response:
    """Nobody waits for it any more, for a reason that is kept."""
    with visit.reading() as unit:
        known = {
            (one.expected.practice, one.expected.module, one.expected.period)
            for one in list_requests.list_requests(visit.hub, unit, visit.country)
            if one.state not in (list_requests.RECEIVED, list_requests.CLOSED)
        }
    if (practice, module, period) not in known:
        raise Absent("request", f"{practice}/{module}/{period}")
    with visit.hub.store.unit(visit.tenant) as unit:
        list_requests.close(unit, practice, module, period, reason, visit.actor)
    return done("/requests", "closed_done", what=f"{practice} {module} {period}")
