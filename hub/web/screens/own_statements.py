"""What a practice or clinic was told of each quarter: its statements that were delivered, to read and to keep."""

from __future__ import annotations

from fastapi import APIRouter, Response

from hub.pipeline import statements
from hub.web.guard import Visiting
from hub.web.pages import page
from hub.web.parts.statement_files import MEDIA, cursor, place, statement_file
from hub.web.roles import Permission
from hub.web.screen import Screen

SCREEN = Screen(name="own_statements", path="/my/statements", needs=Permission.HAND_IN, group="practice", order=45)
router = APIRouter()
_PAGE = 50


@router.get("/my/statements")
def listing(visit: Visiting, after: str = "") -> Response:
    """Every version that was delivered, the newest quarter first."""
    with visit.reading() as unit:
        rows = statements.paged(unit, after=place(after), most=_PAGE + 1, told=True)
    visit.saw("read", "my/statements")
    following = cursor(rows[_PAGE - 1]) if len(rows) > _PAGE else ""
    return page(visit, "own_statements/list.html", rows=rows[:_PAGE], forms=list(MEDIA), after=following)


@router.get("/my/statements/{practice}/{period}/{currency}/{version}/{form}")
def file(visit: Visiting, practice: str, period: str, currency: str, version: str, form: str) -> Response:
    """One version as a file; it holds no personal data."""
    return statement_file(visit, (practice, period, currency, version), form, told=True)
