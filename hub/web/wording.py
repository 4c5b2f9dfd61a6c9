"""Words of the screens: one TOML file per screen in `words/`, each sentence in en, nb and nl."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources

COMMON = "common"


@cache
def _file(screen: str) -> Mapping[str, Mapping[str, str]]:
    source = resources.files("hub.web").joinpath("words", f"{screen}.toml")
    return tomllib.loads(source.read_text(encoding="utf-8")) if source.is_file() else {}


def word(screen: str, key: str, language: str, /, **values: object) -> str:
    """A screen's sentence in a language, else the common one; KeyError when there is none at all."""
    entry = _file(screen).get(key) or _file(COMMON).get(key)
    if entry is None:
        raise KeyError(f"no word {key!r} for screen {screen!r} (hub/web/words/{screen}.toml)")
    return entry[language].format_map(values) if values else entry[language]


def has(screen: str, key: str) -> bool:
    """Whether a word exists, for codes that not every screen has words for."""
    return key in _file(screen) or key in _file(COMMON)
