"""kvitt run: the hub unattended on this machine."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.output import say
from hub.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from hub.pipeline.context import Hub
    from hub.settings import Settings


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(
        "worker",
        help="Send what `kvitt run` on any node announces through the broker (KVITT_BROKER), until stopped."
        "\n\nExample: `kvitt worker --processes 4`",
    )(worker)
    app.command(
        "run",
        help="Serve the plan and send what is due, until stopped; what is under way then is finished. Where people "
        'reach the console stands in hub.toml, once for all commands: `address = "https://..."`.'
        "\n\nExample: `kvitt run --threads 4`",
    )(run)


def run(
    once: Annotated[bool, typer.Option("--once", help="Run every job of the plan now, once, and stop.")] = False,
    threads: Annotated[int, typer.Option("--threads", min=1, max=64, help="So many messages at a time.")] = 4,
    listen: Annotated[str, typer.Option("--listen", help="HOST:PORT for /health/live, /health/ready, /metrics.")] = "",
    web: Annotated[str, typer.Option("--web", help="HOST:PORT of the console; 'off': without it.")] = "",
    certificate: Annotated[
        Path | None, typer.Option("--certificate", help="PEM with certificate and key: the console speaks TLS.")
    ] = None,
) -> None:
    """Each job runs once per local date or hour, whoever's clock ticks."""
    from hub.cli.boot import settings_here
    from hub.cli.here import opened
    from hub.tracing import start
    from scheduler.plan import NIGHT
    from scheduler.run import clock, run_now

    settings = settings_here()
    start(os.environ, "kvitt")
    with opened() as hub:
        if once:
            for tenant in hub.store.tenants():
                for job in NIGHT:
                    say(f"{tenant['id']}: {run_now(hub, tenant, job, 'kvitt run --once')}")
            return
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        with ExitStack() as stack:
            if listen:
                from scheduler.endpoints import served

                say(f"health and metrics on port {stack.enter_context(served(hub, listen))}")
            _console(hub, stack, web, certificate, settings)
            scheduler = clock(hub, say, _heartbeat(hub, settings))
            scheduler.start()
            stack.callback(scheduler.shutdown, wait=True)
            sends = "workers send" if settings.broker_url else f"{threads} threads send"
            say(f"{len(NIGHT)} jobs planned for each tenant, {sends}; Ctrl-C stops")
            _send(hub, stop, threads, settings.broker_url.reveal() if settings.broker_url else "")
        say("stopped")


def _console(hub: Hub, stack: ExitStack, web: str, certificate: Path | None, settings: Settings) -> None:
    """Serve the console. Where nobody asked for a port and it is taken, the exchange goes on without.

    With an https address (hub.toml) and no certificate of its own it stands behind a proxy.
    """
    if web == "off":
        return
    from hub.web.provider import provider_of
    from hub.web.server import DEFAULT, served

    try:
        provider = provider_of(hub, settings.oidc)
        origin = hub.address if hub.address.startswith("https://") and certificate is None else ""
        opened = served(hub, web or DEFAULT, origin=origin, certificate=certificate, provider=provider)
        address = stack.enter_context(opened)
    except ConfigurationError as error:
        if web:
            raise
        say(f"{error}; running without the console")
    else:
        say(f"console on {address}")


def _heartbeat(hub: Hub, settings: Settings) -> Callable[[], object] | None:
    if settings.heartbeat_url is None:
        return None
    from scheduler.heartbeat import beat

    url = settings.heartbeat_url.reveal()
    return lambda: beat(hub, url)


def _send(hub: Hub, stop: threading.Event, threads: int, broker: str) -> None:
    """Send from here, or announce what is due to the workers."""
    if broker:
        many = _many_nodes()
        many.announce(hub, many.open_queue(broker), stop)
    else:
        from scheduler.worker import serve

        serve(hub, stop, threads)


def worker(
    processes: Annotated[int, typer.Option("--processes", min=1, max=64, help="So many messages at a time.")] = 4,
) -> None:
    """Take turns at what is due."""
    from hub.cli.boot import open_hub, settings_here
    from hub.log import open_log
    from hub.tracing import start

    settings = settings_here()
    if settings.broker_url is None:
        raise ConfigurationError("no broker is set", hint="KVITT_BROKER=amqp://..., or broker in hub.toml")
    if settings.database_url.reveal().startswith("sqlite"):
        raise ConfigurationError("workers need PostgreSQL: SQLite serves one machine", hint="kvitt run sends by itself")
    many = _many_nodes()

    def in_each_process() -> Hub:
        start(os.environ, "kvitt worker")
        return open_hub(settings)

    log = open_log(settings.log)
    try:
        many.serve_turns(many.open_queue(settings.broker_url.reveal()), in_each_process, processes)
    finally:
        log.close()


def _many_nodes() -> ModuleType:
    try:
        from scheduler import many_nodes
    except ImportError as error:
        raise ConfigurationError("Celery is not installed", hint='pip install "kvitt[celery]"') from error
    return many_nodes
