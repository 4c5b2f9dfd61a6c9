"""A clinic's own start: logs handed in, and what each assignment still allows."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import APIRouter, Response

from hub.pipeline.portal import handed_in
from hub.pipeline.treatment_logs import allowances
from hub.store import portal
from hub.web.guard import Visiting
from hub.web.pages import page
from hub.web.parts import handing_in
from hub.web.parts.places import cursor, place
from hub.web.roles import Permission
from hub.web.screen import Screen

SCREEN = Screen(name="clinic", path="/clinic", needs=Permission.HAND_IN, group="practice", order=10, country="NO")
router = APIRouter()
_PAGE = 20


@router.get("/clinic")
def overview(visit: Visiting, after: str = "") -> Response:
    """The logs, newest first."""
    with visit.reading() as unit:
        found = portal.lists(unit, after=place(after), most=_PAGE)
        shown = handed_in(unit, found.rows)
        questions = portal.waiting_questions(unit)
    following = ""
    if found.next is not None:
        following = f"/clinic?{urlencode({'after': cursor(found.next)})}"
    visit.saw("read", "clinic")
    return page(visit, "clinic/overview.html", logs=shown, questions=questions, next_url=following)


@router.get("/clinic/assignments")
def assignments(visit: Visiting) -> Response:
    """Quota and coverage by SakID; nothing about the patient."""
    found = [(owner, allowances(visit.hub, visit.tenant, owner.code)) for owner in handing_in.own(visit, "clinic")]
    visit.saw("read", "clinic/assignments")
    return page(visit, "clinic/assignments.html", clinics=found)
