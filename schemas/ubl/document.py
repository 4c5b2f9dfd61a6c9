"""The whole billing document: Invoice and CreditNote of Peppol BIS Billing 3.0 in UBL 2.1.

Both share one value; what differs is the root, the type code's name and place, the due date and UBL's element order.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date

from hub.errors import FormatError, MappingError
from schemas.ubl.amounts import (
    ALLOWANCE_CHARGE,
    MONETARY_TOTAL,
    TAX_TOTAL,
    AllowanceCharge,
    MonetaryTotal,
    TaxTotal,
)
from schemas.ubl.codec import (
    DATE,
    TEXT,
    Layout,
    Seen,
    Slot,
    many,
    new_root,
    one,
    read_section,
    to_bytes,
    unread_paths,
    write_section,
)
from schemas.ubl.lines import CREDIT_NOTE_LINE, INVOICE_LINE, Line
from schemas.ubl.names import CREDIT_NOTE, INVOICE
from schemas.ubl.parties import DELIVERY, PARTY, Delivery, Party
from schemas.ubl.payment import PAYMENT_MEANS, PaymentMeans
from schemas.ubl.references import (
    ADDITIONAL_DOCUMENT,
    DOCUMENT_REFERENCE,
    PERIOD,
    AdditionalDocument,
    DocumentReference,
    Period,
)
from schemas.ubl.values import Identifier
from schemas.xml import Element, parse


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """An invoice, or a credit note where `credit` is set. `unread` names what the document held beyond this value."""

    credit: bool = False
    customization_id: str = ""
    profile_id: str = ""
    number: str = ""
    issue_date: date | None = None
    due_date: date | None = None
    type_code: str = ""
    notes: tuple[str, ...] = ()
    tax_point: date | None = None
    currency: str = ""
    tax_currency: str = ""
    accounting_cost: str = ""
    buyer_reference: str = ""
    period: Period | None = None
    order_reference: str = ""
    sales_order: str = ""
    preceding: tuple[DocumentReference, ...] = ()
    despatch: str = ""
    receipt: str = ""
    originator: str = ""
    contract: str = ""
    documents: tuple[AdditionalDocument, ...] = ()
    project: str = ""
    seller: Party = field(default_factory=Party)
    buyer: Party = field(default_factory=Party)
    payee: Party | None = None
    tax_representative: Party | None = None
    delivery: Delivery | None = None
    payment_means: tuple[PaymentMeans, ...] = ()
    payment_terms: str = ""
    allowances: tuple[AllowanceCharge, ...] = ()
    tax_totals: tuple[TaxTotal, ...] = ()
    totals: MonetaryTotal = field(default_factory=MonetaryTotal)
    lines: tuple[Line, ...] = ()
    unread: tuple[str, ...] = field(default=(), compare=False)


_PROCESS: tuple[Slot, ...] = (
    one("customization_id", "cbc:CustomizationID", TEXT),
    one("profile_id", "cbc:ProfileID", TEXT),
    one("number", "cbc:ID", TEXT),
    one("issue_date", "cbc:IssueDate", DATE),
)
_HEAD: tuple[Slot, ...] = (
    one("currency", "cbc:DocumentCurrencyCode", TEXT),
    one("tax_currency", "cbc:TaxCurrencyCode", TEXT),
    one("accounting_cost", "cbc:AccountingCost", TEXT),
    one("buyer_reference", "cbc:BuyerReference", TEXT),
    one("period", "cac:InvoicePeriod", PERIOD),
    one("order_reference", "cac:OrderReference/cbc:ID", TEXT),
    one("sales_order", "cac:OrderReference/cbc:SalesOrderID", TEXT),
    many("preceding", "cac:BillingReference/cac:InvoiceDocumentReference", DOCUMENT_REFERENCE),
    one("despatch", "cac:DespatchDocumentReference/cbc:ID", TEXT),
    one("receipt", "cac:ReceiptDocumentReference/cbc:ID", TEXT),
)
_ORIGINATOR = one("originator", "cac:OriginatorDocumentReference/cbc:ID", TEXT)
_DOCUMENTS: tuple[Slot, ...] = (
    one("contract", "cac:ContractDocumentReference/cbc:ID", TEXT),
    many("documents", "cac:AdditionalDocumentReference", ADDITIONAL_DOCUMENT),
)
_BODY: tuple[Slot, ...] = (
    one("seller", "cac:AccountingSupplierParty/cac:Party", PARTY),
    one("buyer", "cac:AccountingCustomerParty/cac:Party", PARTY),
    one("payee", "cac:PayeeParty", PARTY),
    one("tax_representative", "cac:TaxRepresentativeParty", PARTY),
    one("delivery", "cac:Delivery", DELIVERY),
    many("payment_means", "cac:PaymentMeans", PAYMENT_MEANS),
    one("payment_terms", "cac:PaymentTerms/cbc:Note", TEXT),
    many("allowances", "cac:AllowanceCharge", ALLOWANCE_CHARGE),
    many("tax_totals", "cac:TaxTotal", TAX_TOTAL),
    one("totals", "cac:LegalMonetaryTotal", MONETARY_TOTAL),
)
_INVOICE = Layout(
    Document,
    (
        *_PROCESS,
        one("due_date", "cbc:DueDate", DATE),
        one("type_code", "cbc:InvoiceTypeCode", TEXT),
        many("notes", "cbc:Note", TEXT),
        one("tax_point", "cbc:TaxPointDate", DATE),
        *_HEAD,
        _ORIGINATOR,
        *_DOCUMENTS,
        one("project", "cac:ProjectReference/cbc:ID", TEXT),
        *_BODY,
        many("lines", "cac:InvoiceLine", INVOICE_LINE),
    ),
)
_CREDIT_NOTE = Layout(
    Document,
    (
        *_PROCESS,
        one("tax_point", "cbc:TaxPointDate", DATE),
        one("type_code", "cbc:CreditNoteTypeCode", TEXT),
        many("notes", "cbc:Note", TEXT),
        *_HEAD,
        *_DOCUMENTS,
        _ORIGINATOR,
        *_BODY,
        many("lines", "cac:CreditNoteLine", CREDIT_NOTE_LINE),
    ),
)
_ROOTS = {f"{{{INVOICE}}}Invoice": _INVOICE, f"{{{CREDIT_NOTE}}}CreditNote": _CREDIT_NOTE}


def read(data: bytes) -> Document:
    """Read an invoice or credit note; FormatError (with the line) when it is neither or a value is malformed."""
    return read_root(parse(data))


def read_root(root: Element) -> Document:
    """Read an already parsed invoice or credit note."""
    layout = _ROOTS.get(str(root.tag))
    if layout is None:
        raise FormatError("the document is neither a UBL 2.1 Invoice nor a CreditNote", where="line 1")
    seen: Seen = {}
    document = read_section(layout, root, seen)
    document = replace(document, credit=layout is _CREDIT_NOTE, unread=unread_paths(root, seen))
    return _project_read(document) if document.credit else document


def write(document: Document) -> bytes:
    """The document as UTF-8 XML, the same bytes for the same value; `unread` parts are not in it."""
    name, layout = ("CreditNote", _CREDIT_NOTE) if document.credit else ("Invoice", _INVOICE)
    space = CREDIT_NOTE if document.credit else INVOICE
    root = new_root(space, name)
    write_section(layout, _fitted(document) if document.credit else document, root)
    return to_bytes(root)


_PROJECT = "50"
"""The document type code under which a credit note names its project (BT-11): UBL gives it no element for that."""


def _fitted(document: Document) -> Document:
    """A credit note with everything where UBL wants it; MappingError for what has no place in one."""
    if document.due_date is not None:
        raise MappingError(
            "a credit note has no due date of its own", hint="set it on its payment means (due_date)", where="BT-9"
        )
    if not document.project:
        return document
    project = AdditionalDocument(id=Identifier(document.project), type_code=_PROJECT)
    return replace(document, documents=(*document.documents, project))


def _project_read(document: Document) -> Document:
    """The project of a credit note out of its last additional document, where that holds nothing else."""
    last = document.documents[-1] if document.documents else AdditionalDocument()
    if last.id is None or last != AdditionalDocument(id=Identifier(last.id.value), type_code=_PROJECT):
        return document
    return replace(document, documents=document.documents[:-1], project=last.id.value)
