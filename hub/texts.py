"""Sentences for people, by code and language (`texts.toml`): what happened, and what to do.

What the program itself says in English (errors, lines of a history, which older hubs have stored so) is known again by
its English sentence (`spoken.toml`) and said in the language of whoever reads it.
"""

from __future__ import annotations

import re
import string
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

LANGUAGES = ("en", "nb", "nl")
_FIELDS = "fields"
"""A place of a sentence in which names of fields stand."""
_NUMBERS, _DIGITS = frozenset(("count", "part", "number", "size", "most", "days", "status")), "[0-9.,]+"
"""Places in which only a number stands: a sentence that somebody typed is not taken for one of ours."""
_LONGEST = 600


@cache
def _catalogue() -> Mapping[str, Mapping[str, str]]:
    source = resources.files("hub").joinpath("texts.toml").read_text(encoding="utf-8")
    return tomllib.loads(source)


def codes() -> tuple[str, ...]:
    """Every code that has texts."""
    return tuple(_catalogue())


@cache
def words() -> frozenset[str]:
    """Every word of these sentences as it is written there: words of the trade, and nobody's name."""
    said = (one for entry in _catalogue().values() for one in entry.values())
    return frozenset(word for one in said for word in _WORD.findall(_PLACEHOLDER.sub(" ", one)))


_PLACEHOLDER = re.compile(r"\{\w*\}")
_WORD = re.compile(r"[^\W\d_]{2,}")


def text(code: str, /, **values: object) -> dict[str, str]:
    """What happened, in every language, with values filled in; KeyError for a code without texts."""
    return _filled(code, "", values)


def action(code: str, /, **values: object) -> dict[str, str]:
    """What to do, in every language; empty where nothing needs doing."""
    return _filled(code, "do_", values)


def _filled(code: str, prefix: str, values: Mapping[str, object]) -> dict[str, str]:
    """A value that is itself a mapping of languages gives each language its own words."""
    entry = _catalogue()[code]
    return {name: entry.get(prefix + name, "").format_map(values_in(values, name)) for name in LANGUAGES}


def values_in(values: Mapping[str, object], language: str) -> dict[str, object]:
    """What is filled in, in a language: its own words, those of a sentence of ours, or names of fields."""
    return {key: _in(key, value, language) for key, value in values.items()}


def _in(key: str, value: object, language: str) -> object:
    if isinstance(value, Mapping):
        return value.get(language, "")
    return pick(_within(key, value), language) if isinstance(value, str) else value


def pick(texts: Mapping[str, str], language: str) -> str:
    """The sentence in the wished language, else English, else whatever there is."""
    return texts.get(language) or texts.get("en") or next(iter(texts.values()), "")


# --- what the program said in English ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Sentence:
    """One sentence that the program says, and how it is known again."""

    shape: re.Pattern[str]
    words: Mapping[str, str]


def spoken(said: str) -> dict[str, str]:
    """An English sentence of the program in every language; one that nobody knows stays as it is."""
    for one in _candidates(said):
        found = one.shape.fullmatch(said)
        if found is not None:
            values = found.groupdict()
            return {name: one.words[name].format_map(values_in(values, name)) for name in LANGUAGES}
    return dict.fromkeys(LANGUAGES, said)


def is_spoken(said: str) -> bool:
    """Whether a sentence of the program is known in every language."""
    return any(one.shape.fullmatch(said) for one in _candidates(said))


def fields(names: Iterable[str]) -> dict[str, str]:
    """Names of our fields as people call them, in every language."""
    found = [_fields().get(name) or dict.fromkeys(LANGUAGES, name) for name in names]
    return {language: ", ".join(one[language] for one in found) for language in LANGUAGES}


def cause(code: str) -> dict[str, str]:
    """Why something waits, in a few words, in every language; a code that has none is said as it is."""
    known: Mapping[str, Mapping[str, str]] = _programs()["cause"]
    return dict(known.get(code) or dict.fromkeys(LANGUAGES, code))


def list_kind(programme: str) -> dict[str, str]:
    """What people call the lists of a programme, in every language; one without a name is said as it is."""
    known: Mapping[str, Mapping[str, str]] = _programs()["list"]
    return dict(known.get(programme) or dict.fromkeys(LANGUAGES, programme))


def _within(place: str, value: str) -> Mapping[str, str]:
    return fields(value.split(", ")) if place == _FIELDS else spoken(value)


def _candidates(said: str) -> Sequence[_Sentence]:
    """What it may be, by its first word; a long text is none of our sentences."""
    if len(said) > _LONGEST:
        return ()
    return (*_sentences().get(_begin(said), ()), *_sentences().get("", ()))


def _begin(said: str) -> str:
    return said.partition(" ")[0]


@cache
def _sentences() -> Mapping[str, Sequence[_Sentence]]:
    """By their first word; those that begin with a value by none."""
    found: dict[str, list[_Sentence]] = {}
    for entry in _programs()["sentence"]:
        words = _catalogue()[entry["text"]] if "text" in entry else entry
        english = words.get("said") or words["en"]
        one = _Sentence(_shape(english), {"en": words.get("en", english), "nb": words["nb"], "nl": words["nl"]})
        begin = _begin(english)
        found.setdefault("" if "{" in begin else begin, []).append(one)
    return found


def _shape(english: str) -> re.Pattern[str]:
    pieces = string.Formatter().parse(english)
    places = (
        (text, f"(?P<{name}>{_DIGITS if name in _NUMBERS else '.+?'})" if name else "") for text, name, _, _ in pieces
    )
    return re.compile("".join(re.escape(text) + place for text, place in places), re.DOTALL)


@cache
def _fields() -> Mapping[str, Mapping[str, str]]:
    named: Mapping[str, Mapping[str, str]] = _programs()["field"]
    return named


@cache
def _programs() -> Mapping[str, Any]:
    source = resources.files("hub").joinpath("spoken.toml").read_text(encoding="utf-8")
    return tomllib.loads(source)
