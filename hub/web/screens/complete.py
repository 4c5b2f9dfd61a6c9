"""To complete: rows that made no claim yet and held claims, by cause; filled in, asked again, let go, left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Response

from hub.model.identity import is_agb, is_uzovi, mask
from hub.pipeline import completing, holding, release
from hub.pipeline.cases import RefusedError
from hub.pipeline.completing import ASKS_COV, COV_ALONE, FIELDS
from hub.ports import CoverageAnswer
from hub.programmes.outcome import HOLD, REJECT
from hub.store import claims, declarations, schema, to_complete
from hub.store.support import Page
from hub.store.unit import Row, Unit
from hub.web.errors import Absent
from hub.web.guard import Visiting, needs
from hub.web.pages import page
from hub.web.parts.places import cursor, place
from hub.web.parts.typed import Typed
from hub.web.roles import Permission
from hub.web.saying import done
from hub.web.screen import Screen
from hub.web.visit import Visit

SCREEN = Screen(name="complete", path="/complete", group="work", order=30)
router = APIRouter()
_PAGE = 50
_WORK = [Depends(needs(Permission.WORK))]
_KINDS: Mapping[str, tuple[str, ...]] = {"rows": (HOLD,), "rejected": (REJECT,)}
_CLAIMS = "claims"
_LOOK_FIRST = {"uzovi": (is_uzovi, "not_an_insurer"), "performer_agb": (is_agb, "not_an_agb")}
_PERSONAL = ("birth_date",)


@router.get("/complete")
def listing(visit: Visiting, kind: str = "rows", code: str = "", after: str = "") -> Response:
    """What waits, by cause, and a page of it."""
    chosen = kind if kind in (*_KINDS, _CLAIMS) else "rows"
    with visit.reading() as unit:
        causes = {name: to_complete.causes(unit, outcomes) for name, outcomes in _KINDS.items()}
        held = to_complete.held_causes(unit)
        found = _page(unit, chosen, code, after)
        tasks = _words(unit, found) if chosen == _CLAIMS else {}
    visit.saw("read", f"complete/{chosen}")
    following = ""
    if found.next is not None:
        ended = cursor(found.next) if chosen != _CLAIMS else str(found.next)
        following = f"/complete?{urlencode({'kind': chosen, 'code': code, 'after': ended})}"
    return page(
        visit,
        "complete/list.html",
        kind=chosen,
        code=code,
        causes=causes,
        held=held,
        rows=found.rows,
        tasks=tasks,
        fields=FIELDS,
        next_url=following,
    )


def _page(unit: Unit, kind: str, code: str, after: str) -> Page:
    if kind == _CLAIMS:
        return to_complete.held(unit, code=code, after=after, most=_PAGE)
    return to_complete.rows(unit, _KINDS[kind], code=code, after=place(after), most=_PAGE)


def _words(unit: Unit, found: Page) -> dict[str, Row]:
    """The open case of each held claim of a page."""
    table = schema.task
    refs = [row["ref"] for row in found.rows]
    if not refs:
        return {}
    rows = unit.rows(unit.mine(table, table.c.state == "open", table.c.claim_ref.in_(refs)))
    return {row["claim_ref"]: row for row in rows}


@router.get("/complete/rows/{row}")
def one(visit: Visiting, row: str) -> Response:
    """One row with what can be filled in."""
    visit.saw("open", f"row/{row}")
    return _one(visit, row)


def _one(
    visit: Visit,
    row: str,
    *,
    status: int = 200,
    typed: Mapping[str, str] | None = None,
    problems: Mapping[str, str] | None = None,
    error: RefusedError | None = None,
    insured: CoverageAnswer | None = None,
) -> Response:
    found, head = _row(visit, row)
    erased = not claims.of_somebody([found])
    with visit.reading() as unit:
        body = {} if erased else declarations.bodies(unit, [found])[0]
    fields = () if erased else FIELDS.get(head["programme"], ())
    shown = {name: "" if name in _PERSONAL else body.get(name, "") for name in fields}
    return page(
        visit,
        "complete/one.html",
        status=status,
        row=found,
        head=head,
        person=mask(body.get("bsn") or body.get("fnr") or body.get("patient_ref", "")),
        values=shown | dict(typed or {}),
        problems=problems or {},
        asks_cov=head["programme"] in ASKS_COV,
        cov_alone=head["programme"] in COV_ALONE,
        erased=erased,
        insured=insured,
        waits=found["outcome"] in completing.WAITING,
        error=error,
    )


@router.post("/complete/rows/{row}", dependencies=_WORK)
def complete(visit: Visiting, row: str, typed: Typed, cov: Annotated[str, Form()] = "") -> Response:
    """Fill it in, ask again, and let the programme's own rules judge it."""
    _, head = _row(visit, row)
    values = {name: said.strip() for name, said in typed.items() if name in FIELDS.get(head["programme"], ())}
    problems = {
        name: wrong
        for name, (right, wrong) in _LOOK_FIRST.items()
        if values.get(name) and not right(values[name].replace(" ", ""))
    }
    if problems:
        return _one(visit, row, status=422, typed=values, problems=problems)
    made = completing.complete(visit.hub, visit.tenant, row, values, visit.actor, ask_cov=bool(cov))
    if made.ref:
        return done(f"/complete/rows/{row}", "completed", ref=made.ref)
    said = made.outcome.message
    code = made.outcome.code
    return _one(visit, row, typed=values, error=RefusedError("ROW_NOT_COMPLETED", reason=said, code=code))


@router.post("/complete/rows/{row}/cov", dependencies=_WORK)
def ask_coverage(visit: Visiting, row: str) -> Response:
    """Who insured the person of a performance that day, to tell the practice; the row itself stays as it is."""
    _row(visit, row)
    return _one(visit, row, insured=completing.insured_by(visit.hub, visit.tenant, row, visit.actor))


@router.post("/complete/rows/{row}/exclude", dependencies=_WORK)
def exclude_row(visit: Visiting, row: str, reason: Annotated[str, Form(max_length=500)]) -> Response:
    """Leave it out, for a reason that is kept."""
    _row(visit, row)
    completing.leave_out(visit.hub, visit.tenant, row, reason, visit.actor)
    return done(f"/complete/rows/{row}", "left_out_done")


@router.post("/complete/claims/{ref}/release", dependencies=_WORK)
def release_claim(visit: Visiting, ref: str) -> Response:
    """Let a held claim go on."""
    _claim(visit, ref)
    release.release(visit.hub, visit.tenant, ref, visit.actor)
    return done("/complete?kind=claims", "released_done", ref=ref)


@router.post("/complete/claims/{ref}/exclude", dependencies=_WORK)
def exclude_claim(visit: Visiting, ref: str, reason: Annotated[str, Form(max_length=500)]) -> Response:
    """Take a held claim back for good."""
    _claim(visit, ref)
    holding.exclude(visit.hub, visit.tenant, ref, reason, visit.actor)
    return done("/complete?kind=claims", "excluded_done", ref=ref)


def _row(visit: Visit, row: str) -> tuple[Row, Row]:
    with visit.reading() as unit:
        found = to_complete.row(unit, row)
        if found is None:
            raise Absent("row", row)
        return found, to_complete.declaration(unit, found["declaration_id"])


def _claim(visit: Visit, ref: str) -> Row:
    with visit.reading() as unit:
        found = claims.by_ref(unit, ref)
    if found is None:
        raise Absent("claim", ref)
    return found
