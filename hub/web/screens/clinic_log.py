"""A clinic hands in a treatment log: ready or with a problem, put right in place, then sent; afterwards as well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response, UploadFile

from hub.errors import HubError
from hub.intake.columns import TREATMENT_LOG, systems
from hub.pipeline import completing, intake, portal, treatment_logs
from hub.pipeline.cases import RefusedError
from hub.pipeline.intake import IntakeRequest
from hub.pipeline.portal import Rehearsal, handed_in
from hub.pipeline.upload_checks import check_upload
from hub.programmes.outcome import CLAIMED, RowOutcome
from hub.store import portal as store
from hub.store import to_complete
from hub.store.unit import Row
from hub.web.errors import Absent
from hub.web.guard import Visiting
from hub.web.pages import page
from hub.web.parts import handing_in
from hub.web.parts.handing_in import Trouble
from hub.web.parts.results import results_of
from hub.web.parts.turns import in_turn
from hub.web.parts.typed import Typed
from hub.web.roles import Permission
from hub.web.saying import done
from hub.web.screen import Screen
from hub.web.staging import Staged
from hub.web.visit import Visit
from mappings.tables import to_csv

SCREEN = Screen(
    name="clinic_log", path="/clinic/log", needs=Permission.HAND_IN, group="practice", order=20, country="NO"
)
router = APIRouter()
_SHOWN, _ROWS = 100, 100
_PERSONAL = ("birth_date",)
"""Cells that are not shown back: what is typed counts, an empty box keeps what is there."""


@router.get("/clinic/log")
def form(visit: Visiting) -> Response:
    """How a log is made, and the form."""
    return _form(visit)


@router.post("/clinic/log")
def preview(
    request: Request, visit: Visiting, file: UploadFile, clinic: Annotated[str, Form(max_length=20)] = ""
) -> Response:
    """Ready or with a problem, row by row; nothing is kept."""
    owner = handing_in.chosen(visit, "clinic", clinic)
    data, name = handing_in.received(file)
    return in_turn(request, visit, owner.code, data, partial(_preview, request, visit, owner.code, data, name))


def _preview(request: Request, visit: Visit, clinic: str, data: bytes, name: str) -> Response:
    try:
        check_upload(visit.hub, name, data)
        found = portal.rehearse(visit.hub, visit.tenant, _asked(clinic, name), data)
        problems = _problems(found)
        cells = treatment_logs.cells_of(data, name, [one.line for one in problems])
    except HubError as error:
        return _refused(visit, clinic, error)
    visit.saw("preview-upload", f"clinic/{clinic}/sha256/{found.sha256}", outcome=found.status)
    word = "" if found.status == portal.ALREADY else handing_in.keep(request, visit, name, data)
    return _form(visit, clinic, found=found, problems=problems, cells=cells, word=word)


def _asked(clinic: str, name: str) -> IntakeRequest:
    return IntakeRequest(programme=treatment_logs.NAME, organisation=clinic, name=name)


def _problems(found: Rehearsal) -> list[RowOutcome]:
    return [one for one in found.outcomes if one.outcome not in CLAIMED][:_SHOWN]


@router.post("/clinic/log/fix")
def fix(
    request: Request,
    visit: Visiting,
    typed: Typed,
    word: Annotated[str, Form(max_length=60)],
    line: Annotated[int, Form()],
    clinic: Annotated[str, Form(max_length=20)] = "",
) -> Response:
    """Put one row right in the file that is kept for its yes, and check all of it again."""
    owner = handing_in.chosen(visit, "clinic", clinic)
    staged = handing_in.take(request, visit, word)
    if staged is None:
        return done("/clinic/log", "too_late")
    values = {name: said for name, said in typed.items() if said.strip() or name not in _PERSONAL}
    work = partial(_fixed, request, visit, owner.code, staged, line, values)
    return in_turn(request, visit, owner.code, staged.data, work)


def _fixed(
    request: Request, visit: Visit, clinic: str, staged: Staged, line: int, values: Mapping[str, str]
) -> Response:
    try:
        data = treatment_logs.with_cells(staged.data, staged.name, line, values)
    except HubError:
        data = staged.data
    return _preview(request, visit, clinic, data, staged.name)


@router.post("/clinic/log/send")
def send(
    request: Request,
    visit: Visiting,
    word: Annotated[str, Form(max_length=60)],
    clinic: Annotated[str, Form(max_length=20)] = "",
) -> Response:
    """Hand in what was shown: what is ready becomes invoices, the rest waits to be put right."""
    owner = handing_in.chosen(visit, "clinic", clinic)
    staged = handing_in.take(request, visit, word)
    if staged is None:
        return done("/clinic/log", "too_late")
    return in_turn(request, visit, owner.code, staged.data, partial(_taken, visit, owner.code, staged))


def _taken(visit: Visit, clinic: str, staged: Staged) -> Response:
    result = intake.take(visit.hub, visit.tenant, _asked(clinic, staged.name), staged.data, visit.actor)
    ready = sum(one.outcome in CLAIMED for one in result.outcomes)
    key = "was_here" if result.status == "already_received" else "taken"
    return done(f"/clinic/log/{result.declaration_id}", key, ready=ready)


@router.get("/clinic/log/template")
def template(visit: Visiting) -> Response:
    """An empty log with the column names that are known."""
    del visit
    found = next(one for one in systems() if one.kind == TREATMENT_LOG)
    return Response(
        to_csv([names[0] for names in found.columns.values()], []),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="{found.name}.csv"'},
    )


@router.get("/clinic/log/{declaration}")
def one(visit: Visiting, declaration: str, after: int = 0) -> Response:
    """One log: its receipt, what still has a problem, and what became of the rest."""
    return _one(visit, declaration, after=after)


def _one(
    visit: Visit, declaration: str, *, after: int = 0, status: int = 200, wrong: Mapping[str, Trouble] | None = None
) -> Response:
    with visit.reading() as unit:
        row = store.one_list(unit, declaration)
        if row is None:
            raise Absent("declaration", declaration)
        (head,) = handed_in(unit, [row])
        open_rows = store.rows(unit, declaration, outcomes=completing.WAITING, most=_SHOWN).rows
        found = store.rows(unit, declaration, outcomes=tuple(CLAIMED), after=max(after, 0), most=_ROWS)
        results = results_of(visit.hub, unit, found.rows)
    visit.saw("read", f"declaration/{declaration}")
    following = f"/clinic/log/{declaration}?after={found.next}" if found.next is not None else ""
    return page(
        visit,
        "clinic_log/one.html",
        status=status,
        one=head,
        problems=open_rows,
        rows=found.rows,
        results=results,
        fields=completing.FIELDS[treatment_logs.NAME] if row["state"] == "current" else (),
        failing=treatment_logs.FAILING,
        wrong=wrong or {},
        next_url=following,
    )


@router.post("/clinic/log/{declaration}/rows/{row}")
def complete(visit: Visiting, declaration: str, row: str, typed: Typed) -> Response:
    """Put a row right that was handed in: judged anew, and ready when its invoice is made."""
    found = _row(visit, declaration, row)
    fields = completing.FIELDS[treatment_logs.NAME]
    values = {name: said.strip() for name, said in typed.items() if name in fields and said.strip()}
    try:
        made = completing.complete(visit.hub, visit.tenant, row, values, visit.actor)
    except HubError as error:
        return _one(visit, declaration, status=422, wrong={row: handing_in.trouble(error)})
    if made.ref:
        return done(f"/clinic/log/{declaration}", "fixed", line=found["line"], ref=made.ref)
    said = RefusedError("ROW_NOT_COMPLETED", reason=made.outcome.message, code=made.outcome.code)
    return _one(visit, declaration, status=422, wrong={row: handing_in.trouble(said)})


def _row(visit: Visit, declaration: str, row: str) -> Row:
    with visit.reading() as unit:
        found = to_complete.row(unit, row)
    if found is None or found["declaration_id"] != declaration:
        raise Absent("row", row)
    return found


def _form(
    visit: Visit,
    clinic: str = "",
    *,
    found: Rehearsal | None = None,
    problems: Sequence[RowOutcome] = (),
    cells: Mapping[int, treatment_logs.Logged] | None = None,
    word: str = "",
    problem: Trouble | None = None,
    status: int = 200,
) -> Response:
    owners = handing_in.own(visit, "clinic")
    shown: dict[str, Any] = {
        "owners": owners,
        "clinic": clinic or (owners[0].code if owners else ""),
        "found": found,
        "problems": problems,
        "total_problems": len(found.outcomes) - found.ready if found else 0,
        "cells": cells or {},
        "word": word,
        "problem": problem,
        "fields": treatment_logs.FIELDS,
        "failing": treatment_logs.FAILING,
        "personal": _PERSONAL,
        "sheets": [one for one in systems() if one.kind == TREATMENT_LOG],
    }
    return page(visit, "clinic_log/form.html", status=status, **shown)


def _refused(visit: Visit, clinic: str, error: HubError) -> Response:
    problem = handing_in.trouble(error)
    visit.saw("preview-upload", f"clinic/{clinic}", outcome=problem.code.lower() or "refused")
    return _form(visit, clinic, problem=problem, status=422)
