"""kvitt run: the night, unattended on this machine."""

from __future__ import annotations

import signal
import threading
from typing import Annotated

import typer

from hub.cli.output import say


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("run", help="Collect, submit and settle by the clock until stopped.\n\nExample: `kvitt run --once`")(
        run
    )


def run(
    once: Annotated[bool, typer.Option("--once", help="Run every job of the plan now, once, and stop.")] = False,
) -> None:
    """Serve the plan; each job runs once per local date or hour, whoever's clock ticks."""
    from hub.cli.here import opened
    from scheduler.plan import NIGHT
    from scheduler.run import clock, run_job

    with opened() as hub:
        if once:
            for tenant in hub.store.tenants():
                for job in NIGHT:
                    say(f"{tenant['id']}: {run_job(hub, tenant['id'], tenant['country'], job)}")
            return
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        scheduler = clock(hub, say)
        scheduler.start()
        say(f"{len(scheduler.get_jobs())} jobs planned; Ctrl-C stops")
        stop.wait()
        scheduler.shutdown(wait=True)
