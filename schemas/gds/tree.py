"""The tree tables of GDS801/802: one CSV file per standard and version, derived from the facts of VECOZO's validation.

Source: element names and their order as VECOZO's public validation stylesheets (gds801_573val, gds802_574val) name
them; the XSDs were not found, so each row says how sure it is. Columns: path, card, type, codelist, values, confidence,
note. `card` is min..max. `confidence` of a row: `source` (stands in the stylesheets), `rule` (a published rule cannot
do without it), `inferred` (our reading) or `unknown` (name or place is a guess).
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from hub.errors import ConfigurationError

_FOLDER = "schemas.gds"
_MANY = "n"
OPEN = "open"
"""The type of a class of which the sources do not name every element."""
CERTAIN = frozenset({"source", "rule"})
"""Confidences on which a finding may refuse a message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """What a table says of one element, with its children in the order in which they are written."""

    name: str
    path: str
    least: int = 0
    most: int | None = 1
    type: str = ""
    codelist: str = ""
    values: frozenset[str] = frozenset()
    confidence: str = ""
    note: str = ""
    children: Mapping[str, Node] = field(default_factory=dict)

    @property
    def is_class(self) -> bool:
        """Whether it holds elements, and no value."""
        return not self.type or self.type == OPEN

    @property
    def certain(self) -> bool:
        """Whether its being mandatory rests on a published rule."""
        return self.confidence in CERTAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """One standard in one version."""

    standard: str
    version: str
    berichtcode: str
    namespace: str
    source: str
    root: Node

    @property
    def format(self) -> str:
        """The format id, such as `vektis-GDS801-1.0`."""
        return f"vektis-{self.standard}-{self.version}"


def read_tree(name: str, text: str) -> Tree:
    """Read one table; ConfigurationError when a row has no parent or says no cardinality."""
    lines = text.splitlines()
    head = dict(_said(line) for line in lines if line.startswith("#"))
    rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    below: dict[str, list[Mapping[str, str]]] = {}
    paths = {row["path"] for row in rows}
    for row in rows:
        parent = row["path"].rpartition("/")[0]
        if parent and parent not in paths:
            raise ConfigurationError(f"{row['path']} has no parent in the table", where=name)
        below.setdefault(parent, []).append(row)
    if len(below.get("", ())) != 1:
        raise ConfigurationError("a tree needs exactly one root", where=name)
    return Tree(
        standard=head["standard"],
        version=head["version"],
        berichtcode=head["berichtcode"],
        namespace=head["namespace"],
        source=head.get("source", ""),
        root=_node(below[""][0], below, name),
    )


def _said(line: str) -> tuple[str, str]:
    key, _, value = line[1:].partition(":")
    return key.strip(), value.strip()


def _node(row: Mapping[str, str], below: Mapping[str, list[Mapping[str, str]]], table: str) -> Node:
    path = row["path"]
    least, dots, most = row["card"].partition("..")
    if not dots or not least.isdigit() or not (most == _MANY or most.isdigit()):
        raise ConfigurationError(f"{path}: cardinality is written as 0..1 or 1..n", where=table)
    return Node(
        name=path.rpartition("/")[2],
        path=path,
        least=int(least),
        most=None if most == _MANY else int(most),
        type=row["type"],
        codelist=row["codelist"],
        values=frozenset(row["values"].split()),
        confidence=row["confidence"],
        note=row["note"],
        children=MappingProxyType(
            {child["path"].rpartition("/")[2]: _node(child, below, table) for child in below.get(path, ())}
        ),
    )


@cache
def trees() -> Mapping[tuple[str, str], Tree]:
    """Every table of this package by standard and version."""
    folder = files(_FOLDER) / "trees"
    read = (read_tree(one.name, one.read_text(encoding="utf-8")) for one in folder.iterdir() if one.name[-4:] == ".csv")
    return MappingProxyType({(tree.standard, tree.version): tree for tree in read})


@cache
def standards() -> Mapping[str, Tree]:
    """The newest table of each standard, by namespace."""
    newest = sorted(trees().values(), key=lambda tree: tree.version)
    return MappingProxyType({tree.namespace: tree for tree in newest})


def tree_of(standard: str, version: str) -> Tree:
    """The table of a standard and version; that of its newest version where the version has none."""
    found = trees().get((standard, version))
    if found is not None:
        return found
    for tree in standards().values():
        if tree.standard == standard:
            return tree
    raise ConfigurationError(f"no standard {standard[:20]!r}", hint="GDS801 or GDS802")
