"""Users: who may come in, in which role, for which organisation; invitations, leavers, lost devices."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from hub.errors import ConfigurationError
from hub.intake.cells import Cells
from hub.intake.party_lists import ROLES, USER_COLUMNS, user_row
from hub.model.finding import Finding, blocking
from hub.pipeline import identity, onboarding
from hub.pipeline.identity import Link, UserView
from hub.settings import LANGUAGES
from hub.store import parties
from hub.web.cookies import base_of
from hub.web.errors import Absent
from hub.web.guard import Visiting
from hub.web.pages import page
from hub.web.roles import Permission
from hub.web.saying import done
from hub.web.screen import Screen
from hub.web.visit import Visit

SCREEN = Screen(name="users", path="/users", needs=Permission.ADMIN, group="admin", order=20)
router = APIRouter()
Word = Annotated[str, Form(max_length=120)]


@router.get("/users")
def listing(visit: Visiting, after: str = "") -> Response:
    """Users by login, and lost devices that wait for a second person."""
    return _list(visit, after=after[:36])


@router.post("/users/find")
def find(visit: Visiting, find: Word = "") -> Response:
    """The users whose login or name has these signs in it; a form, so that no address holds a name."""
    return _list(visit, find=find)


@router.post("/users")
def add(
    visit: Visiting, login: Word, role: Word, name: Word = "", organisation: Word = "", language: Word = "en"
) -> Response:
    """Add somebody; they come in by invitation."""
    values = {"login": login, "name": name, "role": role, "organisation": organisation, "language": language}
    try:
        identity.require_free(visit.hub, visit.tenant, login)
    except ConfigurationError:
        return _list(visit, values=values, taken=True)
    found = _put(visit, values)
    if found:
        return _list(visit, values=values, findings=found)
    return done("/users", "added", login=login)


@router.get("/users/{user_id}")
def one(visit: Visiting, user_id: str) -> Response:
    """One user."""
    return _one(visit, _user(visit, user_id))


@router.post("/users/{user_id}")
def change(
    visit: Visiting, user_id: str, role: Word, name: Word = "", organisation: Word = "", language: Word = "en"
) -> Response:
    """Another role, organisation, name or language; it counts in their open sessions at once. Never one's own."""
    user = _other(visit, user_id)
    values = {"login": user.login, "name": name, "role": role, "organisation": organisation, "language": language}
    found = _put(visit, values)
    return _one(visit, user, findings=found) if found else done(f"/users/{user_id}", "changed_user", login=user.login)


@router.post("/users/{user_id}/invite")
def invite(visit: Visiting, request: Request, user_id: str) -> Response:
    """A link to choose a password with."""
    user = _other(visit, user_id)
    made = identity.invite(visit.hub, visit.tenant, user.login, visit.actor, base=base_of(request))
    return _handed_over(visit, request, user, made)


@router.post("/users/{user_id}/reset")
def reset(visit: Visiting, request: Request, user_id: str) -> Response:
    """A link to a new password."""
    user = _other(visit, user_id)
    made = identity.give_reset(visit.hub, visit.tenant, user.login, visit.actor, base=base_of(request))
    return _handed_over(visit, request, user, made)


@router.post("/users/{user_id}/end")
def end(visit: Visiting, user_id: str) -> Response:
    """They leave: sessions, links, password and device end now."""
    user = _other(visit, user_id)
    ended = identity.end_user(visit.hub, visit.tenant, user.login, visit.actor)
    return done(f"/users/{user_id}", "ended", login=user.login, sessions=ended)


@router.post("/users/{user_id}/device")
def ask_device(visit: Visiting, user_id: str) -> Response:
    """They lost their device: a second person is asked."""
    user = _other(visit, user_id)
    identity.ask_device(visit.hub, visit.tenant, user.login, visit.actor)
    return done("/users", "device_asked", login=user.login)


@router.post("/users/{user_id}/device/approve")
def approve(visit: Visiting, request: Request, user_id: str) -> Response:
    """A second person says that it is them; the pipeline makes sure it is a second one."""
    user = _other(visit, user_id)
    number = _asked(visit, user)
    try:
        made = identity.approve_device(visit.hub, visit.tenant, number, visit.actor, base=base_of(request))
    except ConfigurationError:
        return _one(visit, user, alone=True)
    return _handed_over(visit, request, user, made)


@router.post("/users/{user_id}/device/refuse")
def refuse(visit: Visiting, user_id: str) -> Response:
    """It was not them."""
    user = _user(visit, user_id)
    identity.refuse_device(visit.hub, visit.tenant, _asked(visit, user), visit.actor)
    return done("/users", "device_refused", login=user.login)


def _user(visit: Visit, user_id: str) -> UserView:
    found = identity.user_view(visit.hub, visit.tenant, visit.within, user_id)
    if found is None:
        raise Absent("user", user_id)
    return found


def _other(visit: Visit, user_id: str) -> UserView:
    """A user who is not oneself: nobody gives themselves another role, or a way in."""
    user = _user(visit, user_id)
    if user.id == visit.session.person.user_id:
        raise ConfigurationError("nobody administers their own account", hint="ask a colleague")
    return user


def _asked(visit: Visit, user: UserView) -> str:
    for each in identity.asked_devices(visit.hub, visit.tenant, visit.within):
        if each.user_id == user.id:
            return each.id
    raise Absent("device", user.id)


def _put(visit: Visit, values: dict[str, str]) -> list[Finding]:
    """Store a user as the forms and lists have it; gives what stands in the way."""
    cells = Cells(1, {column: values[column] for column in USER_COLUMNS})
    row = user_row(cells)
    found = blocking(cells.findings)
    if not found:
        with visit.unit() as unit:
            found = blocking(onboarding.put_users(unit, [row], visit.actor).findings)
    return list(found)


def _handed_over(visit: Visit, request: Request, user: UserView, made: Link) -> Response:
    """Mailed; or, where the login is no address, shown once to be handed over."""
    if made.mailed:
        return done(f"/users/{user.id}", "mailed", to=made.mailed)
    return _one(visit, _user(visit, user.id), link=f"{base_of(request)}{made.path}/{made.secret}")


def _list(
    visit: Visit,
    *,
    after: str = "",
    find: str = "",
    values: dict[str, str] | None = None,
    findings: list[Finding] | None = None,
    taken: bool = False,
) -> Response:
    users = identity.users_page(visit.hub, visit.tenant, visit.within, after=after, find=find)
    more = len(users) > identity.A_PAGE
    shown = users[: identity.A_PAGE]
    return page(
        visit,
        "users/list.html",
        status=422 if findings or taken else 200,
        users=shown,
        next=shown[-1].id if more and not find else "",
        more=more,
        find=find,
        waiting=identity.asked_devices(visit.hub, visit.tenant, visit.within),
        values=values or {},
        findings=findings or [],
        taken=taken,
        organisations=_organisations(visit),
        roles=ROLES,
        spoken=LANGUAGES,
    )


def _one(
    visit: Visit, user: UserView, *, link: str = "", findings: list[Finding] | None = None, alone: bool = False
) -> Response:
    waiting = identity.asked_devices(visit.hub, visit.tenant, visit.within)
    asked = [each for each in waiting if each.user_id == user.id]
    return page(
        visit,
        "users/one.html",
        status=409 if alone else 422 if findings else 200,
        user=user,
        link=link,
        alone=alone,
        findings=findings or [],
        asked=asked[0] if asked else None,
        own=user.id == visit.session.person.user_id,
        organisations=_organisations(visit),
        roles=ROLES,
        spoken=LANGUAGES,
    )


def _organisations(visit: Visit) -> list[tuple[str, str]]:
    """What a user may be given; the whole tenant only by who sees it whole."""
    with visit.reading() as unit:
        found = [(each.code, f"{each.code} {each.party.name}") for each in parties.organisations(unit)]
    return ([("", "-")] if visit.within is None else []) + found
