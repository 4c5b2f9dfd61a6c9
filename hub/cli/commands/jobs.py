"""kvitt jobs: the plan of the night, how each job stands, and starting, stopping or resuming one by hand."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.actors import who
from hub.cli.output import Json, Tenant, put_json, say, table
from hub.errors import ConfigurationError

if TYPE_CHECKING:
    from scheduler.plan import Job
    from scheduler.run import JobState

Name = Annotated[str, typer.Argument(help="A job of the plan, such as submit-nightly.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    jobs = typer.Typer(help="The plan of the night: last and next run of every job.", invoke_without_command=True)
    jobs.callback(help="The plan of the night: last and next run of every job.\n\nExample: `kvitt jobs`")(show)
    jobs.command(
        "run", help="Start a job now: the same run the clock would make.\n\nExample: `kvitt jobs run collect-hourly`"
    )(run_job)
    app.add_typer(jobs, name="jobs")


def show(context: typer.Context, tenant: Tenant = "", as_json: Json = False) -> None:
    """Show how each job stands; exit 5 when one is overdue."""
    if context.invoked_subcommand is not None:
        return
    from hub.cli.here import opened, tenants
    from scheduler.run import states

    with opened() as hub:
        wished = tenants(hub, tenant)
        found = [state for state in states(hub) if state.tenant in wished]
    body = [_body(state) for state in found]
    if as_json:
        put_json({"jobs": body})
    else:
        names = ("tenant", "job", "last", "took", "result", "next", "state")
        table(names, [[row[name] for name in names] for row in body])
    raise typer.Exit(5 if any(state.overdue for state in found) else 0)


def _body(state: JobState) -> dict[str, Any]:
    last = state.last
    done = last["finished_at"] if last else None
    paused = f"paused: {state.paused['reason']}" if state.paused else ""
    return {
        "tenant": state.tenant,
        "job": state.job.name,
        "last": _moment(last["started_at"]) if last else "never",
        "took": f"{(done - last['started_at']).total_seconds():.1f} s" if last and done else "",
        "result": (last["result"] if done else f"runs on {last['node']}") if last else "",
        "next": _moment(state.next),
        "state": paused or (f"OVERDUE: {state.overdue}" if state.overdue else "ok"),
    }


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}Z"


def run_job(name: Name, tenant: Tenant = "", as_json: Json = False) -> None:
    """Run it now; exit 4 when it is already running."""
    from hub.cli.here import opened, tenants
    from scheduler.run import run_now

    job = _job(name)
    with opened() as hub:
        wished = tenants(hub, tenant)
        done = [run_now(hub, row, job, who()) for row in hub.store.tenants() if row["id"] in wished]
    if as_json:
        put_json({"runs": [{"job": ran.job, "key": ran.key, "result": ran.result, "ran": ran.ran} for ran in done]})
    else:
        for ran in done:
            say(ran)
    raise typer.Exit(0 if all(ran.ran for ran in done) else 4)


def _job(name: str) -> Job:
    from scheduler.plan import NIGHT, job_named

    job = job_named(name)
    if job is None:
        raise ConfigurationError(f"no job {name!r}", hint=f"one of: {', '.join(each.name for each in NIGHT)}")
    return job
