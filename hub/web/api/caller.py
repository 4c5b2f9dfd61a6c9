"""Who calls, and may they: a token before every route, its scope, how often it asks, and what of it is written down."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from hub import log
from hub.pipeline.api_tokens import Program, program_of
from hub.pipeline.context import Hub
from hub.store import access
from hub.store.unit import Unit
from hub.web.api.problems import Problem
from hub.web.bounds import Buckets

_BEARER = HTTPBearer(
    auto_error=False, scheme_name="token", description="A token of `kvitt token add` or of the console's page Tokens."
)
_CHALLENGE = {"WWW-Authenticate": "Bearer"}
_WAIT = {"Retry-After": "2"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A program that calls. Everything it reads is read through `reading`, which is fenced to its organisation."""

    hub: Hub
    program: Program
    method: str
    path: str

    @property
    def tenant(self) -> str:
        """Whose data."""
        return self.program.tenant

    def reading(self) -> AbstractContextManager[Unit]:
        """A read transaction that sees only what is this token's to see."""
        return self.hub.store.reading(self.tenant, within=self.program.within)

    def saw(self, action: str, object_: str, *, subject: str = "", outcome: str = "ok") -> None:
        """One line in the access log. Never a name or a number of a person in it."""
        actor = self.program.actor
        with self.hub.store.unit(self.tenant) as unit:
            access.record(
                unit,
                actor=actor.name,
                role=actor.role,
                action=action,
                object_=object_[:200],
                subject=subject,
                outcome=outcome,
            )

    def absent(self, kind: str, ref: str) -> Problem:
        """Not there, or not theirs: one answer for both, and a line in the access log, without a person's number."""
        self.saw("open", f"{kind}/{log.clean_text(ref)[:120]}", outcome="absent")
        return Problem("not_found")


def scoped(scope: str) -> Callable[..., Caller]:
    """A guard for a route: a token that opens something, and is for this."""

    def caller(
        request: Request, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)] = None
    ) -> Caller:
        hub: Hub = request.app.state.hub
        program = program_of(hub, given.credentials) if given is not None else None
        if program is None:
            raise Problem("not_authenticated", headers=_CHALLENGE)
        buckets: Buckets = request.app.state.buckets
        if not buckets.take(program.token_id, time.monotonic()):
            raise Problem("too_many", "wait a moment and try again", headers=_WAIT)
        found = Caller(hub=hub, program=program, method=request.method, path=request.url.path)
        if scope not in program.scopes:
            found.saw("call", f"api:{request.method} {log.clean_text(request.url.path)}"[:180], outcome="no scope")
            raise Problem("scope_missing", f"it needs the scope {scope}")
        return found

    return caller
