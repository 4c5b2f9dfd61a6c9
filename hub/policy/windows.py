"""Maintenance windows: when a partner is not to be called, by local time.

Written as `sun 02:00-06:00; daily 23:00-00:30`: days are mon to sun, `daily`, or several with a comma; a window that
ends before it begins runs into the next day.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import lru_cache

from hub.errors import ConfigurationError

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WRITTEN = re.compile(r"(daily|[a-z]{3}(?:,[a-z]{3})*)\s+(\d\d:\d\d)-(\d\d:\d\d)")


@dataclass(frozen=True, slots=True)
class Window:
    """Days of the week (0 is Monday) it begins on, and from when until when."""

    days: frozenset[int]
    begins: time
    ends: time

    def holds(self, local: datetime) -> bool:
        """Whether it is under way at a local time; its end is outside."""
        now = local.time()
        if self.begins < self.ends:
            return local.weekday() in self.days and self.begins <= now < self.ends
        yesterday = (local - timedelta(days=1)).weekday()
        return (local.weekday() in self.days and now >= self.begins) or (yesterday in self.days and now < self.ends)


@lru_cache(maxsize=256)
def read_windows(text: str) -> tuple[Window, ...]:
    """The windows of a setting; ConfigurationError with the part that is none."""
    return tuple(_read(part.strip().lower()) for part in text.split(";") if part.strip())


def _read(part: str) -> Window:
    found = _WRITTEN.fullmatch(part)
    window = _window(found[1], found[2], found[3]) if found else None
    if window is None:
        raise ConfigurationError(
            f"{part!r} is no maintenance window", hint="such as: sun 02:00-06:00; daily 23:00-00:30"
        )
    return window


def _window(days: str, begins: str, ends: str) -> Window | None:
    """A window of these words; None when one is no day or time, or it has no length."""
    try:
        named = frozenset(range(7)) if days == "daily" else frozenset(_DAYS.index(day) for day in days.split(","))
        window = Window(named, time.fromisoformat(begins), time.fromisoformat(ends))
    except ValueError:
        return None
    return window if window.begins != window.ends else None


def in_maintenance(text: str, local: datetime) -> bool:
    """Whether one of a setting's windows is under way."""
    return any(window.holds(local) for window in read_windows(text))
