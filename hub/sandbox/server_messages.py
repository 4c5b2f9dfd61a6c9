"""What goes in and out of the sandbox's HTTP server: requests, answers, routes, trouble, log lines."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from urllib.parse import unquote

_NOTHING: Mapping[str, str] = MappingProxyType({})


class Trouble(StrEnum):
    """The ways the server itself can misbehave; counterparts add their own words."""

    DELAY = "delay"
    CLOSE_BEFORE_BODY = "close_before_body"
    CLOSE_AFTER_BODY = "close_after_body"
    CLOSE_AFTER_PROCESSING = "close_after_processing"
    CUT_ANSWER = "cut_answer"
    DAMAGED_ANSWER = "damaged_answer"
    TOO_MANY = "too_many"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One kind of trouble for the next `times` matching requests; `seconds` is the delay or the Retry-After."""

    trouble: str
    method: str = ""
    path: str = ""
    times: int = 1
    seconds: float = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request: `params` from the path pattern, `account` the common name of the client certificate."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    params: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    account: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One answer."""

    status: int = 200
    body: bytes = b""
    media_type: str = "application/octet-stream"
    headers: Mapping[str, str] = field(default_factory=lambda: _NOTHING)


def json_response(value: object, status: int = 200, headers: Mapping[str, str] = _NOTHING) -> Response:
    """An answer with a JSON body."""
    body = json.dumps(value).encode()
    return Response(status=status, body=body, media_type="application/json", headers=headers)


@dataclass(frozen=True, slots=True)
class Route:
    """A handler for a method and a path pattern such as `/messages/{id}`."""

    method: str
    pattern: str
    handler: Callable[[Request], Response]

    def match(self, method: str, path: str) -> dict[str, str] | None:
        """The path's parameters when this route is meant, otherwise None."""
        expression = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(self.pattern))
        found = re.fullmatch(expression, path) if method == self.method else None
        return {name: unquote(value) for name, value in found.groupdict().items()} if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """What the request log keeps. Status 0: the connection was closed without an answer."""

    method: str
    path: str
    status: int
    account: str = ""
    trouble: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFiles:
    """The server's certificate and key; with a client CA every client must show a certificate signed by it."""

    certificate: Path
    key: Path
    client_ca: Path | None = None
