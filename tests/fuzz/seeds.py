"""Sound documents of every kind to begin mutating from: rich invoices, credit notes and the three responses."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

from schemas.ubl import response, write
from schemas.ubl.amounts import AllowanceCharge, TaxCategory
from schemas.ubl.document import Document
from schemas.ubl.lines import Item, ItemProperty, Line, Price
from schemas.ubl.names import (
    BILLING,
    BILLING_PROFILE,
    INVOICE_RESPONSE,
    INVOICE_RESPONSE_PROFILE,
    MLR,
    MLR_PROFILE,
    MLS,
    MLS_PROFILE,
)
from schemas.ubl.parties import Contact, Delivery, LegalEntity, Party, PostalAddress, TaxRegistration
from schemas.ubl.payment import PaymentMeans
from schemas.ubl.references import AdditionalDocument, DocumentReference, Period
from schemas.ubl.totals import totalled
from schemas.ubl.values import Amount, Attachment, Identifier, ListedCode, Quantity

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "ehf"
SELLER, BUYER = "310000086", "310000914"
REASONS = {"E": "Helsetjeneste unntatt merverdiavgift, jf. merverdiavgiftsloven § 3-2"}


def rich(*, credit: bool = False, country: str = "NO", lines: int = 3, currency: str = "NOK") -> Document:
    """A billing document in which nearly every group of EN 16931 stands."""
    found = Document(
        credit=credit,
        customization_id=BILLING,
        profile_id=BILLING_PROFILE,
        number="10001",
        issue_date=date(2026, 9, 4),
        due_date=None if credit else date(2026, 9, 18),
        type_code="381" if credit else "380",
        notes=("Takk for samarbeidet",),
        currency=currency,
        accounting_cost="4711",
        buyer_reference="ref 7",
        period=Period(start=date(2026, 9, 1), end=date(2026, 9, 30)),
        order_reference="6TST1",
        preceding=(DocumentReference(id="9999", issue_date=date(2026, 8, 4)),),
        contract="K-1",
        documents=(
            AdditionalDocument(
                id=Identifier("V-1"),
                description="Vedlegg",
                attachment=Attachment(base64="aGVpc2Fubg==", media_type="text/csv", filename="vedlegg.csv"),
            ),
        ),
        seller=_party(SELLER, "Klinikk Østlandet AS", country),
        buyer=_party(BUYER, "Forsikring Ærlig AS", country),
        payee=Party(name="Faktorselskap", identifications=(Identifier("F1"),)),
        delivery=Delivery(day=date(2026, 9, 2), address=PostalAddress(city="Bodø", country=country)),
        payment_means=(PaymentMeans(code=ListedCode("30"), payment_id="1000124", account=Identifier("86011117947")),),
        payment_terms="14 dager",
        allowances=(
            AllowanceCharge(reason="Avtale", amount=_money("20", currency), tax=_tax("E")),
            AllowanceCharge(charge=True, reason="Tillegg", amount=_money("5.50", currency), tax=_tax("S")),
        ),
        lines=tuple(_line(number, currency) for number in range(1, lines + 1)),
    )
    return totalled(found, reasons=REASONS, prepaid=Decimal("1.00"), rounding=Decimal("0.50"))


def _money(text: str, currency: str) -> Amount:
    return Amount(Decimal(text), currency)


def _tax(code: str) -> TaxCategory:
    return TaxCategory(id=code, percent=Decimal(25 if code == "S" else 0), scheme="VAT")


def _party(number: str, name: str, country: str) -> Party:
    return Party(
        endpoint=Identifier(number, "0192"),
        identifications=(Identifier(f"{number[-3:]}-A"),),
        name=name,
        address=PostalAddress(street="Gata 1", city="Oslo", postal_code="0001", country=country),
        taxes=(
            TaxRegistration(company_id=Identifier(f"NO{number}MVA"), scheme="VAT"),
            TaxRegistration(company_id=Identifier("Foretaksregisteret"), scheme="TAX"),
        ),
        legal=LegalEntity(name=name, company_id=_registered(number, country)),
        contact=Contact(name="Kontoret", telephone="+4700000000", email="post@example.org"),
    )


def _registered(number: str, country: str) -> Identifier:
    return Identifier(number, "0192") if country == "NO" else Identifier(number[:8], "0106")


def _line(number: int, currency: str) -> Line:
    entries = (
        AllowanceCharge(reason="Egenandel", amount=_money("40", currency), base=_money("400", currency), percent=_TEN),
        AllowanceCharge(charge=True, reason="Gebyr", amount=_money("10", currency)),
    )
    return Line(
        id=str(number),
        note="Merk",
        quantity=Quantity(Decimal(2), "C62"),
        period=Period(start=date(2026, 9, 2), end=date(2026, 9, 3)),
        order_line="7",
        allowances=entries if number % 2 else (),
        item=Item(
            name="Fysioterapi",
            description="30 minutter",
            sellers_id="B1010",
            standard_id=Identifier("4035811611138", "0160"),
            tax=_tax("E" if number % 3 else "S"),
            properties=(ItemProperty(name="TreatmentId", value="B1010"),),
        ),
        price=Price(amount=_money("400", currency), base_quantity=Quantity(Decimal(1), "C62")),
    )


_TEN = Decimal(10)


def _answer(transaction: str, profile: str, number: str, scheme: str, answer: response.DocumentResponse) -> bytes:
    named = LegalEntity(name="Mottaker") if transaction == INVOICE_RESPONSE else None
    who = Party(endpoint=Identifier(number, scheme), legal=named)
    return response.write(
        response.ApplicationResponse(
            customization_id=transaction,
            profile_id=profile,
            id="R-1",
            issue_date=date(2026, 9, 17),
            issue_time="12:00:00Z",
            sender=who,
            receiver=who,
            responses=(answer,),
        )
    )


_REFERENCE = (response.Referenced(id=Identifier("10001"), type_code=ListedCode("380")),)


def invoice_response() -> bytes:
    """The buyer refuses, with a reason, what to do, and a proposed value."""
    reason = response.Status(
        reason_code=ListedCode("REF", "OPStatusReason"),
        reason="SakID mangler",
        conditions=(response.Condition(attribute="BT-13", description="6TST1"),),
    )
    action = response.Status(reason_code=ListedCode("NIN", "OPStatusAction"), reason="Send ny faktura")
    said = response.Response(code=ListedCode("RE"), effective=date(2026, 9, 17), statuses=(reason, action))
    answer = response.DocumentResponse(response=said, references=_REFERENCE)
    return _answer(INVOICE_RESPONSE, INVOICE_RESPONSE_PROFILE, BUYER, "0192", answer)


def message_level(transaction: str, profile: str, number: str, scheme: str) -> bytes:
    """The network refuses, with one line that says where."""
    broken = response.Response(
        code=ListedCode("RE"),
        descriptions=("BT-10 mangler",),
        statuses=(response.Status(reason_code=ListedCode("BV")),),
    )
    line = response.LineResponse(line="/Invoice/cbc:BuyerReference", responses=(broken,))
    said = response.Response(code=ListedCode("RE"), descriptions=("Ikke gyldig",))
    answer = response.DocumentResponse(response=said, references=_REFERENCE[:1], lines=(line,))
    return _answer(transaction, profile, number, scheme, answer)


def seeds() -> dict[str, bytes]:
    """Every seed by name."""
    return {
        "ehf-invoice": (GOLDEN / "invoice.xml").read_bytes(),
        "ehf-creditnote": (GOLDEN / "creditnote.xml").read_bytes(),
        "rich-invoice": write(rich()),
        "rich-creditnote": write(rich(credit=True)),
        "dutch-invoice": write(rich(country="NL", currency="EUR")),
        "invoice-response": invoice_response(),
        "mlr": message_level(MLR, MLR_PROFILE, BUYER, "0192"),
        "mls": message_level(MLS, MLS_PROFILE, "000123", "0242"),
    }
