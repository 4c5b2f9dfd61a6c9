"""Users as whoever administers them sees them: a page at a time, within their fence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hub.errors import ConfigurationError
from hub.pipeline.context import Hub
from hub.store import logins
from hub.store.unit import Row, Unit

A_PAGE = 50
Fence = frozenset[str] | None
"""The organisations somebody may see; None is the whole tenant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UserView:
    """One user. `state`: new (no way in yet), invited, active, left."""

    id: str
    login: str
    name: str
    role: str
    organisation: str
    language: str
    state: str
    device: bool
    seen: datetime | None


def users_page(hub: Hub, tenant: str, within: Fence, *, after: str = "", find: str = "") -> list[UserView]:
    """Users by login, after the one with this id; one more than a page holds tells that there is another."""
    with hub.store.reading(tenant, within=within) as unit:
        ids = logins.ids(unit, after=after, find=find, limit=A_PAGE + 1)
    with hub.store.reading(tenant) as unit:
        return [_view(unit, row) for row in logins.users_by_id(unit, ids)]


def user_view(hub: Hub, tenant: str, within: Fence, user_id: str) -> UserView | None:
    """One user; None when there is none of this id inside the fence."""
    with hub.store.reading(tenant, within=within) as unit:
        inside = logins.is_user(unit, user_id)
    if not inside:
        return None
    with hub.store.reading(tenant) as unit:
        row = logins.user_by_id(unit, user_id)
        return None if row is None else _view(unit, row)


def require_free(hub: Hub, tenant: str, login: str) -> None:
    """ConfigurationError when a login exists already, also outside the fence of who asks."""
    with hub.store.reading(tenant) as unit:
        taken = bool(logins.user(unit, login))
    if taken:
        raise ConfigurationError("this login is taken", hint="choose another one, or change the user there is")


def _view(unit: Unit, row: Row) -> UserView:
    last = logins.last_session(unit, row["id"])
    return UserView(
        id=row["id"],
        login=row["login"],
        name=row["name"],
        role=row["role"],
        organisation=row["organisation"] or "",
        language=row["language"],
        state=_state(unit, row),
        device=row["totp"] is not None,
        seen=last["seen_at"] if last else None,
    )


def _state(unit: Unit, row: Row) -> str:
    if row["ended_at"] is not None:
        return "left"
    if row["password"] or logins.is_outside(unit, row["id"]):
        return "active"
    return "invited" if logins.open_links(unit, row["id"], logins.INVITATION) else "new"
