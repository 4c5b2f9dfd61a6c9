"""One reader and one writer for all UBL sections, driven by layout tables.

A layout states once which field of a frozen value stands at which path, in UBL's element order; reading and writing
both derive from it (OASIS UBL 2.1). Fields of one wrapper element stand next to each other in the table. What no layout
mentions is named by `unread_paths`, never dropped in silence.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Generic, TypeVar

from lxml import etree

from hub.errors import FormatError, MappingError
from schemas.ubl.names import CAC, CBC, PREFIXES, clark
from schemas.xml import Element, local_name, location, text_of

T = TypeVar("T")
Seen = dict[Element, tuple[str, ...]]
"""What was understood: element -> its understood attributes. The keys keep lxml's proxies, so identity holds."""

_DECIMAL = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"


@dataclass(frozen=True, slots=True)
class Kind:
    """How a simple value stands in an element, and its attributes."""

    read: Callable[[Element], Any]
    write: Callable[[Element, Any], None]
    attributes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Slot:
    """One field of a section: where it stands, as what, once or repeated."""

    field: str
    path: str
    kind: Kind | Layout[Any]
    many: bool = False


@dataclass(frozen=True, slots=True)
class Layout(Generic[T]):
    """The fields of one section in UBL's order; `make` builds the value from keywords."""

    make: Callable[..., T]
    slots: tuple[Slot, ...]


def one(field: str, path: str, kind: Kind | Layout[Any]) -> Slot:
    """A field that stands at most once."""
    return Slot(field, path, kind)


def many(field: str, path: str, kind: Kind | Layout[Any]) -> Slot:
    """A repeated field: a tuple, each item with its own chain of elements below the section."""
    return Slot(field, path, kind, many=True)


def number(text: str) -> Decimal:
    """An xs:decimal, exact; ValueError for anything else (`100,00`, `1e2`, empty)."""
    if _DECIMAL.fullmatch(text.strip()) is None:
        message = "not a decimal number"
        raise ValueError(message)
    return Decimal(text.strip())


def day(text: str) -> date:
    """A date written YYYY-MM-DD; ValueError for anything else (Python alone would also take 20260131)."""
    if _DAY.fullmatch(text) is None:
        message = "not a date"
        raise ValueError(message)
    return date.fromisoformat(text)


def decimal_of(element: Element) -> Decimal:
    """The decimal an element holds; FormatError with its place otherwise."""
    try:
        return number(text_of(element))
    except ValueError:
        raise _unreadable(element, "a decimal number") from None


def date_of(element: Element) -> date:
    """The day an element holds as YYYY-MM-DD; FormatError with its place otherwise."""
    text = text_of(element)
    try:
        return day(text)
    except ValueError:
        raise _unreadable(element, "a date (YYYY-MM-DD)") from None


def flag_of(element: Element) -> bool:
    """The xs:boolean an element holds; FormatError with its place otherwise."""
    text = text_of(element)
    if text not in ("true", "false", "1", "0"):
        raise _unreadable(element, "true or false")
    return text in ("true", "1")


def _unreadable(element: Element, wanted: str) -> FormatError:
    """Say where and what was expected; the value itself stays out of the message."""
    return FormatError(f"{location(element, PREFIXES)} is not {wanted}", where=f"line {element.sourceline}")


def set_text(element: Element, value: object) -> None:
    """Write a value as the element's text, decimals without an exponent."""
    text = format(value, "f") if isinstance(value, Decimal) else str(value)
    if _UNWRITABLE.search(text):
        raise MappingError(f"{local_name(element)} holds a character that XML cannot carry", hint="remove it")
    element.text = text


def set_attribute(element: Element, name: str, value: str) -> None:
    """Write an attribute unless it is empty."""
    if value:
        element.set(name, value)


def _set_flag(element: Element, value: object) -> None:
    element.text = "true" if value else "false"


TEXT = Kind(text_of, set_text)
DATE = Kind(date_of, set_text)
DECIMAL = Kind(decimal_of, set_text)
FLAG = Kind(flag_of, _set_flag)


def read_section(layout: Layout[T], element: Element, seen: Seen) -> T:
    """Read one section; every element and attribute understood is entered in `seen`."""
    seen.setdefault(element, ())
    values: dict[str, Any] = {}
    for slot in layout.slots:
        found = [item for item in element.findall(clark(slot.path)) if not _blank(item)]
        found = found if slot.many else found[:1]
        items = tuple(_read_one(slot.kind, item, seen) for item in found)
        if items:
            values[slot.field] = items if slot.many else items[0]
        for item in found:
            _see_wrappers(item, element, seen)
    return layout.make(**values)


def _blank(element: Element) -> bool:
    return len(element) == 0 and not text_of(element)


def _read_one(kind: Kind | Layout[Any], element: Element, seen: Seen) -> Any:  # noqa: ANN401 -- any field's type
    if isinstance(kind, Layout):
        return read_section(kind, element, seen)
    seen[element] = kind.attributes
    return kind.read(element)


def _see_wrappers(item: Element, section: Element, seen: Seen) -> None:
    parent = item.getparent()
    while parent is not None and parent is not section:
        seen.setdefault(parent, ())
        parent = parent.getparent()


def write_section(layout: Layout[Any], value: object, parent: Element) -> None:
    """Write one section below its element, in the order of the layout; empty fields are left out."""
    for slot in layout.slots:
        held = getattr(value, slot.field)
        if slot.many:
            for item in held:
                _write_one(slot.kind, item, _grow(parent, slot.path, fresh=True))
        elif held is not None and held != "":
            _write_one(slot.kind, held, _grow(parent, slot.path, fresh=False))


def _write_one(kind: Kind | Layout[Any], value: object, element: Element) -> None:
    if isinstance(kind, Layout):
        write_section(kind, value, element)
    else:
        kind.write(element, value)


def _grow(parent: Element, path: str, *, fresh: bool) -> Element:
    """Make the elements of a path; a wrapper that is the last child already is used again unless `fresh`."""
    *wrappers, leaf = (clark(step) for step in path.split("/"))
    for step in wrappers:
        last = parent[-1] if len(parent) and not fresh else None
        parent = last if last is not None and last.tag == step else etree.SubElement(parent, step)
    return etree.SubElement(parent, leaf)


def new_root(namespace: str, name: str) -> Element:
    """An empty root element; its own namespace is the default one, the components have cac and cbc."""
    spaces: dict[Any, str] = {None: namespace, "cac": CAC, "cbc": CBC}
    return etree.Element(f"{{{namespace}}}{name}", nsmap=spaces)


def to_bytes(root: Element) -> bytes:
    """The document as UTF-8 bytes, indented, the same for the same tree."""
    etree.indent(root)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8") + b"\n"


def unread_paths(root: Element, seen: Seen) -> tuple[str, ...]:
    """The paths (without positions, each once) of elements and attributes that no layout understood."""
    found: dict[str, None] = {}
    _walk(root, f"/{local_name(root)}", seen, found)
    return tuple(found)


def _walk(element: Element, path: str, seen: Seen, found: dict[str, None]) -> None:
    for name in element.attrib:
        if str(name) not in seen[element] and not str(name).startswith(_XSI):
            found[f"{path}/@{etree.QName(str(name)).localname}"] = None
    for child in element.iterchildren("*"):
        kind = etree.QName(child)
        prefix = PREFIXES.get(kind.namespace or "", "")
        below = f"{path}/{prefix}:{kind.localname}" if prefix else f"{path}/{kind.localname}"
        if child in seen:
            _walk(child, below, seen, found)
        else:
            found[below] = None
