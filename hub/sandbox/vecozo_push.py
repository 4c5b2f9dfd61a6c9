"""What the sandbox's VECOZO checks about a pushed message: multipart form and metadata. Pure functions.

Source: VECOZO's OpenAPI specification VSP-Koppeling REST push 1.0.2, written apart from the channel that sends.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from typing import Any

_STREAM = {"berichttype", "berichtsubtype", "berichtversie", "berichtsubversie", "actie"}
_REFERENCES = {"conversatieId", "traceerId", "alsAntwoordOp", "referentieId"}


def read_multipart(body: bytes, content_type: str) -> dict[str, tuple[str, bytes]]:
    """Each part's media type and bytes by name; empty when the body is no multipart form."""
    boundary = re.search(r'boundary="?([^";]+)"?', content_type)
    if not content_type.startswith("multipart/form-data") or boundary is None:
        return {}
    mark = b"--" + boundary.group(1).encode()
    parts: dict[str, tuple[str, bytes]] = {}
    for piece in (b"\r\n" + body).split(b"\r\n" + mark)[1:-1]:
        head, _, data = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        lines = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
        name = re.search(r'name="([^"]*)"', lines.get("Content-Disposition", ""))
        if name is not None:
            parts[name.group(1)] = (lines.get("Content-Type", ""), data)
    return parts


def check_push(parts: Mapping[str, tuple[str, bytes]]) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """The metadata, and what is wrong with it by field (empty when nothing is)."""
    errors: dict[str, list[str]] = {}
    kind, raw = parts.get("berichtMetadata", ("", b""))
    if kind != "application/json":
        errors["berichtMetadata"] = ["a part of media type application/json is required"]
    if not parts.get("payload", ("", b""))[1]:
        errors["payload"] = ["a part with content is required"]
    try:
        metadata = json.loads(raw)
    except ValueError:
        metadata = None
    if not isinstance(metadata, dict):
        return {}, errors | {"berichtMetadata": ["not a JSON object"]}
    return metadata, errors | _check_metadata(metadata)


def _check_metadata(metadata: dict[str, Any]) -> dict[str, list[str]]:
    routing = _object(metadata, "routeringgegevens")
    references = _object(metadata, "referentiegegevens")
    receivers = routing.get("geadresseerden")
    found = _unknown("", metadata, {"routeringgegevens", "referentiegegevens", "verwerkingscontext"})
    found += _unknown("routeringgegevens", routing, {"afzender", "geadresseerden", "berichtstroom"})
    found += _unknown("referentiegegevens", references, _REFERENCES)
    found += _check_stream(_object(routing, "berichtstroom"))
    found += _check_party("afzender", routing.get("afzender"))
    if not isinstance(receivers, list) or not 1 <= len(receivers) <= 100:
        found.append(("geadresseerden", "1 to 100 receivers are required"))
    for receiver in receivers if isinstance(receivers, list) else []:
        found += _check_party("geadresseerden", receiver)
    found += _check_references(references)
    errors: dict[str, list[str]] = {}
    for name, text in found:
        errors.setdefault(name, []).append(text)
    return errors


def _object(parent: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = parent.get(name)
    return value if isinstance(value, dict) else {}


def _unknown(where: str, value: Mapping[str, Any], known: set[str]) -> list[tuple[str, str]]:
    return [(f"{where}.{name}".lstrip("."), "unknown field") for name in value if name not in known]


def _check_stream(stream: dict[str, Any]) -> list[tuple[str, str]]:
    found = _unknown("berichtstroom", stream, _STREAM)
    for name in ("berichttype", "actie"):
        found += _length(name, stream.get(name), 60)
    if "berichtsubtype" in stream:
        found += _length("berichtsubtype", stream["berichtsubtype"], 60)
    for name in ("berichtversie", "berichtsubversie"):
        value = stream.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 999:
            found.append((name, "a whole number from 0 to 999 is required"))
    return found


def _check_party(where: str, party: object) -> list[tuple[str, str]]:
    if not isinstance(party, dict):
        return [(where, "role required")]
    found = _unknown(where, party, {"rol", "code"}) + _length(f"{where}.rol", party.get("rol"), 100)
    return found + (_length(f"{where}.code", party["code"], 100) if "code" in party else [])


def _check_references(references: dict[str, Any]) -> list[tuple[str, str]]:
    found = [
        (name, "a UUID is required")
        for name in ("conversatieId", "traceerId", "alsAntwoordOp")
        if (name in references or name != "alsAntwoordOp") and not _is_uuid(references.get(name))
    ]
    return found + (_length("referentieId", references["referentieId"], 150) if "referentieId" in references else [])


def _is_uuid(value: object) -> bool:
    try:
        return isinstance(value, str) and str(uuid.UUID(value)) == value.lower()
    except ValueError:
        return False


def _length(name: str, value: object, longest: int) -> list[tuple[str, str]]:
    if isinstance(value, str) and 1 <= len(value) <= longest:
        return []
    return [(name, f"a text of 1 to {longest} characters is required")]
