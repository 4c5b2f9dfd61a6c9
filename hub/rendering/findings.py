"""What a finding compares: the value that stands there, the one that should, and the business term it is about.

A finding's value is masked where it is personal (`hub.model.finding`); here it is only shortened.
"""

from __future__ import annotations

from hub.model.finding import Finding
from hub.rendering.text import plain
from hub.rendering.words import word
from schemas.peppol.rules.terms import NAMES

LONGEST = 120
"""Of a longer value the rest is left out."""


def compared(one: Finding, language: str) -> str:
    """`found "100.00", expected "125.00" (BT-115 amount due)`.

    Without values the term stands alone, where the finding's own sentence does not name it; else nothing is left.
    """
    parts = [
        word(key, language, value=_short(value))
        for key, value in (("found", one.value), ("expected", one.expected))
        if value
    ]
    about = term_label(one.term, language)
    if not parts:
        return "" if f"({one.term})" in one.said(language) else about
    return f"{', '.join(parts)} ({about})" if about else ", ".join(parts)


def term_label(term: str, language: str) -> str:
    """`BT-115 amount due`; a term without a name (of a response) is its id."""
    name = NAMES.get(term, {}).get(language, "")
    return f"{term} {name}".strip()


def _short(value: str) -> str:
    text = plain(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
