"""Tokens of programs as stored: whose, what they may do, until when; never the secret."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from hub.store import schema
from hub.store.unit import Row, Unit, new_id

_SEEN_EVERY = timedelta(minutes=1)
"""That a token is used is written down this often: a write for every read would make readers wait for each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewToken:
    """A token as it is made."""

    name: str
    secret_hash: str
    ending: str
    live: bool
    scopes: Sequence[str]
    organisation_id: str | None
    user_id: str | None
    by: str
    expires_at: datetime


def add(unit: Unit, new: NewToken) -> str:
    """Store a token; gives its id."""
    token_id = new_id()
    names = ("name", "secret_hash", "ending", "live", "organisation_id", "user_id", "expires_at")
    row: Row = {name: getattr(new, name) for name in names}
    row |= {"id": token_id, "scopes": sorted(new.scopes), "created_at": unit.now, "created_by": new.by}
    unit.insert(schema.api_token, [row])
    return token_id


def by_secret(unit: Unit, secret_hash: str) -> Row | None:
    """The token with this secret that opens something, with the code of its organisation."""
    table, organisation = schema.api_token, schema.organisation
    joined = table.outerjoin(organisation, organisation.c.id == table.c.organisation_id)
    where = (table.c.tenant_id == unit.tenant, table.c.secret_hash == secret_hash)
    open_ = (table.c.revoked_at.is_(None), table.c.expires_at > unit.now)
    columns = (table, organisation.c.code.label("organisation"))
    return unit.one(select(*columns).select_from(joined).where(*where, *open_))


def is_stale(row: Row, now: datetime) -> bool:
    """Whether it is time to write down again that a token is used."""
    return row["used_at"] is None or now - row["used_at"] >= _SEEN_EVERY


def used(unit: Unit, token_id: str) -> None:
    """Somebody uses it now."""
    unit.update(schema.api_token, token_id, used_at=unit.now)


def tokens(unit: Unit) -> list[Row]:
    """Every token there is or was, newest first, with the code of its organisation; a fenced unit's own."""
    table, organisation = schema.api_token, schema.organisation
    joined = table.outerjoin(organisation, organisation.c.id == table.c.organisation_id)
    columns = (table, organisation.c.code.label("organisation"))
    found = select(*columns).select_from(joined).where(table.c.tenant_id == unit.tenant)
    return unit.rows(found.order_by(table.c.created_at.desc(), table.c.id))


def get(unit: Unit, token_id: str) -> Row | None:
    """One token, also one that was revoked."""
    return unit.one(unit.mine(schema.api_token, schema.api_token.c.id == token_id))


def revoke(unit: Unit, token_id: str, by: str) -> None:
    """It opens nothing any more."""
    unit.update(schema.api_token, token_id, revoked_at=unit.now, revoked_by=by)


def revoke_of_user(unit: Unit, user_id: str, by: str) -> int:
    """Whoever made them leaves: none of their tokens opens anything any more; says how many that were."""
    table = schema.api_token
    where = (table.c.tenant_id == unit.tenant, table.c.user_id == user_id, table.c.revoked_at.is_(None))
    return unit.connection.execute(table.update().where(*where).values(revoked_at=unit.now, revoked_by=by)).rowcount
