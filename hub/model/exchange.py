"""One message's journey: states advance by rank, so that late, early and doubled news do no harm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

_EMPTY: Mapping[str, str] = MappingProxyType({})


class ExchangeState(StrEnum):
    """The transport axis."""

    PREPARED = "prepared"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    REFUSED = "refused"
    IN_DOUBT = "in_doubt"
    FAILED = "failed"


_RANK = {
    ExchangeState.PREPARED: 0,
    ExchangeState.SENDING: 1,
    ExchangeState.IN_DOUBT: 2,
    ExchangeState.FAILED: 2,
    ExchangeState.SENT: 3,
    ExchangeState.DELIVERED: 4,
    ExchangeState.REFUSED: 5,
}


def advance(now: ExchangeState, news: ExchangeState) -> ExchangeState:
    """The state after some news: only ever forward by rank (SENT after DELIVERED changes nothing)."""
    return news if _RANK[news] > _RANK[now] else now


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Bytes to send, with what the channel needs to know about them.

    `key` is the business key (never a payload digest) and the same on every attempt. `name` is a file name without
    personal data. `kind` is a format id such as `vektis-HA304-4.2` or `ubl-invoice`. `meta` holds channel facts:
    sender, receiver, document and process ids, berichttype.
    """

    key: str
    kind: str
    name: str
    payload: bytes
    media_type: str = "application/octet-stream"
    meta: Mapping[str, str] = field(default_factory=lambda: _EMPTY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Proof of transport: the partner's id for our message, where it stands, and the partner's own words."""

    remote_id: str
    state: ExchangeState
    at: datetime | None = None
    text: str = ""
    raw: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """One thing fetched from a partner: stored raw before anything reads it; confirmed after our commit.

    `answers` is the key or remote id of the message it answers, when the channel knows. `trusted` is False when the
    channel could not establish who sent it (a mail without a valid signature).
    """

    remote_id: str
    name: str
    payload: bytes
    kind: str = ""
    answers: str = ""
    trusted: bool = True
    meta: Mapping[str, str] = field(default_factory=lambda: _EMPTY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What a channel says about itself when asked without sending: reachable, and any warning (certificate expiry)."""

    ok: bool
    text: str
    expires: datetime | None = None
