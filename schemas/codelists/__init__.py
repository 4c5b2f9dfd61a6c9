"""Code lists of every format: one CSV file per list in this folder, found by scan; a new list is a new file.

A file's name is the list's name (`COD954.csv`). Lines beginning with `#` say things about the list: `aliases` (other
names under which the same values go), `title` (what people call it: en | nb | nl), `complete` (yes: a code not listed
is wrong; no: it may exist), `source` and `within` (a choice out of that list, where the names of its codes stand; asked
only by its own name), `range 0300-0499` (what numbers in this range are about: en | nb | nl).
Columns: code, severity, who_acts, nl, nb, en, hint_nl, hint_nb, hint_en, doubt, valid_from, valid_to, replaced_by,
source; all but `code` may be missing. `valid_to` is the last day; without a date a code is valid since ever, until
further notice. `doubt` says how sure the meaning is: empty (as published), derived, old, cut, assumed or unknown.
Vektis lists overlap (007, 052 stand in several), so `explain` takes `LIST:CODE` (decision 34).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib.resources import files
from itertools import takewhile
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
_DOUBTS = {
    "derived": {
        "nl": "De eigen tekst van deze code is niet gevonden; de betekenis is afgeleid van de regel die hem geeft.",
        "nb": "Kodens egen tekst er ikke funnet; betydningen er utledet av regelen som gir den.",
        "en": "The code's own text was not found; the meaning is derived from the rule that gives it.",
    },
    "old": {
        "nl": "De betekenis staat alleen in een lijst uit 2008 en kan sindsdien zijn gewijzigd.",
        "nb": "Betydningen står bare i en liste fra 2008 og kan være endret siden.",
        "en": "The meaning stands in a list of 2008 only and may have changed since.",
    },
    "cut": {
        "nl": "De bron is afgekapt; de betekenis kan meer inhouden.",
        "nb": "Kilden er avkortet; betydningen kan omfatte mer.",
        "en": "The source is cut off; the meaning may hold more.",
    },
    "assumed": {
        "nl": "Dat deze waarden voor deze lijst gelden, is aangenomen.",
        "nb": "At verdiene gjelder for denne listen, er antatt.",
        "en": "That these values hold for this list is assumed.",
    },
    "unknown": {
        "nl": "De betekenis is niet gevonden.",
        "nb": "Betydningen er ikke funnet.",
        "en": "The meaning was not found.",
    },
}
_ABOUT = {
    "nl": "Nummers van {first} tot en met {last} gaan over {what}.",
    "nb": "Numre fra {first} til og med {last} gjelder {what}.",
    "en": "Numbers from {first} to {last} are about {what}.",
}
_RANGE = re.compile(r"range (\w+)-(\w+)")
_ENDED = {
    "nl": "Niet meer geldig na {day}.",
    "nb": "Ikke gyldig etter {day}.",
    "en": "No longer valid after {day}.",
}
_INSTEAD = {"nl": "Gebruik {code}.", "nb": "Bruk {code}.", "en": "Use {code} instead."}


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeEntry:
    """One code of one list, in three languages; `who_acts` is support, provider, operator, payer or nobody.

    `doubt` says by language why the meaning is not certain; empty where the source says it as it is.
    """

    list: str
    code: str
    text: dict[str, str]
    who_acts: str = ""
    hint: dict[str, str] = field(default_factory=dict)
    doubt: dict[str, str] = field(default_factory=dict)
    source: str = ""
    severity: str = ""
    valid_from: date | None = None
    valid_to: date | None = None
    replaced_by: str = ""

    def valid(self, on: date | None) -> bool:
        """Whether the code may be used on a day; without a day, whether it ever might."""
        return on is None or _within(on, self.valid_from, self.valid_to)

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
    within: str = ""


@dataclass(frozen=True, slots=True)
class Codes:
    """The codes of a list on a day, to ask `in`: the list is read when it is asked first, not when it is named."""

    list: str
    on: date

    def __contains__(self, code: object) -> bool:
        """Whether the list has this code on the day."""
        return code in codes(self.list, self.on)


def _within(day: date, first: date | None, last: date | None) -> bool:
    return (first is None or first <= day) and (last is None or day <= last)


@cache
def _names() -> tuple[str, ...]:
    folder = files("schemas.codelists")
    return tuple(sorted(one.name[:-4] for one in folder.iterdir() if one.name.endswith(".csv")))


def _text(name: str) -> str:
    return (files("schemas.codelists") / f"{name}.csv").read_text(encoding="utf-8")


@cache
def _load(name: str) -> CodeList:
    return read_list(name, _text(name))


@cache
def _head(name: str) -> Mapping[str, str]:
    """What a list says about itself, without reading its codes."""
    with (files("schemas.codelists") / f"{name}.csv").open(encoding="utf-8") as lines:
        return MappingProxyType(dict(_said(takewhile(_is_head, lines))))


def _is_head(line: str) -> bool:
    return line.startswith("#")


def read_list(name: str, text: str) -> CodeList:
    """Read one list's file; ConfigurationError when it has no column `code`."""
    head = dict(_said(text.splitlines()))
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    if "code" not in (rows.fieldnames or ()):
        raise ConfigurationError("a code list needs a column `code`", where=f"{name}.csv")
    source, wider = head.get("source", ""), head.get("within", "")
    names = _load(wider).entries if wider else {}
    entries = {row["code"]: _entry(name, row, source, names.get(row["code"])) for row in rows}
    return CodeList(
        name=name,
        aliases=tuple(head.get("aliases", "").split()),
        complete=head.get("complete", "no") == "yes",
        source=source,
        entries=MappingProxyType(entries),
        within=wider,
    )


def _said(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        if _is_head(line):
            key, _, value = line.removeprefix("#").partition(":")
            yield key.strip(), value.strip()


def _entry(name: str, row: Mapping[str, str | None], source: str, wider: CodeEntry | None) -> CodeEntry:
    text = {language: said for language in _LANGUAGES if (said := row.get(language) or "")}
    last, instead = _day(row.get("valid_to")), row.get("replaced_by") or ""
    return CodeEntry(
        list=name,
        code=row["code"] or "",
        text=text or (dict(wider.text) if wider else {}),
        who_acts=row.get("who_acts") or "",
        hint={language: said for language in _LANGUAGES if (said := row.get(f"hint_{language}") or "")}
        or _ended(last, instead),
        doubt=_doubted(name, row.get("doubt") or ""),
        source=row.get("source") or source,
        severity=row.get("severity") or "",
        valid_from=_day(row.get("valid_from")),
        valid_to=last,
        replaced_by=instead,
    )


def _doubted(name: str, kind: str) -> dict[str, str]:
    """Why a meaning is not certain; ConfigurationError for a doubt that nobody put into words."""
    if kind and kind not in _DOUBTS:
        raise ConfigurationError(
            f"unknown doubt {kind[:40]!r}", where=f"{name}.csv", hint=f"one of {', '.join(_DOUBTS)}, or empty"
        )
    return dict(_DOUBTS[kind]) if kind else {}


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _ended(last: date | None, instead: str) -> dict[str, str]:
    """What to tell of a code that is no longer valid."""
    if last is None:
        return {}
    return {
        language: " ".join(
            (said.format(day=last.isoformat()), _INSTEAD[language].format(code=instead) if instead else "")
        ).rstrip()
        for language, said in _ENDED.items()
    }


@cache
def _aliases() -> Mapping[str, str]:
    known: dict[str, str] = {}
    for name in _names():
        for other in (name, *_head(name).get("aliases", "").split()):
            known.setdefault(other.upper(), name)
    return MappingProxyType(known)


def lists() -> tuple[str, ...]:
    """The names of all lists."""
    return _names()


def code_list(name: str) -> CodeList | None:
    """A list by its name or alias; `COD043-VEKT` is `COD043`. None when we do not have it."""
    found = _found(name)
    return _load(found) if found else None


def _found(name: str) -> str | None:
    known = _aliases()
    return known.get(name.upper()) or known.get(name.upper().partition("-")[0])


def title(name: str) -> dict[str, str]:
    """What people call a list, by language; its name where it does not say."""
    found = _found(name)
    return (_spoken(_head(found).get("title", "")) if found else {}) or dict.fromkeys(("en", "nb", "nl"), name)


def _spoken(text: str) -> dict[str, str]:
    """A heading in three languages, `en | nb | nl`; empty when it is not."""
    said = [one.strip() for one in text.split("|")]
    return dict(zip(("en", "nb", "nl"), said, strict=True)) if len(said) == len(_LANGUAGES) else {}


def about(name: str, code: str) -> dict[str, str]:
    """What a list says its numbers around this one are about, by language; empty when it says nothing.

    That is all that can be said of `COD954:0399`, whose own meaning we do not have.
    """
    found = code_list(name)
    for key, said in _head(found.name).items() if found else ():
        bounds = _RANGE.fullmatch(key)
        if bounds and len(code) == len(bounds[1]) and code.isdigit() and bounds[1] <= code <= bounds[2]:
            return {
                language: _ABOUT[language].format(first=bounds[1], last=bounds[2], what=what)
                for language, what in _spoken(said).items()
            }
    return {}


@cache
def codes(name: str, on: date | None = None) -> frozenset[str]:
    """The codes of a list valid on a day (all it ever had, without one); ConfigurationError when we lack the list."""
    found = _aliases().get(name.upper())
    if found is None:
        raise ConfigurationError(f"no code list {name[:40]!r}", hint="lists are files in schemas/codelists")
    rows = csv.DictReader(line for line in _text(found).splitlines() if not _is_head(line))
    return frozenset(
        row["code"] for row in rows if on is None or _within(on, _day(row.get("valid_from")), _day(row.get("valid_to")))
    )


def valid(name: str, code: str, on: date) -> bool:
    """Whether a code of a list may be used on a day."""
    return code in codes(name, on)


def successor(name: str, code: str) -> str:
    """The code that took another one's place (scheme 9908 of EAS: 0192); itself when none did."""
    found = lookup(name, code)
    return found.replaced_by or code if found else code


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
            text=_not_listed(name.strip(), code),
            hint=dict(_ASK),
            who_acts="support",
            severity="unknown",
        )
    ]


def _not_listed(name: str, code: str) -> dict[str, str]:
    ranged = about(name, code)
    return {language: f"{said} {ranged.get(language, '')}".rstrip() for language, said in _NOT_LISTED.items()}


def _hits(name: str, code: str) -> list[CodeEntry]:
    if name:
        found = lookup(name, code)
        return [found] if found else []
    whole = (one for one in _names() if not _head(one).get("within"))
    return [entry for one in whole if (entry := _load(one).entries.get(code))]
