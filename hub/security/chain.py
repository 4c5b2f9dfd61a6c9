"""The access log's hash chain: one chain per tenant and month, so that a missing or changed line shows (NEN 7513)."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

GENESIS = "0" * 64


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessEvent:
    """Who did what to whose data, when, on whose behalf. `subject` is a blind index or a mask, never the number."""

    at: datetime
    actor: str
    role: str
    action: str
    object: str
    subject: str = ""
    outcome: str = "ok"


def link(previous: str, event: AccessEvent) -> str:
    """The hash of an event chained to the one before."""
    body = json.dumps(
        [
            previous,
            event.at.isoformat(),
            event.actor,
            event.role,
            event.action,
            event.object,
            event.subject,
            event.outcome,
        ],
        ensure_ascii=True,
    )
    return hashlib.sha256(body.encode()).hexdigest()


def first_break(rows: Iterable[tuple[AccessEvent, str]]) -> int | None:
    """The 0-based position of the first event that does not chain, or None when all do."""
    previous = GENESIS
    for position, (event, stored) in enumerate(rows):
        if link(previous, event) != stored:
            return position
        previous = stored
    return None


def sign(key: bytes, tenant: str, month: str, events: int, last: str) -> str:
    """The signed head of a closed month: events cannot be taken off its end, nor the whole month exchanged."""
    return hmac.new(key, f"{tenant}|{month}|{events}|{last}".encode(), hashlib.sha256).hexdigest()


def month_of(at: datetime) -> str:
    """The chain an event belongs to (`2026-11`)."""
    return f"{at.year:04d}-{at.month:02d}"
