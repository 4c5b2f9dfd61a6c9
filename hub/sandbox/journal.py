"""Systems that make their own documents: a finished EHF and a finished Vektis file, not written by our own writers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from xml.sax.saxutils import escape

_TEMPLATE = """<?xml version="1.0" encoding="UTF-8"?>
<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"
    xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
    xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
  <cbc:CustomizationID>urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0</cbc:CustomizationID>
  <cbc:ProfileID>urn:fdc:peppol.eu:2017:poacc:billing:01:1.0</cbc:ProfileID>
  <cbc:ID>{number}</cbc:ID>
  <cbc:IssueDate>{issued}</cbc:IssueDate>
  <cbc:DueDate>{due}</cbc:DueDate>
  <cbc:InvoiceTypeCode>380</cbc:InvoiceTypeCode>
  <cbc:DocumentCurrencyCode>NOK</cbc:DocumentCurrencyCode>
  <cac:OrderReference><cbc:ID>{sak_id}</cbc:ID></cac:OrderReference>
  <cac:AccountingSupplierParty><cac:Party>
    <cbc:EndpointID schemeID="0192">{seller}</cbc:EndpointID>
    <cac:PostalAddress>
      <cbc:CityName>Ingensteds</cbc:CityName>
      <cac:Country><cbc:IdentificationCode>NO</cbc:IdentificationCode></cac:Country>
    </cac:PostalAddress>
    <cac:PartyTaxScheme>
      <cbc:CompanyID>Foretaksregisteret</cbc:CompanyID>
      <cac:TaxScheme><cbc:ID>TAX</cbc:ID></cac:TaxScheme>
    </cac:PartyTaxScheme>
    <cac:PartyLegalEntity>
      <cbc:RegistrationName>{seller_name}</cbc:RegistrationName>
      <cbc:CompanyID schemeID="0192">{seller}</cbc:CompanyID>
    </cac:PartyLegalEntity>
  </cac:Party></cac:AccountingSupplierParty>
  <cac:AccountingCustomerParty><cac:Party>
    <cbc:EndpointID schemeID="0192">{buyer}</cbc:EndpointID>
    <cac:PostalAddress>
      <cac:Country><cbc:IdentificationCode>NO</cbc:IdentificationCode></cac:Country>
    </cac:PostalAddress>
    <cac:PartyLegalEntity>
      <cbc:RegistrationName>{buyer_name}</cbc:RegistrationName>
      <cbc:CompanyID schemeID="0192">{buyer}</cbc:CompanyID>
    </cac:PartyLegalEntity>
  </cac:Party></cac:AccountingCustomerParty>
  <cac:PaymentMeans>
    <cbc:PaymentMeansCode>30</cbc:PaymentMeansCode>
    <cbc:PaymentID>{kid}</cbc:PaymentID>
    <cac:PayeeFinancialAccount><cbc:ID>{account}</cbc:ID></cac:PayeeFinancialAccount>
  </cac:PaymentMeans>
  <cac:TaxTotal>
    <cbc:TaxAmount currencyID="NOK">0.00</cbc:TaxAmount>
    <cac:TaxSubtotal>
      <cbc:TaxableAmount currencyID="NOK">{amount}</cbc:TaxableAmount>
      <cbc:TaxAmount currencyID="NOK">0.00</cbc:TaxAmount>
      <cac:TaxCategory>
        <cbc:ID>E</cbc:ID>
        <cbc:Percent>0</cbc:Percent>
        <cbc:TaxExemptionReason>Helsetjeneste, mval. § 3-2</cbc:TaxExemptionReason>
        <cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme>
      </cac:TaxCategory>
    </cac:TaxSubtotal>
  </cac:TaxTotal>
  <cac:LegalMonetaryTotal>
    <cbc:LineExtensionAmount currencyID="NOK">{amount}</cbc:LineExtensionAmount>
    <cbc:TaxExclusiveAmount currencyID="NOK">{amount}</cbc:TaxExclusiveAmount>
    <cbc:TaxInclusiveAmount currencyID="NOK">{amount}</cbc:TaxInclusiveAmount>
    <cbc:PayableAmount currencyID="NOK">{amount}</cbc:PayableAmount>
  </cac:LegalMonetaryTotal>
  <cac:InvoiceLine>
    <cbc:ID>1</cbc:ID>
    <cbc:InvoicedQuantity unitCode="C62">1</cbc:InvoicedQuantity>
    <cbc:LineExtensionAmount currencyID="NOK">{amount}</cbc:LineExtensionAmount>
    <cac:Item>
      <cbc:Name>Oppfolging</cbc:Name>
      <cac:ClassifiedTaxCategory>
        <cbc:ID>E</cbc:ID>
        <cbc:Percent>0</cbc:Percent>
        <cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme>
      </cac:ClassifiedTaxCategory>
      <cac:AdditionalItemProperty><cbc:Name>TreatmentId</cbc:Name><cbc:Value>B1020</cbc:Value></cac:AdditionalItemProperty>
      <cac:AdditionalItemProperty>
        <cbc:Name>TreatmentDateTime</cbc:Name>
        <cbc:Value>{day} 09:00:00</cbc:Value>
      </cac:AdditionalItemProperty>
    </cac:Item>
    <cac:Price><cbc:PriceAmount currencyID="NOK">{amount}</cbc:PriceAmount></cac:Price>
  </cac:InvoiceLine>
</Invoice>
"""


def finished_invoice(
    number: str,
    *,
    sak_id: str,
    issued: date,
    seller: tuple[str, str],
    buyer: tuple[str, str],
    kid: str,
    account: str,
    amount: str,
) -> bytes:
    """An EHF invoice of one treatment; `seller` and `buyer` are organisation number and name."""
    values = {
        "number": number,
        "sak_id": sak_id,
        "issued": issued.isoformat(),
        "due": (issued + timedelta(days=14)).isoformat(),
        "day": (issued - timedelta(days=1)).isoformat(),
        "seller": seller[0],
        "seller_name": seller[1],
        "buyer": buyer[0],
        "buyer_name": buyer[1],
        "kid": kid,
        "account": account,
        "amount": amount,
    }
    return _TEMPLATE.format(**{name: escape(value) for name, value in values.items()}).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One physiotherapy session of an invented person in another system."""

    bsn: str
    born: date
    sex: str
    name: str
    day: date
    cents: int
    ref: str


def finished_claim_file(
    number: str, sessions: Sequence[Session], *, practice: str, performer: str, uzovi: str, issued: date
) -> bytes:
    """A PM304 3.2 claim file (paramedics) with one session a person, laid out by position.

    Positions from the published record layout; 310 characters a record, CR LF after each.
    """
    begin, end = min(each.day for each in sessions), max(each.day for each in sessions)
    period = f"{begin:%Y%m%d}{end:%Y%m%d}"
    parties = f"{uzovi}{'0' * 8}{performer}{practice}{'0' * 8}03"
    records = [
        _record((1, "011070302T000000"), (27, parties + period + number), (93, f"{issued:%Y%m%d}"), (115, "EUR"))
    ]
    for each in sessions:
        insured = f"02{len(records):012d}{each.bsn}{uzovi}"
        records.append(
            _record((1, insured), (54, f"{each.born:%Y%m%d}{each.sex}1{each.name}"), (99, "0"), (135, "T"), *_HOME)
        )
        amounts = f"{each.cents:08d}{each.cents:08d}D0000{each.cents:08d}D{each.ref}"
        performance = (
            *((1, f"04{len(records):012d}{each.bsn}{uzovi}"), (58, f"1{each.day:%Y%m%d}0121000  0001N")),
            *((81, "0" * 25), (114, "000"), (125, "000" + performer), (136, "0" * 26), (162, amounts)),
        )
        records.append(_record(*performance))
    count = len(sessions)
    counts = f"{count:06d}{0:06d}{count:06d}{0:06d}{2 * count:07d}"
    records.append(_record((1, f"99{counts}{sum(each.cents for each in sessions):011d}D")))
    return "".join(f"{record}\r\n" for record in records).encode("latin-1")


_HOME = ((141, "0"), (142, "7500ZZ"), (157, "00001"))


def _record(*pieces: tuple[int, str]) -> str:
    """A record of 310 characters with texts from their positions (1-based)."""
    text = " " * 310
    for start, piece in pieces:
        text = text[: start - 1] + piece + text[start - 1 + len(piece) :]
    return text
