"""What the sandbox's VECOZO says: the way back of a message, statuses, problem reports. Pure functions.

Source: VECOZO's OpenAPI specifications VSP-Koppeling REST pull 1.0.0 and message status v2 and v3.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.sandbox.server import Response, json_response


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """An answer to a pushed message; `late` waits for `release`, `copies` sends it again under another id."""

    payload: bytes
    berichttype: str = ""
    actie: str = ""
    late: bool = False
    copies: int = 1
    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A refused message: at once with status 400 or 422, or afterwards (status 0) as AfgekeurdDoorDienst."""

    status: int
    code: str
    text: str


Responder = Callable[[bytes, Mapping[str, str]], Sequence[Outgoing]]
Refuser = Callable[[bytes, Mapping[str, str]], Refusal | None]


def status_entry(
    metadata: Mapping[str, Any], word: str, received: str, changed: str, notices: Sequence[tuple[str, str]]
) -> dict[str, Any]:
    """One entry of a status answer."""
    status = {
        "referentiegegevens": metadata["referentiegegevens"],
        "berichtstroom": metadata["routeringgegevens"]["berichtstroom"],
        "berichtstatus": word,
        "berichtstatusGewijzigdOp": changed,
        "berichtOntvangenOp": received,
    }
    if notices:
        status["meldingen"] = [{"code": code, "omschrijving": text} for code, text in notices]
    return status


def facts_of(metadata: Mapping[str, Any]) -> dict[str, str]:
    """What a responder gets to know about a message."""
    routing, references = metadata["routeringgegevens"], metadata["referentiegegevens"]
    receiver = routing["geadresseerden"][0]
    return {
        "traceer_id": str(references["traceerId"]).lower(),
        "conversation_id": str(references["conversatieId"]).lower(),
        "reference": str(references.get("referentieId", "")),
        "sender_role": routing["afzender"]["rol"],
        "sender_code": str(routing["afzender"].get("code", "")),
        "receiver_role": receiver["rol"],
        "receiver_code": str(receiver.get("code", "")),
        **{name: str(value) for name, value in routing["berichtstroom"].items()},
    }


def answer_metadata(metadata: Mapping[str, Any], answer: Outgoing, traceer: str) -> dict[str, Any]:
    """The way back: receiver and sender change places, the conversation stays."""
    routing, references = metadata["routeringgegevens"], metadata["referentiegegevens"]
    stream = dict(routing["berichtstroom"])
    stream |= {"berichttype": answer.berichttype or stream["berichttype"], "actie": answer.actie or "Retour"}
    back = {
        "conversatieId": references["conversatieId"],
        "traceerId": traceer,
        "alsAntwoordOp": references["traceerId"],
    }
    if answer.reference:
        back["referentieId"] = answer.reference
    return {
        "routeringgegevens": {
            "afzender": routing["geadresseerden"][0],
            "geadresseerden": [routing["afzender"]],
            "berichtstroom": stream,
        },
        "referentiegegevens": back,
    }


def problem(status: int, title: str, errors: Mapping[str, list[str]]) -> Response:
    """A ValidationProblemDetails answer."""
    return json_response({"title": title, "status": status, "errors": dict(errors)}, status)
