"""How a program's file waits for its turn: in the queue of the pages, for a bounded time, under its key.

What is not read in that time keeps its place and is answered with 202. The same request under the same key asks for the
same errand; its answer is given once, after that the key's own memory (`once`) gives it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from hub.pipeline.cases import RefusedError
from hub.store import api_tokens
from hub.web.api.caller import Caller
from hub.web.api.once import Change
from hub.web.api.problems import Problem
from hub.web.fairness import FULL, Desk, Errand, rows_of

_READ_S = 40.0
"""A list that is being read is waited for so long at most; only one is read at a time."""
_SOONEST, _LATEST = 2, 60
_AGAIN = {"Retry-After": "30"}


class Waiting(BaseModel):
    """It is in the queue: neither taken nor refused yet. Send the same request under the same key again."""

    state: str = Field("waiting", description="Always `waiting`.")
    ahead: int = Field(description="Lists that go before it.")
    seconds: int = Field(description="About so long it will take.")


WAITS: dict[str, Any] = {
    "model": Waiting,
    "description": "It waits for its turn: send the same request under the same key again, as `Retry-After` says",
}


def in_turn(request: Request, made: Change, work: Callable[[], Response]) -> Response:
    """The answer of this work when its turn came in time; else how long it may still be."""
    desk: Desk = request.app.state.desk()
    caller = made.caller
    word = f"{caller.program.token_id}:{made.key}:{made.digest}"  # two tokens may choose the same key
    joined = desk.find(caller.program.token_id, word)
    errand = joined or _stand(desk, made, word, work)
    if not desk.wait(errand, 0.0 if joined else _READ_S):
        return _waits(desk, errand)
    desk.forget(errand)
    return errand.result()


def _stand(desk: Desk, made: Change, word: str, work: Callable[[], Response]) -> Errand:
    program = made.caller.program
    errand = Errand(
        word=word,
        owner=program.token_id,
        organisation=f"{program.tenant}:{program.organisation or program.token_id}",
        rows=rows_of(made.body),
        work=lambda: _opened(made.caller, work),
        size=len(made.body),
    )
    try:
        return desk.stand(errand)
    except RefusedError as error:
        code = "too_many" if error.code == FULL else "unavailable"
        raise Problem(code, f"{error.message} ({error.hint})", headers=_AGAIN) from error


def _opened(caller: Caller, work: Callable[[], Response]) -> Response:
    """The work, if its token still opens something: one that was revoked meanwhile hands nothing in any more."""
    with caller.hub.store.reading(caller.tenant) as unit:
        row = api_tokens.get(unit, caller.program.token_id)
        valid = row is not None and row["revoked_at"] is None and unit.now < row["expires_at"]
    if not valid:
        raise Problem("not_authenticated")
    return work()


def _waits(desk: Desk, errand: Errand) -> Response:
    way = desk.way(errand)
    said = Waiting(state="waiting", ahead=way.ahead, seconds=way.seconds)
    after = max(_SOONEST, min(_LATEST, way.seconds))
    return JSONResponse(said.model_dump(), 202, headers={"Retry-After": str(after)})
