"""Who an identity provider vouches for: matched by the account there, the first time by a verified mail address.

Nobody becomes a user by having an account there, unless the settings say so.
"""

from __future__ import annotations

from dataclasses import dataclass

from hub.errors import ConfigurationError
from hub.pipeline.context import Actor, Hub
from hub.pipeline.identity.entry import log_in_person
from hub.pipeline.identity.people import Entry, logged, refused
from hub.store import access, logins, parties
from hub.store.unit import Row, Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account at an identity provider, as its signed word has it. `email` only when it was verified there."""

    issuer: str
    subject: str
    email: str = ""
    name: str = ""
    factor: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomers:
    """What somebody becomes whom we do not know; `organisation` is a code, empty for the whole tenant."""

    role: str
    organisation: str = ""


def log_in_outside(
    hub: Hub,
    tenant: str,
    account: Account,
    *,
    newcomers: Newcomers | None = None,
    language: str = "en",
    address: str = "",
    agent: str = "",
) -> Entry:
    """Let the owner of an account in; AccessRefused when they are no user here, or have left."""
    with hub.store.unit(tenant) as unit:
        row = _known(unit, account) or _by_mail(unit, account)
        if row is None and newcomers is not None and account.email:
            row = _new(unit, account, newcomers, language)
        if row is None or row["ended_at"] is not None:
            _log_stranger(unit, account)
            row = None
    if row is None:
        raise refused("LOGIN_NOT_INVITED")
    return log_in_person(hub, tenant, row["login"], factor=account.factor, address=address, agent=agent)


def _known(unit: Unit, account: Account) -> Row | None:
    user_id = logins.outside(unit, account.issuer, account.subject)
    return logins.user_by_id(unit, user_id) if user_id else None


def _by_mail(unit: Unit, account: Account) -> Row | None:
    """The first time; a user who comes by another account there already does not become this one's as well."""
    found = logins.called(unit, account.email) if account.email else []
    if len(found) != 1 or logins.has_outside(unit, found[0]["id"], account.issuer):
        return None
    return _linked(unit, found[0], account)


def _linked(unit: Unit, row: Row, account: Account) -> Row:
    logins.add_outside(unit, row["id"], account.issuer, account.subject)
    logged(unit, Actor(name=row["login"], role=row["role"]), "link-account", f"user/{row['login']}")
    return row


def _new(unit: Unit, account: Account, newcomers: Newcomers, language: str) -> Row | None:
    """Somebody nobody invited; not under a login that exists, also of one who left."""
    if logins.user(unit, account.email) is not None or logins.called(unit, account.email):
        return None
    if newcomers.role == "provider" and not newcomers.organisation:
        raise ConfigurationError("newcomers of the role provider need an organisation", hint="oidc_newcomers")
    own = parties.organisation(unit, newcomers.organisation).id if newcomers.organisation else None
    parties.put_user(
        unit, account.email, name=account.name[:120], role=newcomers.role, organisation_id=own, language=language
    )
    row = logins.user(unit, account.email)
    return None if row is None else _linked(unit, row, account)


def _log_stranger(unit: Unit, account: Account) -> None:
    """An account that is no user's: only its blind index is kept."""
    mark = unit.keys.blind(unit.tenant, "login", f"{account.issuer} {account.subject}")
    access.record(unit, actor="unknown", role="", action="login", object_="user", subject=mark, outcome="refused")
