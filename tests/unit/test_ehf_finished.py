"""A finished EHF from a journal system is read into what a claim needs."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from hub.errors import MappingError
from hub.model.money import Money
from mappings.ehf import from_ehf
from schemas.ubl import Document, read, write
from schemas.ubl.amounts import AllowanceCharge, TaxCategory
from schemas.ubl.lines import Item, ItemProperty, Line, Price
from schemas.ubl.names import BILLING, BILLING_PROFILE
from schemas.ubl.parties import LegalEntity, Party, PostalAddress, TaxRegistration
from schemas.ubl.payment import PaymentMeans
from schemas.ubl.references import DocumentReference
from schemas.ubl.totals import totalled
from schemas.ubl.values import Amount, Identifier, ListedCode, Quantity


def party(number: str, *schemes: tuple[str, str]) -> Party:
    return Party(
        endpoint=Identifier(number, "0192"),
        address=PostalAddress(city="Oslo", country="NO"),
        taxes=tuple(TaxRegistration(company_id=Identifier(value), scheme=scheme) for value, scheme in schemes),
        legal=LegalEntity(name="Klinikk", company_id=Identifier(number, "0192")),
    )


def finished(*, credit: bool = False) -> Document:
    line = Line(
        id="1",
        quantity=Quantity(Decimal(1), "C62"),
        allowances=(AllowanceCharge(reason="Egenandel", amount=Amount(Decimal("500.00"), "NOK")),),
        item=Item(
            name="Konsultasjon",
            tax=TaxCategory(id="E", percent=Decimal(0), scheme="VAT"),
            properties=(ItemProperty(name="TreatmentId", value="B1010"), ItemProperty(name="Rom", value="3")),
        ),
        price=Price(amount=Amount(Decimal("890.00"), "NOK")),
    )
    document = Document(
        credit=credit,
        customization_id=BILLING,
        profile_id=BILLING_PROFILE,
        number="777",
        issue_date=date(2026, 4, 15),
        due_date=None if credit else date(2026, 4, 29),
        type_code="381" if credit else "380",
        currency="NOK",
        order_reference="6TST1",
        preceding=(DocumentReference(id="770"),) if credit else (),
        seller=party("310000086", ("NO310000086MVA", "VAT"), ("Foretaksregisteret", "TAX")),
        buyer=party("310000914"),
        payment_means=(PaymentMeans(code=ListedCode("30"), payment_id="1000124", account=Identifier("86011117947")),),
        lines=(line,),
    )
    return totalled(document, reasons={"E": "mval. § 3-2"})


def test_everything_a_claim_needs_is_read() -> None:
    invoice = from_ehf(read(write(finished())))
    assert (invoice.number, invoice.sak_id, invoice.kid, invoice.account) == ("777", "6TST1", "1000124", "86011117947")
    assert (invoice.seller_orgnr, invoice.buyer_orgnr) == ("310000086", "310000914")
    assert (invoice.issue_date, invoice.due_date) == (date(2026, 4, 15), date(2026, 4, 29))
    assert (invoice.seller.vat_registered, invoice.seller.foretaksregisteret) == (True, True)
    assert invoice.buyer.vat_registered is False
    assert invoice.payable == Money(39000, "NOK")
    (line,) = invoice.lines
    assert (line.service_code, line.net, line.allowance) == ("B1010", Money(39000, "NOK"), Money(50000, "NOK"))
    assert line.properties == {"TreatmentId": "B1010", "Rom": "3"}
    assert (line.vat_category, line.vat_rate, line.allowance_reason) == ("E", "0", "Egenandel")


def test_a_credit_note_names_the_invoice_it_takes_back() -> None:
    invoice = from_ehf(finished(credit=True))
    assert (invoice.credit, invoice.credits, invoice.payable) == (True, "770", Money(39000, "NOK"))


@pytest.mark.parametrize(
    ("document", "named"),
    [
        (replace(finished(), number=""), "invoice number"),
        (replace(finished(), issue_date=None), "issue date"),
        (replace(finished(), seller=Party()), "seller"),
        (replace(finished(), buyer=Party(endpoint=Identifier("1", "0088"))), "buyer"),
        (replace(finished(), lines=(replace(finished().lines[0], price=None),)), "price on line 1"),
    ],
    ids=["number", "date", "seller", "buyer", "price"],
)
def test_what_no_claim_can_be_made_of_is_named(document: Document, named: str) -> None:
    with pytest.raises(MappingError, match=named):
        from_ehf(document)


def test_more_decimals_than_money_has_are_refused_not_rounded() -> None:
    lines = (replace(finished().lines[0], net=Amount(Decimal("390.001"), "NOK")),)
    with pytest.raises(MappingError, match="decimals"):
        from_ehf(replace(finished(), lines=lines))


def test_what_was_not_understood_travels_along() -> None:
    data = write(finished()).replace(b"<cbc:ID>777", b"<cbc:UBLVersionID>2.1</cbc:UBLVersionID><cbc:ID>777")
    assert from_ehf(read(data)).unread == ("/Invoice/cbc:UBLVersionID",)
