"""How far a term has come, in steps: each is said once, and the last hours are said aloud.

Steps are the days of the requirement for filing terms (30, 14, 7, 3, 1) and for certificates, credentials and
agreements (60, 30, 14, 7, 1). The hours are our choice: half a day, a quarter, and two hours before the end of the day;
a whole day before it where what must go out cannot.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta, tzinfo

FILING_DAYS = (30, 14, 7, 3, 1)
EXPIRY_DAYS = (60, 30, 14, 7, 1)
HOURS = (12, 6, 2)
STUCK_HOURS = (24, *HOURS)
PASSED, EXPIRED = "passed", "expired"


def day_step(days_left: int, steps: Sequence[int]) -> str:
    """The smallest step that has been reached, as text; nothing while the term is further away than all of them."""
    reached = [step for step in steps if days_left <= step]
    return f"{min(reached)}d" if reached else ""


def hours_left(now: datetime, day: date, zone: tzinfo) -> float:
    """Hours until the local end of a day; negative when it has passed. Right on days of 23 and 25 hours."""
    end = datetime.combine(day + timedelta(days=1), time.min, tzinfo=zone)
    return (end - now).total_seconds() / 3600


def filing_step(now: datetime, day: date, zone: tzinfo, *, stuck: bool = False) -> str:
    """How far a filing term has come: `30d` ... `1d`, then `12h`, `6h`, `2h` (`24h` when stuck), then `passed`."""
    left = hours_left(now, day, zone)
    if left <= 0:
        return PASSED
    reached = [hours for hours in (STUCK_HOURS if stuck else HOURS) if left <= hours]
    if reached:
        return f"{min(reached)}h"
    return day_step((day - now.astimezone(zone).date()).days, FILING_DAYS)


def expiry_step(now: datetime, expires: datetime) -> str:
    """How far something that expires has come: `60d` ... `1d`, then `expired`."""
    if expires <= now:
        return EXPIRED
    days, rest = divmod(expires - now, timedelta(days=1))
    return day_step(days + (1 if rest else 0), EXPIRY_DAYS)


def is_urgent(step: str) -> bool:
    """Whether a step is said aloud whatever the hour: the last hours of a term, and its end."""
    return step.endswith("h") or step in (PASSED, EXPIRED)
