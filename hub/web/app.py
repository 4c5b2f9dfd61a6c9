"""The console put together: every screen that the scan finds, behind its guards; one set of headers for all answers."""

from __future__ import annotations

import logging
import re
import secrets
import traceback
from functools import cache
from pathlib import Path
from urllib.parse import quote

from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.params import Depends as DependsOn
from fastapi.responses import FileResponse, RedirectResponse
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute

from hub import log
from hub.errors import HubError
from hub.pipeline.context import Hub
from hub.web import scripts
from hub.web.api.application import create_api
from hub.web.bounds import Bounds
from hub.web.errors import Absent, Forged, NotLoggedIn
from hub.web.fairness import Desk
from hub.web.guard import from_our_form, meant_for, needs, of_this_site, visiting
from hub.web.pages import open_page, page
from hub.web.parts.refusals import worded
from hub.web.provider import Provider
from hub.web.saying import SAID
from hub.web.scan import all_screens, modules
from hub.web.screen import Screen
from hub.web.staging import Staging
from hub.web.visit import Visit

STATIC = Path(__file__).parent / "static"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; frame-src 'self'; form-action 'self'; frame-ancestors 'self'; base-uri 'none'"
)
"""No inline script or style, no eval, nothing from elsewhere."""
_SECRET = re.compile(r"[^/]*\.[\w-]{32,}")
"""What opens something by standing in an address: a mailed link, a calendar's token."""
_HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}


def create_app(hub: Hub, *, origin: str = "", provider: Provider | None = None) -> FastAPI:
    """The console of one hub. `origin` is its public address (https://...) when a proxy stands before it.

    `provider` is the identity provider people may log in by as well.
    """
    app = FastAPI(title="Kvitt", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.hub, app.state.origin, app.state.provider = hub, origin.rstrip("/"), provider
    app.state.staging, app.state.desk, app.state.screens = Staging(hub.clock.now), Desk(), all_screens()
    app.router.routes.extend(_routes())
    app.mount("/v1", create_api(hub, lambda: app.state.desk))
    _answer_errors(app)
    app.middleware("http")(_dressed)
    app.add_middleware(Bounds, counted=not origin)
    return app


@cache
def _routes() -> tuple[BaseRoute, ...]:
    """Every route with its guards, worked out once a process: none of them holds anything of a hub."""
    made = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    for module in modules():
        made.include_router(module.router, dependencies=_guards(module.SCREEN))
    made.add_api_route("/static/{name}", static, methods=["GET"], include_in_schema=False)
    return tuple(made.router.routes)


def _guards(screen: Screen) -> list[DependsOn]:
    if screen.open:
        return [Depends(of_this_site)]
    guards = (of_this_site, needs(screen.needs), meant_for(screen.country), from_our_form)
    return [Depends(guard) for guard in guards]


def static(name: str) -> Response:
    """Our own style sheet, and scripts from the environment; nothing else has a name here."""
    served = {one.name: one for one in STATIC.iterdir()} | scripts.installed()
    if name not in served:
        return Response(status_code=404)
    return FileResponse(served[name], headers={"cache-control": "public, max-age=3600"})


async def _dressed(request: Request, call_next: object) -> Response:
    origin: str = request.app.state.origin  # asked before: afterwards the request may be a mounted application's
    answer: Response = await call_next(request)  # type: ignore[operator]  # Starlette gives no type for it
    for name, value in _HEADERS.items():
        answer.headers.setdefault(name, value)
    if request.url.scheme == "https" or origin.startswith("https:"):
        answer.headers.setdefault("strict-transport-security", "max-age=31536000")
    if SAID in request.cookies and SAID not in answer.headers.get("set-cookie", "") and answer.status_code == 200:
        answer.delete_cookie(SAID, path="/")
    return answer


def _answer_errors(app: FastAPI) -> None:
    app.add_exception_handler(NotLoggedIn, _to_login)
    app.add_exception_handler(Absent, _absent)
    app.add_exception_handler(Forged, _forged)
    app.add_exception_handler(HubError, _refused)
    app.add_exception_handler(RequestValidationError, _not_understood)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _broken)


def _to_login(request: Request, _error: Exception) -> Response:
    if request.headers.get("hx-request") == "true":  # a part of a page cannot be a login form: go there as a whole
        return Response(status_code=204, headers={"hx-redirect": "/login"})
    back = f"?next={quote(request.url.path)}" if request.method == "GET" and request.url.path != "/" else ""
    return RedirectResponse(f"/login{back}", status_code=303)


def _absent(request: Request, error: Exception) -> Response:
    kind, ref = (error.kind, error.ref) if isinstance(error, Absent) else ("page", request.url.path)
    visit = _visit(request)
    if visit is not None:
        visit.saw("open", f"{kind}/{log.clean_text(ref)[:120]}".replace("\x00", ""), outcome="absent")
    return _error_page(request, visit, 404, "absent")


def _forged(request: Request, _error: Exception) -> Response:
    log.event("form refused", path=_told(request.url.path))
    return _error_page(request, _visit(request), 403, "forged")


def _refused(request: Request, error: Exception) -> Response:
    """What the hub cannot do is said where it was asked, with what to do."""
    if not isinstance(error, HubError):
        return _error_page(request, _visit(request), 409, "refused", what={"en": str(error)})
    what, hint = worded(error)
    return _error_page(request, _visit(request), 409, "refused", what=what, hint=hint)


def _not_understood(request: Request, _error: Exception) -> Response:
    return _error_page(request, _visit(request), 422, "not_understood")


def _http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    visit = _visit(request)
    if status == 404:
        return _error_page(request, visit, 404, "absent")
    return _error_page(request, visit, status, "not_understood")


def _broken(request: Request, error: Exception) -> Response:
    """A mistake of ours: named in the log by a number that the page shows, and nothing of it told to the visitor."""
    number = secrets.token_hex(4)
    place = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{Path(place.filename).name}:{place.lineno}"
    log.event("page broke", number=number, path=_told(request.url.path), error=type(error).__name__, where=where)
    try:
        answer = _error_page(request, _visit(request), 500, "broken", what={"en": number})
    except Exception:  # noqa: BLE001 -- whatever broke the page breaks its error page too: plain words then
        answer = Response(f"Something broke here (number {number}).", status_code=500, media_type="text/plain")
    answer.headers.update(_HEADERS)
    return answer


def _told(path: str) -> str:
    """A path as it may be written down: not with a secret in it."""
    return _SECRET.sub(log.HIDDEN, path)


def _error_page(request: Request, visit: Visit | None, status: int, kind: str, **values: object) -> Response:
    shown = {"kind": kind, "what": {}, "hint": {}} | values
    if visit is None:
        return open_page(request, "error/error.html", status=status, **shown)
    return page(visit, "error/error.html", status=status, **shown)


def _visit(request: Request) -> Visit | None:
    try:
        return visiting(request)
    except NotLoggedIn:
        return None


logging.getLogger("multipart").setLevel(logging.WARNING)
