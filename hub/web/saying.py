"""One sentence over a redirect: what a change has done is said on the next page, once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote

from fastapi import Request
from fastapi.responses import RedirectResponse

SAID = "kvitt_said"
"""The cookie: a word's key and its values."""


def done(url: str, key: str = "", **values: object) -> RedirectResponse:
    """After a change: go there and say it once. `key` is a word of the screen that is shown then, or a common one."""
    answer = RedirectResponse(url, status_code=303)
    if key:
        said = quote(json.dumps({"key": key, "values": {name: str(one) for name, one in values.items()}}))
        answer.set_cookie(SAID, said, max_age=60, httponly=True, samesite="lax", path="/")
    return answer


def heard(request: Request) -> Mapping[str, Any]:
    """What `done` had to say, if anything."""
    try:
        found = json.loads(unquote(request.cookies.get(SAID, "")))
    except ValueError:
        return {}
    return found if isinstance(found, dict) and isinstance(found.get("values"), dict) else {}
