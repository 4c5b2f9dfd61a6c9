"""The raw view: a document as it stands, its business terms beside it, findings under the line they are about.

Works on anything: what is no well-formed XML, or may not be read (a DOCTYPE, too deep), is shown as plain lines.
"""

from __future__ import annotations

import codecs
import re
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from types import MappingProxyType
from xml.parsers import expat

from lxml import etree

from hub.errors import FormatError
from hub.model.finding import Finding
from hub.rendering.findings import compared, term_label
from hub.rendering.html import POLICY, rendered, style
from hub.rendering.words import named, spoken, word
from schemas.ubl.names import CAC, CBC
from schemas.ubl.terms import terms_in
from schemas.xml import MAX_BYTES, Element, line_of, parse

SHOWN = 2000
"""Of a longer line the rest is folded away (an attached file may stand on one)."""
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+|\Z")
_DECLARED = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_ENCODINGS = re.compile(r"utf-8|us-?ascii|ascii|iso-?8859-\d{1,2}|latin-?1|windows-125\d|cp125\d", re.IGNORECASE)
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"<\x00", "utf-16-le"),
    (b"\x00<", "utf-16-be"),
)
_SPACES: Mapping[str, str] = MappingProxyType({"cac": CAC, "cbc": CBC})


@dataclass(frozen=True, slots=True)
class Strip:
    """A line of the source, or a part of one: where several elements with terms share a line each has its own strip.

    `number` is None for a part that goes on. `rest` is what is folded away.
    """

    number: int | None
    text: str
    rest: str = ""
    terms: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


Placed = tuple[int | None, Finding]
"""A finding with the place its element begins, where that is needed."""


def to_annotated(data: bytes, findings: Sequence[Finding], language: str) -> str:
    """The document as one self-contained HTML file; FormatError when it is larger than Kvitt reads."""
    spoken(language)
    if len(data) > MAX_BYTES:
        raise FormatError(f"the document has {len(data)} bytes, more than the {MAX_BYTES} allowed")
    text, undecoded = decoded(data)
    root = None if undecoded else _root(data)
    terms = {} if root is None else terms_in(root)
    last = sum(1 for _ in _lines(text))
    about = _elements(findings, root, dense=len(terms) > last)
    starts = {} if root is None else _starts(text, root, {*terms, *(one for one in about if one is not None)})
    at_lines: dict[int, list[Placed]] = {}
    for finding, element in zip(findings, about, strict=True):
        line = finding.line or (line_of(element) if element is not None else 0) or 0
        at_lines.setdefault(line, []).append((None if element is None else starts[element], finding))
    elsewhere = [finding for line, placed in at_lines.items() if not 0 < line <= last for _, finding in placed]
    return rendered(
        "annotated.html",
        language=language,
        policy=POLICY,
        style=style("annotated.css"),
        word=word,
        strips=strips(text, {starts[element]: held for element, held in terms.items()}, at_lines),
        elsewhere=elsewhere,
        count=len(findings),
        broken=root is None,
        undecoded=undecoded,
        label=lambda term: term_label(term, language),
        compared=lambda one: compared(replace(one, term=""), language),
        severity=lambda one: named("severity", one.severity.value, language),
    )


def decoded(data: bytes) -> tuple[str, bool]:
    """The document's text by its mark or declaration, and whether that is a guess (unknown encoding, broken bytes)."""
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), "")
    declared = _DECLARED.match(data)
    if not encoding:
        encoding = declared[1].decode("ascii") if declared else "utf-8"
        if not _ENCODINGS.fullmatch(encoding):
            return data.decode("utf-8", "replace"), True
    try:
        return data.decode(encoding), False
    except (UnicodeDecodeError, LookupError):
        return data.decode("utf-8", "replace"), True


def _root(data: bytes) -> Element | None:
    """The document read with all guards, or None: then it is shown as plain lines."""
    try:
        return parse(data)
    except FormatError:
        return None


def _elements(findings: Iterable[Finding], root: Element | None, *, dense: bool) -> list[Element | None]:
    """The element each finding is about, where it is needed: for want of a line, or where many share one (dense)."""
    return [_element_at(one.location, root) if dense or not one.line else None for one in findings]


def _element_at(location: str, root: Element | None) -> Element | None:
    """Where a location leads. Locations are ours; one that cannot be followed leads nowhere."""
    if root is None or not location.startswith("/"):
        return None
    _, _, below = location[1:].partition("/")
    try:
        hits = root.xpath(f"/*/{below}" if below else "/*", namespaces=dict(_SPACES))
    except etree.XPathError:
        return None
    first = hits[0] if isinstance(hits, list) and hits else None
    if isinstance(first, etree._ElementUnicodeResult):  # noqa: SLF001 -- an attribute; lxml has no public name for it
        return first.getparent()
    return first if isinstance(first, Element) else None


def _starts(text: str, root: Element, wanted: Collection[Element]) -> dict[Element, int]:
    """Where in the text (as UTF-8 bytes) each wanted element begins."""
    order = root.iter("*")
    found: dict[Element, int] = {}
    scanner = expat.ParserCreate("utf-8")

    def begun(_name: str, _attributes: dict[str, str]) -> None:
        element = next(order)
        if element in wanted:
            found[element] = scanner.CurrentByteIndex

    scanner.StartElementHandler = begun
    scanner.Parse(text.encode(), True)  # noqa: FBT003 -- expat knows it by place only
    return found


def strips(
    text: str, starts: Mapping[int, tuple[str, ...]], findings: Mapping[int, Sequence[Placed]]
) -> Iterator[Strip]:
    """The lines in order, cut where a second element with terms begins.

    A finding stands after the part its element begins in, else after its line's last part.
    """
    offsets = sorted(starts)
    at = 0
    for number, line in enumerate(_lines(text), start=1):
        raw = line.encode()
        inside = offsets[bisect_left(offsets, at) : bisect_left(offsets, at + len(raw))]
        cuts = [0, *(offset - at for offset in inside[1:]), len(raw)]
        placed = list(findings.get(number, ()))
        for part, (begin, end) in enumerate(pairwise(cuts)):
            last = end == len(raw)
            here = [one for one in placed if last or (one[0] is not None and at + begin <= one[0] < at + end)]
            placed = [one for one in placed if one not in here]
            piece = raw[begin:end].decode().rstrip("\r\n")
            yield Strip(
                number=number if part == 0 else None,
                text=piece[:SHOWN],
                rest=piece[SHOWN:],
                terms=starts[inside[part]] if inside else (),
                findings=tuple(finding for _, finding in here),
            )
        at += len(raw)


def _lines(text: str) -> Iterator[str]:
    """Lines with their ends; only CR and LF end one, as in XML."""
    for found in _LINE.finditer(text):
        if found[0] or not text:
            yield found[0]
