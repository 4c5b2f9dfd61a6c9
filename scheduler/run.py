"""APScheduler as the clock of this node: it only says that a time has come; winning the run happens in the database."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger

from hub.errors import HubError
from hub.pipeline.context import ZONES, Hub
from hub.pipeline.receive import collect
from hub.pipeline.settle import settle
from hub.pipeline.submit import submit
from hub.store import jobs
from scheduler.plan import NIGHT, Job

STEPS: Mapping[str, Callable[[Hub, str], Any]] = {"collect": collect, "submit": submit, "settle": settle}
_GRACE_S = 3600


def run_job(hub: Hub, tenant: str, country: str, job: Job) -> str:
    """Run one job once for its business key; gives the result that was written down, or why it did not run."""
    key = job.key(hub.local(country))
    if not jobs.start(hub.store, tenant, job.name, key):
        return f"{job.name} {key}: was started before"
    try:
        STEPS[job.step](hub, tenant)
        result = "ok"
    except HubError as error:
        result = f"failed: {error}"
    with hub.store.unit(tenant) as unit:
        jobs.finish(unit, job.name, key, result)
    return f"{job.name} {key}: {result}"


def clock(hub: Hub, say: Callable[[str], None]) -> BackgroundScheduler:
    """A scheduler with the night of every tenant; start and shut it down yourself."""
    scheduler = BackgroundScheduler(timezone="UTC")
    for tenant in hub.store.tenants():
        for job in NIGHT:
            hour = "*" if job.hour is None else job.hour
            trigger = CronTrigger(hour=hour, minute=job.minute, timezone=ZONES[tenant["country"]])
            scheduler.add_job(
                lambda tenant=tenant, job=job: say(run_job(hub, tenant["id"], tenant["country"], job)),
                trigger,
                id=f"{tenant['id']}:{job.name}",
                coalesce=True,
                misfire_grace_time=_GRACE_S,
                max_instances=1,
            )
    return scheduler
