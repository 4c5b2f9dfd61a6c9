"""What came in and waits for a person: each with what is known of it, to be read again, taught, or dismissed."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Response

from hub.errors import HubError
from hub.log import clean_text
from hub.pipeline import inbound, triage
from hub.store import inbounds, parties, schema
from hub.store.unit import Row
from hub.web.errors import Absent
from hub.web.guard import Visiting, needs
from hub.web.pages import page
from hub.web.parts.doors import door
from hub.web.parts.places import cursor, place
from hub.web.parts.refusals import in_one
from hub.web.roles import Permission
from hub.web.saying import done
from hub.web.screen import Screen
from hub.web.visit import Visit

SCREEN = Screen(name="inbound", path="/inbound", group="traffic", order=15)
router = APIRouter()
_PAGE = 50
_SHORTEST_REASON = 3
_NOTHING_TYPED = {"partner": "", "invoice": "", "sak_id": ""}
_REVEALS = [Depends(needs(Permission.REVEAL))]
_WORKS = [Depends(needs(Permission.WORK))]
Reason = Annotated[str, Form(max_length=300)]
Pattern = Annotated[str, Form(max_length=200)]


@router.get("/inbound")
def listing(visit: Visiting, show: str = inbound.WAITING, before: str = "") -> Response:
    """What a task asks about, all that was set aside, or what was dismissed; newest first, page by page."""
    chosen = show if show in inbound.SHOWN else inbound.WAITING
    with visit.reading() as unit:
        rows, end = inbound.listed(visit.hub, unit, chosen, before=place(before), most=_PAGE)
        damaged = inbound.never_stored(unit) if chosen == inbound.WAITING and not before else []
    return page(
        visit,
        "inbound/list.html",
        rows=rows,
        damaged=damaged,
        chosen=chosen,
        choices=inbound.SHOWN,
        more=cursor(end),
        to=lambda kind, ref="": door(visit, kind, ref),
    )


@router.get("/inbound/{came}")
def one(visit: Visiting, came: str) -> Response:
    """One thing that came in, its persons masked."""
    return _one(visit, came)


def _one(visit: Visit, came: str, *, personal: bool = False, status: int = 200, **more: Any) -> Response:
    shown: dict[str, Any] = {"problem": "", "lesson": None, "typed": _NOTHING_TYPED} | more
    with visit.reading() as unit:
        found = inbound.one(
            visit.hub,
            unit,
            came,
            language=visit.language,
            personal=personal,
            money=visit.may(Permission.MONEY_SEE),
        )
        partners = sorted({each.partner for each in parties.agreements(unit)})
    if found is None:
        raise Absent("inbound", came)
    visit.saw("view", f"inbound/{found.row['id']}")
    return page(
        visit,
        "inbound/one.html",
        status=status,
        one=found,
        personal=personal,
        partners=partners,
        teachable=found.row["kind"] == inbound.MAIL and found.row["state"] == inbounds.TRIAGE,
        can_read=found.row["state"] in (*inbounds.ASIDE, inbounds.DISMISSED),
        can_dismiss=found.row["state"] in inbounds.ASIDE or bool(found.line.tasks),
        to=lambda kind, ref="": door(visit, kind, ref),
        **shown,
    )


@router.post("/inbound/{came}/again", dependencies=[Depends(needs(Permission.RUN))])
def again(visit: Visiting, came: str) -> Response:
    """Read it again, after what was missing has been mended."""
    _row(visit, came)
    result = inbound.read_again(visit.hub, visit.tenant, came, visit.actor)
    waits = result.state in inbounds.ASIDE
    return done(f"/inbound/{came}", "still_waits" if waits else "was_read")


@router.post("/inbound/{came}/dismiss", dependencies=_WORKS)
def dismiss(visit: Visiting, came: str, reason: Reason = "") -> Response:
    """Nothing is to be done with it: it stays, with the reason, and its tasks are closed."""
    _row(visit, came)
    if len(reason.strip()) < _SHORTEST_REASON:
        return _one(visit, came, status=422, problem="why_needed")
    with visit.hub.store.unit(visit.tenant) as unit:
        inbound.dismiss(unit, came, reason, visit.actor)
    return done(f"/inbound/{came}", "was_dismissed")


@router.post("/inbound/{came}/reveal", dependencies=_REVEALS)
def reveal(visit: Visiting, came: str, reason: Reason = "") -> Response:
    """The text as it came, once, for a reason; nothing of it is rendered."""
    _row(visit, came)
    if len(reason.strip()) < _SHORTEST_REASON:
        return _one(visit, came, status=422, problem="reason_needed")
    _said_why(visit, "reveal", came, reason)
    return _one(visit, came, personal=True)


@router.post("/inbound/{came}/file", dependencies=_REVEALS)
def file(visit: Visiting, came: str, reason: Reason = "") -> Response:
    """The bytes as they came, for a reason; under a name of ours, as nothing a browser opens."""
    row = _row(visit, came)
    if len(reason.strip()) < _SHORTEST_REASON:
        return _one(visit, came, status=422, problem="reason_needed")
    with visit.reading() as unit:
        found = inbound.one(visit.hub, unit, came, language="en", money=visit.may(Permission.MONEY_SEE))
        if found is None or found.glimpse is None:
            raise Absent("inbound", came)
        payload = inbounds.payload(unit, row)
    _said_why(visit, "export", came, reason)
    name = f"received-{row['received_at']:%Y%m%d}-{row['id'][-8:]}.bin"
    return Response(
        payload,
        media_type="application/octet-stream",
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


@router.post("/inbound/{came}/teach", dependencies=_WORKS)
def teach(
    visit: Visiting,
    came: str,
    partner: Annotated[str, Form(max_length=60)],
    invoice: Pattern = "",
    sak_id: Pattern = "",
    confirm: Annotated[str, Form(max_length=5)] = "",
) -> Response:
    """Say whose mail it is and where it names our invoice: tried first, and with `confirm` kept and read by it."""
    _row(visit, came)
    typed = {"partner": partner, "invoice": invoice, "sak_id": sak_id}
    patterns = {"invoice": invoice, "sak_id": sak_id}
    try:
        lesson = triage.teach(visit.hub, visit.tenant, came, partner, patterns, visit.actor, confirm=bool(confirm))
    except HubError as error:
        return _one(visit, came, status=422, typed=typed, problem="not_taught", error=in_one(error, visit.language))
    if not lesson.recorded:
        return _one(visit, came, typed=typed | {"invoice": lesson.rule.patterns["invoice"]}, lesson=lesson)
    return done(f"/inbound/{came}", "taught", n=len(lesson.done))


def _said_why(visit: Visit, action: str, came: str, reason: str) -> None:
    words = clean_text(" ".join(reason.split()))
    visit.saw(action, f"inbound/{came}: {words}"[:200])


def _row(visit: Visit, came: str) -> Row:
    with visit.reading() as unit:
        row = unit.one(unit.mine(schema.inbound, schema.inbound.c.id == came))
    if row is None:
        raise Absent("inbound", came)
    return row
