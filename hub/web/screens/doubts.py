"""In doubt: what may or may not have arrived, until a person finds out and says how they know."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Response

from hub.errors import ConfigurationError
from hub.pipeline import exchanges
from hub.web.errors import Absent
from hub.web.guard import Visiting, needs
from hub.web.pages import page
from hub.web.roles import Permission
from hub.web.saying import done
from hub.web.screen import Screen

SCREEN = Screen(name="doubts", path="/doubts", group="traffic", order=30)
router = APIRouter()


@router.get("/doubts")
def listing(visit: Visiting) -> Response:
    """What a person must find out."""
    with visit.reading() as unit:
        return page(visit, "doubts/list.html", rows=exchanges.in_doubt(unit))


@router.post("/doubts", dependencies=[Depends(needs(Permission.RUN))])
def resolve(
    visit: Visiting,
    key: Annotated[str, Form()],
    arrived: Annotated[str, Form(pattern="^(yes|no)$")],
    evidence: Annotated[str, Form(max_length=500)] = "",
) -> Response:
    """Settle one; how the person knows stays in its history."""
    with visit.reading() as unit:
        try:
            row = exchanges.one(unit, key)
        except ConfigurationError as error:
            raise Absent("exchange", key) from error
    what = exchanges.resolve(
        visit.hub, visit.tenant, row["business_key"], visit.actor, delivered=arrived == "yes", evidence=evidence
    )
    return done("/doubts", "settled", what=what)
