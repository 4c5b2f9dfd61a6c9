"""Bounds for everything that comes in: the size of a body, counted as it arrives, and how often one address asks."""

from __future__ import annotations

import json
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field

from starlette.types import ASGIApp, Message, Receive, Scope, Send

BIGGEST_BODY = 64 * 1024 * 1024
A_SECOND, BURST = 50.0, 400.0
"""Requests of one address: so many a second for long, so many at once."""
_REMEMBERED = 10_000
_PROBLEMS = {413: ("too_large", "Too big"), 429: ("too_many", "Too many requests")}
"""As the API calls them."""


class TooBig(Exception):  # noqa: N818 -- caught here, never seen outside
    """More bytes than we take."""


@dataclass(slots=True)
class Buckets:
    """A bucket of tokens per address; the oldest addresses are forgotten."""

    levels: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, address: str, now: float) -> bool:
        """Whether this address may ask now."""
        with self.lock:
            level, then = self.levels.pop(address, (BURST, now))
            level = min(BURST, level + (now - then) * A_SECOND)
            self.levels[address] = (max(0.0, level - 1), now)
            while len(self.levels) > _REMEMBERED:
                self.levels.popitem(last=False)
        return level >= 1


class Bounds:
    """Refuse what is too much before anything is read or stored: 413 and 429, in plain words."""

    def __init__(self, app: ASGIApp, biggest: int = BIGGEST_BODY, *, counted: bool = True) -> None:
        """With `counted` off how often an address asks is not looked at: behind a proxy it is everybody's."""
        self._app, self._biggest, self._buckets, self._counts = app, biggest, Buckets(), counted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count, or pass on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        address = (scope.get("client") or ("",))[0]
        if self._counts and not self._buckets.take(address, time.monotonic()):
            wait = (b"retry-after", b"2")
            await _say(scope, send, 429, "Too many requests: wait a moment and try again.", wait)
            return
        length = dict(scope["headers"]).get(b"content-length", b"")
        if length.isdigit() and int(length) > self._biggest:
            await _say(scope, send, 413, self._sentence())
            return
        await self._counted(scope, receive, send)

    async def _counted(self, scope: Scope, receive: Receive, send: Send) -> None:
        seen, started = 0, False

        async def counting() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self._biggest:
                raise TooBig
            return message

        async def sending(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, counting, sending)
        except TooBig:
            if started:
                raise
            await _say(scope, send, 413, self._sentence())

    def _sentence(self) -> str:
        return f"Too big: at most {self._biggest // (1024 * 1024)} MB at a time."


async def _say(scope: Scope, send: Send, status: int, sentence: str, *more: tuple[bytes, bytes]) -> None:
    """In plain words; to a program of the API as a problem (RFC 9457)."""
    kind, body = b"text/plain; charset=utf-8", sentence.encode()
    if scope["path"].startswith("/v1/"):
        code, title = _PROBLEMS[status]
        said = {"type": f"urn:kvitt:problem:{code}", "title": title, "status": status, "code": code, "detail": sentence}
        kind, body = b"application/problem+json", json.dumps(said).encode()
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode()), *more]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
