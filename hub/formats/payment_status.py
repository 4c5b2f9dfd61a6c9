"""Payment status reports (pain.002): what the bank says of the payments we ordered."""

from __future__ import annotations

from hub.formats import Answer, AnswerContext
from schemas.banking import status

KIND = "pain.002"


def recognise(payload: bytes, name: str) -> str | None:
    """By content."""
    del name
    return KIND if status.recognise_status(payload) else None


def read(payload: bytes, context: AnswerContext) -> list[Answer]:
    """A status of the order, of its blocks, and of each payment in it."""
    del context
    return list(status.read_status(payload))
