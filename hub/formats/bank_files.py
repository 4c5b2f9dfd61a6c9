"""Bank files: OCR giro, camt.053, camt.054 and MT940 become statements."""

from __future__ import annotations

from hub.formats import Answer, AnswerContext
from schemas import banking


def recognise(payload: bytes, name: str) -> str | None:
    """By content, as the banking reader does."""
    del name
    return banking.recognise(payload)


def read(payload: bytes, context: AnswerContext) -> list[Answer]:
    """One statement per account and day in the file."""
    del context
    return list(banking.read(payload))
