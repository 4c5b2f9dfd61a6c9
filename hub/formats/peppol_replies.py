"""Answers from the Peppol network: Invoice Response, MLR and MLS (UBL ApplicationResponse)."""

from __future__ import annotations

from hub.formats import Answer, AnswerContext
from mappings.peppol_replies import from_application_response

KIND = "ubl-response"


def recognise(payload: bytes, name: str) -> str | None:
    """By root element: an ApplicationResponse."""
    del name
    head = payload[:4000]
    return KIND if head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<") and b"ApplicationResponse" in head else None


def read(payload: bytes, context: AnswerContext) -> list[Answer]:
    """Acknowledgements and decisions."""
    del context
    return list(from_application_response(payload))
