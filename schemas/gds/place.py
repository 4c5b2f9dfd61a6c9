"""Where a check stands in a message: an element with its row of the table and the elements above it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from schemas.gds.codec import GdsMessage
from schemas.gds.element import Element
from schemas.gds.tree import Node

_LINES = frozenset({"DebetPrestatie", "CreditPrestatie"})
_NOTHING: Mapping[str, Node] = {}


class Place:
    """An element in its message; `node` is its row in the table, None where the table does not know it."""

    __slots__ = ("_firsts", "_names", "element", "node", "number", "parent")

    def __init__(self, element: Element, node: Node | None, parent: Place | None, number: int) -> None:
        self.element = element
        self.node = node
        self.parent = parent
        self.number = number
        self._firsts: dict[str, Element] | None = None
        self._names: Counter[str] | None = None

    @property
    def known(self) -> Mapping[str, Node]:
        """The children the table has here."""
        return self.node.children if self.node else _NOTHING

    def first(self, path: str) -> Element | None:
        """The first element at a path below this one, quickly where the path is one name."""
        if self._firsts is None:
            self._firsts = {child.name: child for child in reversed(self.element.children)}
        name, _, rest = path.partition("/")
        if rest:
            return self.element.first(path)
        return self._firsts.get(name)

    def text(self, path: str) -> str:
        """The text at a path without surrounding white space; empty when there is none."""
        found = self.first(path)
        return found.text.strip() if found is not None else ""

    def line(self) -> Place | None:
        """The debit or credit performance this stands in, or is."""
        here: Place | None = self
        while here is not None and here.element.name not in _LINES:
            here = here.parent
        return here

    def location(self) -> str:
        """The XPath a person can follow: `/Bericht/Verzekerde[2]/BSN`."""
        if self.parent is None:
            return f"/{self.element.name}"
        alone = self.parent.names()[self.element.name] == 1
        return f"{self.parent.location()}/{self.element.name}" + ("" if alone else f"[{self.number}]")

    def names(self) -> Counter[str]:
        """How often each name stands among the children."""
        if self._names is None:
            self._names = Counter(child.name for child in self.element.children)
        return self._names

    def children(self) -> Iterator[Place]:
        """The places of the children, in the order of the message."""
        so_far: dict[str, int] = {}
        for child in self.element.children:
            so_far[child.name] = so_far.get(child.name, 0) + 1
            yield Place(child, self.known.get(child.name), self, so_far[child.name])

    def classes(self) -> list[Place]:
        """The places of those children that hold elements by the table, in the order of the message."""
        found: list[Place] = []
        so_far: dict[str, int] = {}
        for child in self.element.children:
            node = self.known.get(child.name)
            if node is not None and node.is_class:
                so_far[child.name] = so_far.get(child.name, 0) + 1
                found.append(Place(child, node, self, so_far[child.name]))
        return found


def top(message: GdsMessage) -> Place:
    """The place of the root."""
    return Place(message.root, message.tree.root, None, 1)


def places(message: GdsMessage) -> Iterator[Place]:
    """Every element of a message, from the top, parents before their children."""
    waiting = [top(message)]
    while waiting:
        here = waiting.pop()
        yield here
        waiting.extend(reversed(list(here.children())))


def classes(message: GdsMessage) -> Iterator[Place]:
    """Every class of a message the table knows, in the same order: values and what nobody knows are left out."""
    waiting = [top(message)]
    while waiting:
        here = waiting.pop()
        yield here
        waiting.extend(reversed(here.classes()))
