"""The night as data: which step runs when, and the business key that makes it run once.

A daily job is keyed by its local date and an hourly one by date and hour, so that a repeated hour (autumn) or a clock
that ticks on several nodes runs it once; no job is planned between 02:00 and 03:00, the hour that may be missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One step of the pipe at a local time; `hour` None means every hour."""

    name: str
    step: str
    minute: int
    hour: int | None = None

    def key(self, local: datetime) -> str:
        """The business key of the run at a local time."""
        day = local.date().isoformat()
        return day if self.hour is not None else f"{day}T{local.hour:02d}"


NIGHT = (
    Job(name="collect-hourly", step="collect", minute=5),
    Job(name="submit-nightly", step="submit", hour=1, minute=30),
    Job(name="settle-early", step="settle", hour=5, minute=30),
)
"""What an unattended hub does; times are local to each tenant's country."""
