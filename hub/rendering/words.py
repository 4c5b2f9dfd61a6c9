"""The words of rendered documents in three languages (`words.csv`), and the names of codes people meet on them.

Sources of the codes: UNTDID 1001, 4461 and 5305, UN/ECE Recommendation 20, ISO 3166-1, ISO 6523; wording by us. A code
this table does not know is shown as it stands.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from hub.errors import ConfigurationError
from hub.texts import LANGUAGES


@cache
def _table() -> Mapping[str, Mapping[str, str]]:
    text = (files("hub.rendering") / "words.csv").read_text(encoding="utf-8")
    return {row["key"]: row for row in csv.DictReader(text.splitlines())}


def keys() -> tuple[str, ...]:
    """Every word there is."""
    return tuple(_table())


def spoken(language: str) -> str:
    """The language itself; ConfigurationError when no words of it are here."""
    if language not in LANGUAGES:
        raise ConfigurationError(f"unknown language {language[:20]!r}", hint=f"one of: {', '.join(LANGUAGES)}")
    return language


def word(key: str, language: str, /, **values: str) -> str:
    """A word, with values filled in; KeyError for one that is not in the table."""
    text = _table()[key][language]
    return text.format_map(values) if values else text


def named(family: str, code: str, language: str) -> str:
    """The name of a code, else the code as it stands."""
    row = _table().get(f"{family}.{code}")
    return row[language] if row else code
