"""What the API cannot answer with: problem details (RFC 9457), each with a code that stays the same.

Absent and foreign are one answer. A refusal of who comes in says nothing but that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Match

from hub import log
from hub.errors import ConfigurationError, ContentError, HubError, TransientError

MEDIA_TYPE = "application/problem+json"
CODES: Mapping[str, tuple[int, str]] = MappingProxyType(
    {
        "not_authenticated": (401, "A token that opens something is needed"),
        "scope_missing": (403, "This token is not for that"),
        "not_found": (404, "There is no such thing"),
        "method_not_allowed": (405, "That cannot be done here"),
        "request_running": (409, "The request with this key is still at work"),
        "key_reused": (409, "This key belongs to another request"),
        "refused": (409, "The hub does not do that now"),
        "too_large": (413, "Too big"),
        "media_type": (415, "Not in this form"),
        "invalid": (422, "Something in the request is wrong"),
        "unreadable": (422, "What came in cannot be read"),
        "too_many": (429, "Too many requests"),
        "internal": (500, "Something broke here"),
        "unavailable": (503, "Not now"),
    }
)
"""Every code with its status and title."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: where (`query/limit`, `header/Idempotency-Key`, `body/events/0`), and what."""

    pointer: str
    detail: str


class Problem(Exception):  # noqa: N818 -- RFC 9457's word
    """The answer is a problem with this code."""

    def __init__(
        self, code: str, detail: str = "", *, faults: Sequence[Fault] = (), headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(code)
        self.code, self.detail, self.faults, self.headers = code, detail, faults, dict(headers or {})

    @property
    def status(self) -> int:
        """As HTTP has it."""
        return CODES[self.code][0]

    def body(self) -> dict[str, Any]:
        """As it is sent."""
        status, title = CODES[self.code]
        said: dict[str, Any] = {"type": f"urn:kvitt:problem:{self.code}", "title": title, "status": status}
        said |= {"code": self.code}
        if self.detail:
            said["detail"] = self.detail
        if self.faults:
            said["errors"] = [{"pointer": one.pointer, "detail": one.detail} for one in self.faults]
        return said

    def response(self) -> Response:
        """The answer."""
        return JSONResponse(self.body(), self.status, headers=self.headers, media_type=MEDIA_TYPE)


@dataclass(frozen=True, slots=True)
class Wrong:
    """Collects what is wrong with a request; all of it is told at once."""

    faults: list[Fault] = field(default_factory=list)

    def say(self, pointer: str, detail: str) -> None:
        """One more."""
        self.faults.append(Fault(pointer, detail))

    def stop(self) -> None:
        """Go no further if anything is wrong."""
        if self.faults:
            raise Problem("invalid", faults=self.faults)


def faults_of(error: ValidationError | RequestValidationError, place: str = "") -> list[Fault]:
    """What a model found, without the values that were given."""
    found = []
    for one in error.errors():
        parts = ([place] if place else []) + [str(each) for each in one["loc"]]
        found.append(Fault("/".join(parts), str(one["msg"])))
    return found


def answer_errors(api: FastAPI) -> None:
    """Every error of the API is a problem."""
    api.add_exception_handler(Problem, _problem)
    api.add_exception_handler(HubError, _hub)
    api.add_exception_handler(RequestValidationError, _invalid)
    api.add_exception_handler(HTTPException, _http)
    api.add_exception_handler(Exception, _broken)


def _problem(_request: Request, error: Exception) -> Response:
    return error.response() if isinstance(error, Problem) else _broken(_request, error)


def of_hub(error: HubError) -> Problem:
    """What the hub said, as a problem."""
    detail = log.clean_text(f"{error.message} ({error.hint})" if error.hint else error.message)
    if isinstance(error, TransientError):
        return Problem("unavailable", detail, headers={"Retry-After": str(error.retry_after or 5)})
    if isinstance(error, ContentError):
        return Problem("unreadable", detail)
    return Problem("refused" if isinstance(error, ConfigurationError) else "unavailable", detail)


def _hub(_request: Request, error: Exception) -> Response:
    return of_hub(error).response() if isinstance(error, HubError) else _broken(_request, error)


def _invalid(_request: Request, error: Exception) -> Response:
    found = faults_of(error) if isinstance(error, RequestValidationError) else []
    return Problem("invalid", faults=found).response()


def _http(request: Request, error: Exception) -> Response:
    status, headers = (error.status_code, error.headers) if isinstance(error, HTTPException) else (500, None)
    known = {404: "not_found", 405: "method_not_allowed", 413: "too_large", 415: "media_type"}
    if status == 405:
        headers = {"allow": ", ".join(sorted(_allowed(request)))}
    return Problem(known.get(status, "invalid" if status < 500 else "internal"), headers=headers).response()


def _allowed(request: Request) -> set[str]:
    """Every method some route has for this path; a router alone names those of the first."""
    routes = [one for one in request.app.routes if one.matches(request.scope)[0] is not Match.NONE]
    return {method for one in routes for method in getattr(one, "methods", None) or ()}


def _broken(request: Request, error: Exception) -> Response:
    log.event("api broke", path=request.url.path, error=type(error).__name__)
    return Problem("internal").response()
