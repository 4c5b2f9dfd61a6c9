"""The night as data: which step runs when, how late it may still start, and the business key that makes it run once.

A daily job is keyed by its local date, so that a repeated hour (autumn), a clock that ticks on several nodes, or a
person who starts it by hand make one run of it; in the hour that does not exist (spring) it runs when that hour is
over. An hourly job is keyed by the hour in UTC, which is never repeated. Everything here is pure: the time is given.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One run that should happen: its business key, and when (UTC)."""

    key: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One step of the pipe at a local time; `hour` None means every hour.

    `late` is how long after its time a missed run is still made up for; after that it is written down as missed.
    `usual` is how long it takes at most; a run without an end after that is overdue.
    """

    name: str
    step: str
    minute: int
    hour: int | None = None
    late: timedelta
    usual: timedelta = timedelta(hours=1)

    def latest(self, now: datetime, zone: ZoneInfo) -> Planned:
        """The run that was due last at a moment."""
        return next(run for run in self._runs(now, zone, back=True) if run.at <= now)

    def next(self, now: datetime, zone: ZoneInfo) -> Planned:
        """The run that comes next after a moment."""
        return next(run for run in self._runs(now, zone, back=False) if run.at > now)

    def _runs(self, now: datetime, zone: ZoneInfo, *, back: bool) -> Iterator[Planned]:
        """Runs around a moment, nearest first in one direction, beginning on its other side."""
        step = -1 if back else 1
        for distance in range(-1, 3):
            yield (
                self._on_day(now, zone, step * distance)
                if self.hour is not None
                else self._in_hour(now, step * distance)
            )

    def _on_day(self, now: datetime, zone: ZoneInfo, days: int) -> Planned:
        day = now.astimezone(zone).date() + timedelta(days=days)
        local = datetime(day.year, day.month, day.day, self.hour or 0, self.minute, tzinfo=zone)
        return Planned(key=day.isoformat(), at=local.astimezone(UTC))

    def _in_hour(self, now: datetime, hours: int) -> Planned:
        hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=hours)
        return Planned(key=f"{hour:%Y-%m-%dT%H}Z", at=hour + timedelta(minutes=self.minute))


NIGHT = (
    Job(name="collect-hourly", step="collect", minute=5, late=timedelta(minutes=50)),
    Job(name="send-due", step="send", minute=20, late=timedelta(minutes=35)),
    Job(name="submit-nightly", step="submit", hour=1, minute=30, late=timedelta(hours=20)),
    Job(name="settle-early", step="settle", hour=5, minute=30, late=timedelta(hours=12)),
    Job(name="uploads-morning", step="uploads", hour=6, minute=40, late=timedelta(hours=10)),
    Job(name="notices-hourly", step="notices", minute=47, late=timedelta(minutes=40)),
    Job(name="retention-nightly", step="retention", hour=3, minute=10, late=timedelta(hours=20)),
    Job(name="probe-nightly", step="probe", hour=4, minute=45, late=timedelta(hours=12)),
    Job(name="watch-hourly", step="watch", minute=25, late=timedelta(minutes=30)),
    Job(name="webhooks-hourly", step="webhooks", minute=12, late=timedelta(minutes=40)),
    Job(name="tell-hourly", step="tell", minute=2, late=timedelta(minutes=25)),
    Job(name="tell-half-hourly", step="tell", minute=32, late=timedelta(minutes=25)),
)
"""What an unattended hub does; times are local to each tenant's country."""


def job_named(name: str) -> Job | None:
    """The job of this name in the plan."""
    return next((job for job in NIGHT if job.name == name), None)
