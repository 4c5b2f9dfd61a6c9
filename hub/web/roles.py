"""Who may do what: roles are people's, permissions are the screens'. A permission no role has is nobody's."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Permission(StrEnum):
    """What a screen or an action asks for."""

    OWN = "own"
    """One's own account: everybody who is logged in."""
    LOOK = "look"
    """See work, claims and exchanges, persons masked."""
    WORK = "work"
    """Correct, credit, hold, release rows, assign, comment, write to a practice."""
    RELEASE = "release"
    """Let files go out."""
    REVEAL = "reveal"
    """See a person's name or number, with a reason."""
    IDENTIFY = "identify"
    """See who paid a booking and what was written with it, with a reason: money is placed by that alone."""
    SUBSCRIBE = "subscribe"
    """Have an address for one's calendar."""
    RUN = "run"
    """Jobs, pauses, retries, doubts: what keeps the exchange going."""
    MONEY_SEE = "money_see"
    """See bookings, statements, pay-outs."""
    MATCH = "match"
    """Say where a booking belongs."""
    PAY = "pay"
    """Propose and approve pay-outs and write-offs (never one's own)."""
    ADMIN = "admin"
    """Organisations, users, agreements, tariffs, imports."""
    PRIVACY = "privacy"
    """Export, erase and hold what is about a person."""
    AUDIT = "audit"
    """Read the access log."""
    HAND_IN = "hand_in"
    """Hand in lists and logs of one's own organisation, and see what became of them."""


_P = Permission
GRANTED: Mapping[str, frozenset[Permission]] = MappingProxyType(
    {
        "provider": frozenset({_P.OWN, _P.HAND_IN}),
        "support": frozenset(
            {_P.OWN, _P.LOOK, _P.SUBSCRIBE, _P.WORK, _P.RELEASE, _P.REVEAL, _P.IDENTIFY, _P.RUN, _P.MONEY_SEE, _P.MATCH}
        ),
        "engineer": frozenset({_P.OWN, _P.LOOK, _P.SUBSCRIBE, _P.RUN, _P.ADMIN}),
        "finance": frozenset({_P.OWN, _P.LOOK, _P.SUBSCRIBE, _P.RELEASE, _P.IDENTIFY, _P.MONEY_SEE, _P.MATCH, _P.PAY}),
        "privacy_officer": frozenset({_P.OWN, _P.LOOK, _P.REVEAL, _P.PRIVACY, _P.AUDIT}),
        "auditor": frozenset({_P.OWN, _P.LOOK, _P.MONEY_SEE, _P.AUDIT}),
    }
)


def may(role: str, permission: Permission) -> bool:
    """Whether a role has a permission; an unknown role has none."""
    return permission in GRANTED.get(role, frozenset())
