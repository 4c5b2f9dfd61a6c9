"""Pay-outs: proposed by one person, approved by another, handed to the bank as a file, and read back.

A pay-out's account, amount and name are frozen; whatever differs when it is approved or exported makes it void.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Response

from hub.errors import ConfigurationError, HubError
from hub.model.money import Money
from hub.pipeline import four_eyes, payout_views, payouts
from hub.pipeline.payment_cases import named
from hub.pipeline.payout_ties import tie
from hub.pipeline.wanted import amount_of
from hub.store import payouts as stored
from hub.store import schema
from hub.store.unit import Row
from hub.web.errors import Absent
from hub.web.guard import Visiting, needs
from hub.web.pages import page
from hub.web.parts.numbers import Number, number_of
from hub.web.parts.refusals import in_one
from hub.web.roles import Permission
from hub.web.saying import done
from hub.web.screen import Screen
from hub.web.visit import Visit
from hub.web.wording import word

SCREEN = Screen(name="payouts", path="/payouts", needs=Permission.MONEY_SEE, group="money", order=20)
router = APIRouter()
_PAGE = 50
_PAYS = [Depends(needs(Permission.PAY))]
Reason = Annotated[str, Form(max_length=200)]


@router.get("/payouts")
def listing(visit: Visiting, state: str = "", after: str = "", proposed: str = "", ready: str = "") -> Response:
    """What waits for a second person and for the bank first, then everything, the newest first.

    Each part goes on from a number of its own: `proposed`, `ready` and, downwards, `after`.
    """
    return _list(visit, state=state, after=after, proposed=proposed, ready=ready)


def _list(
    visit: Visit,
    *,
    state: str = "",
    after: str = "",
    proposed: str = "",
    ready: str = "",
    error: str = "",
    status: int = 200,
) -> Response:
    chosen = state if state in payout_views.STATES else ""
    with visit.reading() as unit:
        asked = payout_views.waiting(unit, "proposed", above=number_of(proposed) or 0, most=_PAGE + 1)
        approved = payout_views.waiting(unit, "approved", above=number_of(ready) or 0, most=_PAGE + 1)
        every = payout_views.sums(unit, "proposed")
        rows = payout_views.paged(unit, chosen, below=number_of(after) or 0, most=_PAGE + 1)
        files = payout_views.latest_files(unit, _PAGE)
    return page(
        visit,
        "payouts/list.html",
        status=status,
        error=error,
        proposed=[(row, _mine(visit, row)) for row in asked[:_PAGE]],
        sums=_sums(asked[:_PAGE]),
        every=every if len(asked) > _PAGE or proposed else [],
        next_proposed=f"/payouts?proposed={asked[_PAGE - 1]['number']}" if len(asked) > _PAGE else "",
        approved=approved[:_PAGE],
        next_ready=f"/payouts?ready={approved[_PAGE - 1]['number']}" if len(approved) > _PAGE else "",
        rows=rows[:_PAGE],
        after=rows[_PAGE - 1]["number"] if len(rows) > _PAGE else "",
        files=files,
        states=payout_views.STATES,
        chosen=chosen,
        held={payee: why for payee, why in payouts.held(visit.hub, visit.tenant).items() if _within(visit, payee)},
    )


def _within(visit: Visit, code: str) -> bool:
    return visit.within is None or code in visit.within


def _mine(visit: Visit, row: dict[str, Any]) -> bool:
    """Whether the person who looks proposed it, and so cannot approve it."""
    return four_eyes.refusal(row["proposed_by"], visit.actor, "who proposed a pay-out") is not None


def _sums(rows: Sequence[dict[str, Any]]) -> list[tuple[str, int]]:
    sums: dict[str, int] = {}
    for row in rows:
        sums[row["currency"]] = sums.get(row["currency"], 0) + row["amount_minor"]
    return sorted(sums.items())


@router.post("/payouts/propose", dependencies=_PAYS)
def propose(visit: Visiting) -> Response:
    """Freeze what each practice may be paid now; what waits already stays as it is."""
    own = [row["code"] for row in _organisations(visit)] if visit.within is not None else []
    found = payouts.propose(visit.hub, visit.tenant, visit.actor, own) if own or visit.within is None else []
    made = [each for each in found if each.payout]
    return page(
        visit,
        "payouts/proposed.html",
        made=made,
        left=[(each, each.why.removeprefix("payee_")) for each in found if not each.payout and each.why != "nothing"],
    )


def _organisations(visit: Visit) -> list[Row]:
    with visit.reading() as unit:
        return unit.rows(unit.mine(schema.organisation))


@router.post("/payouts/approve", dependencies=_PAYS)
def approve(
    visit: Visiting,
    numbers: Annotated[list[int] | None, Form()] = None,
    amount: Annotated[str, Form(max_length=20)] = "",
    currency: Annotated[str, Form(max_length=3)] = "EUR",
) -> Response:
    """A second person approves these, for exactly what they are together."""
    chosen = [_row(visit, number)["number"] for number in numbers or ()]
    try:
        if not chosen:
            raise ConfigurationError(word("payouts", "choose_some", visit.language))
        rows = payouts.approve(visit.hub, visit.tenant, chosen, _wanted(amount, currency), visit.actor)
    except HubError as problem:
        return _list(visit, error=in_one(problem, visit.language), status=409)
    void = [row for row in rows if row["state"] != stored.APPROVED]
    return done("/payouts", "some_void" if void else "approved", n=len(rows) - len(void), void=len(void))


def _wanted(amount: str, currency: str) -> Money:
    return amount_of(amount.replace("\u00a0", "").replace(" ", ""), currency)


@router.post("/payouts/export", dependencies=_PAYS)
def export(visit: Visiting, day: Annotated[str, Form(max_length=10)] = "") -> Response:
    """One file per payer and currency of everything approved; each is downloaded below, as often as needed."""
    try:
        when = date.fromisoformat(day) if day else visit.hub.today(visit.country)
    except ValueError:
        return _list(visit, error=word("payouts", "not_a_day", visit.language), status=422)
    try:
        made = payouts.export(visit.hub, visit.tenant, when, visit.actor, payees=visit.within)
    except HubError as problem:
        return _list(visit, error=in_one(problem, visit.language), status=409)
    return done("/payouts", "exported" if made else "nothing_approved", n=len(made))


@router.get("/payouts/files/{number}")
def file(visit: Visiting, number: Number) -> Response:
    """A payment file as it was made, byte by byte; the bank knows one it has seen."""
    if not visit.may(Permission.PAY):
        raise Absent("payout-file", str(number))
    with visit.unit() as unit:
        try:
            made = payouts.again(unit, number, visit.actor)
        except ConfigurationError as error:
            raise Absent("payout-file", str(number)) from error
    headers = {"content-disposition": f'attachment; filename="{made.name}"'}
    return Response(made.content, media_type="application/xml", headers=headers)


@router.get("/payouts/{number}")
def one(visit: Visiting, number: Number) -> Response:
    """One pay-out: what its amount rests on, who decided, what the bank booked."""
    return _one(visit, number)


def _one(visit: Visit, number: int, *, error: str = "", status: int = 200) -> Response:
    _row(visit, number)
    with visit.reading() as unit:
        body = payout_views.shown(unit, number)
    visit.saw("view", f"payout/{number}")
    return page(visit, "payouts/one.html", status=status, body=body, error=error, mine=_mine(visit, body))


def _row(visit: Visit, number: int) -> dict[str, Any]:
    """The pay-out, where it is this person's to see."""
    with visit.reading() as unit:
        found = payout_views.one(unit, number)
    if found is None:
        raise Absent("payout", str(number))
    return found


@router.post("/payouts/{number}/reject", dependencies=_PAYS)
def reject(visit: Visiting, number: Number, reason: Reason = "") -> Response:
    """Say no: the money stays and may be proposed again."""
    return _close(visit, number, reason, rejects=True)


@router.post("/payouts/{number}/cancel", dependencies=_PAYS)
def cancel(visit: Visiting, number: Number, reason: Reason = "") -> Response:
    """Take back one that no bank has yet."""
    return _close(visit, number, reason, rejects=False)


def _close(visit: Visit, number: int, reason: str, *, rejects: bool) -> Response:
    _row(visit, number)
    step = payouts.reject if rejects else payouts.cancel
    try:
        row = step(visit.hub, visit.tenant, number, reason, visit.actor)
    except HubError as problem:
        return _one(visit, number, error=in_one(problem, visit.language), status=409)
    return done("/payouts", row["state"] + "_now", number=number)


@router.post("/payouts/{number}/tie", dependencies=_PAYS)
def tie_booking(
    visit: Visiting, number: Number, booking: Annotated[str, Form(max_length=40)], reason: Reason = ""
) -> Response:
    """A booking of the bank is this pay-out leaving or coming back."""
    _row(visit, number)
    with visit.reading() as unit:
        try:
            row, _ = named(unit, booking)
        except ConfigurationError as error:
            raise Absent("payment", booking) from error
    try:
        tied = tie(visit.hub, visit.tenant, number, row["id"], visit.actor, reason=reason)
    except HubError as problem:
        return _one(visit, number, error=in_one(problem, visit.language), status=409)
    return done(f"/payouts/{number}", "tied", amount=tied.paid)
