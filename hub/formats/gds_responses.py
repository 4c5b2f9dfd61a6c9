"""GDS802 responses of insurers and VECOZO: an XML message with verdicts per line becomes one ResponseFile."""

from __future__ import annotations

from hub.formats import Answer, AnswerContext
from mappings.gds_replies import from_gds802
from mappings.vektis_replies import CLEARING, PAYER
from schemas import gds

_CLAIM, _RESPONSE = "vektis-GDS801-", "vektis-GDS802-"


def recognise(payload: bytes, name: str) -> str | None:
    """A GDS802 message of any version."""
    del name
    kind = gds.recognise(payload)
    return kind if kind and kind.startswith(_RESPONSE) else None


def read(payload: bytes, context: AnswerContext) -> list[Answer]:
    """One response; who sent it is what the channel said or what the message says of its sender."""
    return [from_gds802(gds.read(payload), source=_source(context))]


def read_beside(payload: bytes, sent: bytes, context: AnswerContext) -> list[Answer]:
    """The same beside the message it answers: what names a person only means that person's performances."""
    kind = gds.recognise(sent) or ""
    asked = gds.read(sent) if kind.startswith(_CLAIM) else None
    return [from_gds802(gds.read(payload), source=_source(context), sent=asked)]


def _source(context: AnswerContext) -> str:
    return CLEARING if context.meta.get("sent_by") == CLEARING else PAYER
