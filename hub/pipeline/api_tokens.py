"""Tokens of programs: made and shown once, known by a hash, fenced to an organisation, ended at once.

A token says whose it is before its secret: `kvitt_live_TENANT.SECRET` in production, `kvitt_test_TENANT.SECRET` in the
sandbox and on a test stage. One kind opens nothing where the other is at home.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType

from hub.errors import ConfigurationError
from hub.pipeline.context import Actor, Hub
from hub.security import tokens
from hub.settings import Stage
from hub.store import access, api_tokens, logins, parties
from hub.store.unit import Row, Unit

LIVE, TEST = "kvitt_live_", "kvitt_test_"
SCOPES: Mapping[str, str] = MappingProxyType(
    {
        "declarations:write": "hand in lists and logs, also as a dry run",
        "declarations:read": "declarations and what became of each row",
        "claims:read": "claims, their findings and replies",
        "exchanges:read": "messages and their state",
        "payments:read": "bookings and what of them belongs where",
        "webhooks:read": "webhooks and what they were told",
        "webhooks:write": "add, change, stop and remove webhooks",
        "calendar:read": "the days by which payers must have what waits, as a calendar",
    }
)
"""What a token may be for."""
CALENDAR = "calendar:read"
"""What an address of one's calendar is made of: such a token, and nothing else, stands in it."""
ROLE = "program"
"""How a program is written down in the access log."""
_LONGEST = 365
"""So many days at most; a token that is needed longer is replaced."""
_NAMED, _TENANT, _SECRET = 60, 64, 43
Fence = frozenset[str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A token as somebody asks for it. `organisation` is a code; empty for the whole tenant."""

    name: str
    scopes: Sequence[str]
    organisation: str = ""
    days: int = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A token that was made; the token itself is shown only now."""

    id: str
    token: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """Whoever comes in with a token. `within` are the organisations it is about; None is the whole tenant."""

    token_id: str
    tenant: str
    country: str
    name: str
    scopes: frozenset[str]
    organisation: str
    within: Fence
    maker: str = ""
    """The role of the user who made it, as it is now; empty where no user did."""

    @property
    def actor(self) -> Actor:
        """How the pipeline's steps write it down."""
        return Actor(name=f"token/{self.name}"[:60], role=ROLE)


def prefix(hub: Hub) -> str:
    """How tokens of this hub begin."""
    return LIVE if hub.stage == Stage.PRODUCTION.value else TEST


def make(hub: Hub, tenant: str, wanted: Wanted, actor: Actor, *, within: Fence = None, user_id: str = "") -> Made:
    """Make a token; whoever is fenced makes them for what is inside. It ends with the user who made it."""
    _check(wanted)
    secret = tokens.new_secret()
    with hub.store.unit(tenant, within=within) as unit:
        organisation = parties.organisation(unit, wanted.organisation) if wanted.organisation else None
        expires_at = unit.now + timedelta(days=wanted.days)
        new = api_tokens.NewToken(
            name=wanted.name.strip(),
            secret_hash=tokens.digest(secret),
            ending=secret[-4:],
            live=prefix(hub) == LIVE,
            scopes=wanted.scopes,
            organisation_id=organisation.id if organisation else None,
            user_id=user_id or None,
            by=actor.name[:120],
            expires_at=expires_at,
        )
        token_id = api_tokens.add(unit, new)
        _log(unit, actor, "token-add", token_id)
    return Made(id=token_id, token=f"{prefix(hub)}{tenant}.{secret}", expires_at=expires_at)


def _check(wanted: Wanted) -> None:
    name = wanted.name.strip()
    if not name or len(name) > _NAMED or not name.isprintable():
        raise ConfigurationError("a token needs a name of at most 60 signs", hint="what uses it, such as: his-export")
    unknown = [each for each in wanted.scopes if each not in SCOPES]
    if unknown or not wanted.scopes:
        said = f"no scope {unknown[0]!r}" if unknown else "a token needs a scope"
        raise ConfigurationError(said, hint=f"one or more of: {', '.join(SCOPES)}")
    if not 1 <= wanted.days <= _LONGEST:
        raise ConfigurationError("a token lasts from 1 to 365 days", hint="make a new one before it ends")


def listed(hub: Hub, tenant: str, within: Fence = None) -> list[Row]:
    """Every token there is or was."""
    with hub.store.reading(tenant, within=within) as unit:
        return api_tokens.tokens(unit)


def calendars(hub: Hub, tenant: str, login: str, within: Fence = None) -> list[Row]:
    """The addresses of a person's calendars that open something."""
    now = hub.clock.now()
    own = [row for row in listed(hub, tenant, within) if row["created_by"] == login and row["scopes"] == [CALENDAR]]
    return [row for row in own if row["revoked_at"] is None and row["expires_at"] > now]


def revoke(hub: Hub, tenant: str, token_id: str, actor: Actor, *, within: Fence = None) -> bool:
    """It opens nothing from now on; False where there is none of this id (inside the fence)."""
    with hub.store.unit(tenant, within=within) as unit:
        row = api_tokens.get(unit, token_id)
        if row is not None and row["revoked_at"] is None:
            api_tokens.revoke(unit, token_id, actor.name[:120])
        _log(unit, actor, "token-revoke", token_id[:36], "ok" if row is not None else "absent")
    return row is not None


def program_of(hub: Hub, given: str) -> Program | None:
    """Who comes in with this token; None when it opens nothing here, whatever the reason.

    One that a user made sees no more than its maker sees by now.
    """
    if not given.startswith(prefix(hub)):
        return None
    tenant, secret = _parted(given.removeprefix(prefix(hub)))
    country = next((row["country"] for row in hub.store.tenants() if row["id"] == tenant), "")
    if not secret or not country:
        return None
    with hub.store.reading(tenant) as unit:
        row = api_tokens.by_secret(unit, tokens.digest(secret))
        if row is None or row["live"] is not (prefix(hub) == LIVE):
            return None
        maker = (logins.user_by_id(unit, row["user_id"]) if row["user_id"] else None) or {}
        places = [each for each in (row["organisation"], maker.get("organisation")) if each]
        fences = [parties.codes_below(unit, each) for each in places]
        stale = api_tokens.is_stale(row, unit.now)
    if stale:
        with hub.store.unit(tenant) as unit:
            api_tokens.used(unit, row["id"])
    return Program(
        token_id=row["id"],
        tenant=tenant,
        country=country,
        name=row["name"],
        scopes=frozenset(row["scopes"]),
        organisation=places[0] if places else "",
        within=frozenset.intersection(*fences) if fences else None,
        maker=maker.get("role", ""),
    )


def _parted(given: str) -> tuple[str, str]:
    """Tenant and secret; two empty words when it is neither."""
    tenant, dot, secret = given.rpartition(".")
    sound = dot and 0 < len(tenant) <= _TENANT and len(secret) == _SECRET and given.isascii() and given.isprintable()
    return (tenant, secret) if sound else ("", "")


def _log(unit: Unit, actor: Actor, action: str, token_id: str, outcome: str = "ok") -> None:
    access.record(
        unit, actor=actor.name[:120], role=actor.role, action=action, object_=f"token/{token_id}", outcome=outcome
    )
