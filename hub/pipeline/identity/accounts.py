"""One's own account, and the end of one: sessions, language, leaving."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hub.errors import ConfigurationError
from hub.pipeline.context import Actor, Hub
from hub.pipeline.identity.people import IDLE, SIGNS, Person, logged, one_user
from hub.settings import LANGUAGES
from hub.store import api_tokens, logins, tasks


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSession:
    """One place where somebody is logged in."""

    id: str
    how: str
    begun: datetime
    seen: datetime
    address: str
    agent: str


def sessions_of(hub: Hub, user: Person) -> tuple[OpenSession, ...]:
    """Where this person is logged in, last used first."""
    with hub.store.reading(user.tenant) as unit:
        rows = [row for row in logins.sessions(unit, user.user_id) if unit.now - row["seen_at"] < IDLE]
    return tuple(
        OpenSession(
            id=row["id"],
            how=row["how"],
            begun=row["created_at"],
            seen=row["seen_at"],
            address=row["address"],
            agent=row["agent"],
        )
        for row in rows
    )


def end_session(hub: Hub, user: Person, session_id: str) -> bool:
    """End one of one's own sessions; False when one has none of that name."""
    with hub.store.unit(user.tenant) as unit:
        mine = any(row["id"] == session_id for row in logins.sessions(unit, user.user_id))
        if mine:
            logins.end_session(unit, session_id)
        logged(unit, user.actor, "end-session", f"session/{session_id[:36]}", "ok" if mine else "absent")
    return mine


def set_language(hub: Hub, user: Person, language: str) -> None:
    """The language this person reads."""
    if language not in LANGUAGES:
        raise ConfigurationError(f"unknown language {language!r}", hint=f"one of: {', '.join(LANGUAGES)}")
    with hub.store.unit(user.tenant) as unit:
        logins.change_user(unit, user.user_id, language=language)


def end_user(hub: Hub, tenant: str, login: str, actor: Actor) -> int:
    """Somebody leaves: sessions, links and tokens end with this transaction; says how many sessions there were."""
    with hub.store.unit(tenant) as unit:
        row = one_user(unit, login)
        if row["ended_at"] is not None:
            raise ConfigurationError(f"{login} has left already", hint="kvitt user list")
        logins.change_user(unit, row["id"], ended_at=unit.now)
        ended = logins.end_sessions(unit, row["id"])
        for link in logins.open_links(unit, row["id"], logins.DEVICE):
            tasks.done(unit, f"device:{link['id']}", {"left": True})
        logins.end_links(unit, row["id"])
        logins.end_tokens(unit, row["id"], actor.name)
        logins.forget_outside(unit, row["id"])
        api_tokens.revoke_of_user(unit, row["id"], actor.name[:SIGNS])
        logins.put_credential(unit, row["id"], password="", totp=None, totp_at=None, totp_new=None)
        logged(unit, actor, "end-user", f"user/{login}")
    return ended
