"""Imports: practices, organisations, users and dated reference lists; what would change is shown before it is saved."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response, UploadFile

from hub.errors import ConfigurationError, HubError
from hub.pipeline.imports import KINDS, Imported, import_list
from hub.pipeline.upload_checks import check_upload
from hub.texts import pick
from hub.web.errors import Absent
from hub.web.guard import Visiting
from hub.web.pages import page
from hub.web.parts import handing_in
from hub.web.parts.turns import in_turn, staff
from hub.web.roles import Permission
from hub.web.saying import done
from hub.web.screen import Screen
from hub.web.visit import Visit
from hub.web.wording import word

SCREEN = Screen(name="imports", path="/imports", needs=Permission.ADMIN, group="admin", order=30)
router = APIRouter()
_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Given:
    """A file as it came."""

    name: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a list is, and from when it counts."""

    kind: str
    valid_from: str
    source: str


@router.get("/imports")
def form(visit: Visiting) -> Response:
    """What can be imported."""
    return page(visit, "imports/form.html", kinds=KINDS, outcome=None, word="", chosen="", error="")


@router.post("/imports")
def preview(
    request: Request,
    visit: Visiting,
    kind: Annotated[str, Form()],
    file: UploadFile,
    valid_from: Annotated[str, Form()] = "",
    source: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """What the list would do; nothing is saved yet."""
    if kind not in KINDS:
        raise Absent("import", kind)
    data, name = handing_in.received(file)
    asked = Asked(kind=kind, valid_from=valid_from, source=source)
    return in_turn(request, visit, staff(visit), data, partial(_tried, request, visit, asked, Given(name, data)))


def _tried(request: Request, visit: Visit, asked: Asked, given: Given) -> Response:
    error, outcome = "", None
    try:
        check_upload(visit.hub, given.name, given.data)
        outcome = _import(visit, asked, given, dry=True)
    except HubError as found:
        said = handing_in.trouble(found)
        error = " ".join(pick(words, visit.language) for words in (said.said, said.todo) if words)
    token = handing_in.keep(request, visit, given.name, given.data) if outcome else ""
    more = {"kinds": KINDS, "chosen": asked.kind, "valid_from": asked.valid_from, "source": asked.source}
    status = 200 if outcome else 422
    shown = {"outcome": outcome, "word": token, "error": error, "shown": _SHOWN}
    return page(visit, "imports/form.html", status=status, **more, **shown)


@router.post("/imports/apply")
def apply(
    request: Request,
    visit: Visiting,
    kind: Annotated[str, Form()],
    token: Annotated[str, Form(alias="word", max_length=60)],
    valid_from: Annotated[str, Form()] = "",
    source: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Save what was shown."""
    staged = handing_in.take(request, visit, token)
    if staged is None or kind not in KINDS:
        return done("/imports", "too_late")
    asked = Asked(kind=kind, valid_from=valid_from, source=source)
    work = partial(_saved, visit, asked, Given(staged.name, staged.data))
    return in_turn(request, visit, staff(visit), staged.data, work)


def _saved(visit: Visit, asked: Asked, given: Given) -> Response:
    outcome = _import(visit, asked, given, dry=False)
    return done("/imports", "saved", **outcome.counts)


def _import(visit: Visit, asked: Asked, given: Given, *, dry: bool) -> Imported:
    with visit.unit() as unit:
        return import_list(
            unit,
            asked.kind,
            given.data,
            given.name,
            country=visit.country,
            actor=visit.actor,
            valid_from=_day(asked.valid_from, visit.language),
            source=asked.source,
            dry=dry,
        )


def _day(said: str, language: str) -> date | None:
    try:
        return date.fromisoformat(said) if said else None
    except ValueError:
        raise ConfigurationError(word("imports", "not_a_day", language)) from None
