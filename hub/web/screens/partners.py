"""Partners and certificates: what is agreed with whom, what ends soon, what is stopped; pause, resume and probe."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Response

from hub.pipeline.calendar import calendar
from hub.pipeline.partner_page import PartnerPage, partner_page, partner_rows, probed
from hub.store import access, pauses
from hub.web.errors import Absent
from hub.web.guard import Visiting, needs
from hub.web.pages import page
from hub.web.parts.refusals import in_one
from hub.web.roles import Permission
from hub.web.saying import done
from hub.web.screen import Screen
from hub.web.visit import Visit

SCREEN = Screen(name="partners", path="/partners", group="traffic", order=40)
router = APIRouter()
_RUN = [Depends(needs(Permission.RUN))]


@router.get("/partners")
def listing(visit: Visiting) -> Response:
    """Every partner with an agreement, how it goes with it, and what ends soon."""
    with visit.reading() as unit:
        rows, ends = partner_rows(visit.hub, unit, visit.country), calendar(visit.hub, unit)
    return page(visit, "partners/list.html", rows=rows, ends=ends)


@router.get("/partners/{name}")
def one(visit: Visiting, name: str) -> Response:
    """One partner: its folder, our agreement (secrets never shown), its codes and contacts."""
    return page(visit, "partners/one.html", body=_one(visit, name))


@router.post("/partners/{name}/pause", dependencies=_RUN)
def pause(visit: Visiting, name: str, reason: Annotated[str, Form(min_length=3, max_length=200)]) -> Response:
    """Stop what goes out to it until somebody resumes it."""
    _one(visit, name)
    with visit.unit() as unit:
        pauses.pause(unit, pauses.PARTNER, name, reason=reason, by=visit.actor.name)
        access.record(unit, actor=visit.actor.name, role=visit.role, action="pause", object_=f"partner/{name}")
    return done(f"/partners/{name}", "paused_now")


@router.post("/partners/{name}/resume", dependencies=_RUN)
def resume(visit: Visiting, name: str) -> Response:
    """Let it go on."""
    _one(visit, name)
    with visit.unit() as unit:
        pauses.resume(unit, pauses.PARTNER, name, by=visit.actor.name)
        access.record(unit, actor=visit.actor.name, role=visit.role, action="resume", object_=f"partner/{name}")
    return done(f"/partners/{name}", "resumed")


@router.post("/partners/{name}/probe", dependencies=_RUN)
def probe(visit: Visiting, name: str) -> Response:
    """Look whether it can be reached, without sending anything."""
    body = _one(visit, name)
    said = probed(visit.hub, visit.tenant, body.partner, lambda error: in_one(error, visit.language))
    visit.saw("probe", f"partner/{name}", outcome="ok" if said.ok else "failed")
    return done(f"/partners/{name}", "reached" if said.ok else "not_reached", text=said.text)


def _one(visit: Visit, name: str) -> PartnerPage:
    with visit.reading() as unit:
        found = partner_page(visit.hub, unit, name, visit.country)
    if found is None:
        raise Absent("partner", name)
    return found
