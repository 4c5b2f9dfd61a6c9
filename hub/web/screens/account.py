"""My account: sessions, password, device, language."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Response

from hub.errors import AccessRefused, ConfigurationError
from hub.pipeline import identity
from hub.web.errors import Absent
from hub.web.guard import Visiting
from hub.web.pages import page
from hub.web.roles import Permission
from hub.web.saying import done
from hub.web.screen import Screen
from hub.web.visit import Visit

SCREEN = Screen(name="account", path="/account", needs=Permission.OWN, group="me", order=90)
router = APIRouter()


@router.get("/account")
def account(visit: Visiting) -> Response:
    """Who I am here, and where I am logged in."""
    return _page(visit)


@router.post("/account/language")
def language(visit: Visiting, language: Annotated[str, Form(max_length=2)]) -> Response:
    """The language of my pages and mails."""
    try:
        identity.set_language(visit.hub, visit.session.person, language)
    except ConfigurationError:
        return _page(visit, status=422)
    return done("/account", "language_set")


@router.post("/account/password")
def password(
    visit: Visiting,
    old: Annotated[str, Form(max_length=2000)] = "",
    new: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """A new password; the other sessions end."""
    try:
        me, here = visit.session.person, visit.session.id
        identity.change_password(visit.hub, me, here, old, new)
    except AccessRefused as no:
        return _page(visit, no=no, status=429 if no.retry_after else 422)
    return done("/account", "password_set")


@router.post("/account/sessions/{session_id}/end")
def end(visit: Visiting, session_id: str) -> Response:
    """Log me out somewhere else."""
    if not identity.end_session(visit.hub, visit.session.person, session_id):
        raise Absent("session", session_id)
    return done("/account", "session_ended")


def _page(visit: Visit, *, no: AccessRefused | None = None, status: int = 200) -> Response:
    me = visit.session.person
    return page(
        visit,
        "account/account.html",
        status=status,
        me=me,
        no=no,
        device=identity.has_device(visit.hub, me),
        password=identity.has_password(visit.hub, me),
        sessions=identity.sessions_of(visit.hub, me),
    )
