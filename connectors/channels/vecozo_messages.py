"""What travels to and from VECOZO as JSON: message metadata, statuses, problem reports. Pure functions, no network.

Source: VECOZO's OpenAPI specifications VSP-Koppeling REST push 1.0.2, pull 1.0.0 and message status v2 and v3.
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from hub.errors import ConfigurationError, FormatError
from hub.model.exchange import Collected, ExchangeState, Message, Receipt
from hub.model.identity import mask

NAMESPACE = uuid.UUID("5d0f5bb1-6b1f-5c2e-9a55-8a1f3e0c7d42")
"""Fixed for ever: another value would give messages already sent a new identity."""
DAMAGED = "damaged:"
"""How the remote id of something damaged begins: it is never confirmed, so that VECOZO keeps it."""
DIGESTS: Mapping[str, str] = MappingProxyType({"SHA256": "sha256", "SHA384": "sha384", "SHA512": "sha512"})

STATES: Mapping[str, ExchangeState] = MappingProxyType(
    {
        "Ontvangen": ExchangeState.SENT,
        "DeelsOntvangen": ExchangeState.SENT,
        "DeelberichtAanleveringAfgekeurd": ExchangeState.REFUSED,
        "WordtVerwerkt": ExchangeState.SENT,
        "AfgekeurdDoorDienst": ExchangeState.REFUSED,
        "VerwerkingVoltooid": ExchangeState.DELIVERED,
        "Aangeboden": ExchangeState.SENT,
        "WordtAangeboden": ExchangeState.SENT,
        "AanbiedenMislukt": ExchangeState.SENT,
        "Bezorgd": ExchangeState.DELIVERED,
        "BezorgingAfgebroken": ExchangeState.REFUSED,
    }
)
"""Statuses of v2 and v3. One that is not listed counts as SENT (VECOZO has the message) and is shown as it came."""

_CODE = re.compile(r"\b(?:BRS|VSP[A-Z]*)\d{2,4}\b")
_LONG_NUMBER = re.compile(r"\d{9,}")


def traceer_id(key: str) -> str:
    """Our id for a message at VECOZO: always the same for the same business key, whatever the bytes."""
    return str(uuid.uuid5(NAMESPACE, f"message:{key}"))


def conversation_id(key: str) -> str:
    """The id of the conversation a business key belongs to."""
    return str(uuid.uuid5(NAMESPACE, f"conversation:{key}"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """The agreed message flow and the sender: what `Message.meta` does not say itself."""

    berichttype: str
    berichtversie: str
    berichtsubversie: str
    actie: str
    sender_role: str
    sender_code: str
    berichtsubtype: str = ""
    receiver_role: str = ""


def metadata(message: Message, flow: Flow) -> dict[str, object]:
    """The `berichtMetadata` part for one message; what is missing is a ConfigurationError that names it."""

    def said(name: str, default: str = "") -> str:
        return message.meta.get(name, "").strip() or default

    stream: dict[str, object] = {
        "berichttype": _word("berichttype", said("berichttype", flow.berichttype), 60),
        "berichtversie": version("berichtversie", said("berichtversie", flow.berichtversie)),
        "berichtsubversie": version("berichtsubversie", said("berichtsubversie", flow.berichtsubversie)),
        "actie": _word("actie", said("actie", flow.actie), 60),
    }
    subtype = said("berichtsubtype", flow.berichtsubtype)
    if subtype:
        stream["berichtsubtype"] = _word("berichtsubtype", subtype, 60)
    sender = _party(
        "sender", said("sender_role", flow.sender_role), said("sender_code", said("sender", flow.sender_code))
    )
    receiver = _party("receiver", said("receiver_role", flow.receiver_role), said("receiver_code", said("receiver")))
    references: dict[str, object] = {
        "conversatieId": conversation_id(said("conversation", message.key)),
        "traceerId": traceer_id(message.key),
    }
    if message.name:
        references["referentieId"] = message.name[:150]
    routing = {"afzender": sender, "geadresseerden": [receiver], "berichtstroom": stream}
    return {"routeringgegevens": routing, "referentiegegevens": references}


def _party(who: str, role: str, code: str) -> dict[str, str]:
    return {"rol": _word(f"{who}_role", role, 100), "code": _word(f"{who}_code", code, 100)}


def _word(name: str, value: str, longest: int) -> str:
    if not 1 <= len(value) <= longest:
        raise ConfigurationError(
            f"VECOZO needs {name}, 1 to {longest} characters", hint="fill it in the agreement; it has no default"
        )
    return value


def version(name: str, value: str) -> int:
    """A version number as VECOZO allows it: 0 to 999."""
    if not (value.isascii() and value.isdigit() and int(value) <= 999):
        raise ConfigurationError(f"VECOZO needs {name} as a number from 0 to 999, not {value!r}")
    return int(value)


def read_statuses(data: bytes) -> list[Mapping[str, Any]]:
    """The entries of a status answer; FormatError when it is not a JSON list of objects."""
    return [entry for entry in _json_list(data) if isinstance(entry, Mapping)]


def _json_list(data: bytes) -> list[Any]:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise FormatError("the answer is not JSON", where="VECOZO") from error
    if not isinstance(value, list):
        raise FormatError("the answer is not a JSON list", where="VECOZO")
    return value


def receipt(statuses: Sequence[Mapping[str, Any]], traceer: str) -> Receipt | None:
    """The newest status of exactly this message: VECOZO also lists the answers to it; None when it is not there."""
    ours = [entry for entry in statuses if _reference(entry, "traceerId") == traceer]
    if not ours:
        return None
    entry = max(ours, key=lambda one: moment(one.get("berichtstatusGewijzigdOp")) or _LONG_AGO)
    word = str(entry.get("berichtstatus", ""))
    return Receipt(
        remote_id=traceer,
        state=STATES.get(word, ExchangeState.SENT),
        at=moment(entry.get("berichtstatusGewijzigdOp")),
        text="; ".join([word, *_notices(entry.get("meldingen"))]),
        raw=json.dumps(entry, ensure_ascii=False).encode(),
    )


_LONG_AGO = datetime.fromisoformat("0001-01-01T00:00:00+00:00")


def _notices(notices: object) -> Iterator[str]:
    for notice in notices if isinstance(notices, list) else []:
        if isinstance(notice, Mapping):
            words = (str(notice.get(name, "")) for name in ("code", "omschrijving", "toelichting"))
            yield without_numbers(" ".join(word for word in words if word))


def _reference(entry: Mapping[str, Any], name: str) -> str:
    references = entry.get("referentiegegevens")
    value = references.get(name) if isinstance(references, Mapping) else None
    return str(value).lower() if value else ""


def moment(value: object) -> datetime | None:
    """A date-time with its offset; None when it is not one."""
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return found if found.tzinfo else None


def problem(body: bytes, status: int) -> tuple[str, str]:
    """What a 400 or 422 says, as text without long numbers, and its code: VECOZO's own, otherwise the status."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, Mapping):
        return f"HTTP {status}", str(status)
    words = [str(value[name]) for name in ("title", "detail") if value.get(name)]
    errors = value.get("errors")
    for name, texts in errors.items() if isinstance(errors, Mapping) else ():
        words += [f"{name}: {text}" for text in (texts if isinstance(texts, list) else [texts])]
    text = "; ".join(words) or f"HTTP {status}"
    code = _CODE.search(text)
    return without_numbers(text), code.group() if code else str(status)


def without_numbers(text: str) -> str:
    """The text with every number of nine or more digits masked: it may be a BSN."""
    return _LONG_NUMBER.sub(lambda found: mask(found.group()), text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One entry of the list of messages ready for us."""

    traceer: str
    answers: str
    received: datetime | None
    size: int
    algorithm: str
    checksum: str
    meta: Mapping[str, str]

    def collected(self, payload: bytes) -> Collected:
        """The message with its payload, or a damaged one without it when the payload is not what was announced."""
        digest = DIGESTS.get(self.algorithm.upper().replace("-", ""))
        if digest is None:
            return self.damaged("checksum_unknown", self.algorithm)
        found = hashlib.new(digest, payload).hexdigest()
        if found != self.checksum.lower():
            return self.damaged("checksum_mismatch", found)
        return Collected(
            remote_id=self.traceer, name=self.traceer, payload=payload, answers=self.answers, meta=self.meta
        )

    def damaged(self, reason: str, found: str = "") -> Collected:
        """A note that this message is there but could not be fetched whole; never confirmed, never a payload."""
        return damaged(self.traceer, reason, found, answers=self.answers, meta=self.meta)


def damaged(
    remote: str, reason: str, found: str = "", *, answers: str = "", meta: Mapping[str, str] = MappingProxyType({})
) -> Collected:
    """Something VECOZO has for us that cannot be used: kind `damaged`, reason in `meta`."""
    return Collected(
        remote_id=f"{DAMAGED}{remote}:{reason}",
        name=remote,
        payload=b"",
        kind="damaged",
        answers=answers,
        meta=MappingProxyType({**meta, "reason": reason, "found": found}),
    )


def read_waiting(data: bytes) -> list[Waiting | Collected]:
    """The list of messages ready for us, oldest first; an entry that cannot be read becomes a damaged one."""
    entries = [_waiting(entry) for entry in _json_list(data)]
    good = [entry for entry in entries if isinstance(entry, Waiting)]
    bad = [entry for entry in entries if isinstance(entry, Collected)]
    return [*sorted(good, key=_age), *bad]


def _age(entry: Waiting) -> datetime:
    return entry.received or _LONG_AGO


def _waiting(entry: Any) -> Waiting | Collected:  # noqa: ANN401 -- whatever JSON holds
    """One entry; its id must be a UUID because it becomes part of an address."""
    try:
        basics, references = entry["basisgegevens"], entry["referentiegegevens"]
        payload = basics["payload"]
        return Waiting(
            traceer=str(uuid.UUID(references["traceerId"])),
            answers=str(references.get("alsAntwoordOp") or "").lower(),
            received=moment(basics["ontvangenOp"]),
            size=int(payload["grootte"]),
            algorithm=str(payload["checksum"]["algoritme"]),
            checksum=str(payload["checksum"]["waarde"]),
            meta=MappingProxyType(_facts(entry)),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        digest = hashlib.sha256(json.dumps(entry, sort_keys=True).encode()).hexdigest()
        return damaged(digest[:32], "metadata_unreadable")


def _facts(entry: Mapping[str, Any]) -> dict[str, str]:
    """The channel facts of an entry, by the names `Message.meta` uses."""
    routing, references = entry["routeringgegevens"], entry["referentiegegevens"]
    stream, sender = routing["berichtstroom"], routing["afzender"]
    facts = {name: stream.get(name) for name in ("berichttype", "berichtsubtype", "berichtversie", "berichtsubversie")}
    facts |= {
        "actie": stream.get("actie"),
        "sender_role": sender.get("rol"),
        "sender_code": sender.get("code"),
        "conversation_id": references.get("conversatieId"),
        "reference": references.get("referentieId"),
        "received": entry["basisgegevens"].get("ontvangenOp"),
    }
    return {name: str(value) for name, value in facts.items() if value is not None}
