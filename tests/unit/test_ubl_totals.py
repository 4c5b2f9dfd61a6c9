"""The one-cent traps: where others' invoices are refused for a cent, ours are right; each trap in both directions."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from hub.errors import MappingError
from schemas.peppol import check
from schemas.ubl import Document, read, write, xsd
from schemas.ubl.amounts import AllowanceCharge, MonetaryTotal, TaxCategory, TaxSubtotal
from schemas.ubl.lines import Item, Line, Price
from schemas.ubl.names import BILLING, BILLING_PROFILE
from schemas.ubl.parties import LegalEntity, Party, PostalAddress, TaxRegistration
from schemas.ubl.payment import PaymentMeans
from schemas.ubl.references import AdditionalDocument, DocumentReference
from schemas.ubl.totals import allowed, charged, net_of, rounded, totalled
from schemas.ubl.values import Amount, Identifier, ListedCode, Quantity
from schemas.xml import parse

ON = date(2026, 9, 1)


def line(
    number: int, price: str, *, tax: tuple[str, str | None] = ("S", "25"), quantity: str = "1", **more: Any
) -> Line:
    category = TaxCategory(id=tax[0], percent=None if tax[1] is None else Decimal(tax[1]), scheme="VAT")
    values: dict[str, Any] = {"item": Item(name="Vare", tax=category)} | more
    return Line(
        id=str(number),
        quantity=Quantity(Decimal(quantity), "C62"),
        price=Price(amount=Amount(Decimal(price), "NOK")),
        **values,
    )


def party(number: str) -> Party:
    return Party(
        endpoint=Identifier(number, "0192"),
        address=PostalAddress(city="Oslo", country="NO"),
        taxes=(
            TaxRegistration(company_id=Identifier(f"NO{number}MVA"), scheme="VAT"),
            TaxRegistration(company_id=Identifier("Foretaksregisteret"), scheme="TAX"),
        ),
        legal=LegalEntity(name="AS", company_id=Identifier(number, "0192")),
    )


def invoice(*lines: Line, **more: Any) -> Document:
    values: dict[str, Any] = {
        "customization_id": BILLING,
        "profile_id": BILLING_PROFILE,
        "number": "1",
        "issue_date": date(2026, 9, 1),
        "due_date": date(2026, 9, 15),
        "type_code": "380",
        "currency": "NOK",
        "order_reference": "6TST1",
        "seller": party("310000086"),
        "buyer": party("310000914"),
    }
    return Document(**(values | more), lines=lines)


def codes(document: Document) -> list[str]:
    """What the rules say of a document as it stands."""
    return [finding.code for finding in check(write(document), on=ON)]


def tax_of(document: Document) -> list[tuple[str, str, str]]:
    """Category with rate, base and tax of each subtotal."""
    (total,) = document.tax_totals
    return [_shown(one) for one in total.subtotals]


def _shown(one: TaxSubtotal) -> tuple[str, str, str]:
    assert one.category
    assert one.taxable
    assert one.tax
    return f"{one.category.id} {one.category.percent}", f"{one.taxable.value:f}", f"{one.tax.value:f}"


def told(document: Document) -> dict[str, str]:
    """The totals that are stated."""
    names = MonetaryTotal.__dataclass_fields__
    found = {name: getattr(document.totals, name) for name in names}
    return {name: f"{amount.value:f}" for name, amount in found.items() if amount is not None}


def test_each_line_is_rounded_and_the_rounded_lines_are_added() -> None:
    """Three thirds of 100.00: 33.33 three times is 99.99, though the exact sum is 100.00."""
    document = totalled(invoice(*(line(n, "33.333333") for n in (1, 2, 3))))
    assert told(document)["lines"] == "99.99"
    assert codes(document) == []
    exact = replace(document, totals=replace(document.totals, lines=Amount(Decimal("100.00"), "NOK")))
    assert "BR-CO-10" in codes(exact)


def test_vat_is_computed_on_the_rounded_base_of_a_rate_and_not_line_by_line() -> None:
    document = totalled(invoice(*(line(n, "0.10") for n in (1, 2, 3))))
    assert tax_of(document) == [("S 25", "0.30", "0.08")]  # line by line it would be 0.03 three times
    document = totalled(invoice(*(line(n, "33.33", tax=("S", "15")) for n in (1, 2, 3))))
    assert tax_of(document) == [("S 15", "99.99", "15.00")]
    assert codes(document) == []


def test_a_category_and_rate_has_one_subtotal_however_its_rate_is_written() -> None:
    mixed = invoice(
        line(1, "100.00", tax=("S", "25")),
        line(2, "100.00", tax=("S", "25.00")),
        line(3, "50.00", tax=("E", "0")),
        line(4, "50.00", tax=("E", "0.00")),
    )
    document = totalled(mixed, reasons={"E": "§ 3-2"})
    assert tax_of(document) == [("E 0", "100.00", "0.00"), ("S 25", "200.00", "50.00")]
    assert codes(document) == []
    (total,) = document.tax_totals
    doubled = replace(document, tax_totals=(replace(total, subtotals=(*total.subtotals, total.subtotals[0])),))
    assert {"BR-E-01"} <= set(codes(doubled)), "the trap is a refusal"


def test_a_category_without_vat_is_one_group_with_rate_nought_or_without_rate() -> None:
    found = totalled(invoice(line(1, "10.00", tax=("E", None)), line(2, "10.00", tax=("E", "0"))), reasons={"E": "x"})
    assert tax_of(found) == [("E 0", "20.00", "0.00")]
    outside = totalled(invoice(line(1, "10.00", tax=("O", None)), line(2, "1.00", tax=("O", "0"))), reasons={"O": "x"})
    assert tax_of(outside) == [("O None", "11.00", "0.00")]


def test_the_payable_amount_is_rounded_only_where_that_is_said() -> None:
    plain = totalled(invoice(line(1, "99.99")))
    assert told(plain) == {
        "lines": "99.99",
        "tax_exclusive": "99.99",
        "tax_inclusive": "124.99",
        "payable": "124.99",
    }
    round_ = totalled(invoice(line(1, "99.99")), rounding=Decimal("0.01"), prepaid=Decimal("25.004"))
    assert (told(round_)["rounding"], told(round_)["prepaid"], told(round_)["payable"]) == ("0.01", "25.00", "100.00")
    assert codes(round_) == []
    silent = replace(round_, totals=replace(round_.totals, rounding=None))
    assert "BR-CO-16" in codes(silent)


@pytest.mark.parametrize("value", [141.26, float("nan"), Decimal("NaN"), Decimal("Infinity"), 1, "1.00"])
def test_a_float_never_becomes_an_amount(value: Any) -> None:
    with pytest.raises(MappingError, match="finite decimal"):
        Amount(value, "NOK")
    with pytest.raises(MappingError, match="never float"):
        Quantity(value, "C62")


def test_amounts_have_two_decimals_whatever_they_came_from() -> None:
    """100.00 / 3 * 4.2376 and the like: nothing longer than cents is written but the price."""
    entry = AllowanceCharge(reason="r", amount=Amount(Decimal("1.005"), "NOK"))
    taxed = replace(entry, tax=TaxCategory(id="S", percent=Decimal(25), scheme="VAT"))
    document = totalled(
        invoice(
            line(1, "33.3333", quantity="4.2376", allowances=(entry,)), allowances=(taxed, replace(taxed, charge=True))
        )
    )
    assert told(document)["lines"] == "140.24"  # 141.25 less 1.01
    assert [one.amount for one in document.allowances] == [Amount(Decimal("1.01"), "NOK")] * 2
    assert (told(document)["allowances"], told(document)["charges"]) == ("1.01", "1.01")
    assert codes(document) == []
    assert (allowed((taxed,)), charged((taxed,))) == (Decimal("1.01"), Decimal("0.00"))


def test_an_allowance_by_percentage_is_computed_and_one_without_anything_refused() -> None:
    entry = AllowanceCharge(reason="r", base=Amount(Decimal("99.99"), "NOK"), percent=Decimal("12.5"))
    document = totalled(invoice(line(1, "99.99", allowances=(entry,))))
    assert told(document)["lines"] == "87.49"  # 99.99 less 12.50 (12.49875)
    assert codes(document) == []
    for bare in (AllowanceCharge(reason="r"), replace(entry, base=None), replace(entry, percent=None)):
        with pytest.raises(MappingError, match="an amount, or a base and a percentage"):
            totalled(invoice(line(1, "99.99", allowances=(bare,))))


def test_a_total_of_allowances_stands_where_there_are_any_be_it_nothing() -> None:
    tiny = AllowanceCharge(
        reason="r",
        base=Amount(Decimal("0.01"), "NOK"),
        percent=Decimal("0.01"),
        tax=TaxCategory(id="S", percent=Decimal(25), scheme="VAT"),
    )
    document = totalled(invoice(line(1, "1.00"), allowances=(tiny,)))
    assert told(document)["allowances"] == "0.00"
    assert "charges" not in told(document)
    assert codes(document) == []


def test_nothing_is_minus_nothing_and_halves_go_away_from_zero() -> None:
    assert [str(rounded(Decimal(text))) for text in ("-0.001", "-0.005", "0.005", "2.675")] == [
        "0.00",
        "-0.01",
        "0.01",
        "2.68",
    ]
    assert b">-0" not in write(totalled(invoice(line(1, "0.001", quantity="-1"))))


def test_an_amount_of_too_many_digits_is_refused_and_not_a_crash() -> None:
    with pytest.raises(MappingError, match="too many digits"):
        totalled(invoice(line(1, "1E+40")))
    with pytest.raises(MappingError, match="base quantity"):
        net_of(replace(line(1, "1"), price=Price(amount=Amount(Decimal(1)), base_quantity=Quantity(Decimal(0)))))


def test_vat_in_the_accounting_currency_is_stated_where_it_is_another() -> None:
    document = totalled(invoice(line(1, "100.00"), tax_currency="EUR"), accounting_tax=Decimal("2.1249"))
    assert [(one.amount, len(one.subtotals)) for one in document.tax_totals] == [
        (Amount(Decimal("25.00"), "NOK"), 1),
        (Amount(Decimal("2.12"), "EUR"), 0),
    ]
    assert codes(document) == []
    assert len(totalled(invoice(line(1, "1.00"), tax_currency="NOK")).tax_totals) == 1
    with pytest.raises(MappingError, match="VAT in EUR is missing"):
        totalled(invoice(line(1, "100.00"), tax_currency="EUR"))


def test_a_reason_is_given_in_words_or_as_a_code() -> None:
    words = totalled(invoice(line(1, "1.00", tax=("E", "0"))), reasons={"E": "§ 3-2"})
    code = totalled(invoice(line(1, "1.00", tax=("E", "0"))), reason_codes={"E": "VATEX-EU-132"})
    assert codes(words) == codes(code) == []
    assert "BR-E-10" in codes(totalled(invoice(line(1, "1.00", tax=("E", "0")))))


# What an invoice and a credit note keep in different places.


def credit(**more: Any) -> Document:
    """A credit note."""
    return totalled(invoice(line(1, "1.00"), credit=True, type_code="381", **({"due_date": None} | more)))


def test_a_project_has_its_place_in_both_documents() -> None:
    for document in (totalled(invoice(line(1, "1.00"), project="P-1")), credit(project="P-1")):
        data = write(document)
        assert xsd.violations(parse(data)) == []
        assert read(data) == document
        assert codes(document) == []
    held = AdditionalDocument(id=Identifier("P-2"), type_code="50", description="more than a project")
    other = credit(documents=(held,))
    assert (read(write(other)).project, read(write(other)).documents) == ("", (held,))
    assert read(write(credit(documents=(AdditionalDocument(description="no id"),)))).project == ""
    both = credit(documents=(held,), project="P-1")
    assert read(write(both)) == both


def test_a_due_date_of_a_credit_note_stands_with_its_payment_means_or_is_refused() -> None:
    with pytest.raises(MappingError, match="payment means"):
        write(credit(due_date=date(2026, 9, 15)))
    means = PaymentMeans(code=ListedCode("10"), due_date=date(2026, 9, 15))
    assert read(write(credit(payment_means=(means,)))).payment_means == (means,)
    assert codes(credit(payment_means=(means,))) == []


def test_several_preceding_invoices_are_kept_with_their_days() -> None:
    several = (
        DocumentReference(id="1", issue_date=date(2026, 8, 1)),
        DocumentReference(id="2"),
        DocumentReference(id="3"),
    )
    assert read(write(credit(preceding=several))).preceding == several
    assert codes(credit(preceding=several)) == []
