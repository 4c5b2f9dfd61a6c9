"""Codes: what partners answered with in the last 90 days, in plain words; what nobody has described comes first."""

from __future__ import annotations

from fastapi import APIRouter, Response

from hub.pipeline.code_use import code_use
from hub.web.guard import Visiting
from hub.web.pages import page
from hub.web.screen import Screen
from schemas import codelists

SCREEN = Screen(name="codes", path="/codes", group="traffic", order=80)
router = APIRouter()


@router.get("/codes")
def listing(visit: Visiting, q: str = "") -> Response:
    """Codes in use, and one looked up in every list by its number (LIST:CODE, or the code alone)."""
    with visit.reading() as unit:
        used = code_use(visit.hub, unit)
    found = codelists.explain(q.strip()[:80]) if q.strip() else []
    described = sum(one.described for one in used)
    return page(visit, "codes/list.html", used=used, q=q[:80], found=found, described=described)
