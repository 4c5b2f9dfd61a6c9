"""ApplicationResponse: what a receiver or the network says about a document we sent.

Sources: OASIS UBL 2.1; Peppol Invoice Response 3 (T111), Message Level Response 3 (T71), Message Level Status 1.0.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum

from hub.errors import FormatError
from schemas.ubl.codec import (
    DATE,
    TEXT,
    Layout,
    Seen,
    many,
    new_root,
    one,
    read_section,
    to_bytes,
    unread_paths,
    write_section,
)
from schemas.ubl.names import APPLICATION_RESPONSE, transaction
from schemas.ubl.parties import PARTY, Party
from schemas.ubl.values import CODE, IDENTIFIER, Identifier, ListedCode
from schemas.xml import parse


class ResponseKind(StrEnum):
    """Which transaction a response is: from the buyer, from the receiving access point, or from the network."""

    INVOICE_RESPONSE = "t111"
    MLR = "t71"
    MLS = "mls"
    OTHER = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A named value the receiver gives or proposes; `attribute` is a business term id (`BT-48`) where it has one."""

    attribute: str = ""
    description: str = ""


CONDITION = Layout(Condition, (one("attribute", "cbc:AttributeID", TEXT), one("description", "cbc:Description", TEXT)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Why, or what is asked: a code of OPStatusReason or OPStatusAction, text, and conditions."""

    reason_code: ListedCode | None = None
    reason: str = ""
    conditions: tuple[Condition, ...] = ()


STATUS = Layout(
    Status,
    (
        one("reason_code", "cbc:StatusReasonCode", CODE),
        one("reason", "cbc:StatusReason", TEXT),
        many("conditions", "cac:Condition", CONDITION),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A verdict: code (UNCL4343), text, from when, with what reasons."""

    code: ListedCode | None = None
    descriptions: tuple[str, ...] = ()
    effective: date | None = None
    statuses: tuple[Status, ...] = ()


RESPONSE = Layout(
    Response,
    (
        one("code", "cbc:ResponseCode", CODE),
        many("descriptions", "cbc:Description", TEXT),
        one("effective", "cbc:EffectiveDate", DATE),
        many("statuses", "cac:Status", STATUS),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Referenced:
    """The document a response is about: its number (T111) or the SBDH instance id of the message (MLS)."""

    id: Identifier | None = None
    issue_date: date | None = None
    type_code: ListedCode | None = None
    version: str = ""


REFERENCED = Layout(
    Referenced,
    (
        one("id", "cbc:ID", IDENTIFIER),
        one("issue_date", "cbc:IssueDate", DATE),
        one("type_code", "cbc:DocumentTypeCode", CODE),
        one("version", "cbc:VersionID", TEXT),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineResponse:
    """What is said about one place of the document; `line` is a line id, an XPath, or `NA`."""

    line: str = ""
    responses: tuple[Response, ...] = ()


LINE_RESPONSE = Layout(
    LineResponse, (one("line", "cac:LineReference/cbc:LineID", TEXT), many("responses", "cac:Response", RESPONSE))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentResponse:
    """The verdict on one document, with the parties as the receiver knows them."""

    response: Response = Response()
    references: tuple[Referenced, ...] = ()
    issuer: Party | None = None
    recipient: Party | None = None
    lines: tuple[LineResponse, ...] = ()


DOCUMENT_RESPONSE = Layout(
    DocumentResponse,
    (
        one("response", "cac:Response", RESPONSE),
        many("references", "cac:DocumentReference", REFERENCED),
        one("issuer", "cac:IssuerParty", PARTY),
        one("recipient", "cac:RecipientParty", PARTY),
        many("lines", "cac:LineResponse", LINE_RESPONSE),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationResponse:
    """One response message. `issue_time` is kept as written (with its zone)."""

    customization_id: str = ""
    profile_id: str = ""
    id: str = ""
    issue_date: date | None = None
    issue_time: str = ""
    notes: tuple[str, ...] = ()
    sender: Party = field(default_factory=Party)
    receiver: Party = field(default_factory=Party)
    responses: tuple[DocumentResponse, ...] = ()
    unread: tuple[str, ...] = field(default=(), compare=False)

    @property
    def kind(self) -> ResponseKind:
        """Which transaction it is, by its CustomizationID."""
        return ResponseKind(transaction(self.customization_id))


_APPLICATION_RESPONSE = Layout(
    ApplicationResponse,
    (
        one("customization_id", "cbc:CustomizationID", TEXT),
        one("profile_id", "cbc:ProfileID", TEXT),
        one("id", "cbc:ID", TEXT),
        one("issue_date", "cbc:IssueDate", DATE),
        one("issue_time", "cbc:IssueTime", TEXT),
        many("notes", "cbc:Note", TEXT),
        one("sender", "cac:SenderParty", PARTY),
        one("receiver", "cac:ReceiverParty", PARTY),
        many("responses", "cac:DocumentResponse", DOCUMENT_RESPONSE),
    ),
)


def read(data: bytes) -> ApplicationResponse:
    """Read a response; FormatError (with the line) when it is none or a value is malformed."""
    root = parse(data)
    if root.tag != f"{{{APPLICATION_RESPONSE}}}ApplicationResponse":
        raise FormatError("the document is not a UBL 2.1 ApplicationResponse", where="line 1")
    seen: Seen = {}
    message = read_section(_APPLICATION_RESPONSE, root, seen)
    return replace(message, unread=unread_paths(root, seen))


def write(message: ApplicationResponse) -> bytes:
    """The response as UTF-8 XML, the same bytes for the same value."""
    root = new_root(APPLICATION_RESPONSE, "ApplicationResponse")
    write_section(_APPLICATION_RESPONSE, message, root)
    return to_bytes(root)
