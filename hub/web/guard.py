"""Who is there, and may they: dependencies that stand before every route, added by the scan and not by hand."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request

from hub.pipeline.context import Hub
from hub.pipeline.identity import session_of
from hub.store import parties
from hub.web.errors import Absent, Forged, NotLoggedIn
from hub.web.roles import Permission
from hub.web.saying import heard
from hub.web.visit import Visit

COOKIE = "kvitt"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def hub_of(request: Request) -> Hub:
    """The hub this console serves."""
    hub: Hub = request.app.state.hub
    return hub


def visiting(request: Request) -> Visit:
    """Who looks; NotLoggedIn when nobody does."""
    hub = hub_of(request)
    session = session_of(hub, request.cookies.get(COOKIE, ""))
    if session is None or not session.factors:
        raise NotLoggedIn
    person = session.person
    with hub.store.reading(person.tenant) as unit:
        within = parties.codes_below(unit, person.organisation) if person.organisation else None
    tenant = next(row for row in hub.store.tenants() if row["id"] == person.tenant)
    return Visit(
        hub=hub,
        session=session,
        country=tenant["country"],
        tenant_name=tenant["name"],
        within=within,
        screens=request.app.state.screens,
        partial=request.headers.get("hx-request") == "true" and request.headers.get("hx-boosted") != "true",
        path=request.url.path,
        said=heard(request),
    )


Visiting = Annotated[Visit, Depends(visiting)]
"""How a route asks for the visit: `def today(visit: Visiting) -> Response`."""


def needs(permission: Permission) -> Callable[[Visit], None]:
    """A guard: what this person may not do is not there for them (404, and a line in the access log)."""

    def guard(visit: Visiting) -> None:
        if not visit.may(permission):
            raise Absent("page", visit.path)

    return guard


def meant_for(country: str) -> Callable[[Visit], None]:
    """A guard: a screen of one country is not there for tenants of another."""

    def guard(visit: Visiting) -> None:
        if country and country != visit.country:
            raise Absent("page", visit.path)

    return guard


def of_this_site(request: Request) -> None:
    """A change comes from one of our own pages: browsers say so, and a foreign one is refused before it is read."""
    if request.method in _SAFE:
        return
    said = request.headers.get("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin")
    if said not in ("same-origin", "none") or (origin is not None and origin not in _own_origins(request)):
        raise Forged


async def from_our_form(request: Request) -> None:
    """A change carries the secret of its session, which no other site can read."""
    if request.method in _SAFE:
        return
    session = session_of(hub_of(request), request.cookies.get(COOKIE, ""))
    if session is None:
        raise NotLoggedIn
    given = request.headers.get("x-csrf") or (await request.form()).get("csrf", "")
    if not isinstance(given, str) or not hmac.compare_digest(given.encode(), session.csrf.encode()):
        raise Forged


def _own_origins(request: Request) -> tuple[str, ...]:
    public: str = request.app.state.origin
    return (public,) if public else (f"{request.url.scheme}://{request.headers.get('host', '')}",)
