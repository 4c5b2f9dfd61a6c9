"""Tariffs and registers: what is in force on a day, where it came from, and what has ended or begins later."""

from __future__ import annotations

from datetime import date

from fastapi import APIRouter, Response

from hub.pipeline import master_data
from hub.store import reference
from hub.web.errors import Absent
from hub.web.guard import Visiting
from hub.web.pages import page
from hub.web.screen import Screen

SCREEN = Screen(name="registers", path="/registers", group="admin", order=35)
router = APIRouter()
_KINDS = tuple(name for name, kind in master_data.KINDS.items() if not kind.personal)
"""Lists about persons are not looked through."""
_A_PAGE = 100


@router.get("/registers")
def listing(visit: Visiting, kind: str = _KINDS[0], on: str = "", q: str = "", turn: int = 0) -> Response:
    """One list on one day; without a day, all its rows."""
    if kind not in _KINDS:
        raise Absent("register", kind[:40])
    day, wrong = _day(on)
    with visit.reading() as unit:
        rows = reference.rows_of(unit, master_data.KINDS[kind].stored)
    wanted = q.strip()[:80].casefold()
    found = [
        (master_data.shown(kind, row), row.source)
        for row in rows
        if (day is None or row.holds_on(day)) and (not wanted or wanted in _text(row))
    ]
    first = max(turn, 0) * _A_PAGE
    return page(
        visit,
        "registers/list.html",
        kinds=_KINDS,
        kind=kind,
        columns=master_data.KINDS[kind].shown,
        found=found[first : first + _A_PAGE],
        count=len(found),
        more=max(turn, 0) + 1 if first + _A_PAGE < len(found) else 0,
        on=on[:10],
        q=q[:80],
        wrong=wrong,
        today=visit.hub.today(visit.country),
    )


def _day(text: str) -> tuple[date | None, bool]:
    try:
        return (date.fromisoformat(text) if text else None), False
    except ValueError:
        return None, True


def _text(row: reference.ReferenceRow) -> str:
    return " ".join([row.code, *row.body.values()]).casefold()
