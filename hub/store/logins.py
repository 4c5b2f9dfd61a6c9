"""Who may log in, as stored: users with what proves who they are, their links, their sessions, and attempts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, or_, select

from hub.store import schema
from hub.store.unit import Row, Unit, new_id

INVITATION, RESET, DEVICE = "invitation", "reset", "device"


# --- users ----------------------------------------------------------------------------------------------------------


def _users(unit: Unit, *where: Any) -> Any:  # noqa: ANN401 -- SQLAlchemy expressions
    """Users with the code of their organisation and what proves who they are."""
    user, organisation, credential = schema.app_user, schema.organisation, schema.credential
    joined = user.outerjoin(organisation, organisation.c.id == user.c.organisation_id).outerjoin(
        credential, credential.c.user_id == user.c.id
    )
    proof = (credential.c.password, credential.c.totp, credential.c.totp_new, credential.c.totp_step)
    columns = (user, organisation.c.code.label("organisation"), *proof)
    return select(*columns).select_from(joined).where(user.c.tenant_id == unit.tenant, *where)


def called(unit: Unit, login: str) -> list[Row]:
    """Users who may log in under this name, however its capitals are written."""
    user = schema.app_user
    name = or_(user.c.login == login, func.lower(user.c.login) == login.lower())
    return unit.rows(_users(unit, name, user.c.ended_at.is_(None)).order_by(user.c.login))


def user(unit: Unit, login: str) -> Row | None:
    """The user with exactly this login, also one who left."""
    return unit.one(_users(unit, schema.app_user.c.login == login))


def user_by_id(unit: Unit, user_id: str) -> Row | None:
    """A user, also one who left."""
    return unit.one(_users(unit, schema.app_user.c.id == user_id))


def ids(unit: Unit, *, after: str, find: str, limit: int) -> list[str]:
    """Ids of users by login, after the one with this id, whose login or name has these signs; a fenced unit's own."""
    user = schema.app_user
    where = [user.c.tenant_id == unit.tenant]
    if after:
        last = unit.one(unit.mine(user, user.c.id == after))
        where.append(user.c.login > (last["login"] if last else ""))
    if find:
        where.append(or_(user.c.login.icontains(find, autoescape=True), user.c.name.icontains(find, autoescape=True)))
    found = select(user.c.id).where(*where).order_by(user.c.login).limit(limit)
    return [str(each) for each in unit.connection.execute(found).scalars()]


def is_user(unit: Unit, user_id: str) -> bool:
    """Whether there is such a user, inside the unit's fence."""
    return unit.one(unit.mine(schema.app_user, schema.app_user.c.id == user_id)) is not None


def users_by_id(unit: Unit, user_ids: list[str]) -> list[Row]:
    """Users by login, also who left."""
    return unit.rows(_users(unit, schema.app_user.c.id.in_(user_ids)).order_by(schema.app_user.c.login))


def change_user(unit: Unit, user_id: str, **values: object) -> None:
    """Change columns of a user."""
    unit.update(schema.app_user, user_id, **values)


def put_credential(unit: Unit, user_id: str, **values: object) -> None:
    """Set parts of what proves who a user is."""
    table = schema.credential
    known = unit.one(unit.mine(table, table.c.user_id == user_id))
    if known is not None:
        unit.update(table, known["id"], **values)
        return
    blank: Row = {"password": "", "password_at": None, "totp": None, "totp_at": None, "totp_new": None, "totp_step": 0}
    unit.insert(table, [blank | {"id": new_id(), "user_id": user_id} | values])


# --- sessions -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSession:
    """A session as it begins."""

    user_id: str
    secret_hash: str
    factor: bool
    how: str
    created_at: datetime
    expires_at: datetime
    address: str
    agent: str


def add_session(unit: Unit, new: NewSession) -> str:
    """Write a session down; gives its id."""
    session_id = new_id()
    row: Row = {name: getattr(new, name) for name in NewSession.__slots__}
    unit.insert(schema.web_session, [row | {"id": session_id, "seen_at": unit.now, "ended_at": None}])
    return session_id


def session(unit: Unit, secret_hash: str) -> Row | None:
    """The session with this secret that has not been ended."""
    table = schema.web_session
    return unit.one(unit.mine(table, table.c.secret_hash == secret_hash, table.c.ended_at.is_(None)))


def seen(unit: Unit, session_id: str) -> None:
    """Somebody used it now."""
    unit.update(schema.web_session, session_id, seen_at=unit.now)


def sessions(unit: Unit, user_id: str) -> list[Row]:
    """A user's sessions that have not been ended, newest first."""
    table = schema.web_session
    found = unit.mine(table, table.c.user_id == user_id, table.c.ended_at.is_(None), table.c.expires_at > unit.now)
    return unit.rows(found.order_by(table.c.seen_at.desc()))


def last_session(unit: Unit, user_id: str) -> Row | None:
    """The session a user used last, also one that ended."""
    table = schema.web_session
    return unit.one(unit.mine(table, table.c.user_id == user_id).order_by(table.c.seen_at.desc()).limit(1))


def end_session(unit: Unit, session_id: str) -> None:
    """End one session."""
    unit.update(schema.web_session, session_id, ended_at=unit.now)


def end_sessions(unit: Unit, user_id: str, *, but: str = "") -> int:
    """End all sessions of a user (but one); says how many."""
    table = schema.web_session
    mine = (table.c.tenant_id == unit.tenant, table.c.user_id == user_id, table.c.ended_at.is_(None))
    done = unit.connection.execute(table.update().where(*mine, table.c.id != but).values(ended_at=unit.now))
    return done.rowcount


# --- links ----------------------------------------------------------------------------------------------------------


def add_link(unit: Unit, link_id: str, user_id: str, kind: str, secret_hash: str, **values: object) -> None:
    """Write a link down; one of that kind that the user has already is ended."""
    end_links(unit, user_id, kind)
    row: Row = {"id": link_id, "user_id": user_id, "kind": kind, "secret_hash": secret_hash, "asked_at": unit.now}
    unit.insert(schema.login_link, [row | values])


def link(unit: Unit, secret_hash: str, kind: str) -> Row | None:
    """The link with this secret, as long as it opens something."""
    table = schema.login_link
    return unit.one(unit.mine(table, table.c.secret_hash == secret_hash, table.c.kind == kind, *_open(unit)))


def link_by_id(unit: Unit, link_id: str) -> Row | None:
    """A link that was neither used nor ended."""
    return unit.one(unit.mine(schema.login_link, schema.login_link.c.id == link_id, *_open(unit)))


def asked(unit: Unit, kind: str) -> list[Row]:
    """What was asked for and waits for another person, oldest first, with login and name of whom it is about."""
    table, user = schema.login_link, schema.app_user
    where = (table.c.tenant_id == unit.tenant, table.c.kind == kind, table.c.approved_at.is_(None), *_open(unit))
    joined = table.join(user, user.c.id == table.c.user_id)
    columns = (table, user.c.login, user.c.name)
    return unit.rows(select(*columns).select_from(joined).where(*where).order_by(table.c.asked_at))


def open_links(unit: Unit, user_id: str, kind: str) -> list[Row]:
    """A user's links of a kind that still open something, or wait for approval."""
    table = schema.login_link
    return unit.rows(unit.mine(table, table.c.user_id == user_id, table.c.kind == kind, *_open(unit)))


def change_link(unit: Unit, link_id: str, **values: object) -> None:
    """Change columns of a link."""
    unit.update(schema.login_link, link_id, **values)


def end_links(unit: Unit, user_id: str, kind: str = "") -> None:
    """End a user's links, of one kind or all."""
    table = schema.login_link
    where = [table.c.tenant_id == unit.tenant, table.c.user_id == user_id, table.c.ended_at.is_(None)]
    where += [table.c.used_at.is_(None)] + ([table.c.kind == kind] if kind else [])
    unit.connection.execute(table.update().where(*where).values(ended_at=unit.now))


def _open(unit: Unit) -> tuple[Any, ...]:
    table = schema.login_link
    return (table.c.used_at.is_(None), table.c.ended_at.is_(None), table.c.expires_at > unit.now)


# --- accounts elsewhere ---------------------------------------------------------------------------------------------


def outside(unit: Unit, issuer: str, subject: str) -> str | None:
    """Which user an account at an identity provider is."""
    table = schema.outside_identity
    row = unit.one(unit.mine(table, table.c.issuer == issuer, table.c.subject == subject))
    return None if row is None else str(row["user_id"])


def has_outside(unit: Unit, user_id: str, issuer: str) -> bool:
    """Whether a user is linked to an account there already."""
    table = schema.outside_identity
    return unit.one(unit.mine(table, table.c.issuer == issuer, table.c.user_id == user_id)) is not None


def is_outside(unit: Unit, user_id: str) -> bool:
    """Whether a user comes by an identity provider."""
    table = schema.outside_identity
    return unit.one(unit.mine(table, table.c.user_id == user_id).limit(1)) is not None


def add_outside(unit: Unit, user_id: str, issuer: str, subject: str) -> None:
    """Write down that an account there is this user."""
    row: Row = {"id": new_id(), "user_id": user_id, "issuer": issuer, "subject": subject, "linked_at": unit.now}
    unit.insert(schema.outside_identity, [row])


def end_tokens(unit: Unit, user_id: str, by: str) -> int:
    """End what programs come in with that this user made; says how many."""
    table = schema.api_token
    theirs = (table.c.tenant_id == unit.tenant, table.c.user_id == user_id, table.c.revoked_at.is_(None))
    values = {"revoked_at": unit.now, "revoked_by": by[:120]}
    return unit.connection.execute(table.update().where(*theirs).values(**values)).rowcount


def forget_outside(unit: Unit, user_id: str) -> None:
    """Unlink every account elsewhere."""
    table = schema.outside_identity
    unit.connection.execute(table.delete().where(table.c.tenant_id == unit.tenant, table.c.user_id == user_id))


# --- attempts -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """So many failures are free; each one more blocks twice as long, never longer than `longest`."""

    free: int
    first: timedelta
    longest: timedelta
    forgotten: timedelta


def attempt(unit: Unit, key: str, bound: Bound) -> timedelta:
    """Count an attempt before it is judged; how long it must wait instead (zero: it may go on).

    One that has to wait is not counted, so that a block ends when it said it would, however often somebody knocks.
    """
    table = schema.login_throttle
    row = unit.one(unit.mine(table, table.c.key == key))
    if row is not None and row["blocked_until"] is not None and row["blocked_until"] > unit.now:
        wait: timedelta = row["blocked_until"] - unit.now
        return wait
    fresh = row is None or unit.now - row["last_at"] > bound.forgotten
    failures = 1 if row is None or fresh else row["failures"] + 1
    over = failures - bound.free
    until = unit.now + min(bound.first * 2 ** min(over, 20), bound.longest) if over >= 0 else None
    values: Row = {"failures": failures, "last_at": unit.now, "blocked_until": until}
    if row is None:
        unit.insert(table, [values | {"key": key}])
    else:
        where = (table.c.tenant_id == unit.tenant, table.c.key == key)
        unit.connection.execute(table.update().where(*where).values(**values))
    return timedelta(0)


def forgive(unit: Unit, *keys: str) -> None:
    """What was counted under these keys was no attack."""
    table = schema.login_throttle
    unit.connection.execute(table.delete().where(table.c.tenant_id == unit.tenant, table.c.key.in_(keys)))


def take_back(unit: Unit, key: str) -> None:
    """One attempt under this key was no attack; the others stay counted, and a block they brought on stays."""
    table = schema.login_throttle
    where = (table.c.tenant_id == unit.tenant, table.c.key == key, table.c.failures > 0)
    unit.connection.execute(table.update().where(*where).values(failures=table.c.failures - 1))
