"""Sentences for people, by code and language (`texts.toml`): what happened, and what to do."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources

LANGUAGES = ("en", "nb", "nl")


@cache
def _catalogue() -> Mapping[str, Mapping[str, str]]:
    source = resources.files("hub").joinpath("texts.toml").read_text(encoding="utf-8")
    return tomllib.loads(source)


def codes() -> tuple[str, ...]:
    """Every code that has texts."""
    return tuple(_catalogue())


def text(code: str, /, **values: object) -> dict[str, str]:
    """What happened, in every language, with values filled in; KeyError for a code without texts."""
    return _filled(code, "", values)


def action(code: str, /, **values: object) -> dict[str, str]:
    """What to do, in every language; empty where nothing needs doing."""
    return _filled(code, "do_", values)


def _filled(code: str, prefix: str, values: Mapping[str, object]) -> dict[str, str]:
    """A value that is itself a mapping of languages gives each language its own words."""
    entry = _catalogue()[code]
    return {name: entry.get(prefix + name, "").format_map(_spoken(values, name)) for name in LANGUAGES}


def _spoken(values: Mapping[str, object], language: str) -> dict[str, object]:
    return {key: value.get(language, "") if isinstance(value, Mapping) else value for key, value in values.items()}


def pick(texts: Mapping[str, str], language: str) -> str:
    """The sentence in the wished language, else English, else whatever there is."""
    return texts.get(language) or texts.get("en") or next(iter(texts.values()), "")
