"""Run the plan: APScheduler only says that time has passed; what is due, and who runs it, is decided in the database.

Every node ticks. A tick asks the plan (pure) what should have run last, and wins that run by being the first to write
it down. Nothing is kept in memory between ticks: a node that slept, died or was started late catches up by the plan's
own rule, or writes down that a run was missed.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger
from sqlalchemy.exc import SQLAlchemyError

from hub import log, texts
from hub.errors import HubError
from hub.pipeline.alerts import tell
from hub.pipeline.calendar import probe
from hub.pipeline.context import ZONES, Hub
from hub.pipeline.notices import mail_notices
from hub.pipeline.receive import collect
from hub.pipeline.retention import nightly
from hub.pipeline.send import send_due
from hub.pipeline.settle import settle
from hub.pipeline.submit import submit
from hub.pipeline.uploads import attend
from hub.pipeline.watch import watch
from hub.pipeline.webhooks import call_webhooks
from hub.store import jobs, pauses, tasks
from hub.store.locks import effect_lock
from hub.store.tasks import NewTask
from hub.store.unit import Row
from hub.tracing import span
from scheduler.plan import NIGHT, Job, Planned

STEPS: Mapping[str, Callable[[Hub, str], Any]] = {
    "collect": collect,
    "send": send_due,
    "submit": submit,
    "settle": settle,
    "probe": probe,
    "watch": watch,
    "tell": tell,
    "uploads": attend,
    "notices": mail_notices,
    "webhooks": call_webhooks,
    "retention": nightly,
}
"""What a job does for a tenant; a step that gives a sentence has it written down with its run."""
TICK_S = 20
HEARTBEAT_S = 60
CLOCK = "clock"
OK = "ok"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What became of a run that was asked for; `ran` is False when it did not start, and `result` says why."""

    job: str
    key: str
    result: str
    ran: bool

    def __str__(self) -> str:
        return f"{self.job} {self.key}: {self.result}"


def node() -> str:
    """What this process is called where it writes down that it runs something."""
    return f"{platform.node()[:60]}:{os.getpid()}"


def tick(hub: Hub, plan: tuple[Job, ...] = NIGHT) -> list[Ran]:
    """Run what is due now for every tenant; a job that fails never stops the next."""
    done: list[Ran] = []
    for tenant in hub.store.tenants():
        with hub.store.reading(tenant["id"]) as unit:
            new = not jobs.known(unit)
        for job in plan:
            done += _tick(hub, tenant, job, new=new)
    return done


def _tick(hub: Hub, tenant: Row, job: Job, *, new: bool) -> Iterator[Ran]:
    """Where nothing ever ran, what was due before the start is not made up for: it begins with the next time."""
    now = hub.clock.now()
    due = job.latest(now, ZONES[tenant["country"]])
    with hub.store.reading(tenant["id"]) as unit:
        row = jobs.get(unit, job.name, due.key)
        paused = pauses.in_force(unit).of(pauses.JOB, job.name)
    if (row is not None and row["finished_at"] is not None) or paused:
        return
    if row is None and (new or now - due.at > job.late):
        _missed(hub, tenant["id"], job, due, told=not new)
        return
    yield run(hub, tenant["id"], job, due)


def _missed(hub: Hub, tenant: str, job: Job, due: Planned, *, told: bool) -> None:
    """Too late to make up for: written down, and told to a person unless the hub is new."""
    row = {"job": job.name, "business_key": due.key, "planned_at": due.at, "node": node(), "by": CLOCK}
    if not jobs.start(hub.store, tenant, {**row, "result": jobs.MISSED, "finished_at": hub.clock.now()}) or not told:
        return
    log.event("job missed", tenant=tenant, job=job.name, key=due.key)
    with hub.store.unit(tenant) as unit:
        words = {"job": job.name, "planned": f"{due.at:%Y-%m-%d %H:%M} UTC"}
        tasks.add(
            unit,
            NewTask(
                key=f"job:{job.name}:MISSED",
                kind="job_missed",
                text=texts.text("JOB_MISSED", **words),
                action=texts.action("JOB_MISSED", **words),
            ),
            reopen=True,
        )


def run(hub: Hub, tenant: str, job: Job, due: Planned, by: str = CLOCK) -> Ran:
    """Run a job once for its business key, or take it up where its process died; nobody else does meanwhile."""
    with effect_lock(hub.store.engine, hub.home / "locks", f"job:{tenant}:{job.name}") as mine:
        if not mine:
            return Ran(job=job.name, key=due.key, result=_running_since(hub, tenant, job), ran=False)
        if not _won(hub, tenant, job, due, by):
            return Ran(job=job.name, key=due.key, result="was run before", ran=False)
        with span("job", job=job.name, key=due.key, tenant=tenant) as told:
            result = _step(hub, tenant, job)
            told["failed"] = not result.startswith(OK)
        with hub.store.unit(tenant) as unit:
            jobs.finish(unit, job.name, due.key, result)
            tasks.done(unit, f"job:{job.name}:MISSED", {"ran": due.key})
    log.event("job", tenant=tenant, job=job.name, key=due.key, result=result)
    return Ran(job=job.name, key=due.key, result=result, ran=True)


def _won(hub: Hub, tenant: str, job: Job, due: Planned, by: str) -> bool:
    row = {"job": job.name, "business_key": due.key, "planned_at": due.at, "node": node(), "by": by}
    if jobs.start(hub.store, tenant, row):
        return True
    with hub.store.unit(tenant) as unit:
        known = jobs.get(unit, job.name, due.key)
        if known is None or known["finished_at"] is not None:
            return False
        jobs.again(unit, job.name, due.key, node())
    return True


def _step(hub: Hub, tenant: str, job: Job) -> str:
    try:
        said = STEPS[job.step](hub, tenant)
    except HubError as error:
        return f"failed: {error}"
    return f"{OK}: {said}" if isinstance(said, str) else OK


def _running_since(hub: Hub, tenant: str, job: Job) -> str:
    with hub.store.reading(tenant) as unit:
        row = jobs.last(unit, job.name)
    return f"already running since {row['started_at']:%Y-%m-%d %H:%M:%S} UTC ({row['node']})" if row else "is starting"


def run_now(hub: Hub, tenant: Row, job: Job, by: str) -> Ran:
    """Start a job by hand: the run that is due when nobody made it yet, else one more of its kind."""
    now = hub.clock.now()
    due = job.latest(now, ZONES[tenant["country"]])
    with hub.store.reading(tenant["id"]) as unit:
        row = jobs.get(unit, job.name, due.key)
    if row is not None and row["finished_at"] is not None:
        due = Planned(key=f"{due.key}+{now:%H%M%S}", at=now)
    return run(hub, tenant["id"], job, due, by)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobState:
    """How a job of one tenant stands."""

    tenant: str
    job: Job
    last: Row | None
    next: datetime
    paused: Row | None
    overdue: str


def states(hub: Hub) -> list[JobState]:
    """Every job of every tenant: its last run, its next, and whether something is wrong with it."""
    found = []
    for tenant in hub.store.tenants():
        with hub.store.reading(tenant["id"]) as unit:
            stopped = pauses.in_force(unit)
            lasts = {job.name: jobs.last(unit, job.name) for job in NIGHT}
        for job in NIGHT:
            last, paused = lasts[job.name], stopped.of(pauses.JOB, job.name)
            zone = ZONES[tenant["country"]]
            overdue = "" if paused else _overdue(job, last, hub.clock.now(), job.latest(hub.clock.now(), zone))
            next_ = job.next(hub.clock.now(), zone).at
            found.append(JobState(tenant=tenant["id"], job=job, last=last, next=next_, paused=paused, overdue=overdue))
    return found


def _overdue(job: Job, last: Row | None, now: datetime, due: Planned) -> str:
    if last is None:
        return ""
    if last["finished_at"] is None and now - last["started_at"] > job.usual:
        return f"runs since {last['started_at']:%Y-%m-%d %H:%M} UTC"
    behind = due.at > last["started_at"] and now - due.at > job.usual
    return f"should have run at {due.at:%Y-%m-%d %H:%M} UTC" if behind else ""


def tell_programs(hub: Hub) -> None:
    """Call the webhooks of every tenant that is not paused; what breaks at one stops no other."""
    for tenant in hub.store.tenants():
        try:
            with hub.store.reading(tenant["id"]) as unit:
                paused = pauses.in_force(unit).of(pauses.JOB, "webhooks-hourly")
            if not paused:
                call_webhooks(hub, tenant["id"])
        except (HubError, SQLAlchemyError) as error:
            log.event("webhooks not called", tenant=tenant["id"], error=type(error).__name__)


def clock(hub: Hub, say: Callable[[str], None], heartbeat: Callable[[], object] | None = None) -> BackgroundScheduler:
    """A scheduler that ticks on this node and lets the heart beat; start it and shut it down yourself."""

    def ticked() -> None:
        for ran in tick(hub):
            if ran.ran:
                say(str(ran))

    scheduler = BackgroundScheduler(timezone="UTC")
    scheduler.add_job(
        ticked,
        IntervalTrigger(seconds=TICK_S),
        id="tick",
        next_run_time=hub.clock.now(),
        coalesce=True,
        misfire_grace_time=None,
        max_instances=1,
    )
    scheduler.add_job(
        lambda: tell_programs(hub),
        IntervalTrigger(seconds=TICK_S),
        id="webhooks",
        next_run_time=hub.clock.now(),
        coalesce=True,
        misfire_grace_time=None,
        max_instances=1,
    )
    if heartbeat is not None:
        every = IntervalTrigger(seconds=HEARTBEAT_S)
        scheduler.add_job(heartbeat, every, id="heartbeat", next_run_time=hub.clock.now(), coalesce=True)
    return scheduler
