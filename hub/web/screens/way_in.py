"""Ways in for who has no password or device: the invitation, a new password, a lost device. Looking uses no link up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from hub.errors import AccessRefused
from hub.pipeline import identity
from hub.pipeline.identity import Entry
from hub.store.logins import DEVICE, INVITATION, RESET
from hub.web.cookies import address_of, agent_of, base_of, keep
from hub.web.guard import hub_of
from hub.web.pages import open_page
from hub.web.roles import Permission
from hub.web.screen import Screen

SCREEN = Screen(name="way_in", path="/welcome", needs=Permission.OWN, open=True)
router = APIRouter()
Password = Annotated[str, Form(max_length=2000)]


@router.get("/welcome/{link}")
def welcome(request: Request, link: str) -> Response:
    """Choose a password."""
    return _choose(request, link, INVITATION)


@router.post("/welcome/{link}")
def accept(request: Request, link: str, password: Password = "", again: Password = "") -> Response:
    """Take the invitation up; the device comes next where one is asked for."""
    if password != again:
        return _choose(request, link, INVITATION, differs=True)
    return _in(request, link, INVITATION, lambda **here: identity.accept(hub_of(request), link, password, **here))


@router.get("/reset")
def forgotten(request: Request) -> Response:
    """Ask for a new password."""
    return open_page(request, "way_in/forgotten.html", asked=False, no=None)


@router.post("/reset")
def ask(request: Request, login: Annotated[str, Form(max_length=300)] = "") -> Response:
    """The same page for everybody, whether there is such a login or not."""
    try:
        identity.ask_reset(hub_of(request), login, base=base_of(request), address=address_of(request))
    except AccessRefused as no:
        return open_page(request, "way_in/forgotten.html", status=_status(no), asked=False, no=no)
    return open_page(request, "way_in/forgotten.html", asked=True, no=None)


@router.get("/reset/{link}")
def choose(request: Request, link: str) -> Response:
    """Choose a new password."""
    return _choose(request, link, RESET)


@router.post("/reset/{link}")
def reset(request: Request, link: str, password: Password = "", again: Password = "") -> Response:
    """Set it; every session ends, and one logs in with it."""
    if password != again:
        return _choose(request, link, RESET, differs=True)
    try:
        identity.reset(hub_of(request), link, password, address=address_of(request))
    except AccessRefused as no:
        return _choose(request, link, RESET, no=no)
    return RedirectResponse("/login", status_code=303)


@router.get("/device")
def lost(request: Request) -> Response:
    """Say that a device is lost."""
    return open_page(request, "way_in/lost.html", asked=False, no=None, login="")


@router.post("/device")
def tell(request: Request, login: Annotated[str, Form(max_length=300)] = "", password: Password = "") -> Response:
    """It is told to those who can approve a new one."""
    try:
        identity.lost_device(hub_of(request), login, password, address=address_of(request))
    except AccessRefused as no:
        return open_page(request, "way_in/lost.html", status=_status(no), asked=False, no=no, login=login)
    return open_page(request, "way_in/lost.html", asked=True, no=None, login=login)


@router.get("/device/{link}")
def replace(request: Request, link: str) -> Response:
    """Show the password once more to set up a new device."""
    return _choose(request, link, DEVICE)


@router.post("/device/{link}")
def replaced(request: Request, link: str, password: Password = "") -> Response:
    """The lost device counts no more; the new one comes next."""
    return _in(request, link, DEVICE, lambda **here: identity.replace_device(hub_of(request), link, password, **here))


def _in(request: Request, link: str, kind: str, step: Callable[..., Entry]) -> Response:
    try:
        entry = step(address=address_of(request), agent=agent_of(request))
    except AccessRefused as no:
        return _choose(request, link, kind, no=no)
    onward = "/" if entry.session.factors and kind != DEVICE else "/second-factor"
    return keep(request, RedirectResponse(onward, status_code=303), entry)


def _choose(
    request: Request, link: str, kind: str, *, no: AccessRefused | None = None, differs: bool = False
) -> Response:
    person = identity.read_link(hub_of(request), link, kind)
    if person is None:
        return open_page(request, "way_in/over.html", status=410, kind=kind)
    status = 422 if differs else 200 if no is None else _status(no)
    values = {"person": person, "link": link, "kind": kind, "no": no, "differs": differs}
    return open_page(request, "way_in/choose.html", status=status, **values)


def _status(no: AccessRefused) -> int:
    return 429 if no.retry_after else 422
