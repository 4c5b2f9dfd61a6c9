"""Webhooks: whom the hub calls about what happens, whether it came through, and telling it again."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Response

from hub.errors import HubError
from hub.pipeline import webhooks as hooks
from hub.pipeline.webhooks import EVENTS, Hooked, Wanted
from hub.store import keyset, parties, schema, webhooks
from hub.web.errors import Absent
from hub.web.guard import Visiting
from hub.web.pages import page
from hub.web.parts.refusals import in_one
from hub.web.roles import Permission
from hub.web.saying import done
from hub.web.screen import Screen
from hub.web.visit import Visit

SCREEN = Screen(name="webhooks", path="/webhooks", needs=Permission.ADMIN, group="admin", order=65)
router = APIRouter()
_A_PAGE = 50


@router.get("/webhooks")
def listing(visit: Visiting) -> Response:
    """Every webhook with how much came through."""
    return _list(visit)


@router.post("/webhooks")
def add(
    visit: Visiting,
    url: Annotated[str, Form(max_length=500)],
    organisation: Annotated[str, Form(max_length=20)] = "",
    events: Annotated[list[str] | None, Form()] = None,
) -> Response:
    """Call somebody from now on; the secret is shown now and never again."""
    wanted = Wanted(url=url.strip(), events=tuple(events or ()), organisation=organisation)
    try:
        made = hooks.add(visit.hub, visit.tenant, wanted, visit.actor, within=visit.within)
    except HubError as error:
        return _list(visit, wanted=wanted, error=in_one(error, visit.language))
    return _one(visit, made.id, made=made)


@router.get("/webhooks/{webhook}")
def one(visit: Visiting, webhook: str, after: str = "") -> Response:
    """One webhook with what it was told, newest first."""
    return _one(visit, webhook, after=after[:36])


@router.post("/webhooks/{webhook}/secret")
def rotate(visit: Visiting, webhook: str) -> Response:
    """Another secret; the one before signs too for a day."""
    made = hooks.rotate(visit.hub, visit.tenant, webhook, visit.actor, within=visit.within)
    if made is None:
        raise Absent("webhook", webhook)
    return _one(visit, webhook, made=made)


@router.post("/webhooks/{webhook}/stop")
def stop(visit: Visiting, webhook: str) -> Response:
    """Call it no more until it is resumed."""
    if not hooks.stop(visit.hub, visit.tenant, webhook, visit.actor, within=visit.within):
        raise Absent("webhook", webhook)
    return done(f"/webhooks/{webhook}", "stopped_now")


@router.post("/webhooks/{webhook}/resume")
def resume(visit: Visiting, webhook: str) -> Response:
    """Call it again."""
    if not hooks.resume(visit.hub, visit.tenant, webhook, visit.actor, within=visit.within):
        raise Absent("webhook", webhook)
    return done(f"/webhooks/{webhook}", "resumed_now")


@router.post("/webhooks/{webhook}/remove")
def remove(visit: Visiting, webhook: str) -> Response:
    """Tell it nothing any more."""
    if not hooks.remove(visit.hub, visit.tenant, webhook, visit.actor, within=visit.within):
        raise Absent("webhook", webhook)
    return done("/webhooks", "removed_now")


@router.post("/webhooks/{webhook}/deliveries/{delivery}/redeliver")
def redeliver(visit: Visiting, webhook: str, delivery: str) -> Response:
    """Tell it again, under the same id."""
    if hooks.redeliver(visit.hub, visit.tenant, webhook, delivery, visit.actor, within=visit.within) is None:
        raise Absent("delivery", delivery)
    return done(f"/webhooks/{webhook}", "again_now")


def _list(visit: Visit, *, wanted: Wanted | None = None, error: str = "") -> Response:
    with visit.reading() as unit:
        rows = webhooks.webhooks(unit)
        counts = webhooks.counts(unit, [row["id"] for row in rows])
        found = [(each.code, f"{each.code} {each.party.name}") for each in parties.organisations(unit)]
    whole = [("", "-")] if visit.within is None else []
    return page(
        visit,
        "webhooks/list.html",
        status=422 if error else 200,
        hooks=[(row, counts.get(row["id"], {})) for row in rows],
        error=error,
        values=wanted or Wanted(url="", events=()),
        events=tuple(EVENTS),
        organisations=whole + found,
    )


def _one(visit: Visit, webhook: str, *, made: Hooked | None = None, after: str = "") -> Response:
    with visit.reading() as unit:
        row = webhooks.get(unit, webhook)
        told = schema.webhook_delivery.c.webhook_id == webhook
        begun = webhooks.delivery(unit, webhook, after) if row and after else None
        place = (begun["made_at"], begun["id"]) if begun else ()
        deliveries = keyset.deliveries(unit, place, _A_PAGE + 1, [told], newest_first=True) if row else []
    if row is None:
        raise Absent("webhook", webhook)
    shown = deliveries[:_A_PAGE]
    further = shown[-1]["id"] if len(deliveries) > _A_PAGE else ""
    return page(visit, "webhooks/one.html", hook=row, made=made, deliveries=shown, further=further)
