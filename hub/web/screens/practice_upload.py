"""A practice hands in a list, or a file its own system made: shown first as it would be judged, kept after its yes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response, UploadFile

from hub.errors import HubError
from hub.intake.columns import PERFORMANCE_LIST, PRACTICE_LIST, ColumnMap, systems
from hub.pipeline import intake, portal
from hub.pipeline.finished import PROGRAMME, known_finished, take_finished
from hub.pipeline.intake import IntakeRequest
from hub.pipeline.list_requests import list_requests
from hub.pipeline.portal import Rehearsal
from hub.pipeline.upload_checks import check_upload
from hub.store import parties
from hub.store.parties import Organisation
from hub.web.errors import Absent
from hub.web.guard import Visiting
from hub.web.pages import page
from hub.web.parts import handing_in
from hub.web.parts.handing_in import Trouble
from hub.web.parts.turns import in_turn
from hub.web.roles import Permission
from hub.web.saying import done
from hub.web.screen import Screen
from hub.web.visit import Visit
from mappings.tables import to_csv

SCREEN = Screen(
    name="practice_upload",
    path="/practice/upload",
    needs=Permission.HAND_IN,
    group="practice",
    order=20,
    country="NL",
)
router = APIRouter()
_SHOWN = 200
MODULE_LIST, PERFORMANCES = "module-quarter", "zpm-performances"
_SHEETS = {MODULE_LIST: PRACTICE_LIST, PERFORMANCES: PERFORMANCE_LIST}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a file is handed in as."""

    practice: Organisation
    programme: str
    module: str = ""
    period: str = ""

    def request(self, name: str, *, confirm: bool = False, delta: bool = False) -> IntakeRequest:
        """The step's own words for it."""
        return IntakeRequest(
            programme=self.programme,
            organisation=self.practice.code,
            module=self.module,
            period=self.period,
            name=name,
            confirm=confirm,
            delta=delta,
        )

    @property
    def value(self) -> str:
        """As a form carries it."""
        return f"{self.programme}|{self.module}|{self.period}"


@router.get("/practice/upload")
def form(visit: Visiting, practice: str = "", what: str = "") -> Response:
    """What can be handed in, how the list is made, and the form."""
    return _form(visit, practice, what)


@router.post("/practice/upload")
def preview(
    request: Request,
    visit: Visiting,
    file: UploadFile,
    what: Annotated[str, Form(max_length=80)],
    practice: Annotated[str, Form(max_length=20)] = "",
    columns: Annotated[str, Form(max_length=3)] = "",
) -> Response:
    """What would become of every row; nothing is kept."""
    asked = _asked(visit, practice, what)
    data, name = handing_in.received(file)
    wanted = asked.request(name, confirm=bool(columns))
    return in_turn(request, visit, asked.practice.code, data, partial(_tried, request, visit, asked, wanted, data))


def _tried(request: Request, visit: Visit, asked: Asked, wanted: IntakeRequest, data: bytes) -> Response:
    try:
        check_upload(visit.hub, wanted.name, data)
        found = portal.rehearse(visit.hub, visit.tenant, wanted, data)
    except HubError as error:
        return _refused(visit, asked, handing_in.trouble(error))
    outcome = found.code if found.status == portal.REFUSED else found.status
    visit.saw("preview-upload", f"practice/{asked.practice.code}/sha256/{found.sha256}", outcome=outcome.lower())
    if found.status in (portal.REFUSED, portal.ALREADY):
        return _form(visit, asked.practice.code, asked.value, found=found, status=_status(found))
    word = handing_in.keep(request, visit, wanted.name, data)
    return _form(visit, asked.practice.code, asked.value, found=found, word=word)


def _status(found: Rehearsal) -> int:
    return 422 if found.status == portal.REFUSED else 200


@router.post("/practice/upload/confirm")
def confirm(
    request: Request,
    visit: Visiting,
    word: Annotated[str, Form(max_length=60)],
    what: Annotated[str, Form(max_length=80)],
    practice: Annotated[str, Form(max_length=20)] = "",
    delta: Annotated[str, Form(max_length=3)] = "",
) -> Response:
    """Hand in what was shown; the receipt follows."""
    asked = _asked(visit, practice, what)
    staged = handing_in.take(request, visit, word)
    if staged is None:
        return done("/practice/upload", "too_late")
    wanted = asked.request(staged.name, delta=bool(delta))
    return in_turn(request, visit, asked.practice.code, staged.data, partial(_taken, visit, wanted, staged.data))


def _taken(visit: Visit, wanted: IntakeRequest, data: bytes) -> Response:
    if wanted.programme == PROGRAMME:
        return _taken_whole(visit, wanted, data)
    result = intake.take(visit.hub, visit.tenant, wanted, data, visit.actor)
    key = {"already_received": "was_here", "held": "now_held", "refused": "now_refused"}.get(result.status, "taken")
    return done(f"/practice/lists/{result.declaration_id}", key)


def _taken_whole(visit: Visit, wanted: IntakeRequest, data: bytes) -> Response:
    """A finished file, of the practice that was chosen or one below it."""
    with visit.reading() as unit:
        within = parties.codes_below(unit, wanted.organisation)
    result = take_finished(visit.hub, visit.tenant, data, wanted.name, visit.actor, within=within)
    with visit.reading() as unit:
        row = known_finished(unit, result.sha256)
    if row is None:
        raise Absent("declaration", result.sha256)
    key = {"already_received": "was_here", "held": "now_held", "refused": "now_refused"}.get(result.status, "taken")
    return done(f"/practice/lists/{row['id']}", key)


def _asked(visit: Visit, practice: str, what: str) -> Asked:
    """What the form says, where this practice may hand that in."""
    owner = handing_in.chosen(visit, "practice", practice)
    programme, _, rest = what.partition("|")
    module, _, period = rest.partition("|")
    asked = Asked(practice=owner, programme=programme, module=module, period=period)
    if all(asked.value != value for value, _ in _offers(visit, owner)):
        raise Absent("list", what[:40])
    return asked


def _offers(visit: Visit, practice: Organisation) -> list[tuple[str, dict[str, str]]]:
    """What this practice may hand in: lists of modules in their window, or its performances; or a finished file."""
    with visit.reading() as unit:
        asked = [one for one in list_requests(visit.hub, unit, visit.country) if one.expected.practice == practice.code]
        takes_part = any(row.modules for row in _modules(visit, practice))
    found = [
        (f"{MODULE_LIST}|{one.expected.module}|{one.expected.period}", {"state": one.state})
        for one in asked
        if one.closed_at is None
    ]
    lists = found if takes_part else [(f"{PERFORMANCES}||", {"state": ""})]
    return [*lists, (f"{PROGRAMME}||", {"state": ""})]


@dataclass(frozen=True, slots=True)
class _Modules:
    modules: tuple[str, ...]


def _modules(visit: Visit, practice: Organisation) -> list[_Modules]:
    with visit.reading() as unit:
        return [_Modules(modules) for _, modules in portal.module_choices(unit, [practice.code])]


def _form(
    visit: Visit,
    practice: str = "",
    what: str = "",
    *,
    found: Rehearsal | None = None,
    problem: Trouble | None = None,
    word: str = "",
    status: int = 200,
) -> Response:
    owners = handing_in.own(visit, "practice")
    owner = next((one for one in owners if one.code == practice), owners[0] if owners else None)
    offers = _offers(visit, owner) if owner else []
    shown: dict[str, Any] = {
        "owners": owners,
        "owner": owner,
        "offers": offers,
        "what": what or next((value for value, more in offers if more["state"] != "received"), ""),
        "found": found,
        "problem": problem,
        "word": word,
        "shown": _SHOWN,
        "sheets": _sheets(owner, offers),
    }
    return page(visit, "practice_upload/form.html", status=status, **shown)


def _refused(visit: Visit, asked: Asked, problem: Trouble) -> Response:
    visit.saw("preview-upload", f"practice/{asked.practice.code}", outcome=problem.code.lower() or "refused")
    return _form(visit, asked.practice.code, asked.value, problem=problem, status=422)


def _sheets(owner: Organisation | None, offers: Sequence[tuple[str, Any]]) -> list[ColumnMap]:
    """How the list is made in the practice's own system first, then in others."""
    kinds = {_SHEETS.get(value.split("|", 1)[0]) for value, _ in offers}
    found = [one for one in systems() if one.kind in kinds]
    return sorted(found, key=lambda one: (owner is None or one.name != owner.system, one.name))


@router.get("/practice/upload/template/{system}")
def template(visit: Visiting, system: str) -> Response:
    """An empty list with the column names of one practice system."""
    kinds = set(_SHEETS.values())
    found = next((one for one in systems() if one.name == system and one.kind in kinds), None)
    if found is None:
        raise Absent("template", system[:40])
    del visit
    header = [names[0] for names in found.columns.values()]
    return Response(
        to_csv(header, []),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="{found.name}.csv"'},
    )
