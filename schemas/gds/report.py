"""Collect findings on a GDS message: words from `rules/messages.csv`, XPath and line, personal values masked."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from hub.model.finding import Finding, Severity
from hub.model.identity import mask
from schemas.gds.element import Element
from schemas.gds.place import Place
from schemas.wording import Texts

_LANGUAGES = ("en", "nb", "nl")
_LONGEST = 40
_STARS = 8
_NAMES = frozenset({"Initialen", "Voorvoegsels", "Achternaam", "Geboortedatum", "Verzekerdennummer", "Diagnosecode"})
_PERSONAL = _NAMES | {"PatientIdentificatienummer", "Diagnosedatum", "Nationaliteit", "Commentaar", "GeslachtCode"}
_PRIVATE = frozenset({"Naamgegevens", "Adresgegevens", "Contactgegevens", "Bankgegevens", "BuitenlandVerzekerde"})
_QUOTING = "Elementwaarde"
"""What a response quotes from the claim: any value, so a personal one too."""


@cache
def table(name: str) -> tuple[Mapping[str, str], ...]:
    """The rows of a table of rules; lines that begin with # say where it comes from."""
    text = (files("schemas.gds") / "rules" / name).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return tuple(MappingProxyType(row) for row in csv.DictReader(lines))


@cache
def _messages() -> Mapping[str, Mapping[str, str]]:
    return MappingProxyType({row["key"]: row for row in table("messages.csv")})


def shown(place: Place, element: Element) -> str:
    """A value as a finding may show it: masked where it is personal or where nobody knows what it is."""
    text = element.text.strip()
    if element.name == "BSN":
        return mask(text)
    hidden = element.name in _PERSONAL or element.name == _QUOTING or _private(place) or element.name not in place.known
    return "*" * min(len(text), _STARS) if hidden else text[:_LONGEST]


def _private(place: Place | None) -> bool:
    while place is not None:
        if place.element.name in _PRIVATE:
            return True
        place = place.parent
    return False


@dataclass(slots=True)
class Report:
    """Findings as they are made; `format` is the format id, to which each finding's level is added."""

    format: str
    findings: list[Finding] = field(default_factory=list)

    def add(
        self,
        key: str,
        place: Place | None = None,
        element: Element | None = None,
        *,
        name: str = "",
        value: str = "",
        expected: str = "",
        count: int = 1,
        returns: str = "",
        term: str = "",
    ) -> None:
        """Add the finding `key` about a class, or about an element in it; `name` where that element is missing."""
        row = _messages()[key]
        named = name.rpartition("/")[2] or (
            element.name if element is not None else place.element.name if place is not None else ""
        )
        words = {
            "name": named,
            "value": value or (shown(place, element) if place is not None and element is not None else ""),
            "expected": expected,
            "count": str(count),
        }
        number = returns or row["returns"]
        self.findings.append(
            Finding(
                code=f"COD954:{number}" if number else f"KVITT-GDS-{key}",
                severity=Severity(row["severity"]),
                text={language: row[language].format_map(words) for language in _LANGUAGES},
                hint={language: row[f"hint_{language}"].format_map(words) for language in _LANGUAGES},
                location=_location(place, element, name),
                line=_line(place, element),
                element=named,
                term=term,
                value=words["value"],
                expected=expected,
                ruleset=f"{self.format} {row['level']}",
            )
        )

    def broken(
        self, rule: str, level: str, returns: str, text: Texts, hint: Texts, place: Place, at: str, expected: str
    ) -> None:
        """Add the finding that a rule of VECOZO's is broken; `at` is the path of the element it points at."""
        element = place.element if at == "." else place.first(at)
        named = place.element.name if at == "." else at.rpartition("/")[2]
        value = ""
        if element is not None and element is not place.element and not element.children:
            value = shown(_above(place, at), element)
        self.findings.append(
            Finding(
                code=f"COD954:{returns}",
                severity=Severity.ERROR,
                text=text,
                hint=hint,
                location=place.location() if at == "." else f"{place.location()}/{at}",
                line=_line(place, element),
                element=named,
                term=rule,
                value=value,
                expected=expected,
                ruleset=f"{self.format} {level}",
            )
        )


def _above(place: Place, at: str) -> Place:
    """The class an element at a path stands in, so that it is known what may be shown."""
    for name in at.split("/")[:-1]:
        place = next((child for child in place.children() if child.element.name == name), place)
    return place


def _line(place: Place | None, element: Element | None) -> int | None:
    if element is not None and element.line:
        return element.line
    return (place.element.line or None) if place is not None else None


def _location(place: Place | None, element: Element | None, name: str) -> str:
    if place is None:
        return ""
    if element is None or element is place.element:
        return f"{place.location()}/{name}" if name else place.location()
    return next(
        (child.location() for child in place.children() if child.element is element), f"{place.location()}/{name}"
    )
