"""Privacy: what is held about a person given to them, held back or erased; how long each kind is kept."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Response

from hub.errors import HubError
from hub.pipeline import privacy, privacy_export, retention
from hub.pipeline.privacy import Whom, whom
from hub.store import privacy as stored
from hub.store.unit import short_id
from hub.web.errors import Absent
from hub.web.guard import Visiting, needs
from hub.web.pages import page
from hub.web.parts.refusals import in_one
from hub.web.roles import Permission
from hub.web.saying import done
from hub.web.screen import Screen
from hub.web.visit import Visit

SCREEN = Screen(name="privacy", path="/privacy", needs=Permission.AUDIT, group="admin", order=85)
router = APIRouter()
_OFFICER = [Depends(needs(Permission.PRIVACY))]
_LAST = 50
Text = Annotated[str, Form(max_length=500)]


@router.get("/privacy")
def listing(visit: Visiting) -> Response:
    """Holds in force, erasures asked for and done, what was destroyed."""
    return _list(visit)


@router.post("/privacy/export", dependencies=_OFFICER)
def export(visit: Visiting, number: Text = "", form: Text = "json") -> Response:
    """Everything that is held about one person, as a file without their number in its name."""
    _whole_tenant(visit)
    try:
        body = privacy_export.export(visit.hub, visit.tenant, visit.country, whom(number), visit.actor)
    except HubError as error:
        return _list(visit, error=error)
    as_text = form == "text"
    said = privacy_export.as_text(body, visit.language) if as_text else json.dumps(body, ensure_ascii=False, indent=1)
    name = f"subject-{short_id(body['person']['id'])}.{'txt' if as_text else 'json'}"
    return Response(
        said.encode(),
        media_type="text/plain; charset=utf-8" if as_text else "application/json",
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


@router.post("/privacy/hold", dependencies=_OFFICER)
def hold(visit: Visiting, number: Text = "", reason: Text = "") -> Response:
    """Nothing of this person is destroyed from now on."""
    _whole_tenant(visit)
    try:
        who = whom(number)
        privacy.hold(visit.hub, visit.tenant, who, reason, visit.actor)
    except HubError as error:
        return _list(visit, error=error, form="hold", reason=reason)
    return _said(who, "held")


@router.post("/privacy/holds/{subject}/lift", dependencies=_OFFICER)
def lift(visit: Visiting, subject: str, reason: Text = "") -> Response:
    """End the holds on a person."""
    _whole_tenant(visit)
    with visit.reading() as unit:
        if not stored.holds(unit, subject):
            raise Absent("hold", subject)
    try:
        privacy.lift_holds(visit.hub, visit.tenant, subject, reason, visit.actor)
    except HubError as error:
        return _list(visit, error=error)
    return done("/privacy", "lifted")


@router.post("/privacy/erase", dependencies=_OFFICER)
def erase(visit: Visiting, number: Text = "", reason: Text = "", despite: Text = "") -> Response:
    """Ask for an erasure; a second person decides."""
    _whole_tenant(visit)
    try:
        who = whom(number)
        privacy.ask_erasure(visit.hub, visit.tenant, who, reason, visit.actor, despite=despite)
    except HubError as error:
        return _list(visit, error=error, form="erase", reason=reason, despite=despite)
    return _said(who, "asked")


@router.get("/privacy/erasures/{number}")
def certificate(visit: Visiting, number: str) -> Response:
    """The certificate of an erasure, and whether it is as it was signed."""
    _whole_tenant(visit)
    with visit.reading() as unit:
        row = stored.erasure(unit, _number(number))
        if row is None or row["state"] != stored.DONE:
            raise Absent("erasure", number)
        body = privacy.certificate(unit, row["number"])
    written = sum(body["destroyed"].get(name, 0) for name in privacy.WRITTEN)
    return page(visit, "privacy/certificate.html", body=body, written=written)


@router.post("/privacy/erasures/{number}/approve", dependencies=_OFFICER)
def approve(visit: Visiting, number: str) -> Response:
    """A second person: the key is destroyed."""
    waiting = _waiting(visit, number)
    try:
        privacy.erase(visit.hub, visit.tenant, visit.country, waiting, visit.actor)
    except HubError as error:
        return _list(visit, error=error)
    return done(f"/privacy/erasures/{waiting}", "erased")


@router.post("/privacy/erasures/{number}/refuse", dependencies=_OFFICER)
def refuse(visit: Visiting, number: str, reason: Text = "") -> Response:
    """No, with the reason the person is told."""
    waiting = _waiting(visit, number)
    try:
        privacy.refuse_erasure(visit.hub, visit.tenant, waiting, reason, visit.actor)
    except HubError as error:
        return _list(visit, error=error)
    return done("/privacy", "refused_one")


@router.get("/privacy/retention")
def terms(visit: Visiting) -> Response:
    """How long each kind is kept, and what is due now."""
    _whole_tenant(visit)
    with visit.reading() as unit:
        rules = retention.rules(visit.hub.home, visit.country, retention.today_of(unit, visit.country))
        due = retention.due(visit.hub, unit, visit.country)
    return page(visit, "privacy/retention.html", rules=list(rules.values()), due=due)


@router.post("/privacy/retention", dependencies=_OFFICER)
def destroy(visit: Visiting) -> Response:
    """Destroy what is due and free."""
    _whole_tenant(visit)
    gone = [each for each in retention.apply(visit.hub, visit.tenant, visit.country, visit.actor) if not each.kept]
    return done("/privacy/retention", "destroyed", n=len(gone))


def _list(visit: Visit, *, error: HubError | None = None, form: str = "", **typed: str) -> Response:
    """What was typed stands in its form again, but for the number of a person."""
    _whole_tenant(visit)
    with visit.reading() as unit:
        found: dict[str, Any] = {
            "holds": stored.holds(unit),
            "erasures": stored.erasures(unit)[-_LAST:][::-1],
            "disposals": stored.disposals(unit)[-_LAST:][::-1],
        }
    return page(
        visit,
        "privacy/list.html",
        status=409 if error else 200,
        error=in_one(error, visit.language) if error else "",
        typed=lambda of, name: typed.get(name, "") if of == form else "",
        **found,
    )


def _whole_tenant(visit: Visit) -> None:
    """Persons are the tenant's: whoever sees one organisation of it decides about nobody."""
    if visit.within is not None:
        raise Absent("page", visit.path)


def _said(who: Whom, word: str) -> Response:
    return done("/privacy", word, who=who.shown)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else 0


def _waiting(visit: Visit, number: str) -> int:
    _whole_tenant(visit)
    with visit.reading() as unit:
        row = stored.erasure(unit, _number(number))
    if row is None or row["state"] != stored.ASKED:
        raise Absent("erasure", number)
    return int(row["number"])
