"""Any billing document we can state is read back equal, is valid UBL, and satisfies the sums it was totalled by."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.peppol import check
from schemas.ubl import Document, read, write, xsd
from schemas.ubl.amounts import AllowanceCharge, TaxCategory
from schemas.ubl.lines import Item, ItemProperty, Line, Price
from schemas.ubl.names import BILLING, BILLING_PROFILE
from schemas.ubl.parties import LegalEntity, Party, PostalAddress, TaxRegistration
from schemas.ubl.totals import totalled
from schemas.ubl.values import Amount, Identifier, Quantity
from schemas.xml import parse

texts = st.text(st.characters(blacklist_categories=("Cc", "Cs", "Cn")), min_size=1, max_size=20).filter(
    lambda text: text == text.strip() and text.isprintable()
)
cents = st.integers(min_value=0, max_value=10_000_000).map(lambda n: Decimal(n) / 100)
categories = st.sampled_from([("S", "25"), ("S", "15"), ("E", "0"), ("Z", "0")])


def party(number: str, name: str) -> Party:
    return Party(
        endpoint=Identifier(number, "0192"),
        address=PostalAddress(city="Oslo", country="NO"),
        taxes=(
            TaxRegistration(company_id=Identifier(f"NO{number}MVA"), scheme="VAT"),
            TaxRegistration(company_id=Identifier("Foretaksregisteret"), scheme="TAX"),
        ),
        legal=LegalEntity(name=name, company_id=Identifier(number, "0192")),
    )


@st.composite
def lines(draw: st.DrawFn, position: int) -> Line:
    category, rate = draw(categories)
    allowance = AllowanceCharge(reason=draw(texts), amount=Amount(draw(cents), "NOK"))
    return Line(
        id=str(position),
        quantity=Quantity(Decimal(draw(st.integers(-50, 50))) / draw(st.sampled_from([1, 2, 4])), "C62"),
        allowances=draw(st.sampled_from([(), (allowance,)])),
        item=Item(
            name=draw(texts),
            tax=TaxCategory(id=category, percent=Decimal(rate), scheme="VAT"),
            properties=tuple(
                ItemProperty(name=n, value=v) for n, v in draw(st.lists(st.tuples(texts, texts), max_size=2))
            ),
        ),
        price=Price(amount=Amount(draw(cents), "NOK")),
    )


@st.composite
def documents(draw: st.DrawFn) -> Document:
    credit = draw(st.booleans())
    count = draw(st.integers(1, 5))
    document = Document(
        credit=credit,
        customization_id=BILLING,
        profile_id=BILLING_PROFILE,
        number=draw(texts),
        issue_date=draw(st.dates(date(2000, 1, 1), date(2099, 12, 31))),
        type_code="381" if credit else "380",
        notes=tuple(draw(st.lists(texts, max_size=1))),
        currency="NOK",
        buyer_reference=draw(texts),
        seller=party("310000086", draw(texts)),
        buyer=party("310000914", draw(texts)),
        lines=tuple(draw(lines(position)) for position in range(1, count + 1)),
    )
    return totalled(document, reasons={"E": draw(texts)})


@settings(max_examples=60, deadline=None)
@given(documents())
def test_what_we_write_is_read_back_valid_and_without_findings(document: Document) -> None:
    data = write(document)
    assert read(data) == document
    assert write(read(data)) == data
    assert read(data).unread == ()
    assert xsd.violations(parse(data)) == []
    assert [(one.code, one.location) for one in check(data)] == []
