"""Pages: a cursor is where the last one ended, signed for one token, one path and one set of filters."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from hub.store.keyset import Place
from hub.store.unit import Row, Unit
from hub.web.api.caller import Caller
from hub.web.api.problems import Fault, Problem

_MOST = 200
_PROOF = 16
_Item = TypeVar("_Item", bound=BaseModel)


def _plain(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must be printable")
    return text


Word = Annotated[str, Field(min_length=1, max_length=60), AfterValidator(_plain)]
"""A filter's value."""


class Paging(BaseModel):
    """What every list is asked with. What nobody knows is refused: a misspelled filter would find too much."""

    model_config = ConfigDict(extra="forbid")
    limit: int = Field(50, ge=1, le=_MOST, description="So many items at most.")
    cursor: str | None = Field(None, min_length=1, max_length=600, description="`next_cursor` of the page before.")

    def filters(self) -> dict[str, Any]:
        """What is asked for, without how much of it."""
        return self.model_dump(mode="json", exclude={"limit", "cursor"})


class Page(BaseModel, Generic[_Item]):
    """Some items of a list. `next_cursor` also stands on the last page: later it gives what came since."""

    items: list[_Item]
    next_cursor: str | None
    has_more: bool


def page(
    caller: Caller,
    asked: Paging,
    order: Sequence[str],
    read: Callable[[Unit, Place, int], list[Row]],
    shape: Callable[[Unit, list[Row]], list[_Item]],
) -> Page[_Item]:
    """One page: `order` names the columns a row is placed by."""
    after = _opened(caller, asked) if asked.cursor is not None else ()
    with caller.reading() as unit:
        rows = read(unit, after, asked.limit + 1)
        shown = rows[: asked.limit]
        items = shape(unit, shown)
    last = [shown[-1][name] for name in order] if shown else after
    return Page(
        items=items, next_cursor=_sealed(caller, asked, last) if last else None, has_more=len(rows) > asked.limit
    )


def _sealed(caller: Caller, asked: Paging, place: Place) -> str:
    parts = [f"@{each.isoformat()}" if isinstance(each, datetime) else each for each in place]
    body = json.dumps(parts, separators=(",", ":")).encode()
    return urlsafe_b64encode(_proof(caller, asked, body) + body).decode().rstrip("=")


def _opened(caller: Caller, asked: Paging) -> list[Any]:
    given = (asked.cursor or "").encode()
    try:
        raw = urlsafe_b64decode(given + b"=" * (-len(given) % 4))
    except ValueError:
        raise _bad() from None
    proof, body = raw[:_PROOF], raw[_PROOF:]
    if not hmac.compare_digest(proof, _proof(caller, asked, body)):
        raise _bad()
    return [_moment(each) for each in json.loads(body)]


def _bad() -> Problem:
    return Problem("invalid", faults=[Fault("query/cursor", "it comes from the page before, with the same filters")])


def _moment(part: Any) -> Any:  # noqa: ANN401 -- JSON
    is_moment = isinstance(part, str) and part.startswith("@")
    return datetime.fromisoformat(part[1:]) if is_moment else part


def _proof(caller: Caller, asked: Paging, body: bytes) -> bytes:
    about = json.dumps([caller.program.token_id, caller.path, asked.filters()], sort_keys=True).encode()
    key = caller.hub.store.keys.derived(f"cursor:{caller.tenant}")
    return hmac.new(key, about + b"\x00" + body, hashlib.sha256).digest()[:_PROOF]
