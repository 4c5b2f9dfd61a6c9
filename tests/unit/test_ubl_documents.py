"""Reading and writing billing documents and responses: what is understood, what is named as not understood."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from hub.errors import FormatError, MappingError
from schemas.ubl import Document, read, write, xsd
from schemas.ubl.amounts import AllowanceCharge, TaxCategory
from schemas.ubl.lines import Item, Line, Price
from schemas.ubl.names import BILLING, BILLING_PROFILE
from schemas.ubl.parties import LegalEntity, Party, PostalAddress, organisation_number
from schemas.ubl.references import AdditionalDocument
from schemas.ubl.totals import net_of, rounded, totalled
from schemas.ubl.values import Amount, Attachment, Identifier, Quantity
from schemas.xml import parse


def line(number: int, price: str, *, rate: str = "25", category: str = "S", quantity: str = "1") -> Line:
    return Line(
        id=str(number),
        quantity=Quantity(Decimal(quantity), "C62"),
        item=Item(name="Vare", tax=TaxCategory(id=category, percent=Decimal(rate), scheme="VAT")),
        price=Price(amount=Amount(Decimal(price), "NOK")),
    )


def party(number: str) -> Party:
    legal = LegalEntity(name="AS", company_id=Identifier(number, "0192"))
    return Party(endpoint=Identifier(number, "0192"), address=PostalAddress(country="NO"), legal=legal)


def invoice(*lines: Line, credit: bool = False) -> Document:
    return totalled(
        Document(
            credit=credit,
            customization_id=BILLING,
            profile_id=BILLING_PROFILE,
            number="1",
            issue_date=date(2026, 9, 1),
            type_code="381" if credit else "380",
            currency="NOK",
            order_reference="6TST1",
            seller=party("310000086"),
            buyer=party("310000914"),
            lines=lines or (line(1, "100.00"),),
        ),
        reasons={"E": "grunn"},
    )


@pytest.mark.parametrize("credit", [False, True])
def test_a_document_is_valid_ubl_and_reads_back_equal(credit: bool) -> None:
    document = invoice(credit=credit)
    data = write(document)
    assert xsd.violations(parse(data)) == []
    assert read(data) == document
    assert read(data).unread == ()
    assert write(read(data)) == data


def test_numbers_keep_their_digits_and_dates_their_form() -> None:
    data = write(invoice()).replace(b">100.00<", b">100.0000<")
    assert b">100.0000<" in write(read(data))
    exponent = replace(invoice(), lines=(line(1, "1E+2"),))
    assert b'<cbc:PriceAmount currencyID="NOK">100<' in write(exponent)


def test_what_is_not_understood_is_named_once_per_place() -> None:
    data = write(invoice(line(1, "1.00"), line(2, "2.00")))
    data = data.replace(b"<cbc:Name>Vare", b'<cbc:Keyword>x</cbc:Keyword><cbc:Name languageID="nb">Vare')
    data = data.replace(b"<cbc:ID>1</cbc:ID>", b"<cbc:UBLVersionID>2.1</cbc:UBLVersionID><cbc:ID>1</cbc:ID>", 1)
    assert read(data).unread == (
        "/Invoice/cbc:UBLVersionID",
        "/Invoice/cac:InvoiceLine/cac:Item/cbc:Keyword",
        "/Invoice/cac:InvoiceLine/cac:Item/cbc:Name/@languageID",
    )


def test_a_second_value_where_one_is_expected_is_named() -> None:
    data = write(invoice()).replace(b"<cbc:ID>1</cbc:ID>", b"<cbc:ID>1</cbc:ID><cbc:ID>2</cbc:ID>", 1)
    document = read(data)
    assert document.number == "1"
    assert "/Invoice/cbc:ID" in document.unread


def test_nothing_is_invented_on_reading() -> None:
    document = read(b'<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"/>')
    assert document == Document()
    assert (document.customization_id, document.type_code, document.currency) == ("", "", "")


@pytest.mark.parametrize(
    ("old", "new"), [(b"2026-09-01", b"20260901"), (b">125.00<", b">125,00<"), (b">125.00<", b">1e2<")]
)
def test_a_malformed_value_names_its_place_and_not_itself(old: bytes, new: bytes) -> None:
    with pytest.raises(FormatError, match=r"/Invoice/") as caught:
        read(write(invoice()).replace(old, new))
    assert new.strip(b"<>").decode() not in str(caught.value)
    assert caught.value.where.startswith("line ")


def test_other_documents_are_refused() -> None:
    with pytest.raises(FormatError, match="neither"):
        read(b"<Invoice/>")


def test_a_character_xml_cannot_carry_is_a_mapping_error() -> None:
    with pytest.raises(MappingError, match="Name"):
        write(invoice(replace(line(1, "1.00"), item=replace(line(1, "1.00").item, name="a\x00b"))))


def test_an_attachment_is_kept_as_it_came() -> None:
    attached = AdditionalDocument(id=Identifier("v1"), attachment=Attachment("QUJD", "application/pdf", "a.pdf"))
    document = replace(invoice(), documents=(attached,))
    assert read(write(document)).documents == (attached,)
    assert xsd.violations(parse(write(document))) == []


def test_the_number_of_a_party_is_found_by_scheme() -> None:
    assert organisation_number(party("310000086")) == "310000086"
    assert organisation_number(party("310000086"), "0106") == ""
    assert organisation_number(Party(endpoint=Identifier("310000086", "0192"))) == "310000086"


# --- totals -------------------------------------------------------------------------------------------------------


def value(amount: Amount | None) -> Decimal:
    assert amount is not None
    return amount.value


def test_halves_round_away_from_zero() -> None:
    assert [rounded(Decimal(x)) for x in ("0.005", "-0.005", "2.675")] == [
        Decimal("0.01"),
        Decimal("-0.01"),
        Decimal("2.68"),
    ]


def test_lines_are_rounded_before_they_are_added() -> None:
    document = invoice(*(line(n, "0.335", quantity="1") for n in range(1, 4)))
    assert value(document.totals.lines) == Decimal("1.02")  # 3 x 0.34, not round(1.005)


def test_tax_is_computed_per_category_and_rate_not_per_line() -> None:
    document = invoice(*(line(n, "0.10") for n in range(1, 4)))
    (tax,) = document.tax_totals
    assert [value(one.tax) for one in tax.subtotals] == [Decimal("0.08")]  # 0.30 x 25 % = 0.075; per line 3 x 0.03
    assert value(document.totals.payable) == Decimal("0.38")


def test_each_category_and_rate_has_one_subtotal() -> None:
    mixed = invoice(line(1, "100"), line(2, "50", rate="15"), line(3, "10", rate="0", category="E"), line(4, "1"))
    subtotals = mixed.tax_totals[0].subtotals
    found = [(one.category.id, one.category.percent, value(one.taxable)) for one in subtotals if one.category]
    assert found == [
        ("E", Decimal(0), Decimal("10.00")),
        ("S", Decimal(15), Decimal("50.00")),
        ("S", Decimal(25), Decimal("101.00")),
    ]
    assert [one.category.reason for one in subtotals if one.category] == ["grunn", "", ""]


def test_prepaid_and_rounding_are_explicit() -> None:
    document = totalled(invoice(line(1, "99.99")), prepaid=Decimal("10.00"), rounding=Decimal("0.01"))
    assert value(document.totals.payable) == Decimal("115.00")  # 99.99 + 25.00 - 10.00 + 0.01


def test_document_allowances_and_charges_enter_base_and_total() -> None:
    tax = TaxCategory(id="S", percent=Decimal(25), scheme="VAT")
    entries = (
        AllowanceCharge(reason="r", amount=Amount(Decimal("10.00"), "NOK"), tax=tax),
        AllowanceCharge(charge=True, reason="r", amount=Amount(Decimal("4.00"), "NOK"), tax=tax),
    )
    document = totalled(replace(invoice(line(1, "100.00")), allowances=entries))
    assert value(document.totals.tax_exclusive) == Decimal("94.00")
    assert value(document.totals.tax_inclusive) == Decimal("117.50")


def test_a_price_per_hundred() -> None:
    per_hundred = replace(
        line(1, "12.50", quantity="250"),
        price=Price(amount=Amount(Decimal("12.50"), "NOK"), base_quantity=Quantity(Decimal(100), "C62")),
    )
    assert net_of(per_hundred) == Decimal("31.25")


def test_what_cannot_be_totalled_says_why() -> None:
    with pytest.raises(MappingError, match="category"):
        totalled(replace(invoice(), lines=(replace(line(1, "1"), item=Item(name="x")),)))
    with pytest.raises(MappingError, match="price"):
        net_of(Line(id="1"))
