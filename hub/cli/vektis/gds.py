"""How `kvitt vektis show` looks at GDS801 and GDS802: a tree of elements with values, meanings and findings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from hub.cli.output import put_json, say
from hub.cli.vektis.files import opened
from hub.cli.vektis.show import tell_finding
from hub.model.finding import Finding
from schemas.codelists import lookup
from schemas.gds import check, read
from schemas.gds.place import Place, places
from schemas.gds.report import shown
from schemas.vektis.tools.ruler import printable


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """One element of the tree; a class has no value."""

    depth: int
    location: str
    line: int
    name: str
    value: str
    decoded: str
    findings: tuple[Finding, ...]

    def as_json(self, language: str) -> dict[str, Any]:
        """The JSON shape of `kvitt vektis show --json`; empty fields are left out."""
        body = {
            "path": self.location,
            "line": self.line,
            "name": self.name,
            "value": self.value,
            "decoded": self.decoded,
            "findings": [one.as_json(language) for one in self.findings],
        }
        return {key: value for key, value in body.items() if value not in ("", [])}


def tell(path: Path, *, on: date, element: str, personal: bool, language: str, as_json: bool) -> None:
    """Show a message, with what was found about no element of it at the end."""
    with opened(path) as stream:
        data = stream.read()
    findings = check(data, on=on)
    told: set[int] = set()
    for one in _branches(data, findings, language, personal=personal):
        told.update(map(id, one.findings))
        if element and one.name.upper() != element:
            continue
        if as_json:
            put_json(one.as_json(language))
        else:
            _tell_one(one, language)
    rest = [one for one in findings if id(one) not in told]
    if as_json and rest:
        put_json({"findings": [one.as_json(language) for one in rest]})
    for unplaced in () if as_json else rest:
        tell_finding(unplaced, language)


def _branches(data: bytes, findings: Sequence[Finding], language: str, *, personal: bool) -> Iterator[Branch]:
    by_place: dict[str, list[Finding]] = {}
    for one in findings:
        by_place.setdefault(one.location, []).append(one)
    for place in places(read(data)):
        location = place.location()
        yield Branch(
            depth=location.count("/") - 1,
            location=location,
            line=place.element.line,
            name=place.element.name,
            value=_value(place, personal=personal),
            decoded=_meaning(place, language),
            findings=tuple(by_place.get(location, ())),
        )


def _value(place: Place, *, personal: bool) -> str:
    text = place.element.text.strip()
    return text if personal or place.parent is None else shown(place.parent, place.element)


def _meaning(place: Place, language: str) -> str:
    listed = place.node.codelist if place.node else ""
    entry = lookup(listed, place.element.text.strip()) if listed else None
    return entry.said(language) if entry else ""


def _tell_one(one: Branch, language: str) -> None:
    said = f"{one.line:>5}  {'  ' * one.depth}{one.name}"
    value = f": {printable(one.value)}" if one.value else ""
    meaning = f"  ({printable(one.decoded)})" if one.decoded else ""
    say(f"{said}{value}{meaning}")
    for found in one.findings:
        tell_finding(found, language)
