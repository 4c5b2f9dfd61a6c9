"""Statements: what each practice is told of a quarter, version by version, downloaded and delivered once.

Beside them the journal for bookkeeping, each row in one export.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Response

from hub.errors import ConfigurationError, HubError
from hub.pipeline import bookkeeping, statements
from hub.store import bookkeeping as exports
from hub.store.parties import organisations
from hub.web.errors import Absent
from hub.web.guard import Visiting, needs
from hub.web.pages import page
from hub.web.parts.numbers import Number
from hub.web.parts.refusals import in_one
from hub.web.parts.statement_files import MEDIA, cursor, download, place, statement_file
from hub.web.roles import Permission
from hub.web.saying import done
from hub.web.screen import Screen
from hub.web.visit import Visit

SCREEN = Screen(name="statements", path="/statements", needs=Permission.MONEY_SEE, group="money", order=50)
router = APIRouter()
_PAGE = 50
_PAYS = [Depends(needs(Permission.PAY))]
Period = Annotated[str, Form(max_length=10)]


@router.get("/statements")
def listing(visit: Visiting, period: str = "", practice: str = "", after: str = "") -> Response:
    """Every version, the newest quarter first."""
    return _list(visit, period=period, practice=practice, after=after)


def _list(
    visit: Visit, *, period: str = "", practice: str = "", after: str = "", error: str = "", status: int = 200
) -> Response:
    with visit.reading() as unit:
        rows = statements.paged(unit, period=period, practice=practice, after=place(after), most=_PAGE + 1)
        ours = organisations(unit)
        journals = exports.exports(unit) if _whole(visit) else []
    return page(
        visit,
        "statements/list.html",
        status=status,
        error=error,
        rows=rows[:_PAGE],
        names={one.code: one.party.name for one in ours},
        practices=[one for one in ours if one.kind in statements.KINDS],
        chosen={"period": period, "practice": practice},
        after=cursor(rows[_PAGE - 1]) if len(rows) > _PAGE else "",
        journals=list(reversed(journals))[:_PAGE],
        whole=_whole(visit),
    )


def _whole(visit: Visit) -> bool:
    """The journal is the tenant's, not an organisation's."""
    return visit.within is None


@router.post("/statements/make", dependencies=_PAYS)
def make(visit: Visiting, period: Period) -> Response:
    """Make the statements of a quarter: a new version only where it says anything else."""
    try:
        found = statements.make(visit.hub, visit.tenant, period.strip(), visit.actor, practices=_own(visit))
    except HubError as problem:
        return _list(visit, error=in_one(problem, visit.language), status=422)
    return done("/statements", "made_n", new=sum(each.new for each in found), all=len(found))


def _own(visit: Visit) -> list[str]:
    """The practices of who sees only some; empty means all, and is for who sees all."""
    if visit.within is None:
        return []
    with visit.reading() as unit:
        own = [one.code for one in organisations(unit) if one.kind in statements.KINDS]
    if not own:
        raise ConfigurationError("there is no practice here", hint="a statement is a practice's")
    return own


@router.post("/statements/deliver", dependencies=_PAYS)
def deliver(visit: Visiting, period: Period) -> Response:
    """Every last version that did not go yet counts as delivered now; its practice is mailed where to find it."""
    waiting = statements.undelivered(visit.hub, visit.tenant, period.strip(), _own(visit))
    gone = [statements.delivered(visit.hub, visit.tenant, each.row, visit.actor) for each in waiting]
    return done("/statements", "delivered_n", n=sum(gone))


@router.get("/statements/journal/{number}")
def journal(visit: Visiting, number: Number) -> Response:
    """An export of the journal as it was made, byte by byte."""
    if not _whole(visit):
        raise Absent("journal", str(number))
    try:
        made = bookkeeping.again(visit.hub, visit.tenant, number, visit.actor)
    except ConfigurationError as error:
        raise Absent("journal", str(number)) from error
    return download(made.content, made.name, MEDIA["csv"])


@router.post("/statements/journal", dependencies=_PAYS)
def export_journal(visit: Visiting, period: Period) -> Response:
    """Export what the journal recorded in a quarter or month and no export has yet."""
    if not _whole(visit):
        raise Absent("journal", period)
    try:
        made = bookkeeping.export(visit.hub, visit.tenant, period.strip(), visit.actor)
    except HubError as problem:
        return _list(visit, error=in_one(problem, visit.language), status=422)
    if made is None:
        return done("/statements", "journal_nothing", period=period)
    return done("/statements", "journal_made", number=made.row["number"], n=made.row["count"])


@router.get("/statements/{practice}/{period}/{currency}/{version}/{form}")
def file(visit: Visiting, practice: str, period: str, currency: str, version: str, form: str) -> Response:
    """One version as a file; it holds no personal data."""
    return statement_file(visit, (practice, period, currency, version), form)
