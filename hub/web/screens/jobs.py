"""Nightly tasks: how each job stands, run now, pause and resume."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Response

from hub.store import access, pauses
from hub.web.errors import Absent
from hub.web.guard import Visiting, needs
from hub.web.pages import called, page
from hub.web.roles import Permission
from hub.web.saying import done
from hub.web.screen import Screen
from hub.web.visit import Visit
from hub.web.wording import has, word
from scheduler.plan import Job, job_named
from scheduler.run import run_now, states

SCREEN = Screen(name="jobs", path="/jobs", group="traffic", order=50)
router = APIRouter()
_RUN = [Depends(needs(Permission.RUN))]
_COUNTED = re.compile(r"\b([a-z]+(?:_[a-z]+)*) (?=(?:\([a-z ]+\) )?\d)")
"""How the result of what destroys begins a count: the kind of what is kept."""


@router.get("/jobs")
def listing(visit: Visiting) -> Response:
    """The plan with the last and next run of every job."""
    found = [state for state in states(visit.hub) if state.tenant == visit.tenant]
    return page(visit, "jobs/list.html", jobs=found, result=lambda said: _result(said, visit.language))


@router.post("/jobs/{name}/run", dependencies=_RUN)
def run(visit: Visiting, name: str) -> Response:
    """The same run the clock would make; one that is running already says since when (S42)."""
    job = _job(visit, name)
    tenant = next(row for row in visit.hub.store.tenants() if row["id"] == visit.tenant)
    ran = run_now(visit.hub, tenant, job, visit.actor.name)
    visit.saw("run", f"job/{name}", outcome="ok" if ran.ran else "not started")
    return done(
        "/jobs",
        "ran" if ran.ran else "did_not_run",
        job=called("job", name, visit.language),
        result=_result(ran.result, visit.language),
    )


@router.post("/jobs/{name}/pause", dependencies=_RUN)
def pause(visit: Visiting, name: str, reason: Annotated[str, Form(min_length=3, max_length=200)]) -> Response:
    """Stop it until somebody resumes it."""
    _job(visit, name)
    with visit.unit() as unit:
        pauses.pause(unit, pauses.JOB, name, reason=reason, by=visit.actor.name)
        access.record(unit, actor=visit.actor.name, role=visit.role, action="pause", object_=f"job/{name}")
    return done("/jobs", "paused_now", job=called("job", name, visit.language))


@router.post("/jobs/{name}/resume", dependencies=_RUN)
def resume(visit: Visiting, name: str) -> Response:
    """Let it run again."""
    _job(visit, name)
    with visit.unit() as unit:
        pauses.resume(unit, pauses.JOB, name, by=visit.actor.name)
        access.record(unit, actor=visit.actor.name, role=visit.role, action="resume", object_=f"job/{name}")
    return done("/jobs", "resumed", job=called("job", name, visit.language))


def _result(said: str, language: str) -> str:
    """How a run ended, kinds of what is kept by their names (`hub.pipeline.retention`)."""

    def name(found: re.Match[str]) -> str:
        key = f"kind_{found[1]}"
        return f"{word('privacy', key, language)}: " if has("privacy", key) else found[0]

    return _COUNTED.sub(name, said)


def _job(visit: Visit, name: str) -> Job:
    """A job works for the whole tenant: whoever sees a part of it only looks at the plan."""
    found = job_named(name)
    if found is None or visit.within is not None:
        raise Absent("job", name)
    return found
