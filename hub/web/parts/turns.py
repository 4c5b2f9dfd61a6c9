"""How a screen hands long work to the desk: a short wait for its answer, else a page that shows the way there."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from hub.web.fairness import Desk
from hub.web.visit import Visit


def desk_of(request: Request) -> Desk:
    """The desk of this console."""
    desk: Desk = request.app.state.desk
    return desk


def in_turn(request: Request, visit: Visit, organisation: str, data: bytes, work: Callable[[], Response]) -> Response:
    """Do this work when it is the organisation's turn. Lists that are read at once answer at once."""
    desk = desk_of(request)
    errand = desk.put(visit.session.id, f"{visit.tenant}:{organisation}", data.count(b"\n"), work)
    if desk.wait(errand):
        return errand.result()
    return RedirectResponse(f"/practice/waiting/{errand.word}", status_code=303)
