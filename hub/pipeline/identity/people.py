"""Who somebody is, and their session; the words for a refusal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from hub import texts
from hub.errors import AccessRefused, ConfigurationError
from hub.pipeline.context import Actor, Hub
from hub.security import tokens
from hub.settings import Stage
from hub.store import access, logins
from hub.store.unit import Row, Unit

IDLE, ABSOLUTE = timedelta(minutes=30), timedelta(hours=12)
"""A session ends when nobody used it for so long, and after so long at the latest."""
SIGNS = 120
"""A login is no longer than this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A user as the console knows them; `organisation` is its code, empty for the whole tenant."""

    user_id: str
    tenant: str
    login: str
    name: str
    role: str
    organisation: str
    language: str

    @property
    def actor(self) -> Actor:
        """How the pipeline's steps write this person down."""
        return Actor(name=self.login, role=self.role)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Somebody who is logged in. `factors`: whether everything this stage and this person ask for was proven."""

    id: str
    person: Person
    csrf: str
    started: datetime
    factors: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A session that begins: the cookie is shown only now. `device` is for the browser to keep."""

    cookie: str
    session: Session
    device: str = ""


def needs_device(hub: Hub) -> bool:
    """Whether this stage lets nobody in without a second factor."""
    return hub.stage != Stage.SANDBOX.value


def person(unit: Unit, row: Row) -> Person:
    """A user's row as a person."""
    names = ("login", "name", "role", "language")
    values = {name: row[name] for name in names}
    return Person(user_id=row["id"], tenant=unit.tenant, organisation=row["organisation"] or "", **values)


def refused(code: str, *, retry_after: int = 0, **values: object) -> AccessRefused:
    """The refusal with this code, in its words."""
    return AccessRefused(code, texts.text(code, **values), todo=texts.action(code, **values), retry_after=retry_after)


def one_user(unit: Unit, login: str) -> Row:
    """The user with exactly this login; ConfigurationError when there is none."""
    row = logins.user(unit, login)
    if row is None:
        raise ConfigurationError(f"no user {login!r}", hint="kvitt user list")
    return row


def logged(unit: Unit, actor: Actor, action: str, object_: str, outcome: str = "ok") -> None:
    """One line in the access log."""
    access.record(unit, actor=actor.name[:SIGNS], role=actor.role, action=action, object_=object_, outcome=outcome)


def parted(given: str) -> tuple[str, str]:
    """Tenant and secret of a cookie or a link; two empty words when it is neither."""
    tenant, dot, secret = given.rpartition(".")
    sound = dot and 0 < len(tenant) <= 64 and 16 <= len(secret) <= 64 and given.isprintable() and given.isascii()
    return (tenant, secret) if sound else ("", "")


def begin(
    unit: Unit, user: Person, *, factor: bool, complete: bool, how: str = "password", address: str = "", agent: str = ""
) -> Entry:
    """Write a new session down and give its cookie."""
    secret = tokens.new_secret()
    new = logins.NewSession(
        user_id=user.user_id,
        secret_hash=tokens.digest(secret),
        factor=factor,
        how=how,
        created_at=unit.now,
        expires_at=unit.now + ABSOLUTE,
        address=plain(address, 60),
        agent=plain(agent, 200),
    )
    session_id = logins.add_session(unit, new)
    csrf = tokens.form_secret(secret)
    session = Session(id=session_id, person=user, csrf=csrf, started=unit.now, factors=complete)
    return Entry(
        cookie=f"{unit.tenant}.{secret}", session=session, device=tokens.device_mark(unit.keys, user.login.lower())
    )


def plain(text: str, longest: int) -> str:
    """What a browser says of itself, without signs that no database takes."""
    return "".join(sign for sign in text if sign.isprintable())[:longest]
