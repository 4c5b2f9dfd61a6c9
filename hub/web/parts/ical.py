"""Deadlines as an iCalendar file (RFC 5545): payer, day and money; nothing about a person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from fastapi import Response

from hub.pipeline.deadlines import Pile
from hub.web.wording import word


def calendar_file(piles: Sequence[Pile], language: str, now: datetime) -> Response:
    """The file, as a browser or a calendar gets it."""
    headers = {"content-disposition": 'attachment; filename="kvitt-deadlines.ics"'}
    return Response(calendar(piles, language, now), media_type="text/calendar; charset=utf-8", headers=headers)


def calendar(piles: Sequence[Pile], language: str, now: datetime) -> str:
    """One all-day event per payer, day and currency, with lines folded at 75 octets."""
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
