"""Where a page of a list ended, as its next address says it: a moment and an id."""

from __future__ import annotations

from datetime import datetime

Place = tuple[datetime, str]


def cursor(ended: Place | None) -> str:
    """How an address says it; empty at the end of the list."""
    return f"{ended[0].isoformat()}|{ended[1]}" if ended else ""


def place(text: str) -> Place | None:
    """Where the page before ended; a cursor that nobody gave out begins at the beginning."""
    day, _, row_id = text.partition("|")
    try:
        moment = datetime.fromisoformat(day)
    except ValueError:
        return None
    return (moment, row_id) if moment.tzinfo is not None else None
