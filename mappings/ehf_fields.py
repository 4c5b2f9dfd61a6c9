"""Our claim fields under the names a recipient of EHF reads: references of the document, properties of its lines.

Source: the extended information for treatment assignments (Behandlernettverk/DigiCare support pages); times are local
Norwegian times without a zone, durations HH:MM:SS.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from hub.errors import ConfigurationError, MappingError
from hub.model.claim import Claim, ClaimLine
from hub.model.partner import EhfProfile
from schemas.ubl.lines import ItemProperty

_OSLO = ZoneInfo("Europe/Oslo")
_DIAGNOSIS = "diagnosis"
_MOMENT = "%Y-%m-%d %H:%M:%S"


def reference(claim: Claim, profile: EhfProfile, name: str) -> str:
    """The claim's reference of that name (`sak_id`); MappingError when the profile requires it and it is missing."""
    if not name:
        return ""
    value = claim.references.get(name, "").strip()
    if not value and name in profile.required:
        raise MappingError(f"required field {name} is missing", where=f"claim {claim.ref}")
    if value and name == "sak_id" and profile.sak_id_pattern and not re.fullmatch(profile.sak_id_pattern, value):
        raise MappingError(
            "field sak_id does not look like this recipient's SakID",
            hint=f"expected {profile.sak_id_pattern}",
            where=f"claim {claim.ref}",
        )
    return value


def line_properties(claim: Claim, line: ClaimLine, profile: EhfProfile) -> tuple[ItemProperty, ...]:
    """The item properties of a line in the profile's order; those without a value are left out unless required."""
    _check_profile(profile)
    found = []
    for name, label in profile.line_properties.items():
        if name == _DIAGNOSIS and not profile.asks_diagnosis:
            continue
        value = _value(claim, line, name)
        if value:
            found.append(ItemProperty(name=label, value=value))
        elif name in profile.required:
            place = f"claim {claim.ref}, line {line.number}"
            raise MappingError(f"required field {name} is missing", where=place)
    return tuple(found)


def _check_profile(profile: EhfProfile) -> None:
    placed = {*profile.line_properties, profile.order_reference, profile.buyer_reference}
    if not profile.asks_diagnosis:
        placed.discard(_DIAGNOSIS)
    for name in profile.required:
        if name not in placed:
            raise ConfigurationError(
                f"the recipient's profile requires {name} but gives it no place",
                hint="add it to line_properties (and set asks_diagnosis for a diagnosis), or drop it from required",
            )


def _value(claim: Claim, line: ClaimLine, name: str) -> str:
    given = line.extra.get(name, "").strip()
    if name == "treatment_datetime":
        return _moment(claim, line, given)
    typed = _TYPED.get(name)
    return given or (typed(line) if typed is not None else "")


def _moment(claim: Claim, line: ClaimLine, given: str) -> str:
    if not given:
        return _local(line.begins) if isinstance(line.begins, datetime) else ""
    try:
        return _local(datetime.fromisoformat(given))
    except ValueError:
        place = f"claim {claim.ref}, line {line.number}"
        raise MappingError("field treatment_datetime is not a date and time", where=place) from None


def _local(moment: datetime) -> str:
    return (moment.astimezone(_OSLO) if moment.tzinfo else moment).strftime(_MOMENT)


def _duration(line: ClaimLine) -> str:
    if not (isinstance(line.begins, datetime) and isinstance(line.ends, datetime)):
        return ""
    seconds = int((line.ends - line.begins).total_seconds())
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}" if seconds > 0 else ""


_TYPED: Mapping[str, Callable[[ClaimLine], str]] = {
    "treatment_code": lambda line: line.service_code,
    "duration": _duration,
    "therapist_hpr": lambda line: line.performer,
    "therapist_name": lambda line: line.performer_name,
    "profession": lambda line: line.profession,
}
"""Where a field stands on our line when `extra` does not give it."""
