"""How far a term has come: steps once each, the last hours by the local end of the day, also on daylight-saving days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.policy.countdown import day_step, expiry_step, filing_step, hours_left, is_urgent

NL = ZoneInfo("Europe/Amsterdam")
DAY = date(2024, 4, 28)


def at(day: int, hour: int, minute: int = 0, month: int = 4) -> datetime:
    return datetime(2024, month, day, hour, minute, tzinfo=NL).astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "stuck", "step"),
    [
        (at(28, 12, month=3), False, ""),
        (at(29, 0, month=3), False, "30d"),
        (at(13, 23, 59), False, "30d"),
        (at(14, 0), False, "14d"),
        (at(21, 0), False, "7d"),
        (at(25, 0), False, "3d"),
        (at(27, 0), False, "1d"),
        (at(28, 0), False, "1d"),
        (at(28, 0), True, "24h"),
        (at(27, 23, 59), True, "1d"),
        (at(28, 12), False, "12h"),
        (at(28, 18), True, "6h"),
        (at(28, 22), False, "2h"),
        (at(28, 23, 59), False, "2h"),
        (at(29, 0), False, "passed"),
    ],
)
def test_a_filing_term_comes_in_days_and_then_in_hours(now: datetime, stuck: bool, step: str) -> None:
    assert filing_step(now, DAY, NL, stuck=stuck) == step
    assert is_urgent(step) == (step.endswith("h") or step == "passed")


def test_days_of_23_and_25_hours_end_at_their_own_midnight() -> None:
    spring, autumn = date(2024, 3, 31), date(2024, 10, 27)
    assert hours_left(datetime(2024, 3, 30, 23, tzinfo=UTC), spring, NL) == 23
    assert hours_left(datetime(2024, 10, 26, 22, tzinfo=UTC), autumn, NL) == 25


@pytest.mark.parametrize(
    ("left", "step"),
    [
        (timedelta(days=60, seconds=1), ""),
        (timedelta(days=60), "60d"),
        (timedelta(days=30, seconds=1), "60d"),
        (timedelta(days=1), "1d"),
        (timedelta(seconds=1), "1d"),
        (timedelta(0), "expired"),
        (timedelta(days=-3), "expired"),
    ],
)
def test_what_expires_comes_in_days(left: timedelta, step: str) -> None:
    now = at(1, 12)
    assert expiry_step(now, now + left) == step


_ORDER = ("", "30d", "14d", "7d", "3d", "1d", "24h", "12h", "6h", "2h", "passed")


@given(st.integers(-60 * 24 * 60, 3 * 24 * 60), st.integers(0, 10_000), st.booleans())
@settings(max_examples=100)
def test_a_term_never_goes_back(minutes: int, further: int, stuck: bool) -> None:
    now = at(28, 0) + timedelta(minutes=minutes)
    first, second = (
        _ORDER.index(filing_step(moment, DAY, NL, stuck=stuck)) for moment in (now, now + timedelta(minutes=further))
    )
    assert first <= second


def test_only_steps_that_are_reached_count() -> None:
    assert [day_step(days, (7, 1)) for days in (8, 7, 2, 1, 0, -5)] == ["", "7d", "7d", "1d", "1d", "1d"]
