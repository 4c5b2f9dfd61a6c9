"""Changes, each made once: the same key with the same request gives the same answer, whatever happened on the way.

That a request is at work is a lock that dies with its process. One that died between the change and its answer is done
again: the pipeline's own keys make the second time find what the first one made.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Header, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ValidationError

from hub.store import repeats
from hub.store.locks import effect_lock
from hub.web.api.caller import Caller, scoped
from hub.web.api.problems import Problem, faults_of

KEY = "Idempotency-Key"
_KEY = r"^[\x21-\x7e]{1,120}$"
_Key = Annotated[
    str,
    Header(
        alias=KEY, description="Any text of yours, another one for every change. Kept for seven days.", pattern=_KEY
    ),
]
_Model = TypeVar("_Model", bound=BaseModel)
JSON_ONLY = ("application/json",)
SMALL = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A request that changes something: who, under which key, with which body."""

    caller: Caller
    key: str
    body: bytes
    query: str

    @property
    def digest(self) -> str:
        """What makes it this request and no other."""
        head = f"{self.caller.method} {self.caller.path}?{self.query}\n".encode()
        return hashlib.sha256(head + self.body).hexdigest()

    @property
    def stored_key(self) -> str:
        """What the key is kept as."""
        return hashlib.sha256(self.key.encode()).hexdigest()

    def seed(self, purpose: str) -> str:
        """A secret of this change, to be asked for inside `once`: the same when it is done again, and nobody's guess.

        The same request under a key that was forgotten meanwhile is another change, and has another one.
        """
        token, store = self.caller.program.token_id, self.caller.hub.store
        with store.reading(self.caller.tenant) as unit:
            row = repeats.get(unit, token, self.stored_key)
        begun = row["begun_at"].isoformat() if row else ""
        said = f"{token} {self.key} {self.digest} {begun} {purpose}".encode()
        return hmac.new(store.keys.derived(f"once:{self.caller.tenant}"), said, "sha256").hexdigest()


def change(scope: str, kinds: tuple[str, ...] = (), most: int = SMALL) -> Callable[..., Any]:
    """A guard for a route that changes something: token, scope, key, kind and size of the body, in this order."""
    needed: Any = Depends(scoped(scope))  # a default, for an annotation does not see what it is closed over

    async def guard(request: Request, key: _Key, caller: Caller = needed) -> Change:
        given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kinds and given not in kinds:
            raise Problem("media_type", f"one of: {', '.join(kinds)}")
        return Change(caller=caller, key=key, body=await _body(request, most), query=request.url.query)

    return guard


async def _body(request: Request, most: int) -> bytes:
    parts, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > most:
            raise Problem("too_large", f"at most {most} bytes")
        parts.append(chunk)
    return b"".join(parts)


def given(made: Change, model: type[_Model]) -> _Model:
    """The body as a model."""
    try:
        return model.model_validate_json(made.body)
    except ValidationError as error:
        raise Problem("invalid", faults=faults_of(error, "body")) from error


def once(made: Change, act: Callable[[], tuple[int, BaseModel | None, Mapping[str, str]]]) -> Response:
    """Do it, or give the answer it had: status, body, headers. What fails leaves the key as it was."""
    caller, key = made.caller, made.stored_key
    store, token = caller.hub.store, caller.program.token_id
    lock = f"api:{caller.tenant}:{token}:{key}"
    with effect_lock(store.engine, caller.hub.home / "locks", lock) as mine:
        if not mine:
            raise Problem("request_running", headers={"Retry-After": "2"})
        with store.unit(caller.tenant) as unit:
            row = repeats.get(unit, token, key)
            if row is None:
                repeats.begin(unit, token, key, made.digest)
        if row is not None and row["request"] != made.digest:
            raise Problem("key_reused", "make a new key for another request")
        if row is not None and row["status"] is not None:
            return _response(row["status"], json.loads(row["answer"]))
        try:
            status, body, headers = act()
        except BaseException:
            with store.unit(caller.tenant) as unit:
                repeats.drop(unit, token, key)
            raise
        answer = {"body": body.model_dump(mode="json") if body else None, "headers": dict(headers)}
        with store.unit(caller.tenant) as unit:
            repeats.finish(unit, token, key, status, json.dumps(answer).encode())
    return _response(status, answer)


def _response(status: int, answer: Mapping[str, Any]) -> Response:
    if answer["body"] is None:
        return Response(status_code=status, headers=answer["headers"])
    return JSONResponse(answer["body"], status, headers=answer["headers"])
