"""Tokens: what programs come in with at the REST API. Each is shown once, when it is made."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Response

from hub.errors import HubError
from hub.pipeline import api_tokens
from hub.pipeline.api_tokens import SCOPES, Made, Wanted
from hub.store import parties
from hub.store.unit import Row
from hub.web.errors import Absent
from hub.web.guard import Visiting
from hub.web.pages import page
from hub.web.parts.refusals import in_one
from hub.web.roles import Permission
from hub.web.saying import done
from hub.web.screen import Screen
from hub.web.visit import Visit

SCREEN = Screen(name="tokens", path="/tokens", needs=Permission.ADMIN, group="admin", order=60)
router = APIRouter()
_SHOWN = 100


@router.get("/tokens")
def listing(visit: Visiting) -> Response:
    """Every token, newest first; of a hub that makes very many only the newest."""
    return _list(visit)


@router.post("/tokens")
def add(
    visit: Visiting,
    name: Annotated[str, Form(max_length=60)],
    organisation: Annotated[str, Form(max_length=20)] = "",
    days: Annotated[int, Form()] = 90,
    scopes: Annotated[list[str] | None, Form()] = None,
) -> Response:
    """Make one; whoever makes it sees it now and nobody later."""
    wanted = Wanted(name=name, scopes=tuple(scopes or ()), organisation=organisation, days=days)
    user_id = visit.session.person.user_id
    try:
        made = api_tokens.make(visit.hub, visit.tenant, wanted, visit.actor, within=visit.within, user_id=user_id)
    except HubError as error:
        return _list(visit, wanted=wanted, error=in_one(error, visit.language))
    return _list(visit, made=made)


@router.post("/tokens/{token_id}/revoke")
def revoke(visit: Visiting, token_id: str) -> Response:
    """It opens nothing from now on."""
    if not api_tokens.revoke(visit.hub, visit.tenant, token_id, visit.actor, within=visit.within):
        raise Absent("token", token_id)
    return done("/tokens", "revoked_now")


def _list(visit: Visit, *, made: Made | None = None, wanted: Wanted | None = None, error: str = "") -> Response:
    rows = api_tokens.listed(visit.hub, visit.tenant, visit.within)
    with visit.reading() as unit:
        found = [(each.code, f"{each.code} {each.party.name}") for each in parties.organisations(unit)]
        now = unit.now
    whole = [("", "-")] if visit.within is None else []
    return page(
        visit,
        "tokens/list.html",
        status=422 if error else 200,
        tokens=[(row, _state(row, now > row["expires_at"])) for row in rows[:_SHOWN]],
        made=made,
        error=error,
        values=wanted or Wanted(name="", scopes=()),
        scopes=tuple(SCOPES),
        organisations=whole + found,
    )


def _state(row: Row, over: bool) -> str:
    if row["revoked_at"] is not None:
        return "revoked"
    return "over" if over else "live" if row["live"] else "test"
