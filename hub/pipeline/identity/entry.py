"""Logging in and out: the same words and the same time whether a login exists or not, and bounds on guessing.

Attempts are counted before they are judged, under keyed hashes, for a login as for an address. A browser that was let
in before has a count of its own, so that nobody can keep a person out by guessing from elsewhere. A block is never
longer than a quarter of an hour and a reset link ends it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from hub.errors import AccessRefused
from hub.pipeline.context import Actor, Hub
from hub.pipeline.identity.people import (
    IDLE,
    SIGNS,
    Entry,
    Person,
    Session,
    begin,
    logged,
    needs_device,
    parted,
    person,
    plain,
    refused,
)
from hub.security import passwords, tokens, totp
from hub.store import access, logins
from hub.store.unit import Row, Unit

GUESSES = logins.Bound(
    free=5, first=timedelta(seconds=30), longest=timedelta(minutes=15), forgotten=timedelta(hours=24)
)
FROM_ONE_ADDRESS = logins.Bound(
    free=50, first=timedelta(seconds=30), longest=timedelta(minutes=15), forgotten=timedelta(minutes=30)
)
_CHECKS = 2
"""So many password checks each attempt costs: a login may exist at two tenants."""
_SEEN_EVERY = timedelta(minutes=1)
"""That somebody is still there is written down no more often."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """An attempt that may go on, and what it was counted under."""

    house: str
    login: str
    own: str
    address: str


def house(hub: Hub) -> str:
    """The tenant under which attempts are counted that belong to no tenant yet: the oldest."""
    tenants = hub.store.tenants()
    if not tenants:
        raise refused("LOGIN_WRONG")
    return str(min(tenants, key=lambda row: (row["created_at"], row["id"]))["id"])


def log_in(
    hub: Hub, login: str, password: str, *, code: str = "", address: str = "", agent: str = "", device: str = ""
) -> Entry:
    """Let somebody in by password, and by the code of their device where they have one; AccessRefused otherwise.

    `login` may be `TENANT/LOGIN` for who is known to several. `device` is what this browser kept of an earlier entry.
    """
    counted = count(hub, login, address=address, device=device)
    tenant, row = knock(hub, counted, password)
    stronger = passwords.hashed(password) if row and passwords.outdated(row["password"]) else ""
    with hub.store.unit(tenant) as unit:
        entry = _enter(hub, unit, row, code, address=address, agent=agent) if row else None
        if row and entry and stronger:
            logins.put_credential(unit, row["id"], password=stronger)
        if entry is None:
            _log_failure(unit, counted.login, row)
    if entry is None:
        raise refused("LOGIN_WRONG")
    forgive(hub, counted)
    return entry


def knock(hub: Hub, counted: Counted, password: str) -> tuple[str, Row | None]:
    """Whose password this is; costs the same whether anybody is called so. Nobody is: the house, and None."""
    found = called(hub, counted.login)
    right = [(tenant, row) for tenant, row in found if passwords.fits(row["password"] or "", password)]
    for _ in range(_CHECKS - len(found)):
        passwords.fits("", password)
    if right:
        return right[0]
    return (found[0][0] if found else counted.house), None


def count(hub: Hub, login: str, *, address: str, device: str = "", what: str = "login") -> Counted:
    """Count an attempt; AccessRefused when it comes too soon.

    A browser that was let in before is not held up by what others try from the same address.
    """
    name, keys, base = plain(login, SIGNS).strip(), hub.store.keys, house(hub)
    bare = _without_tenant(hub, name)[1].lower()  # one login, one count, however it is written
    known = tokens.is_device_mark(keys, bare, device)
    own = tokens.throttle_key(keys, what, bare, device if known else "")
    place = tokens.throttle_key(keys, "address", what, address) if address and not known else ""
    counted = Counted(house=base, login=name, own=own, address=place)
    with hub.store.unit(base) as unit:
        wait = logins.attempt(unit, own, GUESSES)
        if place and not wait:
            wait = logins.attempt(unit, place, FROM_ONE_ADDRESS)
            if wait:
                logins.take_back(unit, own)
    if wait:
        raise too_often(wait)
    return counted


def too_often(wait: timedelta) -> AccessRefused:
    """Try again later."""
    seconds = max(1, -int(-wait.total_seconds() // 1))
    return refused("LOGIN_TOO_OFTEN", retry_after=seconds, seconds=seconds)


def forgive(hub: Hub, counted: Counted) -> None:
    """The attempt was no guess: the login's count is gone, the address keeps what others tried from it."""
    with hub.store.unit(counted.house) as unit:
        logins.forgive(unit, counted.own)
        logins.take_back(unit, counted.address)


def called(hub: Hub, login: str) -> Sequence[tuple[str, Row]]:
    """Whoever is called so, with their tenant; `TENANT/LOGIN` names one tenant."""
    tenants, login = _without_tenant(hub, login)
    found: list[tuple[str, Row]] = []
    for tenant in tenants:
        with hub.store.reading(tenant) as unit:
            found += [(tenant, row) for row in logins.called(unit, login)]
    return found


def _without_tenant(hub: Hub, login: str) -> tuple[list[str], str]:
    """Where to look for a login, and the login alone: `TENANT/LOGIN` names one tenant, everything else all."""
    tenants = [str(row["id"]) for row in hub.store.tenants()]
    wished, slash, rest = login.partition("/")
    return ([wished], rest) if slash and wished in tenants else (tenants, login)


def _enter(hub: Hub, unit: Unit, row: Row, code: str, *, address: str, agent: str) -> Entry | None:
    """Look again inside the transaction: a leaver, or a password changed a moment ago, does not get in."""
    now = logins.user_by_id(unit, row["id"])
    if now is None or now["ended_at"] is not None or now["password"] != row["password"]:
        return None
    if now["totp"] is not None and not use_code(unit, now, code):
        return None
    user, factor = person(unit, now), now["totp"] is not None
    entry = begin(unit, user, factor=factor, complete=factor or not needs_device(hub), address=address, agent=agent)
    logged(unit, user.actor, "login", f"session/{entry.session.id}")
    return entry


def use_code(unit: Unit, row: Row, code: str) -> bool:
    """Whether a code of the user's device is right; it is used up then."""
    secret = unit.unseal_shared(row["totp"], about(row["id"])).decode()
    step = totp.step_of(secret, code, unit.now, after=row["totp_step"])
    if step is None:
        return False
    logins.put_credential(unit, row["id"], totp_step=step)
    return True


def about(user_id: str) -> str:
    """What a device's sealed secret is bound to."""
    return f"credential/{user_id}/totp"


def _log_failure(unit: Unit, login: str, row: Row | None) -> None:
    """A name that nobody has may be a password typed in the wrong place: only its blind index is kept."""
    who = row["login"] if row else ""
    known = who or next((one["login"] for one in logins.called(unit, login)), "")
    access.record(
        unit,
        actor=known or "unknown",
        role="",
        action="login",
        object_=f"user/{known}" if known else "user",
        subject="" if known else unit.keys.blind(unit.tenant, "login", login.lower()),
        outcome="refused",
    )


def log_in_person(
    hub: Hub, tenant: str, login: str, *, factor: bool = False, address: str = "", agent: str = ""
) -> Entry:
    """Let somebody in whom an identity provider vouches for; `factor`: it says that it asked for two."""
    with hub.store.unit(tenant) as unit:
        row = logins.user(unit, login)
        if row is None or row["ended_at"] is not None:
            _log_failure(unit, login, None)
            entry = None
        else:
            user = person(unit, row)
            complete = factor or (row["totp"] is None and not needs_device(hub))
            entry = begin(unit, user, factor=factor, complete=complete, how="oidc", address=address, agent=agent)
            logged(unit, user.actor, "login", f"session/{entry.session.id}")
    if entry is None:
        raise refused("LOGIN_NOT_INVITED")
    return entry


def session_of(hub: Hub, cookie: str) -> Session | None:
    """Who this cookie is; None when it is nobody's, or was left, ended, or belongs to somebody who has gone."""
    found = found_session(hub, cookie)
    return None if found is None else found[0]


def found_session(hub: Hub, cookie: str) -> tuple[Session, dict[str, Any]] | None:
    """The session of a cookie with its stored row."""
    tenant, secret = parted(cookie)
    if not tenant:
        return None
    with hub.store.reading(tenant) as unit:
        row = logins.session(unit, tokens.digest(secret))
        user = logins.user_by_id(unit, row["user_id"]) if row else None
        if row is None or user is None or user["ended_at"] is not None:
            return None
        if unit.now >= row["expires_at"] or unit.now - row["seen_at"] >= IDLE:
            return None
        stale, who = unit.now - row["seen_at"] >= _SEEN_EVERY, person(unit, user)
    if stale:
        with hub.store.unit(tenant) as unit:
            logins.seen(unit, row["id"])
    session = Session(
        id=row["id"],
        person=who,
        csrf=tokens.form_secret(secret),
        started=row["created_at"],
        factors=row["factor"] or (user["totp"] is None and not needs_device(hub)),
    )
    return session, row


def log_out(hub: Hub, cookie: str) -> None:
    """End the session of a cookie; nothing where there is none."""
    session = session_of(hub, cookie)
    if session is not None:
        with hub.store.unit(session.person.tenant) as unit:
            logins.end_session(unit, session.id)
            logged(unit, session.person.actor, "logout", f"session/{session.id}")


def log_of_unknown(hub: Hub, action: str, outcome: str) -> None:
    """A line for what nobody in particular did."""
    with hub.store.unit(house(hub)) as unit:
        logged(unit, Actor(name="unknown", role=""), action, "user", outcome)


def who_is(hub: Hub, tenant: str, login: str) -> Person:
    """The person with this login; AccessRefused when there is none (any more)."""
    with hub.store.reading(tenant) as unit:
        row = logins.user(unit, login)
        if row is None or row["ended_at"] is not None:
            raise refused("LOGIN_NOT_INVITED")
        return person(unit, row)
