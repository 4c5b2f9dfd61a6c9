"""Release: files that wait for a person to let them go, looked into first; above a limit two persons do."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Response

from hub.errors import HubError
from hub.model.money import Money
from hub.pipeline import let_go, limits, release_views
from hub.pipeline.release import release
from hub.store import releases
from hub.web.errors import Absent
from hub.web.guard import Visiting, needs
from hub.web.pages import page
from hub.web.parts.doors import door
from hub.web.parts.places import moment
from hub.web.parts.refusals import in_one
from hub.web.roles import Permission
from hub.web.saying import done
from hub.web.screen import Screen
from hub.web.visit import Visit
from hub.web.wording import word

SCREEN = Screen(name="release", path="/release", group="work", order=45)
router = APIRouter()
_PAGE = 50
_RELEASES = [Depends(needs(Permission.RELEASE))]
Reason = Annotated[str, Form(max_length=200)]


@router.get("/release")
def listing(visit: Visiting, partner: str = "", after: str = "") -> Response:
    """What waits, the oldest first; and what a channel put ready for a person to upload."""
    return _list(visit, partner=partner, after=after)


def _list(visit: Visit, *, partner: str = "", after: str = "", error: str = "", status: int = 200) -> Response:
    with visit.reading() as unit:
        rows = release_views.waiting(visit.hub, unit, partner=partner, after=_after(after), most=_PAGE + 1)
        uploads = release_views.waiting(visit.hub, unit, tried=True, most=_PAGE)
    shown = rows[:_PAGE]
    return page(
        visit,
        "release/list.html",
        status=status,
        error=error,
        rows=shown,
        sums=_sums(shown),
        uploads=uploads,
        partners=sorted({row["partner"] for row in rows} | ({partner} if partner else set())),
        chosen=partner,
        after=_cursor(shown[-1]) if len(rows) > _PAGE else "",
        limits=_limits(visit),
        to=lambda kind, ref="": door(visit, kind, ref),
    )


def _limits(visit: Visit) -> list[Money]:
    """How much one person may let go alone within a day; the tenant's own, about nobody."""
    currency = {"NL": "EUR", "NO": "NOK"}[visit.country]
    with visit.hub.store.reading(visit.tenant) as unit:
        return [limits.limit(unit, currency, limits.LETTING_GO)]


def _sums(rows: list[dict[str, Any]]) -> list[Money]:
    sums: dict[str, int] = {}
    for row in rows:
        for each in row["worth"]:
            sums[each.currency] = sums.get(each.currency, 0) + each.minor
    return [Money(minor, currency) for currency, minor in sorted(sums.items())]


def _cursor(row: dict[str, Any]) -> str:
    made, row_id = row["cursor"]
    return f"{made.isoformat()}_{row_id}"


def _after(text: str) -> releases.After | None:
    """Where a page ended; a cursor nobody made is none."""
    made, _, row_id = text.partition("_")
    at = moment(made)
    return (at, row_id) if at is not None else None


@router.post("/release", dependencies=_RELEASES)
def let_them_go(visit: Visiting, ids: Annotated[list[str] | None, Form()] = None, reason: Reason = "") -> Response:
    """Let one or several files go: together within what one person may, else they wait for a second one."""
    chosen = list(dict.fromkeys(ids or ()))[:_PAGE]
    if not chosen:
        return _list(visit, error=word("release", "choose_some", visit.language), status=422)
    for each in chosen:
        _file(visit, each)
    try:
        made = let_go.let_go(visit.hub, visit.tenant, chosen, visit.actor, reason=reason)
    except HubError as problem:
        return _list(visit, error=in_one(problem, visit.language), status=409)
    if made.waits:
        return done("/release", "waits_second", n=len(made.gone), numbers=", ".join(map(str, made.waits)))
    return done("/release", "gone", n=len(made.gone))


def _file(visit: Visit, exchange_id: str) -> dict[str, Any]:
    """The file, where it waits and is this person's to see."""
    with visit.reading() as unit:
        found = release_views.shown(visit.hub, unit, exchange_id)
    if found is None:
        raise Absent("release", exchange_id)
    return found


@router.get("/release/{exchange_id}")
def one(visit: Visiting, exchange_id: str) -> Response:
    """One file before it goes: to whom, how much, what was found in it, and its first lines."""
    return _one(visit, exchange_id)


def _one(visit: Visit, exchange_id: str, *, error: str = "", status: int = 200) -> Response:
    body = _file(visit, exchange_id)
    visit.saw("view", f"exchange/{body['business_key']}")
    return page(
        visit,
        "release/one.html",
        status=status,
        error=error,
        body=body,
        limits=_limits(visit),
        to=lambda kind, ref="": door(visit, kind, ref),
    )


@router.post("/release/{exchange_id}/uploaded", dependencies=_RELEASES)
def uploaded(visit: Visiting, exchange_id: str, evidence: Reason = "") -> Response:
    """A person uploaded it where no machine can, and has the partner's reference for it."""
    body = _file(visit, exchange_id)
    if not body["attempts"] or len(evidence.strip()) < 3:
        return _one(visit, exchange_id, error=word("release", "evidence_missing", visit.language), status=422)
    release(visit.hub, visit.tenant, body["business_key"], visit.actor, arrived=True, evidence=evidence.strip())
    return done("/release", "counts_as_sent", name=body["name"])
