"""Level N2: which elements stand where and how often, by the tree table; what the table does not know is told once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from schemas.gds.element import Element
from schemas.gds.place import Place
from schemas.gds.report import Report
from schemas.gds.tree import OPEN, Node


@dataclass(slots=True)
class Structure:
    """The structure of one message: what is found once per path, with how often, is told at the end."""

    report: Report
    _first: dict[tuple[str, str], tuple[Place, Element]] = field(default_factory=dict)
    _count: Counter[tuple[str, str]] = field(default_factory=Counter)

    def take(self, place: Place, node: Node) -> None:
        """Judge one class of the message and its children."""
        if place.parent is None and place.element.attributes:
            self._once("ATTRIBUTE", node.path, place, place.element)
        if place.element.text.strip():
            self.report.add("TEXT", place)
        for child in place.element.children:
            self._child(place, node, child)
        self._cardinality(place, node)
        self._order(place, node)

    def finish(self) -> None:
        """Tell what was found once per path."""
        for (key, path), (place, element) in self._first.items():
            self.report.add(key, place, element, count=self._count[key, path])

    def _child(self, place: Place, node: Node, child: Element) -> None:
        known = node.children.get(child.name)
        if known is None:
            key = "UNNAMED-ELEMENT" if node.type == OPEN else "UNKNOWN-ELEMENT"
            self._once(key, f"{node.path}/{child.name}", place, child)
            return
        if child.attributes:
            self._once("ATTRIBUTE", known.path, place, child)
        if child.children and not known.is_class:
            self.report.add("CHILDREN", place, child)

    def _cardinality(self, place: Place, node: Node) -> None:
        names = place.names()
        for name, wanted in node.children.items():
            if names[name] < wanted.least:
                self.report.add("MISSING" if wanted.certain else "MISSING-INFERRED", place, name=name)
            elif wanted.most is not None and names[name] > wanted.most:
                self.report.add("REPEATED", place, name=name, count=names[name], expected=str(wanted.most))

    def _order(self, place: Place, node: Node) -> None:
        if len(place.element.children) < 2:
            return
        ranks = {name: rank for rank, name in enumerate(node.children)}
        last = -1
        for child in place.element.children:
            rank = ranks.get(child.name, last)
            if rank < last:
                self._once("ORDER", node.path, place, child)
                return
            last = rank

    def _once(self, key: str, path: str, place: Place, element: Element) -> None:
        self._first.setdefault((key, path), (place, element))
        self._count[key, path] += 1


def check_references(lines: list[Place], report: Report) -> None:
    """A reference names one performance: the response is matched by it."""
    seen: set[str] = set()
    for line in lines:
        reference = line.text("Referentienummer")
        if reference and reference in seen:
            report.add("SAME-REFERENCE", line, line.first("Referentienummer"))
        seen.add(reference)
