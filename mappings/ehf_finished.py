"""A finished EHF from a journal system, read into what the pipeline needs to make a Claim of it.

Source: Peppol BIS Billing 3.0; SakID in OrderReference/ID and KID in PaymentMeans/PaymentID as in EHF.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from types import MappingProxyType

from hub.errors import MappingError
from hub.model.money import Money, money
from hub.model.party import Address, Party
from schemas.ubl import Document, parties
from schemas.ubl.lines import Line
from schemas.ubl.values import Amount

_EMPTY: Mapping[str, str] = MappingProxyType({})
_ORGNR = "0192"


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedLine:
    """One line of a finished invoice. `net` is after allowances and positive as written, also on a credit note.

    `properties` are the item properties under the names the document gives them (`TreatmentId`, ...).
    """

    id: str
    name: str
    service_code: str
    quantity: Decimal
    unit_price: Decimal
    allowance: Money
    allowance_reason: str
    net: Money
    vat_category: str
    vat_rate: str
    properties: Mapping[str, str] = field(default_factory=lambda: _EMPTY)


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedInvoice:
    """A finished EHF in our words; `credits` is the number of the invoice a credit note takes back."""

    credit: bool
    number: str
    issue_date: date
    due_date: date | None
    currency: str
    seller: Party
    buyer: Party
    sak_id: str
    buyer_reference: str
    kid: str
    account: str
    credits: str
    payable: Money
    lines: tuple[FinishedLine, ...]
    unread: tuple[str, ...] = ()

    @property
    def seller_orgnr(self) -> str:
        """The organisation number of who sends the invoice."""
        return self.seller.id

    @property
    def buyer_orgnr(self) -> str:
        """The organisation number of who pays."""
        return self.buyer.id


def from_ehf(document: Document) -> FinishedInvoice:
    """Read a finished document; MappingError names the field without which no claim can be made."""
    issued = document.issue_date
    if not document.number or issued is None or not document.currency:
        raise _missing(document, "invoice number, issue date or currency")
    means = document.payment_means[0] if document.payment_means else None
    account = means.account.value if means and means.account else ""
    return FinishedInvoice(
        credit=document.credit,
        number=document.number,
        issue_date=issued,
        due_date=document.due_date or (means.due_date if means else None),
        currency=document.currency,
        seller=_party(document, document.seller, "seller", account),
        buyer=_party(document, document.buyer, "buyer", ""),
        sak_id=document.order_reference,
        buyer_reference=document.buyer_reference,
        kid=means.payment_id if means else "",
        account=account,
        credits=document.preceding[0].id if document.preceding else "",
        payable=_money(document, document.totals.payable, "payable amount"),
        lines=tuple(_line(document, line) for line in document.lines),
        unread=document.unread,
    )


def _missing(document: Document, what: str) -> MappingError:
    return MappingError(f"the document has no usable {what}", where=f"invoice {document.number or '(no number)'}")


def _money(document: Document, amount: Amount | None, what: str) -> Money:
    if amount is None:
        raise _missing(document, what)
    try:
        return money(amount.value, document.currency)
    except ValueError:
        raise _missing(document, f"{what} (too many decimals)") from None


def _party(document: Document, party: parties.Party, role: str, account: str) -> Party:
    number = parties.organisation_number(party, _ORGNR)
    if not number:
        raise _missing(document, f"organisation number of the {role} (scheme {_ORGNR})")
    registered = {entry.scheme: entry.company_id.value for entry in party.taxes if entry.company_id}
    place = party.address or parties.PostalAddress()
    return Party(
        scheme=_ORGNR,
        id=number,
        name=party.legal.name if party.legal and party.legal.name else party.name,
        address=Address(street=place.street, city=place.city, postal_code=place.postal_code, country=place.country),
        email=party.contact.email if party.contact else "",
        account=account,
        vat_registered="VAT" in registered,
        foretaksregisteret=registered.get("TAX") == "Foretaksregisteret",
    )


def _line(document: Document, line: Line) -> FinishedLine:
    where = f"line {line.id}"
    price = line.price.amount if line.price else None
    if line.quantity is None or price is None:
        raise _missing(document, f"quantity or price on {where}")
    tax = line.item.tax
    taken = [entry for entry in line.allowances if not entry.charge and entry.amount]
    allowance = sum((entry.amount.value for entry in taken if entry.amount), Decimal(0))
    return FinishedLine(
        id=line.id,
        name=line.item.name,
        service_code=line.property("TreatmentId") or line.item.sellers_id,
        quantity=line.quantity.value,
        unit_price=price.value,
        allowance=_money(document, Amount(allowance), f"allowance on {where}"),
        allowance_reason="; ".join(entry.reason for entry in taken if entry.reason),
        net=_money(document, line.net, f"net amount on {where}"),
        vat_category=tax.id if tax else "",
        vat_rate=format(tax.percent, "f") if tax and tax.percent is not None else "",
        properties=MappingProxyType({entry.name: entry.value for entry in line.item.properties}),
    )
