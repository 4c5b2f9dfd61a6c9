"""What waits for a second person: money given up, files let go, higher limits; and the limits themselves."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Response

from hub.errors import ConfigurationError, HubError
from hub.pipeline import approvals, four_eyes, limits, own_accounts, payout_views
from hub.pipeline.match_words import said
from hub.pipeline.wanted import amount_of
from hub.web.errors import Absent
from hub.web.guard import Visiting, needs
from hub.web.pages import page
from hub.web.parts.doors import door
from hub.web.parts.numbers import Number, number_of
from hub.web.parts.refusals import in_one
from hub.web.roles import Permission
from hub.web.saying import done
from hub.web.screen import Screen
from hub.web.visit import Visit

SCREEN = Screen(name="approvals", path="/approvals", needs=Permission.MONEY_SEE, group="money", order=30)
router = APIRouter()
_PAGE = 50
_CURRENCIES = ("EUR", "NOK")
_PAYS = [Depends(needs(Permission.PAY))]


@router.get("/approvals")
def listing(visit: Visiting, after: str = "", before: str = "") -> Response:
    """Requests that wait, what was decided, and how much one person may do alone."""
    return _list(visit, after=after, before=before)


def _list(visit: Visit, *, after: str = "", before: str = "", error: str = "", status: int = 200) -> Response:
    with visit.reading() as unit:
        asked = approvals.paged(unit, number_of(after), _PAGE + 1, waiting=True)
        decided = approvals.paged(unit, number_of(before), _PAGE + 1, waiting=False)
        total = approvals.count_waiting(unit)
        proposed = sum(n for _, n, _ in payout_views.sums(unit, "proposed"))
        changes = own_accounts.count_waiting(unit)
    waiting = [(row, _may(visit, row["what"]), _mine(visit, row)) for row in asked[:_PAGE]]
    return page(
        visit,
        "approvals/list.html",
        status=status,
        error=error,
        waiting=waiting,
        total=total,
        decided=decided[:_PAGE],
        next_waiting=f"/approvals?after={asked[_PAGE - 1]['number']}" if len(asked) > _PAGE else "",
        next_decided=f"/approvals?before={decided[_PAGE - 1]['number']}" if len(decided) > _PAGE else "",
        limits=_limits(visit),
        currencies=_CURRENCIES,
        proposed=proposed,
        changes=changes,
        to=lambda kind: door(visit, kind),
        why=lambda code: said(code, visit.language),
    )


def _limits(visit: Visit) -> list[tuple[str, str, int]]:
    """The tenant's own; they are about no organisation and no person."""
    with visit.hub.store.reading(visit.tenant) as unit:
        return [
            (kind, currency, limits.limit(unit, currency, allowance).minor)
            for kind, allowance in limits.ALLOWANCES.items()
            for currency in _CURRENCIES
        ]


def _may(visit: Visit, what: str) -> bool:
    """Files are for who lets files go, money and limits for who pays."""
    return visit.may(Permission.RELEASE if what == limits.LET_GO else Permission.PAY)


def _mine(visit: Visit, row: dict[str, Any]) -> bool:
    return four_eyes.refusal(row["asked_by"], visit.actor, "who asked for this") is not None


@router.get("/approvals/{number}")
def one(visit: Visiting, number: Number) -> Response:
    """One request with what exactly it would do."""
    return _one(visit, number)


def _one(visit: Visit, number: int, *, error: str = "", status: int = 200) -> Response:
    body = _request(visit, number)
    visit.saw("view", f"approval/{number}")
    return page(
        visit,
        "approvals/one.html",
        status=status,
        error=error,
        body=body,
        may_decide=_may(visit, body["what"]),
        mine=_mine(visit, body),
    )


def _request(visit: Visit, number: int) -> dict[str, Any]:
    with visit.reading() as unit:
        try:
            return approvals.shown(unit, number)
        except ConfigurationError as error:
            raise Absent("approval", str(number)) from error


@router.post("/approvals/{number}/approve")
def approve(visit: Visiting, number: Number) -> Response:
    """A second person approves, and it is done."""
    body = _decidable(visit, number)
    try:
        request = approvals.approve(visit.hub, visit.tenant, body["number"], visit.actor)
    except HubError as problem:
        return _one(visit, number, error=in_one(problem, visit.language), status=409)
    return done("/approvals", "is_done" if request.state == "approved" else "is_void", number=number)


@router.post("/approvals/{number}/reject")
def reject(visit: Visiting, number: Number, reason: Annotated[str, Form(max_length=200)] = "") -> Response:
    """Say no, or take back what one asked for."""
    body = _decidable(visit, number)
    try:
        approvals.reject(visit.hub, visit.tenant, body["number"], reason, visit.actor)
    except HubError as problem:
        return _one(visit, number, error=in_one(problem, visit.language), status=409)
    return done("/approvals", "is_rejected", number=number)


def _decidable(visit: Visit, number: int) -> dict[str, Any]:
    body = _request(visit, number)
    if not _may(visit, body["what"]):
        raise Absent("approval", str(number))
    return body


@router.post("/approvals/limits/{kind}", dependencies=_PAYS)
def set_limit(
    visit: Visiting,
    kind: str,
    amount: Annotated[str, Form(max_length=20)],
    currency: Annotated[str, Form(max_length=3)],
    reason: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """A lower limit counts at once, a higher one when a second person approves."""
    if kind not in limits.ALLOWANCES or currency not in _CURRENCIES or visit.within is not None:
        raise Absent("limit", kind)
    try:
        much = amount_of(amount, currency)
        asked = approvals.set_limit(
            visit.hub, visit.tenant, much, visit.actor, reason=reason, allowance=limits.ALLOWANCES[kind]
        )
    except HubError as problem:
        return _list(visit, error=in_one(problem, visit.language), status=422)
    return done("/approvals", "limit_waits" if asked else "limit_set", amount=much)
