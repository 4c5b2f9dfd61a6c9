"""Reading XML from strangers: no DTD, no entities, no network, size and depth caps.

Sources: XML 1.0 (fifth edition), OWASP on external entities. lxml refuses text nodes over 10 MB unless `huge_tree` is
set, and `huge_tree` switches libxml2's own guards off: so our caps come first and a DOCTYPE never reaches libxml2.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from xml.parsers import expat

from lxml import etree

from hub.errors import FormatError

MAX_BYTES = 64 * 1024 * 1024
"""Larger documents are refused before parsing (an invoice of 10 000 lines has 9 MB; attachments add theirs)."""
MAX_DEPTH = 64
"""Deeper nesting is refused (UBL needs about 12, ISO 20022 and the SBDH less than 20)."""
_CHUNK = 4096
_MORE, _LAST = False, True

Element = etree._Element  # noqa: SLF001 -- lxml has no public name for it
"""An element of a parsed document."""


class _RootReached(Exception):  # noqa: N818 -- a way out of the prolog, not a mistake
    """The prolog ended without a DOCTYPE."""


class _Doctype(Exception):  # noqa: N818 -- same
    """The prolog holds a DOCTYPE."""


def parse(data: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> Element:
    """The root element of a document that came from outside; FormatError (with the line) for anything unsafe."""
    if len(data) > max_bytes:
        raise FormatError(
            f"the document has {len(data)} bytes, more than the {max_bytes} allowed", hint="send attachments apart"
        )
    _refuse_doctype(data)
    parser = etree.XMLParser(
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        dtd_validation=False,
        huge_tree=True,
        remove_comments=True,  # a comment would split an element's text in two
        remove_pis=True,
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise _malformed(error) from None
    if _deeper_than(max_depth)(root):
        raise FormatError(f"the document nests deeper than {max_depth} elements", where=f"line {root.sourceline}")
    return root


def _refuse_doctype(data: bytes) -> None:
    """Read the prolog only: libxml2 expands entities in attributes whatever it is told, so none may be declared."""
    scanner = expat.ParserCreate()
    scanner.StartDoctypeDeclHandler = _found_doctype
    scanner.StartElementHandler = _found_root
    try:
        for start in range(0, len(data), _CHUNK):
            scanner.Parse(data[start : start + _CHUNK], _MORE)
        scanner.Parse(b"", _LAST)
    except _RootReached:
        return
    except _Doctype:
        raise FormatError(
            "the document declares a DOCTYPE, which is refused",
            hint="remove the DOCTYPE and all entities",
            where=f"line {scanner.CurrentLineNumber}",
        ) from None
    except expat.ExpatError as error:
        raise FormatError(
            "not well-formed XML", hint=expat.errors.messages.get(error.code, ""), where=f"line {error.lineno}"
        ) from None


def _found_doctype(_name: str, _system: str | None, _public: str | None, _internal: int) -> None:
    raise _Doctype


def _found_root(_name: str, _attributes: dict[str, str]) -> None:
    raise _RootReached


def _malformed(error: etree.XMLSyntaxError) -> FormatError:
    """Name the kind of mistake and its place, never the parser's sentence: that may quote content."""
    entry = error.error_log.last_error  # type: ignore[attr-defined] # lxml-stubs lack it
    kind = entry.type_name.removeprefix("ERR_").replace("_", " ").lower() if entry is not None else ""
    line, column = error.position
    return FormatError("not well-formed XML", hint=kind, where=f"line {line}, column {column}")


@cache
def _deeper_than(depth: int) -> etree.XPath:
    return etree.XPath(f"boolean(/{'/'.join(['*'] * (depth + 1))})")


def text_of(element: Element | None) -> str:
    """The element's own text without surrounding white space; empty when there is no element."""
    return (element.text or "").strip() if element is not None else ""


def line_of(element: Element) -> int | None:
    """The line an element stands on in its source, when it came from one."""
    line = element.sourceline
    return line if isinstance(line, int) else None


def local_name(element: Element) -> str:
    """The tag without its namespace."""
    return etree.QName(element).localname


def location(element: Element, prefixes: Mapping[str, str]) -> str:
    """An XPath a person can follow: `/Invoice/cac:InvoiceLine[2]/cbc:ID`. `prefixes` maps namespace to prefix."""
    steps = []
    node: Element | None = element
    while node is not None:
        steps.append(_step(node, prefixes))
        node = node.getparent()
    return "/" + "/".join(reversed(steps))


def _step(element: Element, prefixes: Mapping[str, str]) -> str:
    name = etree.QName(element)
    prefix = prefixes.get(name.namespace or "", "")
    label = f"{prefix}:{name.localname}" if prefix else name.localname
    before = sum(1 for _ in element.itersiblings(element.tag, preceding=True))
    alone = before == 0 and next(element.itersiblings(element.tag), None) is None
    return label if alone else f"{label}[{before + 1}]"
