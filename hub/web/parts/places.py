"""Where a page of a list ended, as its next address says it: a moment and an id.

Addresses are typed, cut and kept: what nobody gave out begins at the beginning and never reaches the database.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

Place = tuple[datetime, str]
_DIGITS = 18
"""So many fit a number of either database."""


def cursor(ended: Sequence[Any] | None) -> str:
    """How an address says a moment and an id; empty at the end of the list."""
    return f"{ended[0].isoformat()}|{ended[1]}" if ended else ""


def place(text: str) -> Place | None:
    """Where the page before ended; a cursor that nobody gave out begins at the beginning."""
    day, _, row_id = text.partition("|")
    at = moment(day)
    return (at, row_id) if at is not None and row_id else None


def moment(text: str) -> datetime | None:
    """A moment of an address; none without a zone, or so far off that UTC has no such moment."""
    try:
        found = datetime.fromisoformat(text)
        return found.astimezone(UTC) if found.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def minor(text: str) -> int | None:
    """An amount of an address; none where no column holds it."""
    digits = text.removeprefix("-")
    return int(text) if digits.isascii() and digits.isdecimal() and len(digits) <= _DIGITS else None
