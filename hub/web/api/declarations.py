"""Lists and logs in, tried first or at once; what became of them, row by row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import ColumnElement, and_

from hub import log
from hub.errors import HubError, TransientError
from hub.pipeline import intake, portal
from hub.pipeline.finished import PROGRAMME, take_finished
from hub.pipeline.intake import IntakeRequest
from hub.pipeline.upload_checks import check_upload, plain_name
from hub.programmes.outcome import RowOutcome
from hub.store import keyset, parties, schema
from hub.store.keyset import Place, Where
from hub.store.unit import Row, Unit
from hub.web.api.caller import Caller, scoped
from hub.web.api.once import Change, change, once
from hub.web.api.paging import Page, Paging, Word, page
from hub.web.api.problems import Problem, Wrong, of_hub
from hub.web.api.turns import WAITS, in_turn

router = APIRouter(tags=["declarations"])
KINDS = (
    "text/csv",
    "text/plain",
    "application/octet-stream",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
)
BIGGEST = 32 * 1024 * 1024
_ROWS = 1000
_Reads = Annotated[Caller, Depends(scoped("declarations:read"))]
_Writes = Annotated[Change, Depends(change("declarations:write", KINDS, BIGGEST))]
_FILE = {"schema": {"type": "string", "format": "binary"}}
_BODY = {"requestBody": {"required": True, "content": dict.fromkeys(KINDS, _FILE)}}
Words = dict[str, str]


class Handed(BaseModel):
    """What a list is for."""

    model_config = ConfigDict(extra="forbid")
    organisation: Word = Field(description="Code of whose list it is.")
    programme: Word = Field(
        description=f"One of: {', '.join(intake.programmes())}; or {PROGRAMME} (a claim file or invoice as is)."
    )
    module: Word | None = Field(None, description="Such as PMO, where the programme has modules.")
    period: Word | None = Field(None, description="Such as 2024Q1, where the programme has periods.")
    name: Word = Field("list.csv", description="What the file is called.")
    dry_run: bool = Field(default=False, description="Only say what would come of it; nothing is stored.")


class RowOut(BaseModel):
    """What became of one row. Nothing of the row itself: `row_id` is the list's own, or masked."""

    line: int
    row_id: str
    outcome: str
    code: str
    message: Words
    claim: str | None = Field(description="The claim it became.")


class Declaration(BaseModel):
    """A list or log that came in."""

    id: str
    organisation: str
    programme: str
    module: str
    period: str
    state: str = Field(description="current, held (a person must decide), refused, or replaced by a later one.")
    code: str = Field(description="Why it is held or refused.")
    sha256: str
    received_at: datetime
    outcomes: dict[str, int] = Field(description="How many rows ended how; the numbers add up to the rows.")


class DryRun(BaseModel):
    """What would come of a list."""

    status: str = Field(description="ready, already_received, submitted (it adds to one that went out), or refused.")
    code: str
    sha256: str
    outcomes: dict[str, int]
    rows: list[RowOut] = Field(description=f"The first {_ROWS}.")
    declaration: str | None = Field(description="The one that the same bytes made before.")


class Declarations(Paging):
    """Filters."""

    organisation: Word | None = None
    module: Word | None = None
    period: Word | None = None
    state: Word | None = None


class Rows(Paging):
    """Filters."""

    outcome: Word | None = None
    code: Word | None = None


@router.post(
    "/declarations",
    status_code=201,
    response_model=Declaration,
    responses={200: {"model": DryRun, "description": "What would come of it"}, 202: WAITS},
    openapi_extra=_BODY,
)
def hand_in(request: Request, made: _Writes, asked: Annotated[Handed, Query()]) -> Response:
    """Hand in a list or log, or a finished document; the same bytes for the same purpose are the same declaration.

    Lists are read one after another, organisations in turn. One that waits for long is answered with 202: it keeps its
    place, and the same request under the same key gives its answer.
    """
    caller = made.caller
    _known(caller, asked)
    wanted = IntakeRequest(
        programme=asked.programme,
        organisation=asked.organisation,
        module=asked.module or "",
        period=asked.period or "",
        name=plain_name(asked.name) or "list",
    )
    return in_turn(request, made, partial(_read, made, wanted, dry_run=asked.dry_run))


def _read(made: Change, wanted: IntakeRequest, *, dry_run: bool) -> Response:
    """What happens when it is its turn."""
    try:
        check_upload(made.caller.hub, wanted.name, made.body)
    except HubError as error:
        raise _unreadable(error) from error
    if dry_run:
        return JSONResponse(_tried(made.caller, wanted, made.body).model_dump(mode="json"))
    act = _taken_finished if wanted.programme == PROGRAMME else _taken
    return once(made, lambda: act(made.caller, wanted, made.body))


def _known(caller: Caller, asked: Handed) -> None:
    """Whose list it is lies inside the token's fence; a foreign practice is as absent as one that never was."""
    wrong = Wrong()
    if asked.programme not in (*intake.programmes(), PROGRAMME):
        wrong.say("query/programme", f"one of: {', '.join((*intake.programmes(), PROGRAMME))}")
    if asked.programme == PROGRAMME and asked.dry_run:
        wrong.say("query/dry_run", "a finished document is judged when it is taken")
    with caller.reading() as unit:
        inside = asked.organisation in {each.code for each in parties.organisations(unit)}
    if not inside:
        caller.saw("open", f"organisation:{log.clean_text(asked.organisation)}", outcome="absent")
        wrong.say("query/organisation", "no organisation of this token has this code")
    wrong.stop()


def _tried(caller: Caller, request: IntakeRequest, data: bytes) -> DryRun:
    try:
        done = portal.rehearse(caller.hub, caller.tenant, request, data)
    except HubError as error:
        raise _unreadable(error) from error
    caller.saw("dry-run", f"organisation:{request.organisation}")
    return DryRun(
        status=done.status,
        code=done.code,
        sha256=done.sha256,
        outcomes=done.counts,
        rows=[_outcome(each) for each in done.outcomes[:_ROWS]],
        declaration=done.declaration_id or None,
    )


def _taken(caller: Caller, request: IntakeRequest, data: bytes) -> tuple[int, BaseModel, Mapping[str, str]]:
    try:
        done = intake.take(caller.hub, caller.tenant, request, data, caller.program.actor)
    except HubError as error:
        raise _unreadable(error) from error
    return _made(caller, schema.declaration.c.id == done.declaration_id)


def _taken_finished(caller: Caller, request: IntakeRequest, data: bytes) -> tuple[int, BaseModel, Mapping[str, str]]:
    """A document as it is to be sent, of the organisation that is named or one below it."""
    with caller.reading() as unit:
        within = parties.codes_below(unit, request.organisation)
    try:
        done = take_finished(caller.hub, caller.tenant, data, request.name, caller.program.actor, within=within)
    except HubError as error:
        raise _unreadable(error) from error
    table = schema.declaration
    return _made(caller, and_(table.c.programme == PROGRAMME, table.c.sha256 == done.sha256))


def _made(caller: Caller, where: ColumnElement[bool]) -> tuple[int, BaseModel, Mapping[str, str]]:
    with caller.reading() as unit:
        (body,) = _declarations(unit, keyset.declarations(unit, (), 1, [where]))
    return 201, body, {"Location": f"/v1/declarations/{body.id}"}


def _unreadable(error: HubError) -> Problem:
    """What is wrong with the list, and not with the hub, is the caller's to mend."""
    found = of_hub(error)
    return found if isinstance(error, TransientError) else Problem("unreadable", found.detail)


def _outcome(each: RowOutcome) -> RowOut:
    return RowOut(
        line=each.line,
        row_id=log.clean_text(each.row_id),
        outcome=each.outcome,
        code=each.code,
        message=dict(each.message),
        claim=None,
    )


@router.get("/declarations")
def listing(caller: _Reads, asked: Annotated[Declarations, Query()]) -> Page[Declaration]:
    """Declarations, oldest first."""
    table = schema.declaration
    where = [table.c[name] == value for name, value in asked.filters().items() if value and name != "organisation"]
    where += [schema.organisation.c.code == asked.organisation] if asked.organisation else []
    order = ("received_at", "id")
    return page(caller, asked, order, partial(keyset.declarations, where=where), _declarations)


@router.get("/declarations/{declaration}")
def one(caller: _Reads, declaration: str) -> Declaration:
    """One declaration."""
    with caller.reading() as unit:
        found = _declarations(unit, _one(unit, declaration))
    if not found:
        raise caller.absent("declaration", declaration)
    return found[0]


@router.get("/declarations/{declaration}/rows")
def rows(caller: _Reads, declaration: str, asked: Annotated[Rows, Query()]) -> Page[RowOut]:
    """What became of each row, by line."""
    with caller.reading() as unit:
        there = bool(_one(unit, declaration))
    if not there:
        raise caller.absent("declaration", declaration)
    table = schema.declaration_row
    where = [table.c[name] == value for name, value in asked.filters().items() if value]
    caller.saw("read", f"declaration:{declaration}")
    return page(caller, asked, ("line",), partial(_rows_of, declaration, where), _rows)


def _one(unit: Unit, declaration: str) -> list[Row]:
    return keyset.declarations(unit, (), 1, [schema.declaration.c.id == declaration])


def _declarations(unit: Unit, found: Sequence[Row]) -> list[Declaration]:
    names = ("id", "organisation", "programme", "module", "period", "state", "sha256", "received_at")
    handed = portal.handed_in(unit, found)
    return [
        Declaration(
            **{name: each.row[name] for name in names},
            code=each.row["summary"].get("code", ""),
            outcomes=dict(each.outcomes),
        )
        for each in handed
    ]


def _rows_of(declaration: str, where: Where, unit: Unit, after: Place, most: int) -> list[Row]:
    return keyset.declared_rows(unit, declaration, after, most, where)


def _rows(_unit: Unit, found: Sequence[Row]) -> list[RowOut]:
    return [RowOut(**_plain(row)) for row in found]


def _plain(row: Row) -> dict[str, Any]:
    return dict(row) | {"row_id": log.clean_text(row["row_id"])}
