"""What was typed in a form whose fields nobody knows before: the fields of a correction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

from fastapi import Depends, Request

PREFIX = "v."
"""How the name of such a field begins."""
_MOST, _LONGEST = 400, 500


async def typed(request: Request) -> Mapping[str, str]:
    """The fields of the form by their keys; longer texts than any field takes are cut."""
    form = await request.form()
    given = [(name, said) for name, said in form.multi_items() if isinstance(said, str)][:_MOST]
    return {name.removeprefix(PREFIX): said[:_LONGEST] for name, said in given if name.startswith(PREFIX)}


async def dropped(request: Request) -> Sequence[int]:
    """The lines that are to be left out."""
    form = await request.form()
    return [int(said) for said in form.getlist("drop")[:_MOST] if isinstance(said, str) and said.isdecimal()]


Typed = Annotated[Mapping[str, str], Depends(typed)]
Dropped = Annotated[Sequence[int], Depends(dropped)]
