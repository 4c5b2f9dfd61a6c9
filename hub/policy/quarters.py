"""Which quarters of a module a practice may claim, and which lists to ask for now.

Source: the care group's module terms (at most four quarters per preparation module, retroactive to the first quarter of
participation). The reading chosen: consecutive quarters from the first one; the count can then never pass the maximum.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from hub.model.quarter import Quarter, quarter_of

MAX_QUARTERS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarterPlan:
    """The window of a module, what to request now (oldest first), what later, and whether all is done."""

    window: tuple[Quarter, ...]
    request_now: tuple[Quarter, ...]
    later: tuple[Quarter, ...]

    @property
    def reference_dates(self) -> tuple[date, ...]:
        """The first day of each quarter in the window."""
        return tuple(quarter.first_day for quarter in self.window)

    @property
    def closed(self) -> bool:
        """Whether nothing is left to ask for, now or later."""
        return not self.request_now and not self.later


def window(first: Quarter, last: Quarter | None = None, length: int | None = MAX_QUARTERS) -> tuple[Quarter, ...]:
    """The claimable quarters: `length` from the first one, cut off after `last` when the practice left.

    Without a maximum length the window is open; it then needs `last`, otherwise there is no end to list.
    """
    if length is None:
        if last is None:
            message = "a window without a maximum needs a last quarter"
            raise ValueError(message)
        length = max(0, _index(last) - _index(first) + 1)
    quarters = (first.plus(offset) for offset in range(length))
    return tuple(quarter for quarter in quarters if last is None or quarter <= last)


def plan(
    first: Quarter,
    today: date,
    claimed: Collection[Quarter] = (),
    last: Quarter | None = None,
    length: int = MAX_QUARTERS,
) -> QuarterPlan:
    """What to request: every unclaimed quarter of the window up to the current one; the others later."""
    quarters = window(first, last, length)
    missing = [quarter for quarter in quarters if quarter not in claimed]
    now = quarter_of(today)
    return QuarterPlan(
        window=quarters,
        request_now=tuple(quarter for quarter in missing if quarter <= now),
        later=tuple(quarter for quarter in missing if quarter > now),
    )


def window_problem(quarter: Quarter, first: Quarter, last: Quarter | None, length: int | None = MAX_QUARTERS) -> str:
    """Why a quarter is not claimable: a code, or empty when it is."""
    if quarter < first:
        return "MODULE_NOT_STARTED"
    if length is not None and quarter >= first.plus(length):
        return "MODULE_WINDOW_EXHAUSTED"
    if last is not None and quarter > last:
        return "MODULE_ENDED"
    return ""


def _index(quarter: Quarter) -> int:
    return quarter.year * 4 + quarter.number
