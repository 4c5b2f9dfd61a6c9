"""What matching says in codes, in words for people: why a payment is in question, and why a claim is suggested."""

from __future__ import annotations

from hub import texts

_PREFIX = "MATCH_"


def words(code: str) -> dict[str, str]:
    """A code of matching in every language; one without words is said as it is."""
    name = _PREFIX + code.upper().replace(" ", "_")
    if name in texts.codes():
        return texts.text(name)
    return dict.fromkeys(texts.LANGUAGES, code.replace("_", " "))


def said(code: str, language: str) -> str:
    """The same in one language."""
    return texts.pick(words(code), language) if code else ""
