"""Deadlines for a calendar that asks by itself: its address carries a token that opens this and nothing else."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Request, Response

from hub.pipeline.api_tokens import CALENDAR, Program, program_of
from hub.pipeline.deadlines import deadlines
from hub.store import access
from hub.web.guard import hub_of
from hub.web.parts.ical import calendar_file
from hub.web.roles import Permission, may
from hub.web.screen import Screen

SCREEN = Screen(name="calendar", path="/calendar", needs=Permission.OWN, open=True)
router = APIRouter()


@router.get("/calendar/{token}/{language}.ics")
def feed(request: Request, token: str, language: Literal["en", "nb", "nl"]) -> Response:
    """What the token's maker would see now; 404 for one that opens nothing (any more), whatever the reason."""
    hub = hub_of(request)
    program = program_of(hub, token)
    if program is None or not _opens(program):
        return Response("not found\n", status_code=404, media_type="text/plain")
    with hub.store.reading(program.tenant, within=program.within) as unit:
        piles = deadlines(hub, unit).piles
    with hub.store.unit(program.tenant) as unit:
        who = program.actor
        access.record(unit, actor=who.name, role=who.role, action="calendar", object_=f"token/{program.token_id}")
    return calendar_file(piles, language, hub.clock.now())


def _opens(program: Program) -> bool:
    """Whether it is a calendar's, of somebody who may have one still."""
    return CALENDAR in program.scopes and (not program.maker or may(program.maker, Permission.SUBSCRIBE))
