"""Numbers in an address: what is none is not there, as any number nobody has."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from hub.web.errors import Absent

_DIGITS = 9


def number(number: str, request: Request) -> int:
    """The number an address ends in."""
    if not (number.isascii() and number.isdecimal()) or len(number) > _DIGITS:
        raise Absent("page", request.url.path)
    return int(number)


Number = Annotated[int, Depends(number)]
"""How a route asks for it: `def one(visit: Visiting, number: Number)` of `/payouts/{number}`."""


def number_of(text: str) -> int | None:
    """The number a list goes on from; one nobody gave out is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _DIGITS else None
