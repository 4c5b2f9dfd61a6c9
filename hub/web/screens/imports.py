"""Imports: practices, organisations, users and dated reference lists; what would change is shown before it is saved."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response, UploadFile

from hub.errors import HubError
from hub.pipeline.imports import KINDS, Imported, import_list
from hub.pipeline.upload_checks import check_upload
from hub.texts import pick
from hub.web.errors import Absent
from hub.web.guard import Visiting
from hub.web.pages import page
from hub.web.parts.handing_in import trouble
from hub.web.roles import Permission
from hub.web.saying import done
from hub.web.screen import Screen
from hub.web.staging import Staging
from hub.web.visit import Visit

SCREEN = Screen(name="imports", path="/imports", needs=Permission.ADMIN, group="admin", order=30)
router = APIRouter()
_SHOWN = 200


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
    data, name = file.file.read(), file.filename or "list"
    error, outcome = "", None
    try:
        check_upload(visit.hub, name, data)
        outcome = _import(visit, kind, data, name, valid_from, source, dry=True)
    except HubError as found:
        said = trouble(found)
        error = " ".join(pick(words, visit.language) for words in (said.said, said.todo) if words)
    word = _staging(request).keep(visit.session.id, name, data) if outcome else ""
    more = {"kinds": KINDS, "chosen": kind, "valid_from": valid_from, "source": source, "shown": _SHOWN}
    status = 200 if outcome else 422
    return page(visit, "imports/form.html", status=status, outcome=outcome, word=word, error=error, **more)


@router.post("/imports/apply")
def apply(
    request: Request,
    visit: Visiting,
    kind: Annotated[str, Form()],
    word: Annotated[str, Form()],
    valid_from: Annotated[str, Form()] = "",
    source: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Save what was shown."""
    staged = _staging(request).take(visit.session.id, word)
    if staged is None or kind not in KINDS:
        return done("/imports", "too_late")
    outcome = _import(visit, kind, staged.data, staged.name, valid_from, source, dry=False)
    return done("/imports", "saved", **outcome.counts)


def _import(visit: Visit, kind: str, data: bytes, name: str, valid_from: str, source: str, *, dry: bool) -> Imported:
    day = date.fromisoformat(valid_from) if valid_from else None
    with visit.unit() as unit:
        return import_list(
            unit, kind, data, name, country=visit.country, actor=visit.actor, valid_from=day, source=source, dry=dry
        )


def _staging(request: Request) -> Staging:
    staging: Staging = request.app.state.staging
    return staging
