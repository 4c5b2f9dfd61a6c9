"""Clocks: the machine's, and one that a demo or test moves by hand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime


class SystemClock:
    """The machine's time, UTC."""

    def now(self) -> datetime:
        """The current moment."""
        return datetime.now(UTC)


@dataclass(slots=True)
class MovableClock:
    """A clock that stands still until moved; only forward."""

    moment: datetime

    def now(self) -> datetime:
        """Where the clock stands."""
        return self.moment

    def move_to(self, moment: datetime) -> None:
        """Move forward; going back would break every order kept by time."""
        if moment < self.moment:
            raise ValueError(f"a clock moves forward only: {moment} lies before {self.moment}")
        self.moment = moment


@dataclass(frozen=True, slots=True)
class RunningClock:
    """A clock that was set to a moment and has run since; for a demo that is looked at after it was played."""

    start: datetime
    since: datetime

    def now(self) -> datetime:
        """As far behind or ahead of the machine as it was set."""
        return self.start + (datetime.now(UTC) - self.since)
