"""Vektis responses: a returned claim file with verdicts per line becomes one ResponseFile."""

from __future__ import annotations

from hub.formats import Answer, AnswerContext
from mappings.vektis_replies import CLEARING, PAYER, from_response
from schemas import vektis


def recognise(payload: bytes, name: str) -> str | None:
    """A fixed-width standard whose table says that it is a response."""
    del name
    kind = vektis.recognise(payload)
    return kind if kind and is_response(kind) else None


def is_response(kind: str) -> bool:
    """Whether a format id (`vektis-HA305-4.2`) is a response standard, as its layout table says."""
    return any(form.format == kind and form.is_response for form in vektis.layouts())


def read(payload: bytes, context: AnswerContext) -> list[Answer]:
    """One response file; who sent it is what the channel said (`clearing` or `payer`)."""
    source = CLEARING if context.meta.get("sent_by") == CLEARING else PAYER
    return [from_response(vektis.read(payload), source=source)]
