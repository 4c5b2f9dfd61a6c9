"""GDS802 responses of insurers and VECOZO: an XML message with verdicts per line becomes one ResponseFile."""

from __future__ import annotations

from hub.formats import Answer, AnswerContext
from mappings.gds_replies import from_gds802
from mappings.vektis_replies import CLEARING, PAYER
from schemas import gds

_RESPONSE = "vektis-GDS802-"


def recognise(payload: bytes, name: str) -> str | None:
    """A GDS802 message of any version."""
    del name
    kind = gds.recognise(payload)
    return kind if kind and kind.startswith(_RESPONSE) else None


def read(payload: bytes, context: AnswerContext) -> list[Answer]:
    """One response; who sent it is what the channel said or what the message says of its sender."""
    source = CLEARING if context.meta.get("sent_by") == CLEARING else PAYER
    return [from_gds802(gds.read(payload), source=source)]
