"""A small threaded HTTP(S) server on loopback for every counterpart of the sandbox, and the ways it can misbehave.

Handlers are plain functions from `Request` to `Response`, routed by method and path pattern. The request log keeps no
bodies, no queries and no headers.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from dataclasses import replace
from types import TracebackType
from typing import Self

from hub.sandbox.server_connection import Listener, tls_context
from hub.sandbox.server_messages import (
    Fault,
    LogLine,
    Request,
    Response,
    Route,
    TlsFiles,
    Trouble,
    json_response,
)

__all__ = ["Fault", "LogLine", "Request", "Response", "Route", "SandboxServer", "TlsFiles", "Trouble", "json_response"]

_POLL_SECONDS = 0.02


class SandboxServer:
    """Runs between `with` and its end (or `start` and `stop`); `url` is its base address."""

    def __init__(
        self, routes: Sequence[Route], *, tls: TlsFiles | None = None, port: int = 0, host: str = "127.0.0.1"
    ) -> None:
        self.log: list[LogLine] = []
        self.crashes: list[BaseException] = []
        self._routes = tuple(routes)
        self._faults: list[Fault] = []
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._tls = tls_context(tls) if tls else None
        self._tcp = Listener((host, port), self, self._tls)
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._tcp.server_address[1])

    @property
    def url(self) -> str:
        """Base address without a slash at the end."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    def start(self) -> Self:
        """Serve in a thread of its own."""
        self._thread = threading.Thread(target=self._tcp.serve_forever, args=(_POLL_SECONDS,), daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """End every connection, wait for every thread, close the port; harmless when repeated."""
        self._stopping.set()
        if self._thread is not None:
            self._tcp.shutdown()
            self._thread.join()
            self._thread = None
        self._tcp.end_connections()
        self._tcp.server_close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def misbehave(self, *faults: Fault) -> None:
        """Queue trouble for coming requests."""
        with self._lock:
            self._faults.extend(faults)

    def calm(self) -> None:
        """Forget all queued trouble."""
        with self._lock:
            self._faults.clear()

    def take(self, method: str, path: str, *troubles: str) -> Fault | None:
        """Use up the first queued fault of these kinds for this request; counterparts call it with their own words."""
        with self._lock:
            for index, fault in enumerate(self._faults):
                if fault.trouble in troubles and fault.method in {"", method} and re.search(fault.path, path):
                    if fault.times > 1:
                        self._faults[index] = replace(fault, times=fault.times - 1)
                    else:
                        del self._faults[index]
                    return fault
        return None

    def pause(self, seconds: float) -> None:
        """Wait, but not longer than until the server stops."""
        self._stopping.wait(seconds)

    def note(self, line: LogLine) -> None:
        """Add a line to the request log."""
        with self._lock:
            self.log.append(line)

    def note_crash(self, error: BaseException) -> None:
        """Keep what went wrong inside the sandbox itself, for the test that looks."""
        with self._lock:
            self.crashes.append(error)

    def answer(self, request: Request) -> Response:
        """Route a request; 404 when no route is meant."""
        for route in self._routes:
            params = route.match(request.method, request.path)
            if params is not None:
                return route.handler(replace(request, params=params))
        return json_response({"status": 404, "title": "Not Found"}, 404)
