"""Expected inputs: lists and replies that should come, and did or did not."""

from __future__ import annotations

from fastapi import APIRouter, Response

from hub.pipeline import expected as register
from hub.web.guard import Visiting
from hub.web.pages import page
from hub.web.screen import Screen

SCREEN = Screen(name="expected", path="/expected", group="traffic", order=60)
router = APIRouter()
STATES = ("missing", "expected", "late", "received")


@router.get("/expected")
def listing(visit: Visiting, state: str = "") -> Response:
    """What is missing first; replies by partner."""
    wished = state if state in STATES else ""
    with visit.reading() as unit:
        lists = register.expected(visit.hub, unit, visit.country)
        replies = register.replies(visit.hub, unit, visit.country)
    shown = [one for one in lists if wished in ("", one.state)]
    shown.sort(key=lambda one: (STATES.index(one.state), one.by, one.practice))
    counts = {name: sum(one.state == name for one in lists) for name in STATES}
    return page(visit, "expected/list.html", lists=shown, replies=replies, counts=counts, chosen=wished)
