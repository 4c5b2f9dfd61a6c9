"""Deadlines: what payers must have received by when, with the money at risk; also as a feed for one's calendar."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from fastapi import APIRouter, Response

from hub.pipeline.deadlines import Deadlines, Pile, deadlines
from hub.web.guard import Visiting
from hub.web.pages import page
from hub.web.screen import Screen
from hub.web.visit import Visit
from hub.web.wording import word

SCREEN = Screen(name="deadlines", path="/deadlines", group="work", order=50)
router = APIRouter()
_NEAR = (7, 14, 30)


@router.get("/deadlines")
def listing(visit: Visiting) -> Response:
    """By day, with what is at risk within a week, two weeks and a month."""
    found = _found(visit)
    return page(visit, "deadlines/list.html", piles=found.piles, unknown=_unknown(found), risks=_risks(found.piles))


@router.get("/deadlines.ics")
def feed(visit: Visiting) -> Response:
    """The same days as a calendar: payer, day and money; nothing about a person."""
    body = calendar(_found(visit).piles, visit.language, visit.hub.clock.now())
    headers = {"content-disposition": 'attachment; filename="kvitt-deadlines.ics"'}
    return Response(body, media_type="text/calendar; charset=utf-8", headers=headers)


def calendar(piles: Sequence[Pile], language: str, now: datetime) -> str:
    """An iCalendar file (RFC 5545): one all-day event per payer, day and currency, with lines folded at 75 octets."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Kvitt//Deadlines//EN", "CALSCALE:GREGORIAN"]
    for pile in piles:
        summary = word("deadlines", "event", language, payer=pile.title, amount=pile.amount, claims=pile.claims)
        lines += [
            "BEGIN:VEVENT",
            f"UID:{pile.key}@kvitt",
            f"DTSTAMP:{now.astimezone(UTC):%Y%m%dT%H%M%SZ}",
            f"DTSTART;VALUE=DATE:{pile.day:%Y%m%d}",
            f"SUMMARY:{_escaped(summary)}",
            "TRANSP:TRANSPARENT",
            "END:VEVENT",
        ]
    return "".join(f"{_folded(line)}\r\n" for line in [*lines, "END:VCALENDAR"])


def _escaped(text: str) -> str:
    for sign in ("\\", ";", ","):
        text = text.replace(sign, f"\\{sign}")
    return text.replace("\n", "\\n")


def _folded(line: str) -> str:
    pieces, rest = [], line
    while len(rest.encode()) > 75:
        cut = next(at for at in range(74, 0, -1) if len(rest[:at].encode()) <= 74)
        pieces.append(rest[:cut])
        rest = rest[cut:]
    return "\r\n ".join([*pieces, rest])


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


def _unknown(found: Deadlines) -> list[tuple[str, str, int, int, str]]:
    groups: dict[tuple[str, str, str], list[int]] = {}
    for each in found.unknown:
        groups.setdefault((each.payer, each.why, each.amount.currency), []).append(each.amount.minor)
    return [(payer, why, len(ones), sum(ones), currency) for (payer, why, currency), ones in sorted(groups.items())]
