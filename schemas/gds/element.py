"""An element of a GDS message as a value: a name, a text or children, and the line it was read from.

Names stand without the message's namespace; one of another namespace keeps it in braces, as `{urn:x}Name`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Element:
    """One element; `line` is 0 where it was made and not read, and says nothing about equality of content."""

    name: str
    text: str = ""
    children: tuple[Element, ...] = ()
    line: int = 0
    attributes: tuple[tuple[str, str], ...] = ()

    def first(self, path: str) -> Element | None:
        """The first element at a path below this one, such as `Header/Verzender`."""
        return next(self.all(path), None)

    def all(self, path: str) -> Iterator[Element]:
        """Every element at a path below this one, in the order of the message."""
        name, _, rest = path.partition("/")
        for child in self.children:
            if child.name == name:
                if rest:
                    yield from child.all(rest)
                else:
                    yield child

    def text_at(self, path: str) -> str:
        """The text at a path without surrounding white space, empty when there is none."""
        found = self.first(path)
        return found.text.strip() if found is not None else ""


def element(name: str, *content: str | Element | None) -> Element:
    """An element of texts and children; nothing, empty texts and elements without content are left out."""
    children = tuple(one for one in content if isinstance(one, Element) and not is_empty(one))
    return Element(name, "".join(one for one in content if isinstance(one, str)), children)


def is_empty(one: Element) -> bool:
    """Whether an element holds neither text nor children."""
    return not one.text and not one.children


def same(one: Element, other: Element) -> bool:
    """Whether two elements say the same, wherever they were read."""
    return (
        (one.name, one.text, one.attributes, len(one.children))
        == (other.name, other.text, other.attributes, len(other.children))
    ) and all(map(same, one.children, other.children))
