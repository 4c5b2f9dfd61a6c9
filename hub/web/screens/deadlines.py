"""Deadlines: what payers must have received by when, with the money at risk; also as a feed for one's calendar."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter, Depends, Request, Response

from hub.pipeline import api_tokens
from hub.pipeline.api_tokens import Wanted
from hub.pipeline.deadlines import Deadlines, Pile, deadlines
from hub.pipeline.waiting import BAD_RULE, ERASED, NO_DATE, NO_RULE
from hub.store.unit import Row
from hub.web.cookies import base_of
from hub.web.errors import Absent
from hub.web.guard import Visiting, needs
from hub.web.pages import page
from hub.web.parts.ical import calendar_file
from hub.web.roles import Permission
from hub.web.saying import done
from hub.web.screen import Screen
from hub.web.visit import Visit
from hub.web.wording import word

SCREEN = Screen(name="deadlines", path="/deadlines", group="work", order=50)
router = APIRouter()
_NEAR = (7, 14, 30)
_CALENDAR, _YEAR = "calendar", 365


@router.get("/deadlines")
def listing(visit: Visiting) -> Response:
    """By day, with what is at risk within a week, two weeks and a month."""
    return _list(visit)


def _list(visit: Visit, *, address: str = "") -> Response:
    found = _found(visit)
    return page(
        visit,
        "deadlines/list.html",
        piles=found.piles,
        unknown=_unknown(found, visit.language),
        risks=_risks(found.piles),
        address=address,
        calendars=_calendars(visit),
    )


@router.get("/deadlines.ics")
def feed(visit: Visiting) -> Response:
    """The same days as a calendar: payer, day and money; nothing about a person."""
    return calendar_file(_found(visit).piles, visit.language, visit.hub.clock.now())


@router.post("/deadlines/calendar", dependencies=[Depends(needs(Permission.SUBSCRIBE))])
def subscribe(request: Request, visit: Visiting) -> Response:
    """An address one's own calendar asks: shown once, a year long, ended by whoever made it and with their account."""
    person = visit.session.person
    wanted = Wanted(name=_CALENDAR, scopes=(api_tokens.CALENDAR,), organisation=visit.organisation, days=_YEAR)
    made = api_tokens.make(visit.hub, visit.tenant, wanted, visit.actor, within=visit.within, user_id=person.user_id)
    return _list(visit, address=f"{base_of(request)}/calendar/{made.token}/{visit.language}.ics")


@router.post("/deadlines/calendar/{token_id}/end", dependencies=[Depends(needs(Permission.SUBSCRIBE))])
def end(visit: Visiting, token_id: str) -> Response:
    """The address opens nothing from now on."""
    if all(row["id"] != token_id for row in _calendars(visit)):
        raise Absent("calendar", token_id)
    api_tokens.revoke(visit.hub, visit.tenant, token_id, visit.actor, within=visit.within)
    return done("/deadlines", "calendar_ended")


def _calendars(visit: Visit) -> list[Row]:
    return api_tokens.calendars(visit.hub, visit.tenant, visit.actor.name, visit.within)


def _found(visit: Visit) -> Deadlines:
    with visit.reading() as unit:
        return deadlines(visit.hub, unit)


def _risks(piles: Sequence[Pile]) -> list[tuple[int, list[tuple[int, str]]]]:
    """Money at risk within so many days, per currency and never summed across them."""
    risks = []
    for days in _NEAR:
        sums: dict[str, int] = {}
        for pile in piles:
            if pile.days_left <= days:
                sums[pile.amount.currency] = sums.get(pile.amount.currency, 0) + pile.amount.minor
        risks.append((days, [(minor, currency) for currency, minor in sorted(sums.items())]))
    return risks


_WHYS = {NO_RULE: "why_no_rule", NO_DATE: "why_no_date", BAD_RULE: "why_bad_rule", ERASED: "why_erased"}
"""How a reason begins for which there is no day, with its word."""


def _why(why: str, language: str) -> str:
    key = next((key for begun, key in _WHYS.items() if why.startswith(begun)), "")
    return word("deadlines", key, language) if key else why


def _unknown(found: Deadlines, language: str) -> list[tuple[str, str, int, int, str]]:
    groups: dict[tuple[str, str, str], list[int]] = {}
    for each in found.unknown:
        why = _why(each.why, language)
        groups.setdefault((each.payer, why, each.amount.currency), []).append(each.amount.minor)
    return [(payer, why, len(ones), sum(ones), currency) for (payer, why, currency), ones in sorted(groups.items())]
