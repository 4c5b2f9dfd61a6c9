"""A finished EHF invoice or credit note: checked, and read into the one claim it makes.

Sources: Peppol BIS Billing 3.0 with the EHF rules (`schemas.peppol`); the item properties of extended EHF for treatment
assignments (Behandlernettverk/DigiCare). Times without a zone are Norwegian.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from hub.errors import FormatError, MappingError
from hub.model.claim import ClaimKind, ClaimLine
from hub.model.finding import Finding
from hub.model.identity import digits, is_fnr
from hub.model.money import EXPONENT, Money, total
from hub.model.person import Person
from hub.pipeline.context import ZONES
from hub.pipeline.finished.reading import Draft, Envelope, Place, Reading, problem
from hub.store.unit import new_id
from mappings.ehf_finished import FinishedInvoice, FinishedLine, from_ehf
from schemas import peppol, ubl
from schemas.peppol import CheckResult
from schemas.ubl import Document, parties
from schemas.ubl.document_types import document_type
from schemas.ubl.lines import Line
from schemas.ubl.names import BILLING, BILLING_PROFILE, ORGNR, current_scheme, document_type_id

INVOICE = "ubl-invoice"
CREDIT_NOTE = "ubl-creditnote"
WHOLE_DOCUMENT = "document"
"""Service code of the line that holds what the document charges beyond its lines: VAT, charges, rounding."""
_WHOLE_DOCUMENT_TEXT = "MVA, gebyrer og avrunding på dokumentnivå"
_WHOLE_ALLOWANCE_TEXT = "Fradrag på dokumentnivå"
_HEAD = 4000
_NOT_ROOT = re.compile(r"\s*(?:<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>\[]*(?:\[.*?\]\s*)?>)", re.DOTALL)
COUNTRY = "NO"
_ROOT = re.compile(r"\s*<(?:[\w.-]+:)?(Invoice|CreditNote)[\s>/]")
_ELEVEN = re.compile(r"(?<!\d)\d{6}[ .-]?\d{5}(?!\d)")
_NOT_NAME = re.compile(r"[^A-Za-z0-9]+")
_LONGEST = {"number": 40, "sak_id": 60, "credits": 40, "currency": 3}
_KID_LONGEST = 25
_CODE_LONGEST = 20


def recognise(data: bytes) -> str | None:
    """By root element and namespace, also where the document is broken further on (then its findings say so)."""
    head = _text(data[: 2 * _HEAD])
    while (skipped := _NOT_ROOT.match(head)) is not None:
        head = head[skipped.end() :]
    root = _ROOT.match(head)
    if root is None or f"urn:oasis:names:specification:ubl:schema:xsd:{root[1]}-2" not in head:
        return None
    return CREDIT_NOTE if root[1] == "CreditNote" else INVOICE


def _text(head: bytes) -> str:
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return head[: len(head) // 2 * 2].decode("utf-16", "ignore")
    return head.removeprefix(b"\xef\xbb\xbf").decode("latin-1")


def read(data: bytes, kind: str, on: date, stage: str) -> Reading:
    """Check a document with the rules in force on a day and read it as far as it can be read."""
    del stage  # an invoice does not say whether it is a test
    result = peppol.inspect(data, on)
    kind = result.format or kind
    try:
        document = ubl.read(data)
    except FormatError as error:
        return Reading(format=kind, country="NO", findings=(*result.findings, _unread(error)))
    try:
        invoice = from_ehf(document)
    except MappingError as error:
        return _sender_only(kind, document, (*result.findings, _unread(error)))
    findings = (*result.findings, *_too_long(invoice), *_personal(document, invoice))
    return _reading(kind, document, invoice, replace(result, findings=findings))


def _sender_only(kind: str, document: Document, findings: tuple[Finding, ...]) -> Reading:
    """No claim can be made of it, but whoever sent it must be told."""
    seller = digits(parties.organisation_number(document.seller, ORGNR))
    return Reading(
        format=kind,
        country="NO",
        findings=findings,
        scheme=ORGNR,
        number=document.number,
        provider=seller,
        claimant=seller,
        submitter=seller,
        ours=(seller,) if seller else (),
    )


def _unread(error: FormatError | MappingError) -> Finding:
    place = Place(location=error.where)
    return problem("KVITT-FINISHED-01", "FINISHED_UNREADABLE", at=place, reason=error.message)


def _too_long(invoice: FinishedInvoice) -> Iterator[Finding]:
    """What no column holds whole is refused, never cut: these are the numbers an answer comes back under."""
    for name, longest in _LONGEST.items():
        if len(getattr(invoice, name)) > longest:
            place = Place(location=name)
            yield problem("KVITT-FINISHED-02", "FINISHED_TOO_LONG", at=place, field=name, longest=longest)


def _personal(document: Document, invoice: FinishedInvoice) -> Iterator[Finding]:
    """An EHF never carries a fødselsnummer: it travels to people who need not know the patient."""
    own_account = digits(invoice.account)
    for place, text in _free_texts(document, invoice):
        found = [digits(each) for each in _ELEVEN.findall(text)]
        if any(is_fnr(each, allow_synthetic=True) and each != own_account for each in found):
            yield problem("KVITT-PRIVACY-01", "FINISHED_PERSONAL", at=Place(location=place), place=place)


def _free_texts(document: Document, invoice: FinishedInvoice) -> Iterator[tuple[str, str]]:
    yield from (("Note", note) for note in document.notes)
    yield "PaymentTerms", document.payment_terms
    yield "OrderReference", invoice.sak_id
    yield "BuyerReference", invoice.buyer_reference
    for line in document.lines:
        yield from ((f"line {line.id}", text) for text in (line.note, line.item.name, line.item.description))
        yield f"line {line.id}", line.item.sellers_id
        yield from ((f"line {line.id}", allowance.reason) for allowance in line.allowances)
        yield from ((f"line {line.id}, property {one.name}", one.value) for one in line.item.properties)


def _reading(kind: str, document: Document, invoice: FinishedInvoice, result: CheckResult) -> Reading:
    seller = digits(invoice.seller_orgnr)
    return Reading(
        format=kind,
        country="NO",
        findings=result.findings,
        scheme=ORGNR,
        number=invoice.number,
        issue_date=invoice.issue_date,
        currency=invoice.currency,
        provider=seller,
        claimant=seller,
        submitter=seller,
        ours=(seller,),
        stated=replace(invoice.seller, id=seller),
        drafts=(_draft(document, invoice, seller),),
        envelope=_envelope(kind, document, invoice, seller, result.ruleset),
    )


def _envelope(kind: str, document: Document, invoice: FinishedInvoice, seller: str, ruleset: str) -> Envelope:
    endpoint = document.buyer.endpoint
    known = endpoint is not None and bool(endpoint.scheme)
    root = "CreditNote" if document.credit else "Invoice"
    customization = document.customization_id or BILLING
    known_type = document_type(root, customization)
    return Envelope(
        kind=kind,
        name=f"EHF_{seller}_{_NOT_NAME.sub('-', invoice.number)}.xml",
        media_type="application/xml",
        meta={
            "sender": f"{ORGNR}:{seller}",
            "receiver": f"{current_scheme(endpoint.scheme)}:{endpoint.value}"
            if endpoint is not None and known
            else f"{ORGNR}:{digits(invoice.buyer_orgnr)}",
            "country_c1": "NO",
            "document_id": known_type.id if known_type else document_type_id(root, customization),
            "process_id": document.profile_id or BILLING_PROFILE,
        },
        ruleset=ruleset,
    )


def _draft(document: Document, invoice: FinishedInvoice, seller: str) -> Draft:
    series = "creditnote" if invoice.credit else "invoice"
    references = {"sak_id": invoice.sak_id, "buyer_ref": invoice.buyer_reference}
    is_kid = len(invoice.kid) <= _KID_LONGEST
    if not is_kid:
        references["payment_id"] = invoice.kid
    return Draft(
        key=f"{series}:{seller}:{invoice.number}",
        at=1,
        ref=invoice.number,
        kind=ClaimKind.CREDIT if invoice.credit else ClaimKind.DEBIT,
        payer_code=digits(invoice.buyer_orgnr),
        payer_name=invoice.buyer.name,
        payer_on=invoice.issue_date,
        person=Person(),
        subject=("case", f"{seller}:{invoice.sak_id or invoice.number}"),
        due_date=invoice.due_date,
        kid=invoice.kid if is_kid else "",
        corrects=invoice.credits,
        references={name: value for name, value in references.items() if value},
        lines=_lines(document, invoice),
    )


@dataclass(frozen=True, slots=True)
class _Share:
    """What one line asks for after its share of the document's own allowances; positive as the document writes it."""

    net: Money
    cut: Money


def _lines(document: Document, invoice: FinishedInvoice) -> tuple[ClaimLine, ...]:
    """The document's lines; together with the last one they add up to what is to be paid."""
    shares, rest = _shared([line.net for line in invoice.lines], invoice.payable)
    lines = [_line(document, invoice, number, share) for number, share in enumerate(shares, start=1)]
    return (*lines, _rest(invoice, len(lines) + 1, rest)) if rest else tuple(lines)


def _shared(nets: Sequence[Money], payable: Money) -> tuple[list[_Share], Money]:
    """An allowance on the whole document comes off its lines in order, never below zero; charges on top are left."""
    rest = payable - total(list(nets), payable.currency)
    left = -rest.minor if all(net.minor >= 0 for net in nets) else 0
    shares: list[_Share] = []
    for net in nets:
        cut = max(min(left, net.minor), 0)
        left -= cut
        rest += Money(cut, payable.currency)
        shares.append(_Share(Money(net.minor - cut, payable.currency), Money(cut, payable.currency)))
    return shares, rest


def _line(document: Document, invoice: FinishedInvoice, number: int, share: _Share) -> ClaimLine:
    line = invoice.lines[number - 1]
    allowance = line.allowance + share.cut
    quantity, price, extra = _counted(line, share.net + allowance)
    reasons = (line.allowance_reason, _WHOLE_ALLOWANCE_TEXT if share.cut else "")
    return ClaimLine(
        id=new_id(),
        number=number,
        ref=f"{invoice.number}-{number}"[-40:],
        service_code=line.service_code[:_CODE_LONGEST],
        service_text=line.name,
        begins=_begins(line, document, document.lines[number - 1], invoice.issue_date),
        quantity=quantity,
        unit_price=price,
        allowance=allowance or None,
        allowance_reason="; ".join(reason for reason in reasons if reason),
        amount=-share.net if invoice.credit else share.net,
        vat_category=line.vat_category,
        vat_rate=line.vat_rate,
        performer=line.properties.get("TherapistHpr", ""),
        performer_name=line.properties.get("TherapistName", ""),
        profession=line.properties.get("Profession", ""),
        extra={**line.properties, **extra},
    )


def _counted(line: FinishedLine, gross: Money) -> tuple[int, Money, dict[str, str]]:
    """Quantity and price as whole numbers where they make the line's amount; otherwise one of its gross amount."""
    minor = line.unit_price.scaleb(EXPONENT.get(gross.currency, 2))
    whole = line.quantity == line.quantity.to_integral_value() and minor == minor.to_integral_value()
    if whole and line.quantity * minor == Decimal(gross.minor):
        return int(line.quantity), Money(int(minor), gross.currency), {}
    written = {"quantity": f"{line.quantity:f}", "unit_price": f"{line.unit_price:f}"}
    return 1, gross, written


def _begins(line: FinishedLine, document: Document, written: Line, issued: date) -> date | datetime:
    """When it was done: the treatment's own moment, else the line's or document's period, else the day of issue."""
    given = line.properties.get("TreatmentDateTime", "").strip()
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        periods = [period.start for period in (written.period, document.period) if period and period.start]
        delivered = document.delivery.day if document.delivery else None
        return next(iter(periods), delivered or issued)
    return moment if moment.tzinfo else moment.replace(tzinfo=ZONES["NO"])


def _rest(invoice: FinishedInvoice, number: int, rest: Money) -> ClaimLine:
    return ClaimLine(
        id=new_id(),
        number=number,
        ref=f"{invoice.number}-{number}"[-40:],
        service_code=WHOLE_DOCUMENT,
        service_text=_WHOLE_DOCUMENT_TEXT,
        begins=invoice.issue_date,
        unit_price=rest,
        amount=-rest if invoice.credit else rest,
    )
