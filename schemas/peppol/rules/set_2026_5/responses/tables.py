"""Rules on the structure of T111 and T71 (their `-B` rules), compiled from the tables beside this module.

Sources: Peppol Invoice Response 3 and Message Level Response 3, release 2026.5. A transaction's table says one rule per
row: `kind` is what is demanded of the elements `at` a path, `what` which child, attribute, list or value it is about.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from schemas import codelists
from schemas.codelists import Codes
from schemas.peppol.rules.core import Everywhere, Rule, Texts
from schemas.peppol.rules.make import choice, everywhere, few
from schemas.peppol.rules.set_2026_5 import responses
from schemas.peppol.rules.set_2026_5.lists import AS_OF
from schemas.peppol.rules.terms import starting
from schemas.peppol.rules.texts import choose_of, fill
from schemas.peppol.rules.view import View, has
from schemas.ubl.names import clark
from schemas.xml import Element

_LANGUAGES = ("en", "nb", "nl")
_SPACES = re.compile("[ \t\r\n]+")
_MISSING = {"en": "{name} is missing.", "nb": "{name} mangler.", "nl": "{name} ontbreekt."}
_UNLISTED = {
    "en": "{name} is not one of {list}.",
    "nb": "{name} er ikke en av {list}.",
    "nl": "{name} is geen van {list}.",
}
_UNEQUAL = {"en": "{name} is not the one required.", "nb": "{name} er feil.", "nl": "{name} is niet de vereiste."}
_FOREIGN = {
    "en": "{name} holds an element that this kind of response does not have.",
    "nb": "{name} har et element som denne typen svar ikke har.",
    "nl": "{name} bevat een element dat dit soort antwoord niet heeft.",
}
_LEAVE_OUT = {
    "en": "Leave it out. Allowed here: {allowed}.",
    "nb": "Utelat det. Tillatt her: {allowed}.",
    "nl": "Laat het weg. Hier toegestaan: {allowed}.",
}
_LOCATED = {
    "en": "The message names a schema location.",
    "nb": "Meldingen oppgir en skjemaplassering.",
    "nl": "Het bericht noemt een schemalocatie.",
}
_NO_LOCATION = {
    "en": "Leave out the attribute schemaLocation of the root element.",
    "nb": "Utelat attributtet schemaLocation på rotelementet.",
    "nl": "Laat het attribuut schemaLocation van het hoofdelement weg.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a transaction's table."""

    rule: str
    kind: str
    at: str
    what: str
    term: str


@dataclass(frozen=True)
class Others(Everywhere):
    """The elements directly below some paths that are none of those allowed."""

    allowed: frozenset[str] = frozenset()

    def __call__(self, view: View) -> list[Element]:
        """The others."""
        kids = [kid for path in self.paths for spot in view.spots_at(path) for kid in spot.kids.items()]
        return [node for tag, kid in kids if tag not in self.allowed for node in kid.nodes]


def squeezed(text: str | None) -> str:
    """The text as XPath's `normalize-space` gives it: only XML's own white space counts."""
    return _SPACES.sub(" ", text or "").strip(" ")


def unlocated(root: Element, _: View) -> bool:
    """Whether the root names no schema location, whatever the attribute's namespace."""
    return not any(str(name).rpartition("}")[2] == "schemaLocation" for name in root.attrib)


def no_location() -> tuple[Texts, Texts]:
    """What to say of a schema location, and what to do."""
    return dict(_LOCATED), dict(_NO_LOCATION)


def rules(transaction: str) -> tuple[Rule, ...]:
    """The rules of a transaction's table (`t111`)."""
    prefix = f"PEPPOL-{transaction.upper()}-"
    return tuple(_KINDS[row["kind"]](Row(**{**row, "rule": prefix + row["rule"]})) for row in _rows(transaction))


@cache
def codes(name: str) -> frozenset[str]:
    """The codes of a list; runs of numbers are written `first-last`."""
    row = _lists()[name]
    if row["kept"]:
        return codelists.codes(row["kept"], AS_OF)
    return frozenset(code for run in row["codes"].split(" ") for code in _run(run))


def named(path: str, language: str) -> str:
    """What people call the element at a path, with whom it belongs to: `sender: electronic address, scheme`."""
    steps = [step for step in path.split("/") if step]
    last = len(steps) - 1
    # everything stands in the DocumentResponse, so naming it would say nothing
    shown = [index for index, step in enumerate(steps) if index == last or step != "cac:DocumentResponse"]
    first, *others = [_name("/".join(steps[: index + 1]), language) for index in shown] or [_names()["/"][language]]
    return f"{first}: {', '.join(others[-2:])}" if others else first


def sentence(kinds: Mapping[str, str], path: str) -> Texts:
    """A sentence about the element at a path, in each language."""
    return {one: starting(kinds[one].format(name=named(path, one))) for one in _LANGUAGES}


def _unlisted(path: str, title: Texts) -> Texts:
    return {one: starting(_UNLISTED[one].format(name=named(path, one), list=title[one])) for one in _LANGUAGES}


def missing(path: str) -> Texts:
    """`<element> is missing`."""
    return sentence(_MISSING, path)


def _element(row: Row) -> Rule:
    path = f"{row.at.rstrip('/')}/{row.what}"
    return Rule(
        id=row.rule,
        where=everywhere(row.at),
        holds=lambda node, _: has(node, row.what),
        text=missing(path),
        hint=fill(path.lstrip("/")),
        term=row.term,
    )


def _attribute(row: Row) -> Rule:
    return Rule(
        id=row.rule,
        where=everywhere(row.at),
        holds=lambda node, _: node.get(row.what) is not None,
        text=missing(f"{row.at}/{row.what}"),
        hint=fill(f"{row.at}/@{row.what}".lstrip("/")),
        term=row.term,
    )


def _scheme(row: Row) -> Rule:
    attribute, name = row.what.split(" ")
    allowed, kept = codes(name), _lists()[name]["kept"]
    return Rule(
        id=row.rule,
        where=everywhere(row.at),
        holds=lambda node, _: node.get(attribute) is None or node.get(attribute) in allowed,
        text=_unlisted(f"{row.at}/{attribute}", _title(name)),
        hint=choose_of(_title(name)),
        term=row.term,
        expected=lambda node, _: choice(Codes(kept, AS_OF), node.get(attribute, "")) if kept else few(allowed),
    )


def _code(row: Row) -> Rule:
    names = row.what.split(" ")
    allowed = frozenset().union(*(codes(name) for name in names))
    title = {one: " / ".join(_title(name)[one] for name in names) for one in _LANGUAGES}
    return Rule(
        id=row.rule,
        where=everywhere(row.at),
        fits=lambda text: squeezed(text) in allowed,
        text=_unlisted(row.at, title),
        hint=choose_of(title),
        term=row.term,
        at=".",
        expected=lambda *_: few(allowed),
    )


def _fixed(row: Row) -> Rule:
    return Rule(
        id=row.rule,
        where=everywhere(row.at),
        fits=lambda text: squeezed(text) == row.what,
        text=sentence(_UNEQUAL, row.at),
        hint=fill(f"{row.at.rpartition('/')[2]} = {row.what}"),
        term=row.term,
        at=".",
        expected=lambda *_: row.what,
    )


def _only(row: Row) -> Rule:
    allowed = row.what.split(" ")
    return Rule(
        id=row.rule,
        where=Others((row.at,), frozenset(clark(name) for name in allowed)),
        text=sentence(_FOREIGN, row.at),
        hint={one: said.format(allowed=", ".join(allowed)) for one, said in _LEAVE_OUT.items()},
        term=row.term,
    )


def _unlocated(row: Row) -> Rule:
    text, hint = no_location()
    return Rule(id=row.rule, where=everywhere(row.at), holds=unlocated, text=text, hint=hint, term=row.term)


_KINDS: Mapping[str, Callable[[Row], Rule]] = MappingProxyType(
    {
        "element": _element,
        "attribute": _attribute,
        "scheme": _scheme,
        "code": _code,
        "fixed": _fixed,
        "only": _only,
        "unlocated": _unlocated,
    }
)


def _run(run: str) -> list[str]:
    """`0002-0004` is 0002, 0003, 0004; anything else is a code by itself."""
    first, dash, last = run.partition("-")
    return [str(one).zfill(len(first)) for one in range(int(first), int(last) + 1)] if dash else [run]


def _name(path: str, language: str) -> str:
    """The name of the longest ending of a path that has one of its own."""
    names = _names()
    while "/" in path and path not in names:
        path = path.partition("/")[2]
    return names[path][language]


def _title(name: str) -> Texts:
    row = _lists()[name]
    return dict.fromkeys(_LANGUAGES, row["title"]) if row["title"] else codelists.title(row["kept"] or name)


@cache
def _names() -> dict[str, dict[str, str]]:
    return {row["element"]: row for row in _rows("names")}


@cache
def _lists() -> dict[str, dict[str, str]]:
    return {row["list"]: row for row in _rows("lists")}


def _rows(name: str) -> list[dict[str, str]]:
    """The rows of a table beside this module; lines beginning with `#` say where it comes from."""
    text = (files(responses) / f"{name}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))
