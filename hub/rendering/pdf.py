"""A sheet as PDF/A-3: embedded fonts, page numbers, metadata, files attached; the same bytes for the same document.

fpdf2 writes the file, `layout` and `setting` decide where everything stands. The only date in it is the document's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from xml.sax.saxutils import escape

from fpdf import FPDF, ViewerPreferences

from hub.rendering import files, fonts
from hub.rendering.layout import BOTTOM, LEFT, MM, RIGHT, Bar, Mark, Page, Text, pages
from hub.rendering.setting import boxes
from hub.rendering.sheet import Section, Sheet, Style, joined
from hub.rendering.words import word

_COLOURS = MappingProxyType(
    {
        "ink": (28, 39, 51),
        "quiet": (85, 98, 111),
        "line": (217, 223, 228),
        "tint": (241, 246, 246),
        "accent": (11, 92, 99),
    }
)
_UNDATED = date(1970, 1, 1)
_XMP = """<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:pdf="http://ns.adobe.com/pdf/1.3/" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/"
 xmp:CreateDate="{at}" xmp:CreatorTool="Kvitt" pdf:Producer="Kvitt">
<pdfaid:part>3</pdfaid:part><pdfaid:conformance>U</pdfaid:conformance>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
<dc:language><rdf:Bag><rdf:li>{language}</rdf:li></rdf:Bag></dc:language>
<dc:creator><rdf:Seq><rdf:li>{author}</rdf:li></rdf:Seq></dc:creator>
</rdf:Description>
</rdf:RDF>
</x:xmpmeta>"""


def to_pdf(sheet: Sheet) -> bytes:
    """The sheet on A4, with the files it may carry attached."""
    inside = files.embedded(sheet.files)
    listed = files.section(sheet, inside) if sheet.files else None
    laid = pages(boxes(sheet, listed))
    lacking = sum(fonts.lacking(mark.text) for page in laid for mark in page if isinstance(mark, Text))
    if lacking:
        said = Section(
            heading=word("note", sheet.language),
            paragraphs=(word("replaced", sheet.language, count=str(lacking)),),
            style=Style.FINE,
        )
        laid = pages(boxes(replace(sheet, fine=(said, *sheet.fine)), listed))
    with TemporaryDirectory(prefix="kvitt-") as folder:  # fpdf2 takes fonts as files only
        pdf = _opened(sheet, Path(folder), laid)
        for number, page in enumerate(laid, start=1):
            pdf.add_page()
            for mark in (*page, *_foot(sheet, number, len(laid))):
                _draw(pdf, mark)
        _attach(pdf, sheet, inside)
        return bytes(pdf.output())


def _opened(sheet: Sheet, folder: Path, laid: Sequence[Page]) -> FPDF:
    """An empty document with metadata (XMP, as PDF/A wants it) and the faces the pages need."""
    pdf = FPDF(format="A4", unit="mm", enforce_compliance="PDF/A-3U")
    pdf.set_auto_page_break(auto=False)
    title = joined((joined((sheet.title, sheet.number), " "), sheet.sender), " – ")
    at = datetime.combine(sheet.issued or _UNDATED, datetime.min.time(), UTC)
    pdf.viewer_preferences = ViewerPreferences(display_doc_title=True)
    pdf.set_lang(sheet.language)
    pdf.set_creation_date(at)
    pdf.set_xmp_metadata(
        _XMP.format(
            at=at.isoformat(),
            title=escape(_plain(title)),
            author=escape(_plain(sheet.sender)),
            language=sheet.language,
        )
    )
    needed = {face for page in laid for mark in page if isinstance(mark, Text) for face, _ in _runs(mark)}
    for face in sorted(needed | {fonts.REGULAR}):
        path = folder / f"{face}.ttf"
        path.write_bytes(fonts.data(face))
        pdf.add_font(face, fname=path)
        _without_hints(pdf, face)
    return pdf


def _without_hints(pdf: FPDF, face: str) -> None:
    """The autohinter's own table is of no use in a PDF, and the subsetter would warn about it."""
    table = pdf.fonts[face].ttfont  # type: ignore[union-attr] # only embedded fonts are added here
    if "TTFA" in table:
        del table["TTFA"]


def _plain(text: str) -> str:
    """Metadata holds any letter but no control characters."""
    return "".join(letter if letter.isprintable() or letter == " " else fonts.REPLACEMENT for letter in text)


def _runs(mark: Text) -> list[tuple[str, str]]:
    return list(fonts.runs(mark.text, bold=mark.bold))


def _foot(sheet: Sheet, number: int, count: int) -> list[Mark]:
    """Whose document this page belongs to, and which page it is."""
    baseline = BOTTOM + 10.5
    name = fonts.shown(joined((f"{sheet.title} {sheet.number}".strip(), sheet.sender), " · "))
    page = word("page", sheet.language, page=str(number), pages=str(count))
    room = RIGHT - LEFT - fonts.width(page, 7.5 * MM) - 8
    (first, *more) = fonts.wrap(name, room, 7.5 * MM)
    return [
        Bar(LEFT, BOTTOM + 6, RIGHT - LEFT, 0.15, "line"),
        Text(LEFT, baseline, f"{first}…" if more else first, 7.5, colour="quiet"),
        Text(RIGHT, baseline, page, 7.5, colour="quiet", right=True),
    ]


def _draw(pdf: FPDF, mark: Mark) -> None:
    if isinstance(mark, Bar):
        pdf.set_fill_color(*_COLOURS[mark.colour])
        pdf.rect(mark.x, mark.y, mark.width, mark.height, style="F")
        return
    x = mark.x - fonts.width(mark.text, mark.size * MM, bold=mark.bold) if mark.right else mark.x
    pdf.set_text_color(*_COLOURS[mark.colour])
    for face, text in _runs(mark):
        pdf.set_font(face, size=mark.size)
        pdf.text(x, mark.y, text)
        x += fonts.width(text, mark.size * MM, bold=mark.bold)


def _attach(pdf: FPDF, sheet: Sheet, inside: dict[int, bytes]) -> None:
    names = files.safe_names(sheet.files)
    for place, held in inside.items():
        file = sheet.files[place]
        pdf.embed_file(
            bytes=held,
            basename=names[place],
            mime_type=file.media_type,
            associated_file_relationship="Supplement",
            desc=_plain(joined((file.reference, file.description), ": ")),
            modification_date=pdf.creation_date,
            compress=True,
        )
