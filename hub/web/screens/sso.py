"""Logging in by the organisation's identity provider: out, and back."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from hub import log
from hub.errors import AccessRefused, ConfigurationError, ContentError, HubError
from hub.pipeline import identity
from hub.web.cookies import address_of, agent_of, base_of, is_secure, keep, local
from hub.web.errors import Absent
from hub.web.guard import hub_of
from hub.web.pages import open_page, spoken
from hub.web.provider import Provider
from hub.web.roles import Permission
from hub.web.screen import Screen

SCREEN = Screen(name="sso", path="/sso", needs=Permission.OWN, open=True)
router = APIRouter()
KEPT = "kvitt_sso"
_TEN_MINUTES = 600


@router.get("/sso")
def out(request: Request, next: str = "/") -> Response:  # noqa: A002 -- the word in the address
    """To the provider, with a state, a nonce and a challenge that only this browser can answer."""
    try:
        begun = _provider(request).begin(hub_of(request), f"{base_of(request)}/sso/back", local(next))
    except (HubError, ContentError) as error:
        return _failed(request, error)
    answer = RedirectResponse(begun.url, status_code=303)
    secure = is_secure(request)
    answer.set_cookie(KEPT, begun.kept, max_age=_TEN_MINUTES, httponly=True, secure=secure, samesite="lax", path="/sso")
    return answer


@router.get("/sso/back")
def back(request: Request) -> Response:
    """From the provider: who it vouches for must be a user here."""
    provider, hub = _provider(request), hub_of(request)
    try:
        came = provider.back(hub, request.cookies.get(KEPT, ""), request.query_params)
        entry = identity.log_in_outside(
            hub,
            provider.tenant,
            came.account,
            newcomers=provider.newcomers,
            language=spoken(request),
            address=address_of(request),
            agent=agent_of(request),
        )
    except HubError as error:
        return _failed(request, error)
    onward = local(came.path) if entry.session.factors else f"/second-factor?next={quote(local(came.path))}"
    answer = keep(request, RedirectResponse(onward, status_code=303), entry)
    answer.delete_cookie(KEPT, path="/sso")
    return answer


def _provider(request: Request) -> Provider:
    found: Provider | None = request.app.state.provider
    if found is None:
        raise Absent("page", request.url.path)
    return found


def _failed(request: Request, error: HubError) -> Response:
    """What went wrong is for the log; the person hears whether it helps to try again or to ask somebody."""
    log.event("identity provider", outcome="refused", reason=error.message)
    no = error if isinstance(error, AccessRefused) else None
    operator = isinstance(error, ConfigurationError)
    answer = open_page(request, "sso/failed.html", status=403 if no else 502, no=no, operator=operator)
    answer.delete_cookie(KEPT, path="/sso")
    return answer
