"""Structure of UBL documents by tables of our own, for documents whose schema nobody ships (ApplicationResponse).

Source: OASIS UBL 2.1: which elements, in what order, how often, with what in them. A table in `structures/` lists
groups of elements; a row's `kind` is another group or a datatype.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import islice
from types import MappingProxyType

from schemas.ubl import violation as found
from schemas.ubl.datatypes import DATATYPES, WHITE, Datatype, is_language
from schemas.ubl.names import CAC, CBC
from schemas.ubl.violation import Violation
from schemas.xml import Element

EXT = "urn:oasis:names:specification:ubl:schema:xsd:CommonExtensionComponents-2"
MOST = 100
"""Looking ends after so many violations: a document may be wrong in a million places."""
FOREIGN = "foreign"
"""The kind of an element that holds one element of another namespace, which nobody here judges."""
_SPACES = {"cac": CAC, "cbc": CBC, "ext": EXT}
_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
_EVERYWHERE = frozenset({f"{_XSI}schemaLocation", f"{_XSI}noNamespaceSchemaLocation"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One element of a group: `kind` is what stands in it, `most` is None where nothing limits it."""

    name: str
    kind: str
    position: int
    least: int
    most: int | None


Group = Mapping[str, Part]
"""The elements of a group by tag, in their order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Structure:
    """A document's structure: its groups, that of the root by the document's own name."""

    root: str
    groups: Mapping[str, Group]


def violations(root: Element, structure: Structure) -> list[Violation]:
    """Where a document breaks its structure, in the document's order; at most `MOST`."""
    return list(islice(_inside(root, structure.root, structure.groups), MOST))


@cache
def structure_of(document: str) -> Structure:
    """The structure that the table of a document (`ApplicationResponse`) says."""
    text = (files("schemas.ubl") / "structures" / f"{document}.csv").read_text(encoding="utf-8")
    groups: dict[str, dict[str, Part]] = {}
    for row in csv.DictReader(line for line in text.splitlines() if not line.startswith("#")):
        group = groups.setdefault(row["group"], {})
        prefix, _, name = row["element"].partition(":")
        group[f"{{{_SPACES[prefix]}}}{name}"] = Part(
            name=row["element"],
            kind=row["kind"],
            position=len(group),
            least=int(row["least"]),
            most=None if row["most"] == "n" else int(row["most"]),
        )
    return Structure(root=document, groups=MappingProxyType(groups))


def _inside(element: Element, kind: str, groups: Mapping[str, Group]) -> Iterator[Violation]:
    """What is wrong with an element, its attributes, and all in it."""
    group = groups.get(kind)
    if group is not None:
        yield from _attributes(element)
        yield from _no_text(element)
        yield from _children(element, group, groups)
    elif kind == FOREIGN:
        yield from _attributes(element)
        yield from _no_text(element)
        yield from _apart(element)
    else:
        yield from _value(element, DATATYPES[kind])


def _children(element: Element, group: Group, groups: Mapping[str, Group]) -> Iterator[Violation]:
    seen: Counter[str] = Counter()
    furthest: Part | None = None
    for child in element:
        part = group.get(str(child.tag))
        if part is None:
            yield found.unknown(child)
            continue
        seen[part.name] += 1
        if part.most is not None and seen[part.name] > part.most:
            yield found.repeated(child)
        elif furthest is not None and part.position < furthest.position:
            yield found.late(child, furthest.name)
        if furthest is None or part.position > furthest.position:
            furthest = part
        yield from _inside(child, part.kind, groups)
    for part in group.values():
        if seen[part.name] < part.least:
            yield found.missing(element, part.name)


def _apart(element: Element) -> Iterator[Violation]:
    spaces = [str(child.tag)[1:].partition("}")[0] for child in element if str(child.tag)[0] == "{"]
    if len(element) != 1 or len(spaces) != 1 or EXT in spaces:
        yield found.apart(element)


def _value(element: Element, datatype: Datatype) -> Iterator[Violation]:
    yield from _attributes(element, datatype)
    if len(element):
        yield found.elements(element)
    elif not datatype.fits((element.text or "").strip(WHITE)):
        yield found.wrong(element, datatype)


def _no_text(element: Element) -> Iterator[Violation]:
    texts = (element.text, *(child.tail for child in element))
    if any(text and text.strip(WHITE) for text in texts):
        yield found.text(element)


def _attributes(element: Element, datatype: Datatype | None = None) -> Iterator[Violation]:
    allowed = datatype.attributes if datatype else frozenset()
    for name, value in element.attrib.items():
        if name not in allowed and name not in _EVERYWHERE:
            yield found.strange(element, str(name).rpartition("}")[2])
        elif name == "languageID" and not is_language(str(value).strip(WHITE)):
            yield found.no_language(element)
    for name in datatype.needed if datatype else ():
        if name not in element.attrib:
            yield found.lacking(element, name)
