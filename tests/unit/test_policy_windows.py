"""Maintenance windows: within a day, over midnight, on certain days; what is none is named."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import ConfigurationError
from hub.policy.windows import in_maintenance, read_windows

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
SUNDAY = datetime(2026, 3, 1, tzinfo=AMSTERDAM)


def at(text: str, day: int = 0) -> datetime:
    hour, minute = map(int, text.split(":"))
    return SUNDAY + timedelta(days=day, hours=hour, minutes=minute)


@pytest.mark.parametrize(
    ("windows", "when", "day", "holds"),
    [
        ("sun 02:00-06:00", "01:59", 0, False),
        ("sun 02:00-06:00", "02:00", 0, True),
        ("sun 02:00-06:00", "05:59", 0, True),
        ("sun 02:00-06:00", "06:00", 0, False),
        ("sun 02:00-06:00", "03:00", 1, False),
        ("daily 23:00-00:30", "23:10", 3, True),
        ("daily 23:00-00:30", "00:29", 4, True),
        ("daily 23:00-00:30", "00:30", 4, False),
        ("sat 22:00-04:00", "03:59", 0, True),
        ("sat 22:00-04:00", "03:59", 1, False),
        ("sat 22:00-04:00", "22:00", 6, True),
        ("mon,wed 10:00-11:00; SUN 01:00-02:00", "10:30", 3, True),
        ("mon,wed 10:00-11:00; SUN 01:00-02:00", "01:30", 0, True),
        ("mon,wed 10:00-11:00; SUN 01:00-02:00", "10:30", 2, False),
        ("", "10:00", 0, False),
    ],
)
def test_a_window_holds_from_its_beginning_until_its_end(windows: str, when: str, day: int, holds: bool) -> None:
    assert in_maintenance(windows, at(when, day)) is holds


@pytest.mark.parametrize(
    "wrong", ["sun", "02:00-06:00", "son 02:00-06:00", "sun 25:00-26:00", "sun 02:00-02:00", "x;y"]
)
def test_what_is_no_window_is_named(wrong: str) -> None:
    with pytest.raises(ConfigurationError, match="is no maintenance window"):
        read_windows(wrong)


@given(st.integers(0, 7 * 24 * 60 - 1), st.integers(0, 23), st.integers(0, 23))
def test_a_window_and_what_lies_outside_it_are_the_whole_day(minute: int, begins: int, ends: int) -> None:
    if begins == ends:
        return
    inside, outside = f"daily {begins:02d}:00-{ends:02d}:00", f"daily {ends:02d}:00-{begins:02d}:00"
    when = SUNDAY + timedelta(minutes=minute)
    assert in_maintenance(inside, when) is not in_maintenance(outside, when)
