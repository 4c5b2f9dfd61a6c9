"""Search: one box for every business key, or a pasted list of them; by POST, so that no key stands in an address."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Response

from hub.pipeline import search as keys
from hub.pipeline.search import KINDS, Found, Hit, Key
from hub.web.guard import Visiting
from hub.web.pages import page
from hub.web.parts.doors import door
from hub.web.roles import Permission
from hub.web.screen import Screen
from hub.web.visit import Visit

SCREEN = Screen(name="search", path="/search", group="work", order=5)
router = APIRouter()
_LONGEST = 100_000
"""Characters of a pasted list: five hundred keys with room to spare."""


@router.get("/search")
def form(visit: Visiting) -> Response:
    """The form."""
    return _page(visit)


@router.post("/search")
def results(
    visit: Visiting,
    q: Annotated[str, Form(max_length=_LONGEST)] = "",
    many: Annotated[str, Form(max_length=_LONGEST)] = "",
) -> Response:
    """What these keys lead to, by kind; that somebody searched is written down."""
    asked = keys.keys_of(q, many)
    if not asked:
        return _page(visit, problem="nothing_asked", status=422)
    if len(asked) > keys.MOST_KEYS:
        return _page(visit, problem="too_many", count=len(asked), status=422)
    with visit.reading() as unit:
        found = keys.find(visit.hub, unit, asked, money=visit.may(Permission.MONEY_SEE))
    keys.note(visit.hub, visit.tenant, visit.actor, asked)
    return _page(visit, asked=asked, found=found)


def _page(
    visit: Visit,
    *,
    asked: tuple[Key, ...] = (),
    found: Found | None = None,
    problem: str = "",
    count: int = 0,
    status: int = 200,
) -> Response:
    """The box is filled again only with what is no person's number."""
    again = asked[0].text if len(asked) == 1 and not asked[0].persons else ""
    return page(
        visit,
        "search/search.html",
        status=status,
        again=again,
        asked=asked,
        found=found,
        groups=[(kind, found.hits[kind]) for kind in KINDS if kind in found.hits] if found else [],
        problem=problem,
        count=count,
        most=keys.MOST_KEYS,
        way=lambda hit: _way(visit, hit),
    )


def _way(visit: Visit, hit: Hit) -> str:
    return door(visit, hit.kind, hit.ref if hit.kind == "organisation" else hit.id)
