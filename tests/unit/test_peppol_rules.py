"""Every rule of set 2026.5 and of our own: it holds on a sound document that it really looks at, and fails on a break."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

import pytest
from lxml import etree

from hub.model.finding import Finding, Severity
from schemas.peppol import check
from schemas.peppol.rules import own
from schemas.peppol.rules.core import ENGINE, Rule, judge
from schemas.peppol.rules.page import page
from schemas.peppol.rules.registry import SETS
from schemas.peppol.rules.set_2026_5 import document as document_rules
from schemas.peppol.rules.set_2026_5 import (
    exempt,
    groups,
    national,
    peppol,
    peppol_entries,
    peppol_lines,
    peppol_money,
    precision,
    rated,
    sums,
)
from schemas.peppol.rules.set_2026_5 import lines as line_rules
from schemas.peppol.rules.view import View
from schemas.ubl import write, xsd
from schemas.ubl.amounts import AllowanceCharge, TaxCategory, TaxTotal
from schemas.ubl.document import Document
from schemas.ubl.lines import Item, ItemProperty, Line, Price
from schemas.ubl.names import BILLING, BILLING_PROFILE, CAC, CBC
from schemas.ubl.parties import Contact, Delivery, LegalEntity, Party, PostalAddress, TaxRegistration
from schemas.ubl.payment import PaymentMeans
from schemas.ubl.references import AdditionalDocument, DocumentReference, Period
from schemas.ubl.totals import totalled
from schemas.ubl.values import Amount, Identifier, ListedCode, Quantity
from schemas.xml import Element, parse

SPACES = {"cac": CAC, "cbc": CBC}
MODULES = (
    document_rules, exempt, groups, line_rules, national, peppol, peppol_entries, peppol_lines, peppol_money, precision, rated,
    sums, own,
)  # fmt: skip
RULES = {rule.id: rule for module in MODULES for rule in module.RULES}
"""What this file proves; code lists, identifiers, UBL, other nations and responses have files of their own."""
SELLER_NUMBER, BUYER_NUMBER = "310000086", "310000914"
RATES = {"S": "25", "L": "7", "M": "4"}
REASONS = dict.fromkeys(("E", "AE", "G", "K", "O"), "Fritatt etter reglene")
IDS = {"S": "S", "E": "E", "Z": "Z", "AE": "AE", "G": "G", "K": "IC", "O": "O", "L": "AF", "M": "AG"}


def nok(text: str) -> Amount:
    return Amount(Decimal(text), "NOK")


def tax(code: str) -> TaxCategory:
    percent = None if code == "O" else Decimal(RATES.get(code, "0"))
    return TaxCategory(id=code, percent=percent, scheme="VAT")


def party(number: str, name: str, *, vat: bool, country: str = "NO") -> Party:
    registered = TaxRegistration(company_id=Identifier(f"NO{number}MVA"), scheme="VAT")
    word = TaxRegistration(company_id=Identifier("Foretaksregisteret"), scheme="TAX")
    return Party(
        endpoint=Identifier(number, "0192"),
        name=name,
        address=PostalAddress(street="Gata 1", city="Oslo", postal_code="0001", country=country),
        taxes=(registered, word) if vat else (word,),
        legal=LegalEntity(name=name, company_id=Identifier(number, "0192")),
        contact=Contact(name="Ingen"),
    )


def line(code: str) -> Line:
    discount = AllowanceCharge(amount=nok("50"), base=nok("450"))
    return Line(
        id="1",
        quantity=Quantity(Decimal(2), "C62"),
        period=Period(start=date(2026, 9, 2), end=date(2026, 9, 3)),
        order_line="7",
        document=AdditionalDocument(id=Identifier("objekt"), type_code="130"),
        allowances=(
            AllowanceCharge(reason="Egenandel", amount=nok("40"), base=nok("400"), percent=Decimal(10)),
            AllowanceCharge(charge=True, reason="Gebyr", amount=nok("10"), base=nok("100"), percent=Decimal(10)),
        ),
        item=Item(
            name="Behandling",
            standard_id=Identifier("4035811611138", "0160"),
            classifications=(ListedCode("85", "STI"),),
            tax=tax(code),
            properties=(ItemProperty(name="TreatmentId", value="B1010"),),
        ),
        price=Price(amount=nok("400"), base_quantity=Quantity(Decimal(2), "C62"), allowance=discount),
    )


def document(code: str = "S", *, credit: bool = False, country: str = "NO") -> Document:
    """A sound document in which every optional group stands, so that every rule has something to look at."""
    vat = code != "O"
    seller = replace(party(SELLER_NUMBER, "Klinikk", vat=vat, country=country), identifications=(Identifier("K1"),))
    payee = Party(name="Faktorselskap", identifications=(Identifier("F1"),))
    representative = replace(party(SELLER_NUMBER, "Representant", vat=vat), endpoint=None, legal=None, contact=None)
    representative = replace(representative, taxes=representative.taxes[:1])
    entries = (
        AllowanceCharge(reason="Avtale", amount=nok("20"), base=nok("200"), percent=Decimal(10), tax=tax(code)),
        AllowanceCharge(
            charge=True, reason="Tillegg", amount=nok("5"), base=nok("50"), percent=Decimal(10), tax=tax(code)
        ),
    )
    means = PaymentMeans(
        code=ListedCode("30"),
        payment_id="1000124",
        card_number="1234",
        card_network="VISA",
        account=Identifier("86011117947"),
        mandate="M1",
    )
    found = Document(
        credit=credit,
        customization_id=BILLING,
        profile_id=BILLING_PROFILE,
        number="10001",
        issue_date=date(2026, 9, 4),
        due_date=None if credit else date(2026, 9, 18),
        type_code="381" if credit else "380",
        notes=("Takk",),
        currency="NOK",
        period=Period(start=date(2026, 9, 1), end=date(2026, 9, 30)),
        order_reference="6TST1",
        buyer_reference="ref",
        preceding=(DocumentReference(id="9999"),),
        documents=(AdditionalDocument(id=Identifier("P1"), type_code="50" if credit else ""),),
        seller=seller,
        buyer=party(BUYER_NUMBER, "Forsikring", vat=vat, country=country),
        payee=payee,
        tax_representative=representative if vat else None,
        delivery=Delivery(day=date(2026, 9, 2), address=PostalAddress(country="NO")),
        payment_means=(means,),
        allowances=entries,
        lines=(line(code),),
    )
    return totalled(found, reasons=REASONS, prepaid=Decimal("1.00"), rounding=Decimal("0.50"))


def two_currencies() -> Document:
    found = replace(document(), tax_currency="EUR", tax_point=date(2026, 9, 4))
    return replace(found, tax_totals=(*found.tax_totals, TaxTotal(amount=Amount(Decimal("8.00"), "EUR"))))


def other_identifiers() -> Document:
    """Identifiers of other countries with right check digits (made up)."""
    found = document()
    ids = (("5790000435975", "0088"), ("12345674", "0184"), ("0202239951", "0208"))
    more = (("5560360793", "0007"), ("51824753556", "0151"))
    numbers = tuple(Identifier(value, scheme) for value, scheme in (*ids, *more))
    return replace(found, seller=replace(found.seller, identifications=(Identifier("K1"), *numbers)))


def dutch(*, credit: bool = False) -> Document:
    found = document(credit=credit, country="NL")
    kvk = LegalEntity(name="Praktijk", company_id=Identifier("12345678", "0106"))
    parties = {name: replace(getattr(found, name), legal=kvk) for name in ("seller", "buyer")}
    address = PostalAddress(street="Straat 1", city="Utrecht", postal_code="3500AA", country="NL")
    representative = replace(found.tax_representative or Party(), address=address)
    return replace(found, tax_representative=representative, **parties)


def direct_debit() -> Document:
    found = document()
    return replace(found, payment_means=(replace(found.payment_means[0], code=ListedCode("59")),))


def unschemed() -> Document:
    found = document()
    legal = LegalEntity(name="Klinikk", company_id=Identifier(SELLER_NUMBER))
    return replace(found, seller=replace(found.seller, legal=legal))


BASES = {
    **{code: document(code) for code in IDS},
    "credit": document(credit=True),
    "two": two_currencies(),
    "ids": other_identifiers(),
    "nl": dutch(),
    "nl-credit": dutch(credit=True),
    "debit": direct_debit(),
    "unschemed": unschemed(),
}


@dataclass(frozen=True)
class Break:
    """One way to break one rule: edits of a base document, `op|xpath|value`."""

    rule: str
    base: str
    edits: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.rule}-{self.base}-{len(self.edits)}"


def edit(root: Element, step: str) -> None:
    """`-` remove, `=` set the text, `@` set (or with no value drop) an attribute, `+` add a child."""
    op, path, value = (*step.split("|"), "", "")[:3]
    found = root.xpath(path, namespaces=SPACES)
    assert isinstance(found, list), path
    assert found, f"{path} finds nothing to edit"
    for node in found:
        assert isinstance(node, etree._Element)
        _edit(node, op, value)


def _edit(node: Element, op: str, value: str) -> None:
    above = node.getparent()
    if op == "-":
        assert above is not None
        above.remove(node)
    elif op == "=":
        node.text = value
    elif op == "@":
        name, _, text = value.partition("=")
        node.attrib.pop(name, None)
        if text:
            node.set(name, text)
    else:
        node.append(etree.fromstring(f'<x xmlns:cac="{CAC}" xmlns:cbc="{CBC}">{value}</x>')[0])


def edited(base: str, edits: tuple[str, ...]) -> bytes:
    root = parse(write(BASES[base]))
    for step in edits:
        edit(root, step)
    return etree.tostring(root)


SELLER = "/*/cac:AccountingSupplierParty/cac:Party"
BUYER = "/*/cac:AccountingCustomerParty/cac:Party"
REPRESENTATIVE = "/*/cac:TaxRepresentativeParty"
TOTALS = "/*/cac:LegalMonetaryTotal"
SUBTOTAL = "/*/cac:TaxTotal/cac:TaxSubtotal"
LINE = "//cac:InvoiceLine"
ALLOWANCE = "/*/cac:AllowanceCharge[cbc:ChargeIndicator='false']"
CHARGE = "/*/cac:AllowanceCharge[cbc:ChargeIndicator='true']"
LINE_ALLOWANCE = f"{LINE}/cac:AllowanceCharge[cbc:ChargeIndicator='false']"
LINE_CHARGE = f"{LINE}/cac:AllowanceCharge[cbc:ChargeIndicator='true']"
SIMPLE = f"""
BR-01 S -|/*/cbc:CustomizationID
BR-02 S -|/*/cbc:ID
BR-02 S =|/*/cbc:ID|
BR-03 S -|/*/cbc:IssueDate
BR-04 S -|/*/cbc:InvoiceTypeCode
BR-04 credit -|/*/cbc:CreditNoteTypeCode
BR-05 S -|/*/cbc:DocumentCurrencyCode
BR-06 S -|{SELLER}/cac:PartyLegalEntity/cbc:RegistrationName
BR-07 S -|{BUYER}/cac:PartyLegalEntity/cbc:RegistrationName
BR-08 S -|{SELLER}/cac:PostalAddress
BR-09 S -|{SELLER}/cac:PostalAddress/cac:Country
BR-10 S -|{BUYER}/cac:PostalAddress
BR-11 S -|{BUYER}/cac:PostalAddress/cac:Country
BR-12 S -|{TOTALS}/cbc:LineExtensionAmount
BR-13 S -|{TOTALS}/cbc:TaxExclusiveAmount
BR-14 S -|{TOTALS}/cbc:TaxInclusiveAmount
BR-15 S -|{TOTALS}/cbc:PayableAmount
BR-16 S -|{LINE}
BR-17 S -|/*/cac:PayeeParty/cac:PartyName
BR-17 S =|/*/cac:PayeeParty/cac:PartyName/cbc:Name|Klinikk
BR-17 S =|/*/cac:PayeeParty/cac:PartyIdentification/cbc:ID|K1
BR-18 S -|{REPRESENTATIVE}/cac:PartyName
BR-19 S -|{REPRESENTATIVE}/cac:PostalAddress
BR-20 S -|{REPRESENTATIVE}/cac:PostalAddress/cac:Country
BR-21 S -|{LINE}/cbc:ID
BR-22 S -|{LINE}/cbc:InvoicedQuantity
BR-23 S @|{LINE}/cbc:InvoicedQuantity|unitCode
BR-24 S -|{LINE}/cbc:LineExtensionAmount
BR-25 S -|{LINE}/cac:Item/cbc:Name
BR-26 S -|{LINE}/cac:Price/cbc:PriceAmount
BR-27 S =|{LINE}/cac:Price/cbc:PriceAmount|-1
BR-28 S =|{LINE}/cac:Price/cac:AllowanceCharge/cbc:BaseAmount|-1
BR-29 S =|/*/cac:InvoicePeriod/cbc:EndDate|2026-08-31
BR-30 S =|{LINE}/cac:InvoicePeriod/cbc:EndDate|2026-09-01
BR-31 S -|{ALLOWANCE}/cbc:Amount
BR-32 S -|{ALLOWANCE}/cac:TaxCategory
BR-33 S -|{ALLOWANCE}/cbc:AllowanceChargeReason
BR-36 S -|{CHARGE}/cbc:Amount
BR-37 S -|{CHARGE}/cac:TaxCategory/cac:TaxScheme
BR-38 S -|{CHARGE}/cbc:AllowanceChargeReason
BR-41 S -|{LINE_ALLOWANCE}/cbc:Amount
BR-42 S -|{LINE_ALLOWANCE}/cbc:AllowanceChargeReason
BR-43 S -|{LINE_CHARGE}/cbc:Amount
BR-44 S -|{LINE_CHARGE}/cbc:AllowanceChargeReason
BR-45 S -|{SUBTOTAL}/cbc:TaxableAmount
BR-46 S -|{SUBTOTAL}/cbc:TaxAmount
BR-47 S -|{SUBTOTAL}/cac:TaxCategory/cbc:ID
BR-48 S -|{SUBTOTAL}/cac:TaxCategory/cbc:Percent
BR-49 S -|//cbc:PaymentMeansCode
BR-50 S =|//cac:PayeeFinancialAccount/cbc:ID|
BR-51 S =|//cbc:PrimaryAccountNumberID|12345678901
BR-52 S -|/*/cac:AdditionalDocumentReference/cbc:ID
BR-53 two @|/*/cac:TaxTotal[not(cac:TaxSubtotal)]/cbc:TaxAmount|currencyID=SEK
BR-54 S -|//cac:AdditionalItemProperty/cbc:Value
BR-55 S -|//cac:InvoiceDocumentReference/cbc:ID
BR-56 S -|{REPRESENTATIVE}/cac:PartyTaxScheme
BR-57 S -|//cac:DeliveryLocation/cac:Address/cac:Country
BR-61 S -|//cac:PayeeFinancialAccount
BR-62 S @|{SELLER}/cbc:EndpointID|schemeID
BR-63 S @|{BUYER}/cbc:EndpointID|schemeID
BR-64 S @|//cac:StandardItemIdentification/cbc:ID|schemeID
BR-65 S @|//cbc:ItemClassificationCode|listID
BR-CO-03 S +|/*|<cbc:TaxPointDate>2026-09-01</cbc:TaxPointDate> +|/*/cac:InvoicePeriod|<cbc:DescriptionCode>35</cbc:DescriptionCode>
BR-CO-04 S -|{LINE}/cac:Item/cac:ClassifiedTaxCategory
BR-CO-09 S =|{SELLER}/cac:PartyTaxScheme[1]/cbc:CompanyID|99310000086
BR-CO-10 S =|{TOTALS}/cbc:LineExtensionAmount|369.99
BR-CO-11 S =|{TOTALS}/cbc:AllowanceTotalAmount|20.01
BR-CO-11 S -|{TOTALS}/cbc:AllowanceTotalAmount
BR-CO-12 S =|{TOTALS}/cbc:ChargeTotalAmount|5.01
BR-CO-13 S =|{TOTALS}/cbc:TaxExclusiveAmount|355.01
BR-CO-14 S =|/*/cac:TaxTotal/cbc:TaxAmount|88.76
BR-CO-15 S =|{TOTALS}/cbc:TaxInclusiveAmount|443.76
BR-CO-15 S @|/*/cac:TaxTotal/cbc:TaxAmount|currencyID=SEK
BR-CO-16 S =|{TOTALS}/cbc:PayableAmount|443.26
BR-CO-16 S -|{TOTALS}/cbc:PayableRoundingAmount
BR-CO-17 S =|{SUBTOTAL}/cbc:TaxAmount|90.00
BR-CO-18 S -|{SUBTOTAL}
BR-CO-19 S -|/*/cac:InvoicePeriod/*
BR-CO-20 S -|{LINE}/cac:InvoicePeriod/*
BR-CO-21 S -|{ALLOWANCE}/cbc:AllowanceChargeReason
BR-CO-22 S -|{CHARGE}/cbc:AllowanceChargeReason
BR-CO-23 S -|{LINE_ALLOWANCE}/cbc:AllowanceChargeReason
BR-CO-24 S -|{LINE_CHARGE}/cbc:AllowanceChargeReason
BR-CO-26 S -|{SELLER}/cac:PartyTaxScheme -|{SELLER}/cac:PartyIdentification -|{SELLER}/cac:PartyLegalEntity/cbc:CompanyID
BR-DEC-01 S =|{ALLOWANCE}/cbc:Amount|20.000
BR-DEC-02 S =|{ALLOWANCE}/cbc:BaseAmount|200.000
BR-DEC-05 S =|{CHARGE}/cbc:Amount|5.000
BR-DEC-06 S =|{CHARGE}/cbc:BaseAmount|50.000
BR-DEC-09 S =|{TOTALS}/cbc:LineExtensionAmount|370.000
BR-DEC-10 S =|{TOTALS}/cbc:AllowanceTotalAmount|20.000
BR-DEC-11 S =|{TOTALS}/cbc:ChargeTotalAmount|5.000
BR-DEC-12 S =|{TOTALS}/cbc:TaxExclusiveAmount|355.000
BR-DEC-14 S =|{TOTALS}/cbc:TaxInclusiveAmount|443.750
BR-DEC-16 S =|{TOTALS}/cbc:PrepaidAmount|1.000
BR-DEC-17 S =|{TOTALS}/cbc:PayableRoundingAmount|0.500
BR-DEC-18 S =|{TOTALS}/cbc:PayableAmount|443.250
BR-DEC-19 S =|{SUBTOTAL}/cbc:TaxableAmount|355.000
BR-DEC-20 S =|{SUBTOTAL}/cbc:TaxAmount|88.750
BR-DEC-23 S =|{LINE}/cbc:LineExtensionAmount|370.000
BR-DEC-24 S =|{LINE_ALLOWANCE}/cbc:Amount|40.000
BR-DEC-25 S =|{LINE_ALLOWANCE}/cbc:BaseAmount|400.000
BR-DEC-27 S =|{LINE_CHARGE}/cbc:Amount|10.000
BR-DEC-28 S =|{LINE_CHARGE}/cbc:BaseAmount|100.000
BR-IC-11 K -|/*/cac:Delivery/cbc:ActualDeliveryDate -|/*/cac:InvoicePeriod
BR-IC-12 K -|//cac:DeliveryLocation/cac:Address/cac:Country
BR-O-11 O +|/*/cac:TaxTotal|<cac:TaxSubtotal><cac:TaxCategory><cbc:ID>S</cbc:ID><cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:TaxCategory></cac:TaxSubtotal>
BR-O-12 O =|{LINE}/cac:Item/cac:ClassifiedTaxCategory/cbc:ID|S
BR-O-13 O =|{ALLOWANCE}/cac:TaxCategory/cbc:ID|S
BR-O-14 O =|{CHARGE}/cac:TaxCategory/cbc:ID|S
PEPPOL-EN16931-R001 S -|/*/cbc:ProfileID
PEPPOL-EN16931-R002 S +|/*|<cbc:Note>og</cbc:Note>
PEPPOL-EN16931-R003 S -|/*/cbc:BuyerReference -|/*/cac:OrderReference
PEPPOL-EN16931-R004 S =|/*/cbc:CustomizationID|urn:cen.eu:en16931:2017
PEPPOL-EN16931-R004 S =|/*/cbc:CustomizationID|{BILLING}::2.1
PEPPOL-EN16931-R005 two =|/*/cbc:TaxCurrencyCode|NOK
PEPPOL-EN16931-R007 S =|/*/cbc:ProfileID|urn:fdc:peppol.eu:2017:poacc:billing:02:1.0
PEPPOL-EN16931-R008 S =|/*/cbc:Note|
PEPPOL-EN16931-R010 S -|{BUYER}/cbc:EndpointID
PEPPOL-EN16931-R020 S -|{SELLER}/cbc:EndpointID
PEPPOL-EN16931-R040 S =|{ALLOWANCE}/cbc:Amount|20.03
PEPPOL-EN16931-R041 S -|{ALLOWANCE}/cbc:BaseAmount
PEPPOL-EN16931-R042 S -|{LINE_CHARGE}/cbc:MultiplierFactorNumeric
PEPPOL-EN16931-R043 S =|{ALLOWANCE}/cbc:ChargeIndicator|0
PEPPOL-EN16931-R044 S =|//cac:Price/cac:AllowanceCharge/cbc:ChargeIndicator|true
PEPPOL-EN16931-R046 S =|//cac:Price/cac:AllowanceCharge/cbc:Amount|50.01
PEPPOL-EN16931-R051 S @|{TOTALS}/cbc:PayableAmount|currencyID=EUR
PEPPOL-EN16931-R053 S -|{SUBTOTAL}
PEPPOL-EN16931-R054 two -|/*/cac:TaxTotal[not(cac:TaxSubtotal)]
PEPPOL-EN16931-R055 two =|/*/cac:TaxTotal[not(cac:TaxSubtotal)]/cbc:TaxAmount|-8.00
PEPPOL-EN16931-R061 debit -|//cac:PaymentMandate
PEPPOL-EN16931-R080 credit +|/*|<cac:AdditionalDocumentReference><cbc:DocumentTypeCode>50</cbc:DocumentTypeCode></cac:AdditionalDocumentReference>
PEPPOL-EN16931-F001 S =|/*/cbc:IssueDate|2026-9-4
PEPPOL-EN16931-R100 S +|{LINE}|<cac:DocumentReference><cbc:ID>2</cbc:ID></cac:DocumentReference>
PEPPOL-EN16931-R101 S =|{LINE}/cac:DocumentReference/cbc:DocumentTypeCode|50
PEPPOL-EN16931-R110 S =|{LINE}/cac:InvoicePeriod/cbc:StartDate|2026-08-31
PEPPOL-EN16931-R111 S =|{LINE}/cac:InvoicePeriod/cbc:EndDate|2026-10-01
PEPPOL-EN16931-R120 S =|{LINE}/cbc:LineExtensionAmount|370.03
PEPPOL-EN16931-R120 S +|{LINE_ALLOWANCE}|<cbc:Amount currencyID="NOK">5</cbc:Amount>
PEPPOL-EN16931-R121 S =|{LINE}/cac:Price/cbc:BaseQuantity|0
PEPPOL-EN16931-R130 S @|{LINE}/cac:Price/cbc:BaseQuantity|unitCode=HUR
PEPPOL-COMMON-R040 ids =|//cbc:ID[@schemeID='0088']|5790000435976
PEPPOL-COMMON-R041 S =|{SELLER}/cbc:EndpointID|310000087
PEPPOL-COMMON-R041 S =|{BUYER}/cac:PartyLegalEntity/cbc:CompanyID|31000091
PEPPOL-COMMON-R042 ids =|//cbc:ID[@schemeID='0184']|DK1234567
PEPPOL-COMMON-R043 ids =|//cbc:ID[@schemeID='0208']|0202239952
PEPPOL-COMMON-R049 ids =|//cbc:ID[@schemeID='0007']|5560360794
PEPPOL-COMMON-R050 ids =|//cbc:ID[@schemeID='0151']|51824753557
NO-R-001 S =|{SELLER}/cac:PartyTaxScheme[1]/cbc:CompanyID|NO310000087MVA
NO-R-001 S =|{SELLER}/cac:PartyTaxScheme[1]/cbc:CompanyID|NO310000086
NO-R-001 S =|{SELLER}/cac:PartyTaxScheme[1]/cbc:CompanyID|NO000000000MVA
NO-R-002 S -|{SELLER}/cac:PartyTaxScheme[2]
NL-R-001 nl-credit -|/*/cac:BillingReference
NL-R-002 nl -|{SELLER}/cac:PostalAddress/cbc:StreetName
NL-R-003 nl @|{SELLER}/cac:PartyLegalEntity/cbc:CompanyID|schemeID=0192
NL-R-004 nl -|{BUYER}/cac:PostalAddress/cbc:PostalZone
NL-R-005 nl @|{BUYER}/cac:PartyLegalEntity/cbc:CompanyID|schemeID=0192
NL-R-006 nl -|{REPRESENTATIVE}/cac:PostalAddress/cbc:CityName
NL-R-007 nl -|//cac:PaymentMeans
NL-R-008 nl =|//cbc:PaymentMeansCode|31
NL-R-009 nl -|/*/cac:OrderReference
KVITT-KID-01 S =|//cbc:PaymentID|1000125
KVITT-BBAN-01 S =|//cac:PayeeFinancialAccount/cbc:ID|86011117948
KVITT-ORGNR-01 unschemed =|{SELLER}/cac:PartyLegalEntity/cbc:CompanyID|310000087
KVITT-ORGNR-02 S =|{SELLER}/cac:PartyLegalEntity/cbc:CompanyID|{BUYER_NUMBER}
"""


def simple() -> Iterator[Break]:
    for row in SIMPLE.strip().splitlines():
        rule, base, rest = row.split(" ", 2)
        steps = rest.replace(" -|", "\n-|").replace(" +|", "\n+|").split("\n")
        yield Break(rule, base, tuple(steps))


def by_category() -> Iterator[Break]:
    """What breaks rules 01 to 10 of each VAT category."""
    for code, name in IDS.items():
        exempt = code not in RATES
        other = "E" if code == "S" else "S"
        wrong = "0" if code == "S" else "-1" if code in RATES else "25"
        yield Break(f"BR-{name}-01", code, (f"=|{SUBTOTAL}/cac:TaxCategory/cbc:ID|{other}",))
        number = f"<cac:PartyTaxScheme><cbc:CompanyID>NO{SELLER_NUMBER}MVA</cbc:CompanyID><cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:PartyTaxScheme>"
        nameless = (f"-|{SELLER}/cac:PartyTaxScheme", f"-|{REPRESENTATIVE}")
        for position in ("02", "03", "04"):
            yield Break(f"BR-{name}-{position}", code, (f"+|{SELLER}|{number}",) if code == "O" else nameless)
        places = (
            f"{LINE}/cac:Item/cac:ClassifiedTaxCategory",
            f"{ALLOWANCE}/cac:TaxCategory",
            f"{CHARGE}/cac:TaxCategory",
        )
        for position, place in zip(("05", "06", "07"), places, strict=True):
            step = f"+|{place}|<cbc:Percent>25</cbc:Percent>" if code == "O" else f"=|{place}/cbc:Percent|{wrong}"
            yield Break(f"BR-{name}-{position}", code, (step,))
        yield Break(f"BR-{name}-08", code, (f"=|{SUBTOTAL}/cbc:TaxableAmount|357.00",))
        yield Break(f"BR-{name}-09", code, (f"=|{SUBTOTAL}/cbc:TaxAmount|99.00",))
        reason = f"+|{SUBTOTAL}/cac:TaxCategory|<cbc:TaxExemptionReason>nei</cbc:TaxExemptionReason>"
        missing = f"-|{SUBTOTAL}/cac:TaxCategory/cbc:TaxExemptionReason"
        yield Break(f"BR-{name}-10", code, (missing if exempt and code != "Z" else reason,))


BREAKS = (*simple(), *by_category())


@pytest.mark.parametrize("base", BASES)
def test_a_sound_document_has_no_findings(base: str) -> None:
    found = check(write(BASES[base]))
    assert [(one.code, one.location) for one in found] == []


def test_sound_documents_are_valid_ubl() -> None:
    assert [xsd.violations(parse(write(base))) for base in BASES.values()] == [[] for _ in BASES]


# Where a rule finds only what is wrong, a sound document has nothing for it; the breaks show these at work.
SEES_MISTAKES_ONLY = frozenset(
    {rule.id for rule in RULES.values() if rule.holds is None and rule.fits is None}
    | {"PEPPOL-EN16931-R041", "PEPPOL-EN16931-R042"}
)


@pytest.mark.parametrize("rule_id", sorted(RULES.keys() - SEES_MISTAKES_ONLY))
def test_every_rule_looks_at_something_sound(rule_id: str) -> None:
    """A rule that never sees a node would hold on anything: each holds on a node of a sound document."""
    rule = RULES[rule_id]
    views = [view for view in VIEWS if rule.concerns is None or rule.concerns(view)]
    seen = [(node, view) for view in views for node in rule.where(view)]
    assert seen
    assert all(right(rule, node, view) for node, view in seen)


def right(rule: Rule, node: Element, view: View) -> bool:
    return rule.fits(node.text or "") if rule.fits else rule.holds is not None and rule.holds(node, view)


VIEWS = [View(parse(write(base))) for base in BASES.values()]


@pytest.mark.parametrize("broken", BREAKS, ids=str)
def test_a_break_is_found_under_its_official_id(broken: Break) -> None:
    found = [one for one in check(edited(broken.base, broken.edits), rules_only=True) if one.code == broken.rule]
    assert found
    assert all(complete(one) for one in found)


def complete(finding: Finding) -> bool:
    texts = finding.text.keys() == {"en", "nb", "nl"} == finding.hint.keys()
    return texts and all(finding.text.values()) and finding.location.startswith("/") and bool(finding.ruleset)


def test_every_rule_has_a_break() -> None:
    assert RULES.keys() - {broken.rule for broken in BREAKS} == set()


def test_severities_are_those_of_the_official_sets() -> None:
    warnings = {one.id for one in RULES.values() if one.severity is Severity.WARNING} - {one.id for one in own.RULES}
    assert warnings == {"BR-51", "NO-R-002"}
    assert {rule.severity for rule in own.RULES} == {Severity.WARNING}


def test_a_finding_names_value_expectation_term_and_line() -> None:
    data = edited("S", (f"=|{TOTALS}/cbc:PayableAmount|7.77",))
    (found,) = (one for one in check(data) if one.code == "BR-CO-16")
    assert (found.value, found.expected, found.term) == ("7.77", "443.25", "BT-115")
    assert found.location == "/Invoice/cac:LegalMonetaryTotal/cbc:PayableAmount"
    assert found.line == data[: data.index(b">7.77<")].count(b"\n") + 1
    assert found.ruleset == "2026.5"


def test_a_number_that_is_none_is_a_finding_and_hides_nothing() -> None:
    data = edited("S", (f"=|{TOTALS}/cbc:PayableAmount|443,25", "-|/*/cbc:ProfileID"))
    codes = {one.code for one in judge(View(parse(data)), SETS[-1].plans["billing"], "2026.5")}
    assert {ENGINE, "PEPPOL-EN16931-R001"} <= codes


def test_one_cent_more_is_found_and_none_is_not() -> None:
    exact = edited("S", ())
    off = edited("S", (f"=|{TOTALS}/cbc:TaxInclusiveAmount|443.76", f"=|{TOTALS}/cbc:PayableAmount|443.26"))
    assert "BR-CO-15" not in {one.code for one in check(exact)}
    assert {one.code for one in check(off)} == {"BR-CO-15"}


def test_a_kid_with_a_dash_or_letters_is_left_alone() -> None:
    for text in ("REF-2026-1", "10001 A"):
        data = edited("S", (f"=|//cbc:PaymentID|{text}",))
        assert "KVITT-KID-01" not in {one.code for one in check(data)}


# Rule, base, edit; then value, expected and business term that the finding shows.
SHOWN = f"""
BR-S-08 S =|{SUBTOTAL}/cbc:TaxableAmount|357.00 -> 357.00 | 355.00 | BT-116
BR-E-08 E =|{SUBTOTAL}/cbc:TaxableAmount|357.00 -> 357.00 | 355.00 | BT-116
BR-S-09 S =|{SUBTOTAL}/cbc:TaxAmount|99.00 -> 99.00 | 88.75 | BT-117
BR-E-09 E =|{SUBTOTAL}/cbc:TaxAmount|99.00 -> 99.00 | 0.00 | BT-117
BR-DEC-19 S =|{SUBTOTAL}/cbc:TaxableAmount|355.005 -> 355.005 | 355.01 | BT-116
BR-DEC-24 S =|{LINE_ALLOWANCE}/cbc:Amount|40.004 -> 40.004 | 40.00 | BT-136
BR-CL-08 S =|/*/cbc:Note|#XXX#Takk til Kari -> XXX || BT-21
BR-CL-14 S =|{BUYER}/cac:PostalAddress/cac:Country/cbc:IdentificationCode|XX -> XX || BT-55
BR-CL-17 S =|{ALLOWANCE}/cac:TaxCategory/cbc:ID|X -> X | AE B E G K L M O S Z | BT-95
BR-CL-10 ids @|//cbc:ID[@schemeID='0088']|schemeID=9908 -> 9908 | 0192 | BT-29
BR-CL-11 S @|{BUYER}/cac:PartyLegalEntity/cbc:CompanyID|schemeID=9908 -> 9908 | 0192 | BT-47
BR-CL-25 S @|{BUYER}/cbc:EndpointID|schemeID=9908 -> 9908 | 0192 | BT-49
PEPPOL-EN16931-CL008 S @|{BUYER}/cbc:EndpointID|schemeID=9908 -> 9908 | 0192 | BT-49
PEPPOL-EN16931-P0101 credit =|/*/cbc:CreditNoteTypeCode|380 -> 380 | 381 396 532 81 83 | BT-3
BR-62 S @|{SELLER}/cbc:EndpointID|schemeID -> 310000086 || BT-34
BR-CO-09 S =|{BUYER}/cac:PartyTaxScheme[1]/cbc:CompanyID|99310000914 -> 99310000914 || BT-48
PEPPOL-COMMON-R041 S =|{BUYER}/cbc:EndpointID|310000915 -> 310000915 || BT-49
PEPPOL-EN16931-R008 S =|/*/cbc:Note| -> || BT-22
PEPPOL-EN16931-R051 S @|{TOTALS}/cbc:PayableAmount|currencyID=EUR -> EUR | NOK | BT-5
PEPPOL-EN16931-R130 S @|{LINE}/cac:Price/cbc:BaseQuantity|unitCode=HUR -> HUR | C62 | BT-150
PEPPOL-EN16931-R046 S =|{LINE}/cac:Price/cac:AllowanceCharge/cbc:Amount|50.0125 -> 400 | 399.9875 | BT-146
PEPPOL-EN16931-R055 two =|/*/cac:TaxTotal[not(cac:TaxSubtotal)]/cbc:TaxAmount|-8 -> -8 | 8.00 | BT-111
PEPPOL-EN16931-R110 S =|{LINE}/cac:InvoicePeriod/cbc:StartDate|2026-08-31 -> 2026-08-31 | ≥ 2026-09-01 | BT-134
PEPPOL-EN16931-R111 S =|{LINE}/cac:InvoicePeriod/cbc:EndDate|2026-10-01 -> 2026-10-01 | ≤ 2026-09-30 | BT-135
PEPPOL-EN16931-R005 two =|/*/cbc:TaxCurrencyCode|NOK -> NOK || BT-6
PEPPOL-EN16931-F001 S =|/*/cbc:DueDate|2026-9-18 -> 2026-9-18 || BT-9
NO-R-001 S =|{SELLER}/cac:PartyTaxScheme[1]/cbc:CompanyID|NO310000087MVA -> NO310000087MVA || BT-31
NL-R-003 nl @|{SELLER}/cac:PartyLegalEntity/cbc:CompanyID|schemeID=0192 -> 0192 | 0106 0190 | BT-30
NL-R-005 nl @|{BUYER}/cac:PartyLegalEntity/cbc:CompanyID|schemeID=0192 -> 0192 | 0106 0190 | BT-47
KVITT-KID-01 S =|//cbc:PaymentID|1000125 -> 1000125 || BT-83
KVITT-BBAN-01 S =|//cac:PayeeFinancialAccount/cbc:ID|86011117948 -> 86011117948 || BT-84
KVITT-ORGNR-01 unschemed =|{SELLER}/cac:PartyLegalEntity/cbc:CompanyID|310000087 -> 310000087 || BT-30
KVITT-ORGNR-02 S =|{SELLER}/cac:PartyLegalEntity/cbc:CompanyID|310000914 -> 310000086 | 310000914 | BT-31
"""


@pytest.mark.parametrize("row", SHOWN.strip().splitlines(), ids=lambda row: " ".join(row.split()[:2]))
def test_a_finding_shows_what_is_wrong_what_would_be_right_and_the_term_of_its_place(row: str) -> None:
    asked, _, shown = row.partition(" -> ")
    rule, base, step = asked.split(" ", 2)
    found = next(one for one in check(edited(base, (step,)), rules_only=True) if one.code == rule)
    assert [found.value, found.expected, found.term] == [part.strip() for part in shown.split("|")]


def test_an_absent_child_keeps_the_rules_own_term_at_the_place_where_it_is_missed() -> None:
    data = edited("S", (f"-|{BUYER}/cac:PostalAddress/cac:Country",))
    (found,) = (one for one in check(data, rules_only=True) if one.code == "BR-11")
    assert (found.term, found.location) == ("BT-55", "/Invoice/cac:AccountingCustomerParty/cac:Party/cac:PostalAddress")


@pytest.mark.parametrize(
    ("path", "term"),
    [(f"{TOTALS}/cbc:PrepaidAmount", "BT-113"), (f"{LINE}/cbc:LineExtensionAmount", "BT-131")],
)
def test_a_rule_that_cannot_be_answered_points_at_the_malformed_number(path: str, term: str) -> None:
    found = [one for one in check(edited("S", (f"=|{path}|443,25",)), rules_only=True) if one.code == ENGINE]
    assert found
    assert {(one.value, one.term) for one in found} == {("443,25", term)}
    assert all(one.location.endswith(path.rpartition("/")[2]) for one in found)


def test_of_several_malformed_numbers_each_rule_points_at_its_own() -> None:
    data = edited("S", (f"=|{TOTALS}/cbc:PayableAmount|x", f"=|{LINE}/cac:Price/cbc:BaseQuantity|y"))
    found = {one.text["en"].split()[1]: one.value for one in check(data, rules_only=True) if one.code == ENGINE}
    assert (found["BR-CO-16"], found["PEPPOL-EN16931-R121"]) == ("x", "y")


def test_a_line_with_two_amounts_in_an_allowance_counts_both() -> None:
    second = f'+|{LINE_ALLOWANCE}|<cbc:Amount currencyID="NOK">5</cbc:Amount>'
    for net, holds in (("365.00", True), ("370.00", False)):
        data = edited("S", (second, f"=|{LINE}/cbc:LineExtensionAmount|{net}"))
        assert ("PEPPOL-EN16931-R120" not in {one.code for one in check(data, rules_only=True)}) == holds


def test_blanks_around_a_norwegian_vat_number_are_judged_as_officially() -> None:
    """Before it, it does not begin with NO and is not asked; after it, it is no number of the form."""
    for text, right in ((f" NO{SELLER_NUMBER}MVA", True), (f"NO{SELLER_NUMBER}MVA ", False)):
        data = edited("S", (f"=|{SELLER}/cac:PartyTaxScheme[1]/cbc:CompanyID|{text}",))
        assert ("NO-R-001" not in {one.code for one in check(data, rules_only=True)}) == right


@pytest.mark.parametrize(
    ("code", "needed"),
    [
        *((code, ("BT-31", "BT-32", "BT-63")) for code in ("S", "E", "Z", "L", "M")),
        ("G", ("BT-31", "BT-63")),
        ("AE", ("BT-31", "BT-32", "BT-63", "BT-48", "BT-47")),
        ("K", ("BT-31", "BT-63", "BT-48")),
        ("O", ("BT-31", "BT-63", "BT-48")),
    ],
)
def test_each_category_names_the_identifiers_it_is_about(code: str, needed: tuple[str, ...]) -> None:
    for number in ("02", "03", "04"):
        for text in RULES[f"BR-{IDS[code]}-{number}"].text.values():
            assert tuple(re.findall(r"BT-[0-9]+", text)) == needed


def test_texts_say_what_is_checked() -> None:
    assert RULES["BR-CO-20"].text["en"] == "The period of a line has neither start (BT-134) nor end (BT-135)."
    assert "BG-14" in RULES["BR-IC-11"].text["en"]
    assert RULES["BR-Z-10"].hint["en"].startswith("Remove")
    assert all("merge" in RULES[f"BR-{IDS[code]}-01"].hint["en"] for code in ("E", "Z", "AE", "G", "K", "O"))
    present = ("R051", "R130", "R121", "R043")
    assert all(RULES[f"PEPPOL-EN16931-{one}"].hint["en"].startswith("Correct ") for one in present)
    assert RULES["NL-R-003"].hint["nb"] == "Rett @schemeID."
    assert RULES["BR-62"].text["en"] == "Seller electronic address (BT-34) has no @schemeID."


def test_a_rate_of_allowances_and_charges_may_leave_out_the_lines_as_officially() -> None:
    """With an allowance of the rate, the official rule also takes the sum that a document without lines would have."""
    for taxable, right in (("-15.00", True), ("355.00", True), ("100.00", False)):
        data = edited("S", (f"=|{SUBTOTAL}/cbc:TaxableAmount|{taxable}",))
        assert ("BR-S-08" not in {one.code for one in check(data, rules_only=True)}) == right


def test_official_rules_that_can_never_fail_are_named_on_the_page_and_asked_of_nothing() -> None:
    newest = SETS[-1]
    written = page(newest)
    assert all(f"**{one}**\n\n- en: {said['en']}" in written for one, said in newest.never.items())
    asked = {rule.id for rule in newest.rules}
    assert newest.never.keys() & asked == set()
    assert {"BR-CO-05", "BR-CO-06", "BR-CO-07", "BR-CO-08", "BR-DEC-13", "BR-DEC-15"} < newest.never.keys()
