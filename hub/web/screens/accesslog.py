"""Access log: who saw, searched, exported or changed what; of a person, an employee, a message; and is it whole."""

from __future__ import annotations

from datetime import MAXYEAR, date, datetime, time, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Form, Response

from hub.errors import HubError
from hub.pipeline import access_reports
from hub.pipeline.privacy import whom
from hub.web.errors import Absent
from hub.web.guard import Visiting
from hub.web.pages import page
from hub.web.parts.refusals import in_one
from hub.web.roles import Permission
from hub.web.screen import Screen
from hub.web.visit import Visit

SCREEN = Screen(name="accesslog", path="/access-log", needs=Permission.AUDIT, group="admin", order=80)
router = APIRouter()
_PAGE, _MOST = 50, 500
_FIRST_YEAR = 1900
Text = Annotated[str, Form(max_length=120)]


@router.get("/access-log")
def listing(visit: Visiting, before: str = "") -> Response:
    """The newest lines, page by page."""
    _whole_tenant(visit)
    rows = access_reports.listed(visit.hub, visit.tenant, visit.actor, before=_place(before), most=_PAGE + 1)
    last = rows[_PAGE - 1] if len(rows) > _PAGE else None
    after = f"{last['month']}:{last['seq']}" if last else ""
    return _page(visit, rows=rows[:_PAGE], after=after)


@router.post("/access-log/patient")
def patient(visit: Visiting, number: Text = "") -> Response:
    """Who saw one person's data. The number is in the form, never in an address."""
    _whole_tenant(visit)
    try:
        who = whom(number)
    except HubError as error:
        return _page(visit, error=error, status=422)
    rows = access_reports.of_patient(visit.hub, visit.tenant, who, visit.actor)
    return _page(visit, rows=rows[-_MOST:], about="of_patient", shown=who.shown, count=len(rows))


@router.post("/access-log/employee")
def employee(visit: Visiting, name: Text = "", first: Text = "", last: Text = "") -> Response:
    """What one employee did between two days, both included; the last month unless said."""
    _whole_tenant(visit)
    today = visit.hub.today(visit.country)
    begin, end = _day(first) or today - timedelta(days=31), _day(last) or today
    since, until = (datetime.combine(day, time(), tzinfo=visit.zone) for day in (begin, end + timedelta(days=1)))
    rows = access_reports.of_employee(visit.hub, visit.tenant, name.strip(), since, until, visit.actor)
    return _page(visit, rows=rows[-_MOST:], about="of_employee", shown=name.strip(), count=len(rows))


@router.post("/access-log/exchange")
def exchange(visit: Visiting, wanted: Text = "") -> Response:
    """Whose data was in a message."""
    _whole_tenant(visit)
    try:
        found = access_reports.of_exchange(visit.hub, visit.tenant, wanted.strip(), visit.actor)
    except HubError as error:
        return _page(visit, error=error, status=404)
    return _page(visit, persons=found, about="of_exchange", shown=wanted.strip(), count=len(found))


@router.post("/access-log/verify")
def verify(visit: Visiting) -> Response:
    """Each month's chain against its signed head."""
    _whole_tenant(visit)
    return _page(visit, months=access_reports.verify(visit.hub, visit.tenant, visit.actor), about="verified")


def _whole_tenant(visit: Visit) -> None:
    """The log is the tenant's: whoever sees one organisation of it has no part of it to see."""
    if visit.within is not None:
        raise Absent("page", visit.path)


def _page(visit: Visit, *, status: int = 200, error: HubError | None = None, **found: Any) -> Response:
    said = in_one(error, visit.language) if error else ""
    empty: dict[str, Any] = {"rows": [], "persons": [], "months": [], "after": "", "about": "", "shown": "", "count": 0}
    return page(visit, "accesslog/list.html", status=status, error=said, most=_MOST, **(empty | found))


def _place(text: str) -> tuple[str, int] | None:
    month, _, number = text.partition(":")
    return (month[:7], int(number)) if number.isascii() and number.isdigit() and len(number) <= 9 else None


def _day(text: str) -> date | None:
    """A day that a report can begin or end with; none where the calendar has hardly begun or is about to end."""
    try:
        found = date.fromisoformat(text.strip())
    except ValueError:
        return None
    return found if _FIRST_YEAR <= found.year < MAXYEAR else None
