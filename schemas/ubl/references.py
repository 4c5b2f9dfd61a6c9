"""References of an invoice to other documents (EN 16931 BT-11..BT-18, BG-3, BG-24) in UBL."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from schemas.ubl.codec import DATE, TEXT, Layout, one
from schemas.ubl.values import ATTACHMENT, IDENTIFIER, Attachment, Identifier


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentReference:
    """A preceding invoice (BG-3): its number and day of issue."""

    id: str = ""
    issue_date: date | None = None


DOCUMENT_REFERENCE = Layout(DocumentReference, (one("id", "cbc:ID", TEXT), one("issue_date", "cbc:IssueDate", DATE)))


@dataclass(frozen=True, slots=True, kw_only=True)
class AdditionalDocument:
    """A supporting document (BG-24) or invoiced object (BT-18, type code 130); an embedded file is kept raw."""

    id: Identifier | None = None
    type_code: str = ""
    description: str = ""
    attachment: Attachment | None = None
    uri: str = ""


ADDITIONAL_DOCUMENT = Layout(
    AdditionalDocument,
    (
        one("id", "cbc:ID", IDENTIFIER),
        one("type_code", "cbc:DocumentTypeCode", TEXT),
        one("description", "cbc:DocumentDescription", TEXT),
        one("attachment", "cac:Attachment/cbc:EmbeddedDocumentBinaryObject", ATTACHMENT),
        one("uri", "cac:Attachment/cac:ExternalReference/cbc:URI", TEXT),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A period (BG-14, BG-26); `code` says which day is the tax point (BT-8)."""

    start: date | None = None
    end: date | None = None
    code: str = ""


PERIOD = Layout(
    Period,
    (
        one("start", "cbc:StartDate", DATE),
        one("end", "cbc:EndDate", DATE),
        one("code", "cbc:DescriptionCode", TEXT),
    ),
)
