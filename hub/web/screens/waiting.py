"""A file on its way: how many go before it and how long it will be; then what came of it. Without scripts."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from hub.web.errors import Absent
from hub.web.guard import Visiting
from hub.web.pages import page
from hub.web.parts.turns import desk_of
from hub.web.roles import Permission
from hub.web.saying import done
from hub.web.screen import Screen

SCREEN = Screen(name="waiting", path="/waiting", needs=Permission.OWN)
router = APIRouter()
_SOONEST, _LATEST, _TIMES = 2, 15, 5
"""Seconds until the browser looks again: a fifth of what is left, for many that look all the time cost a processor."""


@router.get("/waiting/{word}")
def waiting(request: Request, visit: Visiting, word: str) -> Response:
    """Where the file is in the queue; its own answer as soon as there is one.

    An answer belongs to the session that asked: who logged in again meanwhile is told what goes on without them.
    """
    desk = desk_of(request)
    errand = desk.find(visit.session.id, word)
    if errand is None and desk.whose(word) == visit.session.person.user_id:
        return done("/", "another_session")
    if errand is None:
        raise Absent("list", word[:40])
    if errand.over.is_set():
        return errand.result()
    way = desk.way(errand)
    shown = page(visit, "waiting/way.html", way=way, rows=errand.rows)
    shown.headers["refresh"] = str(min(_LATEST, max(_SOONEST, way.seconds // _TIMES)))
    return shown
