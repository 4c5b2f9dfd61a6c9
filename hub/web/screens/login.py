"""Logging in and out. One form for login, password and code, so that nobody learns which of them was wrong."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from hub.errors import AccessRefused
from hub.pipeline import identity
from hub.web.cookies import DEVICE, address_of, agent_of, drop, keep, local
from hub.web.guard import COOKIE, from_our_form, hub_of
from hub.web.pages import open_page
from hub.web.roles import Permission
from hub.web.screen import Screen

SCREEN = Screen(name="login", path="/login", needs=Permission.OWN, open=True)
router = APIRouter()


@router.get("/login")
def form(request: Request, next: str = "/") -> Response:  # noqa: A002 -- the word in the address
    """Login, password, code."""
    session = identity.session_of(hub_of(request), request.cookies.get(COOKIE, ""))
    if session is not None:
        return _onward(session.factors, local(next))
    return _page(request, next)


@router.post("/login")
def log_in(
    request: Request,
    login: Annotated[str, Form(max_length=300)] = "",
    password: Annotated[str, Form(max_length=2000)] = "",
    code: Annotated[str, Form(max_length=20)] = "",
    next: Annotated[str, Form(max_length=500)] = "/",  # noqa: A002 -- the word in the form
) -> Response:
    """Let somebody in, or say no in the same words for everybody."""
    here = {"address": address_of(request), "agent": agent_of(request), "device": request.cookies.get(DEVICE, "")}
    try:
        entry = identity.log_in(hub_of(request), login, password, code=code, **here)
    except AccessRefused as no:
        return _page(request, next, login=login, no=no)
    return keep(request, _onward(entry.session.factors, local(next)), entry)


@router.post("/logout", dependencies=[Depends(from_our_form)])
def log_out(request: Request) -> Response:
    """End the session here and there."""
    identity.log_out(hub_of(request), request.cookies.get(COOKIE, ""))
    return drop(request, RedirectResponse("/login", status_code=303))


def _onward(complete: bool, path: str) -> Response:
    """To where they wanted to go, past the second factor where one is missing."""
    return RedirectResponse(path if complete else f"/second-factor?next={quote(path)}", status_code=303)


def _page(request: Request, path: str, *, login: str = "", no: AccessRefused | None = None) -> Response:
    status = 200 if no is None else 429 if no.retry_after else 403
    outside = request.app.state.provider
    answer = open_page(
        request, "login/login.html", status=status, login=login, next=local(path), no=no, provider=outside is not None
    )
    if no is not None and no.retry_after:
        answer.headers["retry-after"] = str(no.retry_after)
    return answer
