"""Whatever the writer writes the checker accepts: documents with every business term of EN 16931 that BIS Billing carries.

Codes are drawn from the lists in force on the day the rules are judged for.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.model.identity import mod11_digit
from schemas import codelists
from schemas.peppol import check
from schemas.ubl import Document, read, write, xsd
from schemas.ubl.amounts import AllowanceCharge, TaxCategory
from schemas.ubl.lines import Item, ItemProperty, Line, Price
from schemas.ubl.names import BILLING, BILLING_PROFILES
from schemas.ubl.parties import Contact, Delivery, LegalEntity, Party, PostalAddress, TaxRegistration
from schemas.ubl.payment import PaymentMeans
from schemas.ubl.references import AdditionalDocument, DocumentReference, Period
from schemas.ubl.totals import rounded, totalled
from schemas.ubl.values import Amount, Attachment, Identifier, ListedCode, Quantity
from schemas.xml import parse

ON = date(2026, 9, 1)
CHECKED = frozenset(
    {"0007", "0088", "0096", "0106", "0151", "0184", "0190", "0192", "0198", "0201", "0208", "0210", "0211", "0217"}
)
"""Schemes whose numbers have a form of their own (tested where that form is)."""
GERMAN = frozenset({"326", "384"})
EXEMPT = {"E": "VATEX-EU-132", "AE": "VATEX-EU-AE", "K": "VATEX-EU-IC", "G": "VATEX-EU-G", "O": "VATEX-EU-O"}
ASK_MORE = frozenset({"30", "58", "49", "59", "48", "54", "55"})


def codes(name: str, without: frozenset[str] = frozenset()) -> st.SearchStrategy[str]:
    """The codes of a list in force, smallest first."""
    found = sorted(codelists.codes(name, ON) - without)
    assert found, name
    return st.sampled_from(found)


CURRENCIES = st.sampled_from(sorted(codelists.codes("ISO4217", ON) & codelists.codes("ISO4217-PEPPOL", ON)))
"""What both sets of rules know: each has some codes the other lacks."""
letters = st.characters(categories=("L", "N", "P", "S"), exclude_characters="#")
texts = st.text(letters, min_size=1, max_size=12)
maybe = st.booleans()
cents = st.integers(min_value=1, max_value=1_000_000).map(lambda n: Decimal(n) / 100)
days = st.dates(date(2020, 1, 1), date(2029, 12, 31))


@st.composite
def organisation_numbers(draw: st.DrawFn) -> str:
    body = str(draw(st.integers(10_000_000, 99_999_999)))
    digit = mod11_digit(body)
    return body + digit if digit.isdigit() else "310000086"


@st.composite
def identifiers(draw: st.DrawFn, listed: str = "ISO6523") -> Identifier:
    return Identifier(draw(st.from_regex(r"[A-Z0-9]{4,12}", fullmatch=True)), draw(codes(listed, CHECKED)))


@st.composite
def addresses(draw: st.DrawFn) -> PostalAddress:
    names = ("street", "additional_street", "city", "postal_code", "region", "line")
    return PostalAddress(**{name: draw(texts) for name in names}, country=draw(codes("ISO3166")))


@st.composite
def sellers(draw: st.DrawFn, *, vat: bool) -> Party:
    number = draw(organisation_numbers())
    taxes = [TaxRegistration(company_id=Identifier("Foretaksregisteret"), scheme="TAX")]
    if vat:
        taxes.insert(0, TaxRegistration(company_id=Identifier(f"NO{number}MVA"), scheme="VAT"))
    return Party(
        endpoint=Identifier(number, "0192"),
        identifications=tuple(draw(st.lists(identifiers(), max_size=2))),
        name=draw(texts),
        address=replace(draw(addresses()), country="NO"),
        taxes=tuple(taxes),
        legal=LegalEntity(name=draw(texts), company_id=Identifier(number, "0192"), legal_form=draw(texts)),
        contact=Contact(name=draw(texts), telephone="12345678", email="a@example.org"),
    )


@st.composite
def buyers(draw: st.DrawFn, *, vat: bool) -> Party:
    seller = draw(sellers(vat=vat))
    legal = LegalEntity(name=draw(texts), company_id=seller.legal.company_id if seller.legal else None)
    return replace(
        seller, identifications=seller.identifications[:1], taxes=seller.taxes[:1] if vat else (), legal=legal
    )


@st.composite
def entries(draw: st.DrawFn, currency: str, tax: TaxCategory | None) -> AllowanceCharge:
    """An allowance or charge with a reason, a code, or both; by amount, or by base and percentage."""
    charge = draw(maybe)
    code = draw(codes("UNCL7161" if charge else "UNCL5189"))
    words = draw(
        st.sampled_from([{"reason": draw(texts)}, {"reason_code": code}, {"reason": "r", "reason_code": code}])
    )
    if draw(maybe):
        return AllowanceCharge(charge=charge, amount=Amount(draw(cents), currency), tax=tax, **words)
    percent = Decimal(draw(st.integers(1, 9_999))) / 100
    return AllowanceCharge(charge=charge, base=Amount(draw(cents), currency), percent=percent, tax=tax, **words)


@st.composite
def prices(draw: st.DrawFn, currency: str, unit: str) -> Price:
    price = Decimal(draw(st.integers(0, 9_999_999))) / draw(st.sampled_from([1, 100, 10_000]))
    off = draw(cents)
    discount = AllowanceCharge(amount=Amount(off, currency), base=Amount(price + off, currency))
    return Price(
        amount=Amount(price, currency),
        base_quantity=Quantity(Decimal(draw(st.integers(1, 1_000))), unit) if draw(maybe) else None,
        allowance=discount if draw(maybe) else None,
    )


@st.composite
def items(draw: st.DrawFn, tax: TaxCategory) -> Item:
    classified = st.builds(
        ListedCode,
        value=texts,
        list=codes("UNCL7143"),
        version=st.sampled_from(["", "24.1"]),
    )
    return Item(
        description=draw(texts),
        name=draw(texts),
        buyers_id=draw(texts),
        sellers_id=draw(texts),
        standard_id=draw(identifiers()),
        origin_country=draw(codes("ISO3166")),
        classifications=tuple(draw(st.lists(classified, max_size=2))),
        tax=tax,
        properties=tuple(draw(st.lists(st.builds(ItemProperty, name=texts, value=texts), max_size=2))),
    )


@st.composite
def lines(draw: st.DrawFn, number: int, currency: str, tax: TaxCategory, period: Period) -> Line:
    unit = draw(codes("UNECERec20"))
    quantity = Decimal(draw(st.integers(-2_000, 2_000))) / draw(st.sampled_from([1, 4, 1_000]))
    thing = AdditionalDocument(id=Identifier(draw(texts), draw(codes("UNCL1153"))), type_code="130")
    return Line(
        id=str(number),
        note=draw(texts),
        quantity=Quantity(quantity, unit),
        accounting_cost=draw(texts),
        period=replace(period, code="") if draw(maybe) else None,
        order_line=draw(texts),
        document=thing if draw(maybe) else None,
        allowances=tuple(draw(st.lists(entries(currency, None), max_size=2))),
        item=draw(items(tax)),
        price=draw(prices(currency, unit)),
    )


@st.composite
def payments(draw: st.DrawFn, *, credit: bool) -> PaymentMeans:
    return replace(draw(_means()), due_date=draw(days) if credit and draw(maybe) else None)


@st.composite
def _means(draw: st.DrawFn) -> PaymentMeans:
    name = draw(texts)
    kind = draw(st.sampled_from(["transfer", "card", "debit", "other"]))
    if kind == "transfer":
        return PaymentMeans(
            code=ListedCode(draw(st.sampled_from(["30", "58"])), name=name),
            payment_id=f"ref-{draw(texts)}",
            account=Identifier("NO9386011117947"),
            account_name=draw(texts),
            branch=draw(texts),
        )
    if kind == "card":
        return PaymentMeans(
            code=ListedCode("48", name=name), card_number="123456", card_network="VISA", card_holder=draw(texts)
        )
    if kind == "debit":
        code = ListedCode(draw(st.sampled_from(["49", "59"])), name=name)
        return PaymentMeans(code=code, mandate=draw(texts), payer_account="NO9386011117947")
    return PaymentMeans(code=ListedCode(draw(codes("UNCL4461", ASK_MORE)), name=name), payment_id=f"ref-{draw(texts)}")


@st.composite
def attachments(draw: st.DrawFn) -> AdditionalDocument:
    held = Attachment("QUJD", draw(codes("MIME")), "a.pdf")
    return AdditionalDocument(
        id=Identifier(draw(texts)), description=draw(texts), attachment=held, uri="https://example.org/a"
    )


CATEGORIES = {
    "rated": [("S", "25"), ("S", "15"), ("S", "11.11"), ("Z", "0"), ("E", "0"), ("AE", "0"), ("K", "0"), ("G", "0")],
    "islands": [("L", "7"), ("L", "0"), ("M", "4")],
    "outside": [("O", "")],
}


@st.composite
def documents(draw: st.DrawFn) -> Document:
    kind = draw(st.sampled_from(sorted(CATEGORIES)))
    vat = kind != "outside"
    credit = draw(maybe)
    currency = draw(CURRENCIES)
    begins = draw(days)
    period = Period(start=begins, end=begins + timedelta(days=draw(st.integers(0, 90))))
    by_code = draw(maybe)  # BT-7 and BT-8 exclude each other
    taxes = [
        TaxCategory(id=id_, percent=Decimal(rate) if rate else None, scheme="VAT") for id_, rate in CATEGORIES[kind]
    ]
    tax = st.sampled_from(taxes)
    objects = (
        AdditionalDocument(id=Identifier(draw(texts), draw(codes("UNCL1153"))), type_code="130"),
        *draw(st.lists(attachments(), max_size=2)),
    )
    accounting = draw(st.sampled_from(["", "EUR" if currency != "EUR" else "NOK"]))
    representative = Party(
        name=draw(texts),
        address=draw(addresses()),
        taxes=(TaxRegistration(company_id=Identifier("NO310000914MVA"), scheme="VAT"),),
    )
    payee = Party(
        identifications=(replace(draw(identifiers()), value="PAYEE"),),
        name=draw(texts) + "-payee",
        legal=LegalEntity(company_id=draw(identifiers())),
    )
    document = Document(
        credit=credit,
        customization_id=BILLING,
        profile_id=draw(st.sampled_from(sorted(BILLING_PROFILES))),
        number=draw(texts),
        issue_date=draw(days),
        due_date=None if credit else draw(days),
        type_code=draw(codes(f"UNCL1001-PEPPOL-{'CREDIT' if credit else 'INVOICE'}", GERMAN)),
        notes=(f"#AAI#{draw(texts)}",),
        tax_point=None if by_code else draw(days),
        currency=currency,
        tax_currency=accounting,
        accounting_cost=draw(texts),
        buyer_reference=draw(texts),
        period=replace(period, code=draw(codes("UNCL2005")) if by_code else ""),
        order_reference=draw(texts),
        sales_order=draw(texts),
        preceding=tuple(draw(st.lists(st.builds(DocumentReference, id=texts, issue_date=days), max_size=3))),
        despatch=draw(texts),
        receipt=draw(texts),
        originator=draw(texts),
        contract=draw(texts),
        documents=objects,
        project=draw(texts),
        seller=draw(sellers(vat=vat)),
        buyer=draw(buyers(vat=vat)),
        payee=payee if draw(maybe) else None,
        tax_representative=representative if vat and draw(maybe) else None,
        delivery=Delivery(
            day=draw(days), location=draw(identifiers()), address=draw(addresses()), party_name=draw(texts)
        ),
        payment_means=(draw(payments(credit=credit)),),
        payment_terms=draw(texts),
        allowances=tuple(draw(entries(currency, draw(tax))) for _ in range(draw(st.integers(0, 2)))),
        lines=tuple(draw(lines(n, currency, draw(tax), period)) for n in range(1, draw(st.integers(2, 4)))),
    )
    plain = totalled(replace(document, tax_currency=""))
    owed = plain.tax_totals[0].amount
    assert owed
    coded = draw(maybe)
    return totalled(
        document,
        reasons={} if coded else dict.fromkeys(EXEMPT, "reason"),
        reason_codes=EXEMPT if coded else {},
        prepaid=draw(cents),
        rounding=Decimal(draw(st.integers(-99, 99))) / 100,
        accounting_tax=rounded(owed.value),
    )


@settings(max_examples=100, deadline=None)
@given(documents())
def test_a_document_with_every_business_term_is_written_read_and_accepted(document: Document) -> None:
    data = write(document)
    assert xsd.violations(parse(data)) == []
    assert read(data) == document
    assert read(data).unread == ()
    assert write(read(data)) == data
    assert [(one.code, one.location, one.value) for one in check(data, on=ON)] == []


LEFT_OUT = {"unread", "credit"}
"""Fields of the value that are not in the document."""


def test_the_documents_above_fill_every_field_there_is() -> None:
    """Or a business term could be forgotten by writer, reader and this test alike."""
    empty: set[str] = set()
    filled: set[str] = set()

    @settings(max_examples=150, deadline=None, database=None, derandomize=True)
    @given(documents())
    def collect(document: Document) -> None:
        _fields(document, empty, filled)

    collect()
    # The rest is filled by reading (`unread`) or says which of the two documents it is (`credit`).
    assert {name for name in empty - filled if name.partition(".")[2] not in LEFT_OUT} == set()


def _fields(value: Any, empty: set[str], filled: set[str]) -> None:
    if isinstance(value, tuple):
        for item in value:
            _fields(item, empty, filled)
    elif is_dataclass(value) and not isinstance(value, type):
        for each in fields(value):
            held = getattr(value, each.name)
            name = f"{type(value).__name__}.{each.name}"
            (filled if held not in ("", None, ()) else empty).add(name)
            _fields(held, empty, filled)
