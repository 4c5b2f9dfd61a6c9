"""Reading XML from strangers: no DTD, no entities, no network, size and depth caps.

Sources: XML 1.0 (fifth edition), OWASP on external entities. lxml refuses text nodes over 10 MB unless `huge_tree` is
set, and `huge_tree` switches libxml2's own guards off: so our caps come first and a DOCTYPE never reaches libxml2.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import cache
from xml.parsers import expat

from lxml import etree

from schemas.wording import UnreadableError, Wording, said

MAX_BYTES = 64 * 1024 * 1024
"""Larger documents are refused before parsing (an invoice of 10 000 lines has 9 MB; attachments add theirs)."""
MAX_DEPTH = 64
"""Deeper nesting is refused (UBL needs about 12, ISO 20022 and the SBDH less than 20)."""
_CHUNK = 4096
_MORE, _LAST = False, True

_SYNTAX = "xml"
_BROKEN = Wording(
    code="KVITT-XML-01",
    text=said(
        'The file is not well-formed XML. The XML reader says: "{detail}".',
        "Filen er ikke velformet XML. XML-leseren sier: «{detail}».",
        "Het bestand is geen welgevormde XML. De XML-lezer zegt: “{detail}”.",
    ),
    hint=said(
        "Export the document again; it may have been cut off, or changed by hand.",
        "Eksporter dokumentet på nytt; det kan være avkortet eller endret for hånd.",
        "Exporteer het document opnieuw; het kan afgebroken of met de hand gewijzigd zijn.",
    ),
    ruleset=_SYNTAX,
)
_DOCTYPED = Wording(
    code="KVITT-XML-02",
    text=said(
        "The document declares a DOCTYPE.",
        "Dokumentet inneholder en DOCTYPE.",
        "Het document bevat een DOCTYPE.",
    ),
    hint=said(
        "Remove the DOCTYPE and all entities; they are never accepted.",
        "Fjern DOCTYPE og alle entiteter; de godtas aldri.",
        "Verwijder de DOCTYPE en alle entiteiten; ze worden nooit aanvaard.",
    ),
    ruleset=_SYNTAX,
)
_TOO_LARGE = Wording(
    code="KVITT-XML-03",
    text=said(
        "The document has {size} bytes; {most} are allowed.",
        "Dokumentet har {size} byte; {most} er tillatt.",
        "Het document heeft {size} bytes; {most} zijn toegestaan.",
    ),
    hint=said("Send attachments apart.", "Send vedlegg for seg.", "Stuur bijlagen apart."),
    ruleset=_SYNTAX,
)
_TOO_DEEP = Wording(
    code="KVITT-XML-04",
    text=said(
        "Elements stand inside each other more than {depth} deep.",
        "Elementer står inni hverandre i mer enn {depth} nivåer.",
        "Elementen staan meer dan {depth} niveaus in elkaar.",
    ),
    hint=said(
        "No document of the network nests so deep: export it again.",
        "Ingen dokumenter i nettverket er så dype: eksporter det på nytt.",
        "Geen document van het netwerk is zo diep: exporteer het opnieuw.",
    ),
    ruleset=_SYNTAX,
)
_UNKNOWN_ENCODING = Wording(
    code="KVITT-XML-05",
    text=said(
        "The document declares an encoding that is not known.",
        "Dokumentet oppgir en ukjent tegnkoding.",
        "Het document noemt een onbekende tekencodering.",
    ),
    hint=said("Save it as UTF-8.", "Lagre det som UTF-8.", "Sla het op als UTF-8."),
    ruleset=_SYNTAX,
)
_EMPTY = Wording(
    code="KVITT-XML-06",
    text=said("The document is empty.", "Dokumentet er tomt.", "Het document is leeg."),
    hint=said("Export the document again.", "Eksporter dokumentet på nytt.", "Exporteer het document opnieuw."),
    ruleset=_SYNTAX,
)
WORDINGS = (_BROKEN, _DOCTYPED, _TOO_LARGE, _TOO_DEEP, _UNKNOWN_ENCODING, _EMPTY)
"""What can be wrong with XML before anybody looks at what it says."""

Element = etree._Element  # noqa: SLF001 -- lxml has no public name for it
"""An element of a parsed document."""


class _RootReached(Exception):  # noqa: N818 -- a way out of the prolog, not a mistake
    """The prolog ended without a DOCTYPE."""


class _Doctype(Exception):  # noqa: N818 -- same
    """The prolog holds a DOCTYPE."""


def parse(data: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> Element:
    """The root element of a document that came from outside; UnreadableError (with the line) for anything unsafe."""
    if len(data) > max_bytes:
        raise UnreadableError(
            _TOO_LARGE,
            f"the document has {len(data)} bytes, more than the {max_bytes} allowed",
            hint="send attachments apart",
            filled={"size": len(data), "most": max_bytes},
        )
    if not data or data.isspace():
        raise UnreadableError(_EMPTY, "the document is empty", line=1)
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
        raise UnreadableError(
            _TOO_DEEP,
            f"the document nests deeper than {max_depth} elements",
            line=line_of(root),
            filled={"depth": max_depth},
        )
    return root


def _refuse_doctype(data: bytes) -> None:
    """Read the prolog only: libxml2 expands entities in attributes whatever it is told, so none may be declared."""
    scanner = expat.ParserCreate()
    scanner.StartDoctypeDeclHandler = _found_doctype
    scanner.StartElementHandler = _found_root
    try:
        start, size = 0, _CHUNK
        while start < len(data):
            scanner.Parse(data[start : start + size], _MORE)
            # expat reads an unfinished token again with each piece: pieces that double keep that linear
            start, size = start + size, size * 2
        scanner.Parse(b"", _LAST)
    except _RootReached:
        return
    except _Doctype:
        raise UnreadableError(
            _DOCTYPED,
            "the document declares a DOCTYPE, which is refused",
            hint="remove the DOCTYPE and all entities",
            line=scanner.CurrentLineNumber,
        ) from None
    except (LookupError, ValueError):  # what expat raises on an encoding it does not know, or cannot map
        raise UnreadableError(
            _UNKNOWN_ENCODING, "the document declares an encoding that is not known", hint="save it as UTF-8", line=1
        ) from None
    except expat.ExpatError as error:
        raise _broken(expat.errors.messages.get(error.code, ""), f"line {error.lineno}", error.lineno) from None


def _found_doctype(_name: str, _system: str | None, _public: str | None, _internal: int) -> None:
    raise _Doctype


def _found_root(_name: str, _attributes: dict[str, str]) -> None:
    raise _RootReached


def _malformed(error: etree.XMLSyntaxError) -> UnreadableError:
    """Name the kind of mistake and its place, never the parser's sentence: that may quote content."""
    entry = error.error_log.last_error  # type: ignore[attr-defined] # lxml-stubs lack it
    kind = entry.type_name.removeprefix("ERR_").replace("_", " ").lower() if entry is not None else ""
    line, column = error.position
    return _broken(kind, f"line {line}, column {column}", line)


def _broken(kind: str, where: str, line: int) -> UnreadableError:
    filled = {"detail": kind or "syntax error"}
    return UnreadableError(_BROKEN, "not well-formed XML", hint=kind, where=where, line=line, filled=filled)


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


Labels = dict[Element, dict[Element, str]]
"""The steps to the children of elements, for who asks for the place of very many."""


def location(element: Element, prefixes: Mapping[str, str], known: Labels | None = None) -> str:
    """An XPath a person can follow: `/Invoice/cac:InvoiceLine[2]/cbc:ID`. `prefixes` maps namespace to prefix.

    `known` keeps what was counted, so that ten thousand places among ten thousand siblings stay linear.
    """
    steps = []
    node: Element | None = element
    while node is not None:
        steps.append(_step(node, prefixes) if known is None else _known_step(node, prefixes, known))
        node = node.getparent()
    return "/" + "/".join(reversed(steps))


def _known_step(element: Element, prefixes: Mapping[str, str], known: Labels) -> str:
    above = element.getparent()
    if above is None:
        return _step(element, prefixes)
    if above not in known:
        known[above] = _steps_below(above, prefixes)
    return known[above][element]


def _steps_below(above: Element, prefixes: Mapping[str, str]) -> dict[Element, str]:
    total, so_far = Counter(child.tag for child in above), Counter[object]()
    steps = {}
    for child in above:
        so_far[child.tag] += 1
        label = _name(child, prefixes)
        steps[child] = label if total[child.tag] == 1 else f"{label}[{so_far[child.tag]}]"
    return steps


def _name(element: Element, prefixes: Mapping[str, str]) -> str:
    name = etree.QName(element)
    prefix = prefixes.get(name.namespace or "", "")
    return f"{prefix}:{name.localname}" if prefix else name.localname


def _step(element: Element, prefixes: Mapping[str, str]) -> str:
    label = _name(element, prefixes)
    before = sum(1 for _ in element.itersiblings(element.tag, preceding=True))
    alone = before == 0 and next(element.itersiblings(element.tag), None) is None
    return label if alone else f"{label}[{before + 1}]"
