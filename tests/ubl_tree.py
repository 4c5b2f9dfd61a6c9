"""Small UBL documents for rule tests, written as `path @attribute=value = text`, and edits by the same paths."""

from __future__ import annotations

from collections import Counter
from copy import deepcopy

from lxml import etree

from hub.model.finding import Finding
from schemas.peppol.rules.core import judge
from schemas.peppol.rules.registry import SETS
from schemas.peppol.rules.view import View
from schemas.ubl.names import CAC, CBC, CREDIT_NOTE, INVOICE
from schemas.xml import Element

SPACES = {
    "cac": CAC,
    "cbc": CBC,
    "ext": "urn:oasis:names:specification:ubl:schema:xsd:CommonExtensionComponents-2",
}


def tag(step: str) -> str:
    """`cbc:ID` with its namespace in braces."""
    prefix, _, name = step.partition(":")
    return f"{{{SPACES[prefix]}}}{name}"


def found(root: Element, path: str) -> list[Element]:
    """All elements at a path from the root."""
    return root.findall("/".join(tag(step) for step in path.split("/")))


def put(root: Element, path: str, text: str | None = None, **attributes: str) -> Element:
    """One more element at a path, below the last of those already there; what is missing above it comes too."""
    node = root
    *above, last = path.split("/")
    for step in above:
        there = node.findall(tag(step))
        node = there[-1] if there else etree.SubElement(node, tag(step))
    new = etree.SubElement(node, tag(last), attributes)
    new.text = text
    return new


def say(root: Element, path: str, text: str | None = None, **attributes: str) -> None:
    """Change the text (if one is given) and attributes of the first element at a path; put it there if it is not."""
    there = found(root, path)
    node = there[0] if there else put(root, path)
    node.text = node.text if text is None else text
    for name, value in attributes.items():
        node.set(name, value)


def take(root: Element, path: str) -> None:
    """Remove every element at a path."""
    for node in found(root, path):
        node.getparent().remove(node)  # type: ignore[union-attr] # none of these is a root


def tree(lines: str, *, credit: bool = False) -> Element:
    """A document of such lines; `LINE` becomes its kind of line, `TYPE` its element for the type code."""
    kind, space = ("CreditNote", CREDIT_NOTE) if credit else ("Invoice", INVOICE)
    root = etree.Element(f"{{{space}}}{kind}", nsmap={None: space, "cac": CAC, "cbc": CBC})
    for line in lines.strip().splitlines():
        path, attributes, text = _line(line, kind)
        put(root, path, text, **attributes)
    return root


def edited(root: Element, lines: str) -> Element:
    """A copy with edits, one a line: `+ path` puts one more, `- path` takes all away, `~ path` changes the first."""
    new = deepcopy(root)
    kind = etree.QName(root).localname
    for line in filter(str.strip, lines.splitlines()):
        sign, _, rest = line.lstrip().partition(" ")
        path, attributes, text = _line(rest, kind)
        if sign == "-":
            take(new, path)
        else:
            {"+": put, "~": say}[sign](new, path, text, **attributes)
    return new


def _line(line: str, kind: str) -> tuple[str, dict[str, str], str | None]:
    place, equals, text = line.partition(" = ")
    path, *attributes = place.split(" @")
    path = path.replace("LINE", f"cac:{kind}Line").replace("TYPE", f"cbc:{kind}TypeCode")
    return path, dict(one.split("=", 1) for one in attributes), text.replace("\\n", "\n") if equals else None


def findings(root: Element) -> list[Finding]:
    """What the newest set finds in a document."""
    return judge(View(root), SETS[-1].plans["billing"], SETS[-1].name)


def ids(root: Element) -> Counter[str]:
    """How often each rule is broken."""
    return Counter(one.code for one in findings(root))
