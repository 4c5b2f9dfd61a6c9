"""Read and write GDS801 (claim, EI 573) and GDS802 (response, EI 574) as values.

Source: namespaces and elements from VECOZO's public validation stylesheets. Reading takes elements in any order and
keeps those no table knows; writing puts them in the order of the table, unknown ones after the known of their parent.
What is read is therefore written with the same elements, and written again with the same bytes.
Text between elements stands in no standard; it is kept as the text of the element around it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, cast

from lxml import etree

from hub.errors import FormatError, MappingError
from schemas import xml
from schemas.gds.element import Element
from schemas.gds.tree import Node, Tree, standards, tree_of
from schemas.wording import UnreadableError, Wording, said

Standard = Literal["GDS801", "GDS802"]
MAX_BYTES = 32 * 1024 * 1024
"""Larger messages are refused before they are parsed: 10,000 performances take 19 MB, VECOZO's portal takes 25."""
MAX_ELEMENTS = 1_000_000
"""Messages of more elements are refused: all of them are held, so that many would fill a small machine's memory."""
MAX_ATTRIBUTES = 1_000
"""Elements of more attributes are refused: the standard has none, and reading many takes the square of their number."""
_SYNTAX = "vektis-GDS N1"
_OTHER_ROOT = Wording(
    code="KVITT-GDS-ROOT",
    text=said(
        "The root element is not Bericht of a GDS namespace.",
        "Rotelementet er ikke Bericht i et GDS-navnerom.",
        "Het hoofdelement is niet Bericht van een GDS-namespace.",
    ),
    hint=said(
        "GDS801 has http://ei.vektis.nl/declaratiebericht573, GDS802 the same with 574.",
        "GDS801 har http://ei.vektis.nl/declaratiebericht573, GDS802 det samme med 574.",
        "GDS801 heeft http://ei.vektis.nl/declaratiebericht573, GDS802 hetzelfde met 574.",
    ),
    ruleset=_SYNTAX,
)
_TOO_MANY = Wording(
    code="KVITT-GDS-TOO-MANY",
    text=said(
        "The message has more than {most} elements.",
        "Meldingen har mer enn {most} elementer.",
        "Het bericht heeft meer dan {most} elementen.",
    ),
    hint=said(
        "Split it into several messages.",
        "Del den i flere meldinger.",
        "Verdeel het over meer berichten.",
    ),
    ruleset=_SYNTAX,
)
_MANY_ATTRIBUTES = Wording(
    code="KVITT-GDS-ATTRIBUTES",
    text=said(
        "An element of the message has more than {most} attributes.",
        "Et element i meldingen har mer enn {most} attributter.",
        "Een element van het bericht heeft meer dan {most} attributen.",
    ),
    hint=said(
        "Take the attributes out: the standard has none.",
        "Fjern attributtene: standarden har ingen.",
        "Haal de attributen weg: de standaard heeft er geen.",
    ),
    ruleset=_SYNTAX,
)
WORDINGS = (_OTHER_ROOT, _TOO_MANY, _MANY_ATTRIBUTES)
"""Why well-formed XML is no message that can be read."""
_HEAD = 4096
_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
_ROOT = "Bericht"
_STANDARDS: tuple[Standard, ...] = ("GDS801", "GDS802")
_NAMESPACE = re.compile(rb"http://ei\.vektis\.nl/declaratiebericht57[34]\b")


@dataclass(frozen=True, slots=True)
class GdsMessage:
    """One message: its standard, its version (`1.0`) and its root element `Bericht`."""

    standard: Standard
    version: str
    root: Element

    @property
    def format(self) -> str:
        """The format id, such as `vektis-GDS801-1.0`."""
        return f"vektis-{self.standard}-{self.version}"

    @property
    def tree(self) -> Tree:
        """The table of its standard and version, or of the newest version we know."""
        return tree_of(self.standard, self.version)


def recognise(data: bytes) -> str | None:
    """The format id of a GDS message, None for anything else and for XML that cannot be read."""
    if not is_gds(data):
        return None
    try:
        return read(data).format
    except FormatError:
        return None


def is_gds(data: bytes) -> bool:
    """Whether a document's beginning names a namespace of GDS, without parsing it."""
    head = data[:_HEAD].replace(b"\x00", b"")
    return b"<" in head and _NAMESPACE.search(head) is not None


def read(data: bytes) -> GdsMessage:
    """Read a message; FormatError with the line for unsafe or broken XML, another root or another namespace."""
    root = xml.parse(data, max_bytes=MAX_BYTES)
    name = etree.QName(root)
    tree = standards().get(name.namespace or "")
    if tree is None or name.localname != _ROOT:
        raise UnreadableError(
            _OTHER_ROOT,
            "the root element is not Bericht of a GDS namespace",
            hint="GDS801 has http://ei.vektis.nl/declaratiebericht573, GDS802 has ...574",
            line=xml.line_of(root),
        )
    _refuse_too_many(root)
    message = _value(root, tree.namespace, {})
    return GdsMessage(_standard(tree), version_of(message), message)


def _refuse_too_many(root: xml.Element) -> None:
    for count, node in enumerate(root.iter(), start=1):
        if count > MAX_ELEMENTS:
            raise UnreadableError(
                _TOO_MANY,
                f"the message has more than {MAX_ELEMENTS} elements",
                hint="split it into several messages",
                line=xml.line_of(node),
                filled={"most": MAX_ELEMENTS},
            )
        if len(node.attrib) > MAX_ATTRIBUTES:
            raise UnreadableError(
                _MANY_ATTRIBUTES,
                f"an element has more than {MAX_ATTRIBUTES} attributes",
                hint="take the attributes out: the standard has none",
                line=xml.line_of(node),
                filled={"most": MAX_ATTRIBUTES},
            )


def _standard(tree: Tree) -> Standard:
    return next(one for one in _STANDARDS if one == tree.standard)


def version_of(root: Element) -> str:
    """Version and subversion as the header says them; `01` and `1` are the same."""
    parts = (root.text_at("Header/Berichtversie"), root.text_at("Header/Berichtsubversie"))
    return ".".join(_number(part) for part in parts)


def _number(text: str) -> str:
    return str(int(text)) if text.isascii() and text.isdigit() and len(text) <= 4 else text[:4] or "?"


def _value(node: xml.Element, namespace: str, names: dict[str, str]) -> Element:
    """The element as a value; `names` keeps each name once, there are few of them and many elements."""
    children = tuple([_value(child, namespace, names) for child in node]) if len(node) else ()
    text = node.text or ""
    if children:
        text = "".join(part for part in (text, *(child.tail or "" for child in node)) if not part.isspace()).strip()
    tag = str(node.tag)
    name = names.get(tag)
    if name is None:
        name = names[tag] = _local(tag, namespace)
    return Element(name, text, children, xml.line_of(node) or 0, _attributes(node) if node.keys() else ())


def _attributes(node: xml.Element) -> tuple[tuple[str, str], ...]:
    return tuple((str(name), str(value)) for name, value in node.attrib.items() if not str(name).startswith(_XSI))


def _local(tag: str, namespace: str) -> str:
    return tag[len(namespace) + 2 :] if tag.startswith(f"{{{namespace}}}") else tag


def write(message: GdsMessage) -> bytes:
    """The message as bytes: UTF-8, two blanks a level, one prefix-less namespace, elements in the table's order."""
    tree = message.tree
    nsmap = cast("dict[str, str]", {None: tree.namespace})  # the stubs lack the prefix-less namespace
    root = etree.Element(f"{{{tree.namespace}}}{_ROOT}", nsmap=nsmap)
    try:
        _fill(root, message.root, tree.root, tree.namespace)
    except ValueError as error:
        raise MappingError(
            "a value or name cannot be written as XML", hint="control characters have no place in a message"
        ) from error
    _indent(root)
    return bytes(etree.tostring(root, encoding="UTF-8", xml_declaration=True)) + b"\n"


def _fill(target: xml.Element, one: Element, node: Node | None, namespace: str) -> None:
    target.text = one.text or None
    for name, value in one.attributes:
        target.set(name, value)
    known: Mapping[str, Node] = node.children if node else {}
    for child in _ordered(one.children, known):
        tag = child.name if child.name.startswith("{") else f"{{{namespace}}}{child.name}"
        _fill(etree.SubElement(target, tag), child, known.get(child.name), namespace)


def _ordered(children: tuple[Element, ...], known: Iterable[str]) -> list[Element]:
    place = {name: number for number, name in enumerate(known)}
    return sorted(children, key=lambda child: place.get(child.name, len(place)))


def _indent(node: xml.Element, level: int = 0) -> None:
    """Line breaks between elements; none is added where there is text, so that no value changes."""
    children = list(node)
    if not children:
        return
    node.text = f"{node.text or ''}\n{'  ' * (level + 1)}"
    for child in children:
        _indent(child, level + 1)
        child.tail = f"\n{'  ' * (level + 1)}"
    children[-1].tail = f"\n{'  ' * level}"
