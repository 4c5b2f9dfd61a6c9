"""The second factor: a device is shown a secret and proves it; a lost one is replaced with the help of a second person.

There are no recovery codes to keep in a drawer. Who lost a device says so with their password; another person, who
knows them, approves; a link then goes to their mailbox, and it, with the password, lets them set up a new device.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hub import texts
from hub.errors import ConfigurationError
from hub.pipeline import four_eyes
from hub.pipeline.context import Actor, Hub
from hub.pipeline.identity.entry import about, count, forgive, found_session, knock, log_of_unknown, use_code
from hub.pipeline.identity.links import LASTS, PATHS, Link, mail_link, mail_of, read_link, taken
from hub.pipeline.identity.people import (
    Entry,
    Person,
    Session,
    begin,
    logged,
    needs_device,
    one_user,
    parted,
    person,
    refused,
)
from hub.security import passwords, tokens, totp
from hub.store import logins, standing, tasks
from hub.store.logins import DEVICE
from hub.store.tasks import NewTask
from hub.store.unit import Row, Unit, new_id

ISSUER = "Kvitt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """What a device is shown: the address in the picture, and the secret for typing."""

    address: str
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A lost device that waits for a second person."""

    id: str
    user_id: str
    login: str
    name: str
    asked_by: str
    asked_at: datetime


def has_device(hub: Hub, user: Person) -> bool:
    """Whether this person has a second factor."""
    with hub.store.reading(user.tenant) as unit:
        row = logins.user_by_id(unit, user.user_id)
        return row is not None and row["totp"] is not None


def has_password(hub: Hub, user: Person) -> bool:
    """Whether this person has a password here, or comes by an identity provider only."""
    with hub.store.reading(user.tenant) as unit:
        row = logins.user_by_id(unit, user.user_id)
        return row is not None and bool(row["password"])


def new_device(hub: Hub, session: Session) -> Device:
    """Show a new device its secret; the same one until it is confirmed. Who has a device must have proven it.

    Another session gets another secret: who looked over somebody's session knows nothing of the device that follows.
    """
    user = session.person
    with hub.store.unit(user.tenant) as unit:
        row = logins.user_by_id(unit, user.user_id)
        if row is None or (row["totp"] is not None and not session.factors):
            raise refused("CODE_NEEDED")
        secret = _shown_here(unit, session, row)
        if not secret:
            secret = totp.new_secret()
            sealed = unit.seal_shared(secret.encode(), _about_new(session))
            logins.put_credential(unit, user.user_id, totp_new=sealed)
    where = f"{ISSUER} {hub.stage}" if hub.stage != "production" else ISSUER
    return Device(address=totp.address(secret, user.login, where), secret=secret)


def _about_new(session: Session) -> str:
    return f"{about(session.person.user_id)}/{session.id}"


def _shown_here(unit: Unit, session: Session, row: Row) -> str:
    """The secret that this very session was shown; empty when it was shown none."""
    if row["totp_new"] is None:
        return ""
    try:
        return unit.unseal_shared(row["totp_new"], _about_new(session)).decode()
    except ConfigurationError:  # another session's
        return ""


def confirm_device(hub: Hub, cookie: str, code: str, *, present: str = "", address: str = "", agent: str = "") -> Entry:
    """The new device's first code is right: it counts from now on, and the session gets a new cookie.

    Who has a device shows its `present` code as well: whoever found an open session does not put theirs in its place.
    """
    return _proven(hub, cookie, code, "totp_new", present=present, address=address, agent=agent)


def prove_device(hub: Hub, cookie: str, code: str, *, address: str = "", agent: str = "") -> Entry:
    """Somebody an identity provider vouched for shows their device; the session gets a new cookie."""
    return _proven(hub, cookie, code, "totp", address=address, agent=agent)


def _proven(hub: Hub, cookie: str, code: str, column: str, *, present: str = "", address: str, agent: str) -> Entry:
    found = found_session(hub, cookie)
    if found is None:
        raise refused("LOGIN_OVER")
    session, stored = found
    user = session.person
    counted = count(hub, f"{user.tenant}/{user.user_id}", address="", what="code")
    entry: Entry | None = None
    with hub.store.unit(user.tenant) as unit:
        row = logins.user_by_id(unit, user.user_id)
        if column == "totp":
            right = row is not None and row["totp"] is not None and use_code(unit, row, code)
        else:
            right = row is not None and _first_code(unit, session, row, code, present)
        if right:
            logins.end_session(unit, session.id)
            entry = begin(unit, user, factor=True, complete=True, how=stored["how"], address=address, agent=agent)
        outcome = "ok" if right else "refused"
        logged(unit, user.actor, "device" if column == "totp_new" else "code", f"user/{user.login}", outcome)
    if entry is None:
        raise refused("CODE_WRONG")
    forgive(hub, counted)
    return entry


def _first_code(unit: Unit, session: Session, row: Row, code: str, present: str) -> bool:
    """Whether the new device's first code is right; it counts from now on then."""
    if row["totp"] is not None and not (session.factors and use_code(unit, row, present)):
        return False
    secret = _shown_here(unit, session, row)
    step = totp.step_of(secret, code, unit.now, after=0) if secret else None
    if step is None:
        return False
    sealed = unit.seal_shared(secret.encode(), about(row["id"]))
    logins.put_credential(unit, row["id"], totp=sealed, totp_at=unit.now, totp_step=step, totp_new=None)
    return True


# --- a lost one -----------------------------------------------------------------------------------------------------


def lost_device(hub: Hub, login: str, password: str, *, address: str = "") -> None:
    """Who lost a device says so with their password; a task asks for a second person. AccessRefused otherwise."""
    counted = count(hub, login, address=address)
    tenant, row = knock(hub, counted, password)
    if row is None or row["totp"] is None:
        log_of_unknown(hub, "lost-device", "refused")
        raise refused("LOGIN_WRONG")
    with hub.store.unit(tenant) as unit:
        _ask(unit, row, person(unit, row).actor)
    forgive(hub, counted)


def ask_device(hub: Hub, tenant: str, login: str, actor: Actor) -> str:
    """Somebody asks on behalf of a user who lost a device; gives the number to approve it under."""
    with hub.store.unit(tenant) as unit:
        row = one_user(unit, login)
        if row["totp"] is None or row["ended_at"] is not None:
            raise ConfigurationError(f"{login} has no device to lose", hint=f"kvitt user invite {login}")
        return _ask(unit, row, actor)


def _ask(unit: Unit, row: Row, actor: Actor) -> str:
    """Asked twice is asked once: the first one stays, with the name of who asked it."""
    for known in logins.open_links(unit, row["id"], DEVICE):
        if known["approved_at"] is None:
            return str(known["id"])
    link_id = new_id()
    secret = tokens.link_secret(unit.keys, unit.tenant, link_id)
    until = unit.now + LASTS[DEVICE]
    name = four_eyes.stored_name(actor)
    logins.add_link(unit, link_id, row["id"], DEVICE, tokens.digest(secret), asked_by=name, expires_at=until)
    values = {"login": row["login"], "number": link_id}
    said, todo = texts.text("DEVICE_LOST", **values), texts.action("DEVICE_LOST", **values)
    tasks.add(unit, NewTask(key=f"device:{link_id}", kind="device", text=said, action=todo, due=until.date()))
    waiting = [f"device:{each['id']}" for each in logins.asked(unit, DEVICE)]
    standing.only(unit, "device:", waiting, {"expired": True})
    logged(unit, actor, "lost-device", f"user/{row['login']}")
    return link_id


def asked_devices(hub: Hub, tenant: str, within: frozenset[str] | None = None) -> list[Asked]:
    """Lost devices that wait for a second person, of users inside the fence."""
    with hub.store.reading(tenant) as unit:
        waiting = logins.asked(unit, DEVICE)
    with hub.store.reading(tenant, within=within) as unit:
        inside = [row for row in waiting if logins.is_user(unit, row["user_id"])]
    names = ("id", "user_id", "login", "name", "asked_by", "asked_at")
    return [Asked(**{name: row[name] for name in names}) for row in inside]


def approve_device(hub: Hub, tenant: str, number: str, actor: Actor, *, base: str = "") -> Link:
    """A second person approves: a link goes to the user. Neither who asked nor whose device it was can do that."""
    with hub.store.unit(tenant) as unit:
        link, row = _waiting(unit, number)
        no, until = _same(link, row, actor), unit.now + LASTS[DEVICE]
        logged(unit, actor, "approve-device", f"user/{row['login']}", "refused" if no else "ok")
        if no is None:
            name = four_eyes.stored_name(actor)
            logins.change_link(unit, number, approved_by=name, approved_at=unit.now, expires_at=until)
            if mail_of(row["login"]):
                mail_link(unit, row, DEVICE, number, until, base)
            tasks.done(unit, f"device:{number}", {"approved_by": name})
    if no is not None:
        raise no
    secret = tokens.link_secret(hub.store.keys, tenant, number)
    return Link(secret=f"{tenant}.{secret}", path=PATHS[DEVICE], expires=until, mailed=mail_of(row["login"]))


def refuse_device(hub: Hub, tenant: str, number: str, actor: Actor) -> None:
    """It was not them: nothing changes, and the request is over."""
    with hub.store.unit(tenant) as unit:
        _, row = _waiting(unit, number)
        logins.change_link(unit, number, ended_at=unit.now)
        tasks.done(unit, f"device:{number}", {"refused_by": actor.name})
        logged(unit, actor, "refuse-device", f"user/{row['login']}")


def _waiting(unit: Unit, number: str) -> tuple[Row, Row]:
    link = logins.link_by_id(unit, number)
    row = logins.user_by_id(unit, link["user_id"]) if link and link["kind"] == DEVICE else None
    if link is None or row is None or link["approved_at"] is not None:
        raise ConfigurationError(f"no lost device waits under {number!r}", hint="kvitt user device list")
    return link, row


def _same(link: Row, row: Row, actor: Actor) -> ConfigurationError | None:
    for name, what in ((link["asked_by"], "who asked for a new device"), (row["login"], "whose device it was")):
        no = four_eyes.refusal(four_eyes.stored_name(Actor(name=name)), actor, what)
        if no is not None:
            return no
    return None


def replace_device(hub: Hub, link: str, password: str, *, address: str = "", agent: str = "") -> Entry:
    """The approved link and the password together: the lost device counts no more, and a new one is set up next."""
    user = read_link(hub, link, DEVICE)
    if user is None:
        log_of_unknown(hub, "link-device", "refused")
        raise refused("LINK_OVER")
    counted = count(hub, f"{user.tenant}/{user.login}", address=address, what="replace")
    with hub.store.reading(user.tenant) as unit:
        before = logins.user_by_id(unit, user.user_id) or {}
    stored = before.get("password") or ""
    right = passwords.fits(stored, password) or not stored  # who comes by an identity provider has no password here
    entry: Entry | None = None
    with hub.store.unit(user.tenant) as unit:
        if right:
            row = taken(unit, parted(link)[1], DEVICE)
            right = row["password"] == before.get("password")
        if not right:
            logged(unit, user.actor, "replace-device", f"user/{user.login}", "refused")
        else:
            entry = _without_device(hub, unit, user, address=address, agent=agent)
    if entry is None:
        raise refused("PASSWORD_WRONG")
    forgive(hub, counted)
    return entry


def _without_device(hub: Hub, unit: Unit, user: Person, *, address: str, agent: str) -> Entry:
    logins.put_credential(unit, user.user_id, totp=None, totp_at=None, totp_new=None)
    logins.end_sessions(unit, user.user_id)
    logged(unit, user.actor, "replace-device", f"user/{user.login}")
    return begin(unit, user, factor=False, complete=not needs_device(hub), address=address, agent=agent)
