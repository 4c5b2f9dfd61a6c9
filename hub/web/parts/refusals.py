"""A no of the hub's in every language, part by part: where, what is wrong, and what to do."""

from __future__ import annotations

from hub import texts
from hub.errors import HubError
from hub.pipeline.cases import RefusedError

Words = dict[str, str]


def worded(error: HubError) -> tuple[Words, Words]:
    """What is wrong, after where it is; and what to do. Each part is known by itself: together nobody knows them."""
    if isinstance(error, RefusedError):
        return dict(error.said), dict(error.todo)
    whole = str(error)
    if error.hint and not texts.is_spoken(error.message) and texts.is_spoken(whole):
        return texts.spoken(whole), dict.fromkeys(texts.LANGUAGES, "")
    said, where = texts.spoken(error.message), texts.spoken(error.where)
    placed = {name: f"{where[name]}: {said[name]}" if error.where else said[name] for name in texts.LANGUAGES}
    return placed, texts.spoken(error.hint)


def in_one(error: HubError, language: str) -> str:
    """Both as one text, as forms show it above themselves."""
    said, todo = (texts.pick(words, language) for words in worded(error))
    if not todo:
        return said
    return f"{said} {todo}" if isinstance(error, RefusedError) else f"{said} ({todo})"
