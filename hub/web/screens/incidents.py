"""Incidents: what is wrong now and what was, one line per partner and cause; and who was told."""

from __future__ import annotations

from datetime import timedelta

from fastapi import APIRouter, Response

from hub.store import alerts
from hub.web.guard import Visiting
from hub.web.pages import page
from hub.web.screen import Screen

SCREEN = Screen(name="incidents", path="/incidents", group="traffic", order=70)
router = APIRouter()
_LOOK_BACK = timedelta(days=30)


@router.get("/incidents")
def listing(visit: Visiting) -> Response:
    """Open ones first, then those of the last month."""
    with visit.reading() as unit:
        found = alerts.incidents(unit, unit.now - _LOOK_BACK)
        told = [(target, *alerts.counts(unit, target.id)) for target in alerts.targets(unit)]
    found.sort(key=lambda row: (row["resolved_at"] is not None, not row["urgent"], row["opened_at"]))
    return page(visit, "incidents/list.html", rows=found, told=told)
