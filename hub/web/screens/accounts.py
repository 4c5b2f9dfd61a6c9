"""Bank accounts of our own organisations: asked for by one person, in force when another approves."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Response

from hub.errors import HubError
from hub.pipeline import four_eyes, own_accounts
from hub.store import keyset
from hub.store.keyset import Place
from hub.store.parties import organisations
from hub.web.errors import Absent
from hub.web.guard import Visiting, needs
from hub.web.pages import page
from hub.web.parts.places import place
from hub.web.parts.refusals import in_one
from hub.web.roles import Permission
from hub.web.saying import done
from hub.web.screen import Screen
from hub.web.visit import Visit

SCREEN = Screen(name="accounts", path="/accounts", needs=Permission.MONEY_SEE, group="money", order=40)
router = APIRouter()
_PAYS = [Depends(needs(Permission.PAY))]
_PAGE = 50
_NOTHING_TYPED: Mapping[str, str] = MappingProxyType({"code": "", "account": "", "source": ""})


@router.get("/accounts")
def listing(visit: Visiting, after: str = "", before: str = "", code: str = "") -> Response:
    """What waits for a second person, the accounts in force, and what was decided last; each from its own place on."""
    return _list(visit, after=after, before=before, code=code)


def _list(
    visit: Visit,
    *,
    after: str = "",
    before: str = "",
    code: str = "",
    typed: Mapping[str, str] = _NOTHING_TYPED,
    error: str = "",
    status: int = 200,
) -> Response:
    with visit.reading() as unit:
        waiting, later = own_accounts.paged(unit, place(after) or (), _PAGE, waiting=True)
        decided, earlier = own_accounts.paged(unit, place(before) or (), _PAGE, waiting=False)
        found = keyset.organisations(unit, (code,) if code else (), _PAGE + 1)
    ours = found[:_PAGE]
    return page(
        visit,
        "accounts/list.html",
        status=status,
        error=error,
        typed=typed,
        waiting=[(row, _mine(visit, row)) for row in waiting],
        decided=decided,
        ours=ours,
        whole=not code and len(found) <= _PAGE,
        next_waiting=_further("after", later),
        next_decided=_further("before", earlier),
        next_ours=f"/accounts?{urlencode({'code': ours[-1]['code']})}" if len(found) > _PAGE else "",
    )


def _further(name: str, place: Place) -> str:
    return f"/accounts?{urlencode({name: f'{place[0].isoformat()}|{place[1]}'})}" if place else ""


def _mine(visit: Visit, row: dict[str, Any]) -> bool:
    return four_eyes.refusal(row["asked_by"], visit.actor, "who asked for an account") is not None


@router.post("/accounts", dependencies=_PAYS)
def ask(
    visit: Visiting,
    code: Annotated[str, Form(max_length=20)],
    account: Annotated[str, Form(max_length=60)],
    source: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Ask for another account; it counts when a second person approves."""
    _theirs(visit, code)
    try:
        with visit.hub.store.unit(visit.tenant) as unit:
            _, new = own_accounts.ask(unit, code, account, source=source, actor=visit.actor)
    except HubError as problem:
        typed = {"code": code, "account": account, "source": source}
        return _list(visit, typed=typed, error=in_one(problem, visit.language), status=422)
    return done("/accounts", "asked" if new else "asked_before", code=code)


@router.post("/accounts/decide", dependencies=_PAYS)
def decide(
    visit: Visiting,
    code: Annotated[str, Form(max_length=20)],
    account: Annotated[str, Form(max_length=40)],
    answer: Annotated[str, Form(max_length=10)],
) -> Response:
    """Approve what somebody else asked for, or reject it."""
    _theirs(visit, code)
    approves = answer == "approve"
    try:
        with visit.hub.store.unit(visit.tenant) as unit:
            own_accounts.decide(unit, code, visit.actor, approve=approves, account=account)
    except HubError as problem:
        return _list(visit, error=in_one(problem, visit.language), status=409)
    return done("/accounts", "approved" if approves else "rejected", code=code)


def _theirs(visit: Visit, code: str) -> None:
    with visit.reading() as unit:
        known = {one.code for one in organisations(unit)}
    if code not in known:
        raise Absent("organisation", code)
