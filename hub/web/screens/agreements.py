"""Agreements: what is ours with each partner, from a day on; secrets are written as references and never shown."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Form, Response

from hub.errors import HubError
from hub.pipeline.agreements import RELEASES, SERVICES, Wished, channels, pairs, record
from hub.pipeline.partner_page import PartnerPage
from hub.store import parties
from hub.web.guard import Visiting
from hub.web.pages import page
from hub.web.parts.refusals import in_one
from hub.web.roles import Permission
from hub.web.saying import done
from hub.web.screen import Screen
from hub.web.visit import Visit
from hub.web.wording import word

SCREEN = Screen(name="agreements", path="/agreements", needs=Permission.ADMIN, group="admin", order=20)
router = APIRouter()


@router.get("/agreements")
def listing(visit: Visiting, partner: str = "") -> Response:
    """All of them, newest first per partner, and the form for another one."""
    return _page(visit, values={"partner": partner})


@router.post("/agreements")
def put(
    visit: Visiting,
    partner: Annotated[str, Form(max_length=60)],
    valid_from: Annotated[str, Form()] = "",
    valid_to: Annotated[str, Form()] = "",
    channel: Annotated[str, Form(max_length=40)] = "",
    release: Annotated[str, Form(max_length=10)] = "",
    settings: Annotated[str, Form(max_length=8000)] = "",
    payer_accounts: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Record or change one; what is left empty stays as it was."""
    values = {"partner": partner, "valid_from": valid_from, "valid_to": valid_to, "channel": channel}
    values |= {"release": release, "settings": settings, "payer_accounts": payer_accounts}
    try:
        wished = Wished(
            partner=partner,
            valid_from=date.fromisoformat(valid_from) if valid_from else None,
            valid_to=date.fromisoformat(valid_to) if valid_to else None,
            channel=channel,
            settings=pairs(line for line in settings.splitlines() if line.strip()),
            release=release,
            payer_accounts=payer_accounts.split(),
        )
        with visit.unit() as unit:
            record(visit.hub, unit, visit.country, wished, visit.actor)
    except HubError as error:
        return _page(visit, status=422, values=values, error=in_one(error, visit.language))
    except ValueError:
        return _page(visit, status=422, values=values, error=word("agreements", "not_a_day", visit.language))
    return done("/agreements", "stored", partner=partner)


def _page(visit: Visit, *, values: dict[str, str], status: int = 200, error: str = "") -> Response:
    with visit.reading() as unit:
        found = sorted(parties.agreements(unit), key=lambda one: (one.partner, -one.valid_from.toordinal()))
    return page(
        visit,
        "agreements/list.html",
        status=status,
        rows=found,
        settings_of=PartnerPage.settings_of,
        partners=[*sorted(visit.hub.registry.partners), *SERVICES],
        channels=channels(),
        releases=RELEASES,
        values=values,
        error=error,
    )
