"""Payments: what came in, what it may be for and why, and what a person decides about it.

A bank file is looked at before it is received. The payer of a booking may be a person: masked, until somebody who may
says why they must see it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from types import MappingProxyType
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Request, Response, UploadFile

from hub.errors import ConfigurationError, FormatError, HubError
from hub.ledger.accounts import NoClaim
from hub.log import clean_text
from hub.model.exchange import Collected
from hub.model.money import Money
from hub.pipeline import by_hand, match_words, payment_files, payment_views, payout_ties, receive, settle
from hub.pipeline.by_hand import Decided
from hub.pipeline.context import content_id
from hub.pipeline.payment_cases import named
from hub.pipeline.upload_checks import check_upload
from hub.pipeline.wanted import Wanted, amount_of, read_wanted
from hub.rendering import numbers
from hub.store import bookings
from hub.web.errors import Absent
from hub.web.guard import Visiting, needs
from hub.web.pages import money, page
from hub.web.parts import handing_in
from hub.web.parts.charts import Chart, Part, columns
from hub.web.parts.refusals import in_one
from hub.web.parts.turns import in_turn, staff
from hub.web.roles import Permission
from hub.web.saying import done
from hub.web.screen import Screen
from hub.web.staging import Staged
from hub.web.visit import Visit
from hub.web.wording import word

SCREEN = Screen(name="payments", path="/payments", needs=Permission.MONEY_SEE, group="money", order=10)
router = APIRouter()
_NOTHING_TYPED: Mapping[str, str] = MappingProxyType({"form": ""})
_MONEY_FIELDS = (
    "granted and outstanding",
    "credit netted",
    "difference",
    "payable",
    "balance of everything open with this payer",
)
"""Grounds of a match whose value is an amount."""
WAITING = ("new", "review")
_PAGE = 50
_WEEKS = 12
_MATCHES = [Depends(needs(Permission.MATCH))]
_REVEALS = [Depends(needs(Permission.MATCH)), Depends(needs(Permission.IDENTIFY))]
Reason = Annotated[str, Form(max_length=200)]


# --- the list -------------------------------------------------------------------------------------------------------


@router.get("/payments")
def listing(visit: Visiting, state: str = "waiting", after: str = "") -> Response:
    """Bookings by state, the newest first; those in question with why, and what they may be for."""
    chosen = state if state in ("waiting", "all", *payment_views.STATES) else "waiting"
    states: Sequence[str] = {"waiting": WAITING, "all": ()}.get(chosen, (chosen,))
    with visit.reading() as unit:
        rows = payment_views.paged(unit, states, after=_after(after), most=_PAGE + 1)
        counts = bookings.counts(unit)
        came = bookings.received(unit, bookings.weeks(visit.hub.today(visit.country), _WEEKS)[0])
    return page(
        visit,
        "payments/list.html",
        rows=rows[:_PAGE],
        chosen=chosen,
        states=payment_views.STATES,
        counts=counts,
        waiting=[each for each in counts if each.state in WAITING],
        after=_cursor(rows[_PAGE - 1]["cursor"]) if len(rows) > _PAGE else "",
        charts=_received(visit, came),
        why=_why(visit),
    )


def _why(visit: Visit) -> Callable[[str], str]:
    return lambda code: match_words.said(code, visit.language)


def _cursor(at: bookings.After) -> str:
    return f"{at[0].isoformat()}.{at[1]}"


def _after(text: str) -> bookings.After | None:
    """Where a page ended; a cursor nobody made is none."""
    day, _, row_id = text.partition(".")
    try:
        return (date.fromisoformat(day), row_id) if text else None
    except ValueError:
        return None


def _received(visit: Visit, came: Sequence[tuple[date, str, int]]) -> list[Chart]:
    """What came in per week, a chart for each currency."""
    weeks = bookings.weeks(visit.hub.today(visit.country), _WEEKS)
    charts = []
    for currency in sorted({each[1] for each in came}):
        sums = [_week(came, currency, monday) for monday in weeks]
        title = word("payments", "received_weeks", visit.language, currency=currency)
        groups = [
            (
                f"{monday:W%V}",
                numbers.number(Decimal(minor // 100), visit.language) if minor > 0 else "",
                [Part("received", minor, f"{monday:%G-W%V}: {money(minor, currency, visit.language)}")],
            )
            for monday, minor in zip(weeks, sums, strict=True)
        ]
        charts.append(columns(title, groups))
    return [chart for chart in charts if chart is not None]


def _week(came: Sequence[tuple[date, str, int]], currency: str, monday: date) -> int:
    return sum(minor for day, each, minor in came if each == currency and 0 <= (day - monday).days < 7)


# --- a bank file ----------------------------------------------------------------------------------------------------


@router.post("/payments/file", dependencies=_MATCHES)
def look(request: Request, visit: Visiting, file: UploadFile) -> Response:
    """What a bank file says, and what of it is new; nothing is stored."""
    data, name = handing_in.received(file)
    return in_turn(request, visit, staff(visit), data, partial(_looked, request, visit, name or "bank file", data))


def _looked(request: Request, visit: Visit, name: str, data: bytes) -> Response:
    found, error = None, ""
    try:
        check_upload(visit.hub, name, data)
        found = _look(visit, data)
    except HubError as problem:
        error = in_one(problem, visit.language)
    staged = handing_in.keep(request, visit, name, data) if found else ""
    status = 200 if found else 422
    return page(visit, "payments/file.html", status=status, found=found, name=name, word=staged, error=error)


def _look(visit: Visit, data: bytes) -> payment_files.Looked:
    """The counters of what was booked belong to nobody; whose accounts the file may name is judged by the fence."""
    with visit.hub.store.reading(visit.tenant) as unit:
        found = payment_files.look(unit, data, visit.language, within=visit.within)
    if visit.within is not None and found.format == "pain.002":
        raise FormatError("a status report is for who sees the whole tenant", where="file")
    return found


@router.post("/payments/file/receive", dependencies=_MATCHES)
def take(request: Request, visit: Visiting, token: Annotated[str, Form(alias="word", max_length=60)]) -> Response:
    """Receive what was shown, and match what is new."""
    staged = handing_in.take(request, visit, token)
    if staged is None:
        return done("/payments", "too_late")
    return in_turn(request, visit, staff(visit), staged.data, partial(_received_now, visit, staged))


def _received_now(visit: Visit, staged: Staged) -> Response:
    _look(visit, staged.data)
    name = clean_text(staged.name)
    item = Collected(remote_id=content_id(name, staged.data), name=name, payload=staged.data)
    results = receive.receive(visit.hub, visit.tenant, item)
    settled = settle.settle(visit.hub, visit.tenant)
    visit.saw("receive", f"inbound/{results[0].inbound_id}")
    key = {"processed": "taken", "duplicate": "taken_before"}.get(results[0].state, "taken_odd")
    return done("/payments", key, looked=len(settled.matches))


# --- one booking ----------------------------------------------------------------------------------------------------


@router.get("/payments/{ref}")
def one(visit: Visiting, ref: str) -> Response:
    """One booking: evidence, what was passed over and why, suggestions, decisions."""
    return _shown(visit, ref)


@router.post("/payments/{ref}/reveal", dependencies=_REVEALS)
def reveal(visit: Visiting, ref: str, reason: Reason = "") -> Response:
    """The same with who paid and what was written, once, for a reason."""
    if len(reason.strip()) < 3:
        return _shown(visit, ref, error=word("payments", "reason_missing", visit.language), status=422)
    booking = _id(visit, ref)
    visit.saw("reveal", f"payment/{booking}: {clean_text(' '.join(reason.split()))}"[:200])
    return _shown(visit, ref, personal=True)


def _shown(
    visit: Visit,
    ref: str,
    *,
    personal: bool = False,
    error: str = "",
    status: int = 200,
    typed: Mapping[str, str] = _NOTHING_TYPED,
) -> Response:
    booking = _id(visit, ref)
    with visit.unit() as unit:
        body = payment_views.shown(visit.hub, unit, booking, visit.actor)
        shown = body | {"personal": False} if personal else payment_views.masked(unit, body)
    return page(
        visit,
        "payments/one.html",
        status=status,
        body=shown,
        error=error,
        typed=lambda form, name: typed.get(name, "") if typed["form"] == form else "",
        sent=typed["form"],
        reasons=tuple(NoClaim),
        why=_why(visit),
        money_fields=_MONEY_FIELDS,
        base=f"/payments/{booking}",
        quoted=quote,
        written=_written(body),
    )


def _id(visit: Visit, ref: str) -> str:
    """The booking, where it is this person's to see."""
    with visit.reading() as unit:
        try:
            row, _ = named(unit, ref)
        except ConfigurationError as error:
            raise Absent("payment", ref) from error
    return str(row["id"])


def _decide(visit: Visit, ref: str, step: Callable[[str], Decided], key: str, **typed: str) -> Response:
    """Carry a decision out; what cannot be done is said on the booking's own page, with what was typed for it."""
    booking = _id(visit, ref)
    try:
        decided = step(booking)
    except HubError as problem:
        return _shown(visit, ref, error=in_one(problem, visit.language), status=409, typed=typed | {"form": key})
    base = f"/payments/{booking}"
    if decided.waits:
        return done(base, "waits_second", number=decided.waits)
    return done(base, key, amount=decided.amount, left=decided.unallocated)


@router.post("/payments/{ref}/match", dependencies=_MATCHES)
def match(visit: Visiting, ref: str, wanted: Annotated[str, Form(max_length=4000)], reason: Reason = "") -> Response:
    """Take a suggestion exactly as it was shown; what changed since is refused."""
    return _decide(visit, ref, lambda booking: _allocated(visit, booking, _wishes(wanted), reason), "allocated")


@router.post("/payments/{ref}/allocate", dependencies=_MATCHES)
def allocate(
    visit: Visiting,
    ref: str,
    wanted: Annotated[str, Form(max_length=8000)] = "",
    no_claim: Annotated[str, Form(max_length=20)] = "",
    no_claim_amount: Annotated[str, Form(max_length=20)] = "",
    whole: Annotated[str, Form(max_length=3)] = "",
    reason: Reason = "",
) -> Response:
    """Put it on claims by hand, a line each (`CLAIM`, `CLAIM=12.30`, `CLAIM:2=12.30`); some of it on none."""

    def step(booking: str) -> Decided:
        aside = _aside(visit, booking, no_claim, no_claim_amount)
        return _allocated(visit, booking, _wishes(wanted), reason, aside=aside, whole=whole == "yes")

    typed = {"wanted": wanted, "no_claim": no_claim, "no_claim_amount": no_claim_amount, "whole": whole}
    return _decide(visit, ref, step, "allocated", **typed, reason=reason)


def _allocated(
    visit: Visit,
    booking: str,
    wishes: Sequence[Wanted],
    reason: str,
    *,
    aside: tuple[NoClaim, Money | None] | None = None,
    whole: bool = False,
) -> Decided:
    _visible(visit, wishes)
    return by_hand.allocate(
        visit.hub, visit.tenant, booking, wishes, visit.actor, reason=reason, aside=aside, whole=whole
    )


def _wishes(text: str) -> list[Wanted]:
    return [read_wanted(line) for line in text.replace(",", ".").split() if line]


def _visible(visit: Visit, wishes: Sequence[Wanted]) -> None:
    """A claim of somebody else is not there, also for money."""
    with visit.reading() as unit:
        absent = payment_views.absent(unit, [each.claim for each in wishes])
    if absent:
        raise ConfigurationError(f"no claim {absent[0]}", hint="write CLAIM=12.30, a claim on each line")


def _aside(visit: Visit, booking: str, name: str, amount: str) -> tuple[NoClaim, Money | None] | None:
    if name not in tuple(NoClaim):
        return None
    return NoClaim(name), _amount(visit, booking, amount) if amount.strip() else None


def _amount(visit: Visit, booking: str, text: str) -> Money:
    with visit.reading() as unit:
        return amount_of(text, named(unit, booking)[0]["currency"])


@router.post("/payments/{ref}/undo", dependencies=_MATCHES)
def undo(
    visit: Visiting,
    ref: str,
    claim: Annotated[str, Form(max_length=60)] = "",
    by: Annotated[str, Form(max_length=40)] = "",
    reason: Reason = "",
) -> Response:
    """Take back what was allocated, on one claim or all of it; `by` is the booking by which the bank took it back."""

    def step(booking: str) -> Decided:
        _said(reason)
        if by:
            return by_hand.undo_by(visit.hub, visit.tenant, booking, _id(visit, by), visit.actor, reason=reason)
        chosen = [claim] if claim else []
        return by_hand.undo(visit.hub, visit.tenant, booking, visit.actor, reason=reason, claim_refs=chosen)

    return _decide(visit, ref, step, "undone", claim=claim, by=by, reason=reason)


@router.post("/payments/{ref}/return", dependencies=_MATCHES)
def give_back(
    visit: Visiting, ref: str, amount: Annotated[str, Form(max_length=20)] = "", reason: Reason = ""
) -> Response:
    """Money goes back to its payer; without an amount all that is free."""

    def step(booking: str) -> Decided:
        _said(reason)
        much = _amount(visit, booking, amount) if amount.strip() else None
        return by_hand.give_back(visit.hub, visit.tenant, booking, visit.actor, reason=reason, amount=much)

    return _decide(visit, ref, step, "promised", amount=amount, reason=reason)


@router.post("/payments/{ref}/leave", dependencies=_MATCHES)
def leave(visit: Visiting, ref: str, reason: Reason = "") -> Response:
    """Close the question knowingly; above what one person may give up alone it waits for a second one."""
    return _decide(
        visit,
        ref,
        lambda booking: by_hand.leave(visit.hub, visit.tenant, booking, visit.actor, reason=reason),
        "left",
        reason=reason,
    )


@router.post("/payments/{ref}/same", dependencies=_MATCHES)
def same(visit: Visiting, ref: str, other: Annotated[str, Form(max_length=40)], reason: Reason = "") -> Response:
    """It is another booking told again."""

    def step(booking: str) -> Decided:
        _said(reason)
        return by_hand.same(visit.hub, visit.tenant, booking, _id(visit, other), visit.actor, reason=reason)

    return _decide(visit, ref, step, "told_again", other=other, reason=reason)


@router.post("/payments/{ref}/another", dependencies=_MATCHES)
def another(visit: Visiting, ref: str, reason: Reason = "") -> Response:
    """It is a payment of its own: match it."""

    def step(booking: str) -> Decided:
        made = by_hand.another(visit.hub, visit.tenant, booking, visit.actor, reason=reason)
        settle.settle(visit.hub, visit.tenant)
        return made

    return _decide(visit, ref, step, "matched_again")


@router.post("/payments/{ref}/payout", dependencies=[Depends(needs(Permission.PAY))])
def tie(visit: Visiting, ref: str, number: Annotated[int, Form()], reason: Reason = "") -> Response:
    """It is a pay-out leaving or coming back."""
    booking = _id(visit, ref)
    with visit.reading() as unit:
        row, _ = named(unit, booking)
        if number not in payout_ties.candidates(unit, row):
            raise Absent("payout", str(number))
    try:
        tied = payout_ties.tie(visit.hub, visit.tenant, number, booking, visit.actor, reason=reason)
    except HubError as problem:
        return _shown(visit, ref, error=in_one(problem, visit.language), status=409)
    return done(f"/payments/{booking}", "tied", number=number, amount=tied.paid)


def _said(reason: str) -> None:
    if not reason.strip():
        raise ConfigurationError("say why", hint="a reason is kept with what was decided")


def _written(body: dict[str, Any]) -> Callable[[Any], str]:
    """A suggestion as its form sends it back: each claim with its amount."""

    def text(suggestion: Any) -> str:  # noqa: ANN401 -- a suggestion as JSON
        amounts = [(each["claim"], Money(each["amount_minor"], body["currency"])) for each in suggestion["allocations"]]
        return " ".join(f"{claim}={amount.decimal():f}" for claim, amount in amounts)

    return text
