"""What monitoring may fetch from a running hub: /health/live, /health/ready and /metrics, read-only, without names.

Bind it to an inside address: it says how many, never who.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, cast
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from hub.errors import ConfigurationError
from hub.pipeline.context import Hub
from scheduler.health import CRITICAL, Count, counts, signs
from scheduler.run import states

_Start = Callable[[str, list[tuple[str, str]]], Any]


class _Gauges(Collector):
    """The hub's counts, asked of the database when they are fetched."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def describe(self) -> Iterable[Metric]:
        """Nothing is asked at registration."""
        return []

    def collect(self) -> Iterator[Metric]:
        """One sample per tenant and kind."""
        found = counts(self._hub)
        yield _by("kvitt_exchanges", "Exchanges by state", "state", [(c.tenant, c.exchanges) for c in found])
        yield _by("kvitt_inbound", "Things that came in, by state", "state", [(c.tenant, c.inbound) for c in found])
        yield _by(
            "kvitt_tasks_open", "Tasks that wait for a person, by kind", "kind", [(c.tenant, c.tasks) for c in found]
        )
        yield _one("kvitt_due", "Exchanges that are due", found, lambda c: c.due)
        yield _one("kvitt_oldest_due_seconds", "How long the oldest due one waits", found, lambda c: c.oldest_due_s)
        yield _one("kvitt_places_away", "Places that do not answer", found, lambda c: len(c.away))
        yield _one("kvitt_pauses", "What a person has stopped", found, lambda c: len(c.paused))
        yield self._jobs()

    def _jobs(self) -> Metric:
        metric = GaugeMetricFamily("kvitt_job_overdue", "1 when a job is overdue", labels=["tenant", "job"])
        for state in states(self._hub):
            metric.add_metric([state.tenant, state.job.name], 1 if state.overdue else 0)
        return metric


def _by(name: str, text: str, label: str, found: Iterable[tuple[str, dict[str, int]]]) -> Metric:
    metric = GaugeMetricFamily(name, text, labels=["tenant", label])
    for tenant, numbers in found:
        for key, number in sorted(numbers.items()):
            metric.add_metric([tenant, key], number)
    return metric


def _one(name: str, text: str, found: Iterable[Count], value: Callable[[Count], float]) -> Metric:
    metric = GaugeMetricFamily(name, text, labels=["tenant"])
    for count in found:
        metric.add_metric([count.tenant], value(count))
    return metric


def application(hub: Hub) -> Callable[[dict[str, Any], _Start], Iterable[bytes]]:
    """The WSGI application."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Gauges(hub))
    metrics = make_wsgi_app(registry)

    def answer(environ: dict[str, Any], start: _Start) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == "/metrics":
            return cast("Iterable[bytes]", metrics(environ, start))
        if path == "/health/live":
            return _say(start, "200 OK", "alive")
        if path == "/health/ready":
            bad = [sign for sign in signs(hub) if sign.level == CRITICAL]
            said = "\n".join(f"{sign.code} {sign.tenant} {sign.text}" for sign in bad)
            return _say(start, "503 Service Unavailable" if bad else "200 OK", said or "ready")
        return _say(start, "404 Not Found", "/health/live, /health/ready, /metrics")

    return answer


def _say(start: _Start, status: str, text: str) -> list[bytes]:
    start(status, [("Content-Type", "text/plain; charset=utf-8"), ("Cache-Control", "no-store")])
    return [f"{text}\n".encode()]


class _Quiet(WSGIRequestHandler):
    """Says nothing on the console about each fetch, and waits for nobody for ever."""

    timeout = 10

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base class names it
        """Nothing."""


@contextmanager
def served(hub: Hub, listen: str) -> Iterator[int]:
    """Serve at `HOST:PORT` until the end of the block; gives the port (of its own choice for 0)."""
    host, _, port = listen.rpartition(":")
    if not (host and port.isascii() and port.isdigit()):
        raise ConfigurationError(f"{listen!r} is no address", hint="such as 127.0.0.1:9470")
    try:
        server: WSGIServer = make_server(host, int(port), application(hub), handler_class=_Quiet)
    except OSError as error:
        raise ConfigurationError(f"cannot listen at {listen}: {error.strerror}", hint="another address") from error
    thread = threading.Thread(target=server.serve_forever, name="endpoints", daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
