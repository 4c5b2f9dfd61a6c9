"""What a phoss-ap shaped provider says about a message, in our words; its own are kept beside them.

Source: phoss-ap's `EOutboundStatus`, `OutboundTransactionResponse`, `InboundTransactionResponse` (phax/phoss-ap
ba7e36b) and phase4's sending report. `failed` is the provider's word for "I try again"; its final words are `sent`,
`rejected` and `permanently_failed`. `mlsStatus` is the receiver's message level status: `received_re` is a refusal that
comes after `sent`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from hub.errors import FormatError
from hub.model.exchange import ExchangeState, Receipt

_STATES: Mapping[str, ExchangeState] = MappingProxyType(
    {
        "pending": ExchangeState.SENT,
        "sending": ExchangeState.SENT,
        "failed": ExchangeState.SENT,
        "sent": ExchangeState.DELIVERED,
        "rejected": ExchangeState.REFUSED,
        "permanently_failed": ExchangeState.REFUSED,
    }
)
_MLS_REFUSED = "received_re"
_KINDS = MappingProxyType(
    {"Invoice": "ubl-invoice", "CreditNote": "ubl-creditnote", "ApplicationResponse": "ubl-response"}
)
_LONGEST = 500


def receipt(body: bytes, identifier: str) -> Receipt:
    """A status answer as a receipt; a status we do not know counts as taken over, its word stays in the text."""
    facts = _object(body)
    status = _text(facts, "status")
    if not status:
        raise FormatError("the answer has no status")
    state = _STATES.get(status, ExchangeState.SENT)
    mls = _text(facts, "mlsStatus")
    if mls == _MLS_REFUSED:
        state = ExchangeState.REFUSED
    parts = [status, f"mls {mls}" if mls else "", _text(facts, "errorDetails")]
    if status == "failed":
        parts.append(f"the provider tries again {_text(facts, 'nextRetryDT')}".rstrip())
    return Receipt(
        remote_id=identifier,
        state=state,
        at=_moment(_text(facts, "completedDT") or _text(facts, "createdDT")),
        text="; ".join(part for part in parts if part)[:_LONGEST],
        raw=body,
    )


def code(body: bytes) -> str:
    """The provider's own word for where the message stands; a refusal by the receiver's side goes first."""
    try:
        facts = _object(body)
    except FormatError:
        return ""
    mls = _text(facts, "mlsStatus")
    return mls if mls == _MLS_REFUSED else _text(facts, "status")


def says_failed(body: bytes) -> bool:
    """Whether a sending report says in so many words that sending did not succeed."""
    try:
        return _object(body).get("overallSuccess") is False
    except FormatError:
        return False


def words(body: bytes) -> str:
    """What a refusal says: the report's error texts, or the bare sentence the provider answers with."""
    try:
        value = json.loads(body)
    except ValueError:
        return "no reason given"
    if isinstance(value, str):
        return value[:_LONGEST]
    facts = value if isinstance(value, dict) else {}
    found = [_text(facts, name) for name in ("lookupError", "errorDetails", "sendingResult", "error")]
    return "; ".join(text for text in found if text)[:_LONGEST] or "no reason given"


def waiting(body: bytes) -> list[str]:
    """The identifiers of inbound documents not yet reported, oldest first."""
    try:
        entries = json.loads(body)
    except ValueError as error:
        raise FormatError("the list of inbound documents is no JSON") from error
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise FormatError("the list of inbound documents is no list of objects")
    ordered = sorted(entries, key=lambda entry: _text(entry, "receivedDT"))
    identifiers = [_text(entry, "sbdhInstanceID") for entry in ordered]
    if not all(identifiers):
        raise FormatError("an inbound document has no sbdhInstanceID")
    return list(dict.fromkeys(identifiers))


def kind_of(root: str) -> str:
    """Our format id for a document's root element; unknown ones are named as they are."""
    return _KINDS.get(root, root)


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except ValueError as error:
        raise FormatError("the answer is no JSON") from error
    if not isinstance(value, dict):
        raise FormatError("the answer is no JSON object")
    return value


def _text(facts: Mapping[str, Any], name: str) -> str:
    value = facts.get(name)
    return value if isinstance(value, str) else ""


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
