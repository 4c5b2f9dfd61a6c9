"""Help for a help desk: a message to copy, a bundle in which all persons are invented, and whom to reach about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Response

from hub import texts
from hub.errors import ConfigurationError, ContentError
from hub.pipeline import bundle, exchanges, letters, worklist
from hub.pipeline.bundle import Bundle
from hub.pipeline.letters import PAYER, PRACTICE
from hub.pipeline.worklist import RefusedLine
from hub.store import claims, support
from hub.store.support import Page
from hub.web.errors import Absent
from hub.web.guard import Visiting, needs
from hub.web.pages import page
from hub.web.roles import Permission
from hub.web.saying import done
from hub.web.screen import Screen
from hub.web.visit import Visit

SCREEN = Screen(name="helpdesk", path="/helpdesk", needs=Permission.WORK)
router = APIRouter()
_WORK = [Depends(needs(Permission.WORK))]


@router.get("/helpdesk/{task}")
def writing(visit: Visiting, task: str, language: str = "") -> Response:
    """A message each to the practice and to the payer, ready to copy, in their language or another."""
    line = _line(visit, task)
    chosen = language if language in texts.LANGUAGES else ""
    with visit.reading() as unit:
        found = [letters.letter(visit.hub, unit, line, to, chosen) for to in (PRACTICE, PAYER)]
    visit.saw("open", f"task/{task}/letter")
    return page(visit, "helpdesk/write.html", line=line, letters=found, chosen=chosen, spoken=texts.LANGUAGES)


@router.post("/helpdesk/{task}/told", dependencies=_WORK)
def told(visit: Visiting, task: str, whom: Annotated[str, Form(pattern="^(practice|payer)$")]) -> Response:
    """Write down that it was sent."""
    _line(visit, task)
    with visit.hub.store.unit(visit.tenant) as unit:
        worklist.told(unit, task, whom, visit.actor)
    return done(f"/rejections/{task}", "told")


@router.post("/helpdesk/bundle/claim", dependencies=_WORK)
def of_claim(visit: Visiting, ref: Annotated[str, Form(max_length=60)]) -> Response:
    """The bundle of a claim, as a download."""
    with visit.reading() as unit:
        if claims.by_ref(unit, ref) is None:
            raise Absent("claim", ref)
    return _download(visit, lambda: bundle.of_claim(visit.hub, visit.tenant, ref, visit.actor))


@router.post("/helpdesk/bundle/exchange", dependencies=_WORK)
def of_exchange(visit: Visiting, ref: Annotated[str, Form(max_length=200)]) -> Response:
    """The bundle of a whole message, as a download."""
    with visit.reading() as unit:
        try:
            row = exchanges.one(unit, ref)
        except ConfigurationError as error:
            raise Absent("exchange", ref) from error
    return _download(visit, lambda: bundle.of_exchange(visit.hub, visit.tenant, row["id"], visit.actor))


def _download(visit: Visit, made: Callable[[], Bundle]) -> Response:
    try:
        found = made()
    except ContentError as error:
        return page(visit, "helpdesk/no_bundle.html", status=409, error=error)
    return Response(
        found.payload,
        media_type="application/zip",
        headers={"content-disposition": f'attachment; filename="{found.name}"'},
    )


def _line(visit: Visit, task: str) -> RefusedLine:
    with visit.reading() as unit:
        row = support.refusal(unit, task)
        if row is None:
            raise Absent("task", task)
        (line,) = worklist.lines_of(visit.hub, unit, Page([row], None))
    return line
