"""Links that work once: an invitation, and a new password for who forgot theirs.

The mail waits with a placeholder; its secret is derived when the mail leaves. What is stored opens nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from hub import texts
from hub.errors import ConfigurationError
from hub.pipeline.context import Actor, Hub
from hub.pipeline.identity.entry import called, count, forgive, house, log_of_unknown
from hub.pipeline.identity.people import (
    Entry,
    Person,
    begin,
    logged,
    needs_device,
    one_user,
    parted,
    person,
    refused,
)
from hub.security import passwords, tokens
from hub.store import logins, tasks
from hub.store.logins import DEVICE, INVITATION, RESET
from hub.store.unit import Row, Unit, new_id

LASTS = {INVITATION: timedelta(days=7), RESET: timedelta(hours=1), DEVICE: timedelta(days=3)}
PATHS = {INVITATION: "/welcome", RESET: "/reset", DEVICE: "/device"}
"""Where the console takes a link of each kind."""
_WORDS = {INVITATION: "MAIL_INVITATION", RESET: "MAIL_RESET", DEVICE: "MAIL_DEVICE"}
OUTSIDE = Actor(name="unknown", role="")
"""Who comes with a link and is nobody yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link as its maker sees it, once. `mailed` says to whom; without an address it is handed over by other means."""

    secret: str
    path: str
    expires: datetime
    mailed: str = ""


def invite(hub: Hub, tenant: str, login: str, actor: Actor, *, base: str = "") -> Link:
    """Give a user the way in: a link to choose a password with. Who had left may come back through it."""
    with hub.store.unit(tenant) as unit:
        row = one_user(unit, login)
        made = send_link(unit, row, INVITATION, actor, base=base)
        logged(unit, actor, "invite", f"user/{login}")
    return made


def send_link(unit: Unit, row: Row, kind: str, actor: Actor, *, base: str) -> Link:
    """Make a link of a kind and mail it to a user whose login is an address."""
    link_id = new_id()
    expires, address = unit.now + LASTS[kind], mail_of(row["login"])
    secret = tokens.link_secret(unit.keys, unit.tenant, link_id)
    logins.add_link(
        unit, link_id, row["id"], kind, tokens.digest(secret), asked_by=actor.name[:120], expires_at=expires
    )
    if address:
        mail_link(unit, row, kind, link_id, expires, base)
    return Link(secret=f"{unit.tenant}.{secret}", path=PATHS[kind], expires=expires, mailed=address)


def mail_link(unit: Unit, row: Row, kind: str, link_id: str, expires: datetime, base: str) -> None:
    """Hand the mail over, in the user's language, with a placeholder for the secret."""
    link = f"{base.rstrip('/')}{PATHS[kind]}/{tokens.placeholder(link_id)}"
    values = {"link": link, "until": f"{expires:%Y-%m-%d %H:%M} UTC", "login": row["login"]}
    subject = texts.pick(texts.text(_WORDS[kind]), row["language"])
    body = texts.pick(texts.action(_WORDS[kind], **values), row["language"])
    tasks.notify(unit, f"identity:{link_id}", mail_of(row["login"]), subject, body, row["language"])


def mail_of(login: str) -> str:
    """Where mail for a user goes; empty where the login is no address."""
    local, at, domain = login.partition("@")
    return login if local and at and "." in domain and not any(sign.isspace() for sign in login) else ""


def read_link(hub: Hub, link: str, kind: str) -> Person | None:
    """Whom a link is for, without using it up; None when it opens nothing (any more)."""
    tenant, secret = parted(link)
    if not tenant:
        return None
    with hub.store.reading(tenant) as unit:
        found = _behind(unit, secret, kind)
        return person(unit, found[1]) if found else None


def accept(hub: Hub, link: str, password: str, *, address: str = "", agent: str = "") -> Entry:
    """Take an invitation up with a password: the first session begins (a device comes next where the stage asks)."""
    tenant, secret = _given(hub, link, INVITATION)
    with hub.store.unit(tenant) as unit:
        row = taken(unit, secret, INVITATION)
        check_password(password, row["login"])
        logins.change_user(unit, row["id"], ended_at=None)
        _set_password(unit, row, password)
        logins.end_sessions(unit, row["id"])
        # A second factor that is there stays: an invitation by mail replaces a forgotten password, not a device.
        user = person(unit, row)
        complete = row["totp"] is None and not needs_device(hub)
        entry = begin(unit, user, factor=False, complete=complete, address=address, agent=agent)
        logged(unit, user.actor, "accept", f"user/{user.login}")
    return entry


def ask_reset(hub: Hub, login: str, *, base: str, address: str = "") -> None:
    """Somebody forgot a password: who is called so, and has one, gets a link. Nobody is told whether anybody is."""
    counted = count(hub, login, address=address, what="reset")
    found = [each for each in called(hub, counted.login) if each[1]["password"] and mail_of(each[1]["login"])]
    for tenant, row in found:
        with hub.store.unit(tenant) as unit:
            send_link(unit, row, RESET, person(unit, row).actor, base=base)
            logged(unit, person(unit, row).actor, "ask-reset", f"user/{row['login']}")
    if not found:
        log_of_unknown(hub, "ask-reset", "absent")


def give_reset(hub: Hub, tenant: str, login: str, actor: Actor, *, base: str = "") -> Link:
    """An operator gives a user who has been here a link to a new password."""
    with hub.store.unit(tenant) as unit:
        row = one_user(unit, login)
        if row["ended_at"] is not None or not row["password"]:
            raise ConfigurationError(f"{login} has no password to replace", hint=f"kvitt user invite {login}")
        made = send_link(unit, row, RESET, actor, base=base)
        logged(unit, actor, "give-reset", f"user/{login}")
    return made


def reset(hub: Hub, link: str, password: str, *, address: str = "") -> Person:
    """Set a new password with a link: every session ends, blocks too; a device is asked for as before."""
    tenant, secret = _given(hub, link, RESET)
    with hub.store.unit(tenant) as unit:
        row = taken(unit, secret, RESET)
        check_password(password, row["login"])
        _set_password(unit, row, password)
        logins.end_sessions(unit, row["id"])
        user = person(unit, row)
        logged(unit, user.actor, "reset", f"user/{user.login}")
    unblock(hub, user.login, address)
    return user


def unblock(hub: Hub, login: str, address: str = "") -> None:
    """A block that guesses brought on is over."""
    keys = hub.store.keys
    with hub.store.unit(house(hub)) as unit:
        logins.forgive(unit, tokens.throttle_key(keys, "login", login.lower(), ""))
        if address:
            logins.forgive(unit, tokens.throttle_key(keys, "address", "login", address))


def taken(unit: Unit, secret: str, kind: str) -> Row:
    """The user of a link, which is used up now; AccessRefused when it opens nothing."""
    found = _behind(unit, secret, kind)
    if found is None:
        raise refused("LINK_OVER")
    logins.change_link(unit, found[0]["id"], used_at=unit.now)
    return found[1]


def _behind(unit: Unit, secret: str, kind: str) -> tuple[Row, Row] | None:
    """A link and its user; who has left can only come back through an invitation, a device needs its approval."""
    link = logins.link(unit, tokens.digest(secret), kind)
    row = logins.user_by_id(unit, link["user_id"]) if link else None
    if link is None or row is None or (row["ended_at"] is not None and kind != INVITATION):
        return None
    return None if kind == DEVICE and link["approved_at"] is None else (link, row)


def _given(hub: Hub, link: str, kind: str) -> tuple[str, str]:
    """Tenant and secret of a link that looks like one; a wrong one is written down as well."""
    if read_link(hub, link, kind) is None:
        log_of_unknown(hub, f"link-{kind}", "refused")
        raise refused("LINK_OVER")
    return parted(link)


def check_password(password: str, login: str) -> None:
    """AccessRefused when this may not be this user's password."""
    code = passwords.wrong_with(password, login)
    if code:
        raise refused(code, shortest=passwords.SHORTEST, longest=passwords.LONGEST)


def _set_password(unit: Unit, row: Row, password: str) -> None:
    logins.put_credential(unit, row["id"], password=passwords.hashed(password), password_at=unit.now)
    logins.end_links(unit, row["id"], RESET)


def set_password(hub: Hub, tenant: str, login: str, password: str, actor: Actor) -> None:
    """An operator gives a user a password; every session ends."""
    check_password(password, login)
    with hub.store.unit(tenant) as unit:
        row = one_user(unit, login)
        if row["ended_at"] is not None:
            raise ConfigurationError(f"{login} has left", hint=f"kvitt user invite {login}")
        _set_password(unit, row, password)
        logins.end_sessions(unit, row["id"])
        logged(unit, actor, "set-password", f"user/{login}")
    unblock(hub, login)


def change_password(hub: Hub, user: Person, session_id: str, old: str, new: str) -> None:
    """Who is logged in changes their password: every other session ends."""
    check_password(new, user.login)
    counted = count(hub, f"{user.tenant}/{user.user_id}", address="", what="change")
    with hub.store.reading(user.tenant) as unit:
        before = logins.user_by_id(unit, user.user_id)
    right = passwords.fits((before or {}).get("password") or "", old)
    with hub.store.unit(user.tenant) as unit:
        now = logins.user_by_id(unit, user.user_id)
        right = right and now is not None and before is not None and now["password"] == before["password"]
        if right and now is not None:
            _set_password(unit, now, new)
            logins.end_sessions(unit, user.user_id, but=session_id)
        logged(unit, user.actor, "change-password", f"user/{user.login}", "ok" if right else "refused")
    if not right:
        raise refused("PASSWORD_WRONG")
    forgive(hub, counted)
