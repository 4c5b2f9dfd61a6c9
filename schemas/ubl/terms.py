"""Where the business terms of EN 16931-1 stand in UBL 2.1 (`terms.csv`): the binding of CEN/TS 16931-3-2.

One row a place: the term, the root it holds for (both where empty), and an XPath below the root. An element may hold
several terms (a note is BG-1 and BT-22), and a term may stand in an attribute (the unit of a quantity is BT-130).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from lxml import etree

from schemas.ubl.names import CAC, CBC, CREDIT_NOTE, INVOICE, clark
from schemas.xml import Element

_ROOTS = {f"{{{INVOICE}}}Invoice": "Invoice", f"{{{CREDIT_NOTE}}}CreditNote": "CreditNote"}
_SPACES = {"cac": CAC, "cbc": CBC}
_STEP = re.compile(r"(?:[^/\[]|\[[^\]]*\])+")
"""A step of a path with its condition, in which there may be slashes."""


@dataclass(frozen=True, slots=True)
class Place:
    """A term and its path below the root; `root` is empty where the path holds for both documents."""

    term: str
    root: str
    path: str


@cache
def places() -> tuple[Place, ...]:
    """Every place of every term, groups before their terms."""
    text = (files("schemas.ubl") / "terms.csv").read_text(encoding="utf-8")
    return tuple(Place(row["term"], row["root"], row["path"]) for row in csv.DictReader(text.splitlines()))


@cache
def _paths(root: str) -> tuple[tuple[str, etree.XPath], ...]:
    wanted = (place for place in places() if place.root in ("", root))
    return tuple((place.term, etree.XPath(place.path, namespaces=_SPACES)) for place in wanted)


def terms_in(root: Element) -> dict[Element, tuple[str, ...]]:
    """The terms each element of an invoice or credit note holds, itself or in an attribute; nothing for other roots."""
    name = _ROOTS.get(str(root.tag))
    found: dict[Element, tuple[str, ...]] = {}
    for term, path in _paths(name) if name else ():
        for element in _elements(path(root)):
            found[element] = (*found.get(element, ()), term)
    return found


@dataclass(frozen=True, slots=True)
class _Way:
    """A term at a path, under conditions on the elements so many steps above its end."""

    term: str
    conditions: tuple[tuple[int, etree.XPath], ...]


def _way(place: Place) -> tuple[str, _Way]:
    """A place's path without its conditions, in ElementTree's notation, and what must be true of whom on it."""
    steps = [step.partition("[") for step in _STEP.findall(place.path)]
    conditions = tuple(
        (len(steps) - 1 - index, etree.XPath(f"boolean(self::*[{condition})", namespaces=_SPACES))
        for index, (_, _, condition) in enumerate(steps)
        if condition
    )
    return clark("/".join(name for name, _, _ in steps)), _Way(place.term, conditions)


@cache
def _ways(root: str) -> Mapping[str, tuple[_Way, ...]]:
    found: dict[str, tuple[_Way, ...]] = {}
    for path, way in (_way(place) for place in places() if place.root in ("", root)):
        found[path] = (*found.get(path, ()), way)
    return MappingProxyType(found)


@cache
def _standing(root: str) -> Mapping[str, tuple[str, ...]]:
    """The paths of each term."""
    found: dict[str, tuple[str, ...]] = {}
    for path, ways in _ways(root).items():
        for way in ways:
            found[way.term] = (*found.get(way.term, ()), path)
    return MappingProxyType(found)


def _above(element: Element) -> list[Element]:
    """The element and those around it, without the root."""
    return [element, *element.iterancestors()][:-1]


def _place_of(element: Element) -> tuple[str, str]:
    """The name of the document's root, and the path from there; no name for other documents."""
    root = element.getroottree().getroot()
    return _ROOTS.get(str(root.tag), ""), "/".join(str(one.tag) for one in reversed(_above(element)))


def terms_at(element: Element, attribute: str = "") -> tuple[str, ...]:
    """The terms that one element holds (or one of its attributes), without a look at the rest of the document."""
    root, path = _place_of(element)
    ways = _ways(root).get(f"{path}/@{attribute}" if attribute else path, ()) if root else ()
    around = [element, *_above(element)] if attribute else _above(element)
    return tuple(way.term for way in ways if all(holds(around[steps]) for steps, holds in way.conditions))


def stands_within(term: str, element: Element) -> bool:
    """Whether a term's place is an element's, conditions aside, or below it."""
    root, path = _place_of(element)
    paths = _standing(root).get(term, ()) if root else ()
    return any(not path or one == path or one.startswith(f"{path}/") for one in paths)


def _elements(hits: object) -> Iterable[Element]:
    """An attribute counts for the element it stands at."""
    for hit in hits if isinstance(hits, list) else ():
        yield hit if isinstance(hit, Element) else hit.getparent()
