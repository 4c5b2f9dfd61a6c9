"""People who may look at a demo's hub: one of every role, for both stories; all invented."""

from __future__ import annotations

from hub.pipeline import identity
from hub.pipeline.context import Actor, Hub
from hub.pipeline.identity import Person
from hub.store import parties
from hub.store.unit import Unit

_SETTING_UP = Actor(name="demo", role="operator")


def people(hub: Hub) -> list[Person]:
    """Whom a demo's console knows: every role of each tenant, and a provider for each practice and clinic."""
    found: list[Person] = []
    for tenant in hub.store.tenants():
        with hub.store.reading(tenant["id"]) as unit:
            found += _people(unit)
    return found


def _people(unit: Unit) -> list[Person]:
    codes = {one.id: one.code for one in parties.organisations(unit)}
    return [
        Person(
            user_id=row["id"],
            tenant=unit.tenant,
            login=row["login"],
            name=row["name"],
            role=row["role"],
            organisation=codes.get(row["organisation_id"], ""),
            language=row["language"],
        )
        for row in parties.users(unit)
    ]


def enrol(hub: Hub, password: str) -> list[Person]:
    """Let them in, all with this password; sandbox only, where no second factor is asked for."""
    found = people(hub)
    for one in found:
        identity.set_password(hub, one.tenant, one.login, password, _SETTING_UP)
    return found
