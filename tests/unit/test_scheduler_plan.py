"""When a job is due: one run per local date through both daylight-saving nights, hours without a repeat (S20)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.pipeline.context import ZONES
from scheduler.plan import NIGHT, Job

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
HALF_PAST_TWO = Job(name="at-0230", step="send", hour=2, minute=30, late=timedelta(hours=6))
HOURLY = Job(name="hourly", step="send", minute=5, late=timedelta(minutes=50))


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _runs(job: Job, start: str, hours: int) -> list[tuple[str, str]]:
    """Every run a clock that ticks each minute would see due."""
    seen: dict[str, str] = {}
    for minute in range(hours * 60):
        due = job.latest(_at(start) + timedelta(minutes=minute), AMSTERDAM)
        seen.setdefault(due.key, f"{due.at:%m-%dT%H:%M}")
    return list(seen.items())


@pytest.mark.scenario("S20")
def test_the_night_whose_hour_comes_twice_has_one_run() -> None:
    """2026-10-25: 02:30 exists at 00:30Z and at 01:30Z; the first is taken and the second is the same run."""
    assert _runs(HALF_PAST_TWO, "2026-10-24T22:00", 30) == [
        ("2026-10-24", "10-24T00:30"),
        ("2026-10-25", "10-25T00:30"),
        ("2026-10-26", "10-26T01:30"),
    ]


@pytest.mark.scenario("S20")
def test_the_night_without_that_hour_has_one_run_when_the_hour_is_over() -> None:
    """2026-03-29: 02:30 does not exist; the run is due at 01:30Z, which is 03:30 there."""
    assert _runs(HALF_PAST_TWO, "2026-03-28T22:00", 30) == [
        ("2026-03-28", "03-28T01:30"),
        ("2026-03-29", "03-29T01:30"),
        ("2026-03-30", "03-30T00:30"),
    ]


@pytest.mark.parametrize("day", ["2026-03-28T23:00", "2026-10-24T22:00"])
def test_an_hourly_job_runs_in_every_hour_that_passes(day: str) -> None:
    runs = _runs(HOURLY, day, 26)
    assert len(runs) == 27
    assert len({at for _, at in runs}) == 27


@given(
    st.integers(0, 7 * 366 * 24 * 60).map(lambda minute: _at("2024-01-01T00:00") + timedelta(minutes=minute)),
    st.sampled_from([*NIGHT, HALF_PAST_TWO]),
    st.sampled_from(sorted(ZONES)),
)
def test_what_was_due_last_and_what_comes_next_have_nothing_between_them(now: datetime, job: Job, country: str) -> None:
    zone = ZONES[country]
    last, following = job.latest(now, zone), job.next(now, zone)
    assert last.at <= now < following.at
    assert last.key != following.key
    assert job.latest(following.at - timedelta(seconds=1), zone) == last
    assert job.latest(following.at, zone) == following


def test_a_job_of_the_plan_has_a_name_of_its_own_and_a_step_that_exists() -> None:
    from scheduler.run import STEPS

    assert len({job.name for job in NIGHT}) == len(NIGHT)
    assert {job.step for job in NIGHT} <= STEPS.keys()
