"""The quarter board: every practice with its papers, list and money, beside the quarter before."""

from __future__ import annotations

from fastapi import APIRouter, Response

from hub.errors import HubError
from hub.model.quarter import Quarter, quarter, quarter_of
from hub.pipeline.quarter_board import board
from hub.web.guard import Visiting
from hub.web.pages import page
from hub.web.screen import Screen
from hub.web.visit import Visit

SCREEN = Screen(name="quarter", path="/quarter", group="work", order=60, country="NL")
router = APIRouter()


@router.get("/quarter")
def show(visit: Visiting, period: str = "") -> Response:
    """The quarter asked for, else this one."""
    wished = _period(visit, period)
    with visit.reading() as unit:
        rows = board(unit, wished, visit.country)
    return page(
        visit,
        "quarter/board.html",
        rows=rows,
        period=str(wished),
        earlier=str(wished.plus(-1)),
        later=str(wished.plus(1)),
    )


def _period(visit: Visit, text: str) -> Quarter:
    try:
        return quarter(text) if text else quarter_of(visit.hub.today(visit.country))
    except (HubError, ValueError):
        return quarter_of(visit.hub.today(visit.country))
