"""Documents for people: an invoice, credit note or response as HTML, PDF or text, and the raw XML with its terms.

Pure functions of a document and a language. The XML stays the truth; what a rendering cannot show it names.
"""

from __future__ import annotations

from hub.rendering import billing, html, responses, text
from hub.rendering.annotated import to_annotated
from hub.rendering.sheet import Sheet
from hub.rendering.words import spoken
from schemas.ubl.document import Document
from schemas.ubl.response import ApplicationResponse

__all__ = ["Readable", "to_annotated", "to_html", "to_pdf", "to_sheet", "to_text"]

Readable = Document | ApplicationResponse
"""What can be laid out for reading."""


def to_sheet(document: Readable, language: str) -> Sheet:
    """The document laid out, before any format; ConfigurationError for a language we have no words of."""
    spoken(language)
    if isinstance(document, Document):
        return billing.to_sheet(document, language)
    return responses.to_sheet(document, language)


def to_html(document: Readable, language: str) -> str:
    """One self-contained HTML file: inline style, no scripts, nothing loaded, every text escaped."""
    return html.to_html(to_sheet(document, language))


def to_pdf(document: Readable, language: str) -> bytes:
    """The document as PDF/A-3 on A4 pages, with the files it may carry attached; the same bytes every time."""
    from hub.rendering import pdf  # fonts and fpdf2 are loaded by those who want a PDF

    return pdf.to_pdf(to_sheet(document, language))


def to_text(document: Readable, language: str) -> str:
    """A few lines for a terminal."""
    return text.to_text(to_sheet(document, language))
