"""The second factor: set a device up by its picture, or show its code. For who is half way in, and for a new device."""

from __future__ import annotations

from typing import Annotated

import segno
from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from hub.errors import AccessRefused
from hub.pipeline import identity
from hub.pipeline.identity import Session
from hub.web.cookies import address_of, agent_of, keep, local
from hub.web.errors import NotLoggedIn
from hub.web.guard import COOKIE, from_our_form, hub_of
from hub.web.pages import open_page
from hub.web.roles import Permission
from hub.web.screen import Screen

SCREEN = Screen(name="second_factor", path="/second-factor", needs=Permission.OWN, open=True)
router = APIRouter()


@router.get("/second-factor")
def form(request: Request, next: str = "/") -> Response:  # noqa: A002 -- the word in the address
    """The picture for a new device, or a field for the code of the one there is."""
    return _page(request, _session(request), next)


@router.post("/second-factor", dependencies=[Depends(from_our_form)])
def prove(
    request: Request,
    code: Annotated[str, Form(max_length=20)] = "",
    present: Annotated[str, Form(max_length=20)] = "",
    next: Annotated[str, Form(max_length=500)] = "/",  # noqa: A002 -- the word in the form
) -> Response:
    """The code is right: go on with a session that may do everything."""
    hub, session = hub_of(request), _session(request)
    cookie, here = request.cookies.get(COOKIE, ""), {"address": address_of(request), "agent": agent_of(request)}
    try:
        if _has_to_show(request, session):
            entry = identity.prove_device(hub, cookie, code, **here)
        else:
            entry = identity.confirm_device(hub, cookie, code, present=present, **here)
    except AccessRefused as no:
        return _page(request, session, next, no)
    return keep(request, RedirectResponse(local(next), status_code=303), entry)


def _session(request: Request) -> Session:
    session = identity.session_of(hub_of(request), request.cookies.get(COOKIE, ""))
    if session is None:
        raise NotLoggedIn
    return session


def _has_to_show(request: Request, session: Session) -> bool:
    """Whether there is a device already that this session has not shown."""
    return not session.factors and identity.has_device(hub_of(request), session.person)


def _page(request: Request, session: Session, path: str, no: AccessRefused | None = None) -> Response:
    picture = secret = ""
    show = _has_to_show(request, session)
    if not show:
        device = identity.new_device(hub_of(request), session)
        picture = segno.make(device.address, error="m").svg_data_uri(scale=5, border=4, dark="#000", light="#fff")
        secret = " ".join(device.secret[at : at + 4] for at in range(0, len(device.secret), 4))
    replaces = not show and identity.has_device(hub_of(request), session.person)
    values = {"show": show, "replaces": replaces, "picture": picture, "secret": secret, "next": local(path), "no": no}
    status = 200 if no is None else 429 if no.retry_after else 403
    whose = session.person
    return open_page(request, "second_factor/form.html", status=status, csrf=session.csrf, login=whose.login, **values)
