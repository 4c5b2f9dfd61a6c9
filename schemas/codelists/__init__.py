"""Code lists of every format: one CSV file per list in this folder, found by scan; a new list is a new file.

A file's name is the list's name (`COD954.csv`). Lines beginning with `#` say things about the list: `aliases` (other
names under which the same values go), `complete` (yes: a code not listed is wrong; no: it may exist) and `source`.
Columns: code, severity, who_acts, nl, nb, en, hint_nl, hint_nb, hint_en; all but `code` and `en` may be missing.
Vektis lists overlap (007, 052 stand in several), so `explain` takes `LIST:CODE` (decision 34).
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from hub.errors import ConfigurationError

_LANGUAGES = ("nl", "nb", "en")
_NOT_LISTED = {
    "nl": "Deze code staat niet in onze lijsten; de tekst van de afzender geldt.",
    "nb": "Koden står ikke i listene våre; avsenderens tekst gjelder.",
    "en": "This code is not in our lists; the sender's own text holds.",
}
_ASK = {
    "nl": "Zoek de code op bij de afzender of op vektis.nl en leg hem voor aan support.",
    "nb": "Slå opp koden hos avsenderen og legg den fram for support.",
    "en": "Look the code up with its sender and bring it to support.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeEntry:
    """One code of one list, in three languages; `who_acts` is support, provider, operator, payer or nobody."""

    list: str
    code: str
    text: dict[str, str]
    who_acts: str = ""
    hint: dict[str, str] = field(default_factory=dict)
    source: str = ""
    severity: str = ""

    @property
    def known(self) -> bool:
        """Whether the code stands in our lists."""
        return self.severity != "unknown"

    def said(self, language: str = "en") -> str:
        """The text in the wished language, else English, else any."""
        return self.text.get(language) or self.text.get("en") or next(iter(self.text.values()), "")

    def hinted(self, language: str = "en") -> str:
        """What to do, in the wished language; may be empty."""
        return self.hint.get(language) or self.hint.get("en", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeList:
    """One list: its entries by code and what it says about itself."""

    name: str
    aliases: tuple[str, ...]
    complete: bool
    source: str
    entries: Mapping[str, CodeEntry]


@cache
def _names() -> tuple[str, ...]:
    folder = files("schemas.codelists")
    return tuple(sorted(one.name[:-4] for one in folder.iterdir() if one.name.endswith(".csv")))


@cache
def _load(name: str) -> CodeList:
    text = (files("schemas.codelists") / f"{name}.csv").read_text(encoding="utf-8")
    return read_list(name, text)


def read_list(name: str, text: str) -> CodeList:
    """Read one list's file; ConfigurationError when it has no column `code`."""
    head = dict(_said(text))
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    if "code" not in (rows.fieldnames or ()):
        raise ConfigurationError("a code list needs a column `code`", where=f"{name}.csv")
    source = head.get("source", "")
    entries = {row["code"]: _entry(name, row, source) for row in rows}
    return CodeList(
        name=name,
        aliases=tuple(head.get("aliases", "").split()),
        complete=head.get("complete", "no") == "yes",
        source=source,
        entries=MappingProxyType(entries),
    )


def _said(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        if line.startswith("#"):
            key, _, value = line.removeprefix("#").partition(":")
            yield key.strip(), value.strip()


def _entry(name: str, row: Mapping[str, str | None], source: str) -> CodeEntry:
    return CodeEntry(
        list=name,
        code=row["code"] or "",
        text={language: said for language in _LANGUAGES if (said := row.get(language) or "")},
        who_acts=row.get("who_acts") or "",
        hint={language: said for language in _LANGUAGES if (said := row.get(f"hint_{language}") or "")},
        source=row.get("source") or source,
        severity=row.get("severity") or "",
    )


@cache
def _aliases() -> Mapping[str, str]:
    known: dict[str, str] = {}
    for name in _names():
        for other in (name, *_load(name).aliases):
            known.setdefault(other.upper(), name)
    return MappingProxyType(known)


def lists() -> tuple[str, ...]:
    """The names of all lists."""
    return _names()


def code_list(name: str) -> CodeList | None:
    """A list by its name or alias; `COD043-VEKT` is `COD043`. None when we do not have it."""
    known = _aliases()
    found = known.get(name.upper()) or known.get(name.upper().partition("-")[0])
    return _load(found) if found else None


def lookup(list_name: str, code: str) -> CodeEntry | None:
    """The entry of a code in one list, None when list or code is unknown."""
    found = code_list(list_name)
    return found.entries.get(code) if found else None


def explain(query: str) -> list[CodeEntry]:
    """What a code means: `COD954:0586` asks one list, `0586` all; a code we do not have says so."""
    name, colon, code = query.strip().rpartition(":")
    code = code.strip()
    hits = _hits(name.strip() if colon else "", code)
    return hits or [
        CodeEntry(
            list=name.strip(),
            code=code,
            text=dict(_NOT_LISTED),
            hint=dict(_ASK),
            who_acts="support",
            severity="unknown",
        )
    ]


def _hits(name: str, code: str) -> list[CodeEntry]:
    if name:
        found = lookup(name, code)
        return [found] if found else []
    return [entry for one in _names() if (entry := _load(one).entries.get(code))]
