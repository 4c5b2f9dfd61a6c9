"""What a browser brings and keeps when somebody logs in: cookies, its address, the way back."""

from __future__ import annotations

from fastapi import Request, Response

from hub.pipeline.identity import Entry
from hub.web.guard import COOKIE, hub_of

DEVICE = "kvitt_device"
_A_YEAR = 365 * 24 * 3600


def keep(request: Request, answer: Response, entry: Entry) -> Response:
    """Give the browser its session; out of reach of scripts and of other sites' forms, over TLS where there is any."""
    secure = is_secure(request)
    answer.set_cookie(COOKIE, entry.cookie, httponly=True, secure=secure, samesite="lax", path="/")
    if entry.device:
        kept = {"httponly": True, "secure": secure, "max_age": _A_YEAR}
        answer.set_cookie(DEVICE, entry.device, samesite="strict", path="/login", **kept)  # type: ignore[arg-type]
    return answer


def drop(request: Request, answer: Response) -> Response:
    """Take the session from the browser."""
    answer.delete_cookie(COOKIE, httponly=True, secure=is_secure(request), samesite="lax", path="/")
    return answer


def is_secure(request: Request) -> bool:
    """Whether browsers reach us over TLS."""
    origin: str = request.app.state.origin
    return request.url.scheme == "https" or origin.startswith("https:")


def base_of(request: Request) -> str:
    """Where people find us, for a link in a mail; never what a request says of itself, which anybody may write."""
    origin: str = request.app.state.origin or hub_of(request).address
    host, port = (request.scope.get("server") or ("localhost", None))[:2]
    name = f"[{host}]" if ":" in host else host
    return origin or f"{request.url.scheme}://{name}" + (f":{port}" if port else "")


def address_of(request: Request) -> str:
    """Where a request comes from; nothing behind a proxy, whose address is everybody's."""
    behind: str = request.app.state.origin
    return request.client.host if request.client and not behind else ""


def agent_of(request: Request) -> str:
    """What a browser calls itself."""
    return request.headers.get("user-agent", "")


def local(path: str) -> str:
    """A path of our own, whatever an address asks for."""
    ours = path.startswith("/") and not path.startswith(("//", "/login")) and "\\" not in path and path.isprintable()
    return path if ours else "/"
