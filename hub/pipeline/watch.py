"""What the clock asks every hour: what is due soon, what is asked for and did not come, and what expires."""

from __future__ import annotations

from dataclasses import dataclass

from hub.pipeline.calendar import watch_calendar
from hub.pipeline.context import Hub
from hub.pipeline.deadlines import watch_deadlines
from hub.pipeline.list_requests import watch_requests


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """How many filing days, missing lists and ends are near."""

    deadlines: int
    missing: int
    expiring: int


def watch(hub: Hub, tenant: str) -> Watched:
    """Bring the tasks about filing terms, expected lists and the calendar up to date; repeating it changes nothing."""
    return Watched(
        expiring=len(watch_calendar(hub, tenant)),
        missing=len(watch_requests(hub, tenant)),
        deadlines=len(watch_deadlines(hub, tenant)),
    )
