"""The start page: each role begins where its work is."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import RedirectResponse

from hub.web.guard import Visiting
from hub.web.roles import Permission
from hub.web.screen import Screen

SCREEN = Screen(name="home", path="/", needs=Permission.OWN)
router = APIRouter()

_STARTS = ((Permission.LOOK, "/today"), (Permission.HAND_IN, "/practice"))


@router.get("/")
def home(visit: Visiting) -> RedirectResponse:
    """Go to the first screen of this role; a clinic's is its upload log."""
    for permission, path in _STARTS:
        if visit.may(permission):
            clinic = path == "/practice" and visit.country == "NO"
            return RedirectResponse("/clinic" if clinic else path, status_code=303)
    return RedirectResponse("/account", status_code=303)
