"""Drop any file: what it is and what it would change is said before anything is saved."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response, UploadFile

from hub.errors import HubError
from hub.pipeline import drop, portal
from hub.pipeline.drop import NOBODY, Seen, Whose
from hub.store import parties
from hub.web.guard import Visiting
from hub.web.pages import page
from hub.web.parts import handing_in
from hub.web.parts.handing_in import Trouble
from hub.web.parts.turns import in_turn, staff
from hub.web.roles import Permission
from hub.web.saying import done
from hub.web.screen import Screen
from hub.web.staging import Staged
from hub.web.visit import Visit

SCREEN = Screen(name="drop", path="/drop", needs=Permission.WORK, group="work", order=15)
router = APIRouter()
_Said = Annotated[str, Form(max_length=40)]


@router.get("/drop")
def form(visit: Visiting) -> Response:
    """The box."""
    return _form(visit)


@router.post("/drop")
def look(request: Request, visit: Visiting, file: UploadFile) -> Response:
    """What it is; nothing is saved."""
    data, name = handing_in.received(file)
    return in_turn(request, visit, staff(visit), data, partial(_look, request, visit, name, data, Whose()))


@router.post("/drop/again")
def again(
    request: Request, visit: Visiting, word: _Said, organisation: _Said = "", module: _Said = "", period: _Said = ""
) -> Response:
    """The same file, with whose list it is."""
    staged = handing_in.take(request, visit, word)
    if staged is None:
        return done("/drop", "too_late")
    whose = Whose(organisation=organisation.strip(), module=module.strip(), period=period.strip())
    work = partial(_look, request, visit, staged.name, staged.data, whose)
    return in_turn(request, visit, staff(visit), staged.data, work)


@router.post("/drop/take")
def take(
    request: Request, visit: Visiting, word: _Said, organisation: _Said = "", module: _Said = "", period: _Said = ""
) -> Response:
    """Hand it to its step."""
    staged = handing_in.take(request, visit, word)
    if staged is None:
        return done("/drop", "too_late")
    whose = Whose(organisation=organisation.strip(), module=module.strip(), period=period.strip())
    return in_turn(request, visit, staff(visit), staged.data, partial(_taken, visit, staged, whose))


def _taken(visit: Visit, staged: Staged, whose: Whose) -> Response:
    box = drop.Box(hub=visit.hub, tenant=visit.tenant, country=visit.country, within=visit.within)
    found = drop.take(box, staged.name, staged.data, whose, visit.actor)
    visit.saw("drop", "file/taken")
    return done("/drop", "taken", n=len(found))


def _look(request: Request, visit: Visit, name: str, data: bytes, whose: Whose) -> Response:
    try:
        box = drop.Box(hub=visit.hub, tenant=visit.tenant, country=visit.country, within=visit.within)
        found = drop.look(box, name, data, whose)
    except HubError as error:
        return _form(visit, problem=handing_in.trouble(error), status=422)
    visit.saw("preview-upload", "file/dropped")
    useful = any(one.step != NOBODY or one.asks for one in found)
    word = handing_in.keep(request, visit, name, data) if useful else ""
    return _form(visit, found=found, word=word)


def _form(
    visit: Visit, *, found: Sequence[Seen] = (), word: str = "", problem: Trouble | None = None, status: int = 200
) -> Response:
    kind = "clinic" if visit.country == "NO" else "practice"
    with visit.reading() as unit:
        owners = parties.organisations(unit, kind)
        modules = sorted(
            {name for _, names in portal.module_choices(unit, [one.code for one in owners]) for name in names}
        )
    told = [one for one in found if one.whose.organisation]
    return page(
        visit,
        "drop/form.html",
        status=status,
        found=found,
        word=word,
        problem=problem,
        owners=owners,
        modules=modules,
        asks=any(one.asks for one in found),
        takes=any(one.step != NOBODY for one in found),
        whose=told[0].whose if told else Whose(),
    )
