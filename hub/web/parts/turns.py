"""How a door hands what came in to the desk: a short wait for its answer, else a page that shows the way there."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from hub.errors import AccessRefused
from hub.pipeline import identity
from hub.web.errors import NotLoggedIn
from hub.web.fairness import Desk, Errand, rows_of
from hub.web.visit import Visit

Work = Callable[[], Response]


def desk_of(request: Request) -> Desk:
    """The desk of this console."""
    desk: Desk = request.app.state.desk
    return desk


def in_turn(request: Request, visit: Visit, organisation: str, data: bytes, work: Work) -> Response:
    """Do this work when it is the organisation's turn. Files that are read at once answer at once."""
    desk = desk_of(request)
    errand = desk.stand(
        Errand(
            word=secrets.token_urlsafe(18),
            owner=visit.session.id,
            organisation=f"{visit.tenant}:{organisation}",
            rows=rows_of(data),
            work=lambda: _done_by(visit, work),
            size=len(data),
            person=visit.session.person.user_id,
        )
    )
    if desk.wait(errand):
        return errand.result()
    return RedirectResponse(f"/waiting/{errand.word}", status_code=303)


def staff(visit: Visit) -> str:
    """In whose name somebody stands in the queue who hands in for others: their organisation's, or their own."""
    return visit.organisation or f"user/{visit.session.person.user_id}"


def _done_by(visit: Visit, work: Work) -> Response:
    """The work, if its person is still here and the same: who was ended meanwhile hands nothing in any more.

    Whoever only logged out has said yes before; what they confirmed is done.
    """
    asked = visit.session.person
    try:
        now = identity.who_is(visit.hub, visit.tenant, asked.login)
    except AccessRefused as error:
        raise NotLoggedIn from error
    if (now.user_id, now.role, now.organisation) != (asked.user_id, asked.role, asked.organisation):
        raise NotLoggedIn
    return work()
