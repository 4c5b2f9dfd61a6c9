"""Working days with public holidays (`holidays` package: NO, NL, ...; calendars are ISO 3166-1 alpha-2 codes).

Used for "within two working days" (Behandlernettverk) and every other term that counts working days.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache

import holidays

from hub.errors import ConfigurationError


def due(sent: date, working_days: int, calendar: str) -> date:
    """The last day of a term of so many working days after the day of sending; it ends with the end of that day."""
    day = sent
    for _ in range(working_days):
        day = _next_working_day(day, calendar)
    return day


def is_working_day(day: date, calendar: str) -> bool:
    """Monday to Friday and no public holiday in that calendar."""
    return day.weekday() < 5 and day not in _holidays_of(calendar, day.year)


def _next_working_day(day: date, calendar: str) -> date:
    day += timedelta(days=1)
    while not is_working_day(day, calendar):
        day += timedelta(days=1)
    return day


@cache
def _holidays_of(calendar: str, year: int) -> frozenset[date]:
    try:
        return frozenset(holidays.country_holidays(calendar.upper(), years=year))
    except NotImplementedError:
        message = f"no holiday calendar {calendar!r}"
        raise ConfigurationError(message, hint="use a country code such as NO or NL") from None
