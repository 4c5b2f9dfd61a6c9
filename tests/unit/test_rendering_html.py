"""Documents as HTML: everything they carry is shown, in the reader's language, and nothing in them comes alive."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree, html

from hub.errors import ConfigurationError
from hub.rendering import to_html, to_sheet, to_text
from hub.rendering.numbers import account, bare, day, money, number, percent, quantity, size
from hub.rendering.words import keys, word
from schemas.ubl import Document
from schemas.ubl.amounts import AllowanceCharge, MonetaryTotal, TaxCategory, TaxSubtotal, TaxTotal
from schemas.ubl.lines import Item, ItemProperty, Line, Price
from schemas.ubl.names import BILLING, BILLING_PROFILE, INVOICE_RESPONSE, MLR, MLS
from schemas.ubl.parties import Contact, Delivery, LegalEntity, Party, PostalAddress, TaxRegistration
from schemas.ubl.payment import PaymentMeans
from schemas.ubl.references import AdditionalDocument, DocumentReference, Period
from schemas.ubl.response import (
    ApplicationResponse,
    Condition,
    DocumentResponse,
    LineResponse,
    Referenced,
    Response,
    Status,
)
from schemas.ubl.totals import totalled
from schemas.ubl.values import Amount, Attachment, Identifier, ListedCode, Quantity

LANGUAGES = ("en", "nb", "nl")
NBSP = "\u00a0"


def norwegian_invoice() -> Document:
    """A clinic's invoice to an insurer: two treatments, one of them with a deductible, exempt from VAT."""
    seller = Party(
        endpoint=Identifier("310000086", "0192"),
        name="Klinikk Eksempel",
        address=PostalAddress(street="Testveien 1", city="Tromsø", postal_code="9008", country="NO"),
        taxes=(TaxRegistration(company_id=Identifier("Foretaksregisteret"), scheme="TAX"),),
        legal=LegalEntity(name="Klinikk Eksempel AS", company_id=Identifier("310000086", "0192")),
        contact=Contact(name="Åse Prøve", telephone="+47 99 99 99 99", email="post@klinikk.example"),
    )
    buyer = Party(
        endpoint=Identifier("310000914", "0192"),
        name="Forsikring Nord",
        address=PostalAddress(street="Prøvegata 2", city="Oslo", postal_code="0150", country="NO"),
        legal=LegalEntity(name="Forsikring Nord", company_id=Identifier("310000914", "0192")),
    )
    exempt = TaxCategory(id="E", percent=Decimal(0), scheme="VAT")
    return totalled(
        Document(
            customization_id=BILLING,
            profile_id=BILLING_PROFILE,
            number="10001",
            issue_date=date(2026, 4, 15),
            due_date=date(2026, 4, 29),
            type_code="380",
            notes=("Behandlet etter avtale.",),
            currency="NOK",
            order_reference="6TST1",
            period=Period(start=date(2026, 4, 1), end=date(2026, 4, 14)),
            seller=seller,
            buyer=buyer,
            payment_means=(
                PaymentMeans(
                    code=ListedCode("30"),
                    payment_id="000100016",
                    account=Identifier("86011117947"),
                    account_name="Klinikk Eksempel",
                ),
            ),
            payment_terms="Netto 14 dager",
            lines=(
                Line(
                    id="1",
                    quantity=Quantity(Decimal(1), "C62"),
                    allowances=(AllowanceCharge(reason="Egenandel", amount=Amount(Decimal("500.00"), "NOK")),),
                    item=Item(
                        name="Første konsultasjon",
                        sellers_id="B1010",
                        tax=exempt,
                        properties=(ItemProperty(name="TreatmentId", value="B1010"),),
                    ),
                    price=Price(amount=Amount(Decimal("1890.00"), "NOK")),
                ),
                Line(
                    id="2",
                    quantity=Quantity(Decimal("1.5"), "HUR"),
                    item=Item(name="Oppfølging", tax=exempt),
                    price=Price(amount=Amount(Decimal("990.50"), "NOK")),
                ),
            ),
        ),
        reasons={"E": "Helsetjeneste unntatt merverdiavgift"},
    )


def dutch_credit_note() -> Document:
    """A Dutch practice credits an earlier invoice with VAT, in euro, with a report attached."""
    seller = Party(
        endpoint=Identifier("NL123456789B01", "9944"),
        name="Praktijk Voorbeeld",
        address=PostalAddress(street="Proefstraat 3", city="'s-Hertogenbosch", postal_code="5211 AB", country="NL"),
        taxes=(TaxRegistration(company_id=Identifier("NL123456789B01"), scheme="VAT"),),
        legal=LegalEntity(name="Praktijk Voorbeeld B.V.", company_id=Identifier("99999990", "0106")),
    )
    buyer = Party(
        name="Zorggroep Één",
        address=PostalAddress(city="Zwolle", country="NL"),
        legal=LegalEntity(name="Zorggroep Één"),
    )
    standard = TaxCategory(id="S", percent=Decimal("21.00"), scheme="VAT")
    report = AdditionalDocument(
        id=Identifier("R-1"),
        description="Rapport",
        attachment=Attachment("cmFwcG9ydA==", "application/pdf", "rapport.pdf"),
    )
    return totalled(
        Document(
            credit=True,
            customization_id=BILLING,
            profile_id=BILLING_PROFILE,
            number="C-2026-7",
            issue_date=date(2026, 3, 2),
            type_code="381",
            currency="EUR",
            buyer_reference="ZG-77",
            preceding=(DocumentReference(id="F-2026-3", issue_date=date(2026, 2, 1)),),
            documents=(report,),
            seller=seller,
            buyer=buyer,
            payment_means=(PaymentMeans(code=ListedCode("58"), account=Identifier("NL91ABNA0417164300")),),
            allowances=(AllowanceCharge(reason="Afspraak", amount=Amount(Decimal("10.00"), "EUR"), tax=standard),),
            lines=(
                Line(
                    id="1",
                    quantity=Quantity(Decimal(1000), "EA"),
                    item=Item(name="Module ouderenzorg", tax=standard),
                    price=Price(amount=Amount(Decimal("1.2345"), "EUR")),
                ),
            ),
            unread=("/CreditNote/cbc:UUID",),
        )
    )


def invoice_response() -> ApplicationResponse:
    """A buyer refuses an invoice, says why and what to do."""
    action = Status(
        reason_code=ListedCode("NIN", "OPStatusAction"),
        conditions=(Condition(attribute="BT-48", description="NO999999999MVA"),),
    )
    place = Response(code=ListedCode("RE"), descriptions=("Feil linje",), effective=date(2026, 5, 3))
    return ApplicationResponse(
        customization_id=INVOICE_RESPONSE,
        id="svar-1",
        issue_date=date(2026, 5, 2),
        sender=Party(endpoint=Identifier("310000914", "0192"), legal=LegalEntity(name="Forsikring Nord")),
        receiver=Party(endpoint=Identifier("310000086", "0192")),
        responses=(
            DocumentResponse(
                response=Response(code=ListedCode("RE"), statuses=(action,)),
                references=(Referenced(id=Identifier("10001"), type_code=ListedCode("380")),),
                lines=(LineResponse(line="2", responses=(place,)),),
            ),
        ),
    )


def words_of(page: str) -> str:
    """What a reader sees of a page, on one line."""
    body = html.document_fromstring(page).find("body")
    assert body is not None
    return " ".join("".join(body.itertext(with_tail=True)).replace(NBSP, " ").split())


def test_a_norwegian_invoice_looks_like_this(golden: Callable[[str, bytes], None]) -> None:
    golden("rendering/norwegian_invoice.html", to_html(norwegian_invoice(), "nb").encode())


def test_a_dutch_credit_note_looks_like_this(golden: Callable[[str, bytes], None]) -> None:
    golden("rendering/dutch_credit_note.html", to_html(dutch_credit_note(), "nl").encode())


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("nb", ("Faktura 10001", "Forfall 29.04.2026", "KID 000100016", "Konto 8601.11.17947", "NOK 2 875,75")),
        ("nl", ("Factuur 10001", "Vervaldatum 29-04-2026", "Rekening 8601.11.17947", "NOK 2.875,75", "1,5 u")),
        ("en", ("Invoice 10001", "Due date 29 Apr 2026", "Account 8601.11.17947", "NOK 2,875.75", "1.5 h")),
    ],
)
def test_numbers_dates_and_words_are_the_readers(language: str, said: tuple[str, ...]) -> None:
    page = words_of(re.sub(r"</dt>|</dd>|</td>", " ", to_html(norwegian_invoice(), language)))
    assert [part for part in said if part not in page] == []


def test_a_credit_note_says_so_and_asks_for_no_payment() -> None:
    page = words_of(to_html(dutch_credit_note(), "nl"))
    assert "Creditnota C-2026-7" in page
    assert "Gecrediteerd bedrag" in page
    assert "F-2026-3 · 01-02-2026" in page
    assert "rapport.pdf" in page
    assert "/CreditNote/cbc:UUID" in page


@pytest.mark.parametrize(
    ("code", "title"),
    [("384", "Corrected invoice"), ("389", "Self-billed invoice"), ("999", "Invoice (type 999)"), ("", "Invoice")],
)
def test_the_title_says_what_kind_of_invoice_it_is(code: str, title: str) -> None:
    assert to_sheet(replace(norwegian_invoice(), type_code=code), "en").title == title


def test_an_empty_document_is_still_a_page() -> None:
    for language in LANGUAGES:
        assert "<h1>" in to_html(Document(), language)
        assert to_text(Document(), language).endswith("\n")


def test_a_language_without_words_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="unknown language 'fr'"):
        to_html(Document(), "fr")


def test_two_ways_to_pay_are_told_apart() -> None:
    first = norwegian_invoice().payment_means[0]
    second = PaymentMeans(code=ListedCode("48"), card_number="XXXX1234", card_network="VISA", card_holder="A. Prøve")
    terms = "Netto 14 dager\nDeretter renter"
    found = to_sheet(replace(norwegian_invoice(), payment_means=(first, second), payment_terms=terms), "nb").sections
    assert [section.heading for section in found if section.heading.startswith("Betaling")] == [
        "Betaling 1",
        "Betaling 2",
        "Betalingsbetingelser",
    ]


# Every field of a document is shown: values are made from the types, so a new field fails here until it has a place.

_UNSHOWN = {("Attachment", "base64"), ("TaxCategory", "scheme"), ("PaymentMeans", "card_network")}
"""A file's bytes are counted instead; the tax scheme is always VAT; a card's network goes with a card number only."""


def full(kind: Any, numbers: Iterator[int], shown: list[object], name: tuple[str, str] = ("", "")) -> Any:
    """A value of a type with every part filled in differently; what must be found again is added to `shown`."""
    if kind is bool:
        return False
    if kind in (str, date, Decimal):
        at = next(numbers)
        made = {str: f"q{at}z", date: date(2001, 1, 1) + timedelta(days=at), Decimal: Decimal(f"{at}.123")}[kind]
        shown += [] if name in _UNSHOWN else [made]
        return made
    if get_origin(kind) in (Union, UnionType):
        return full(next(one for one in get_args(kind) if one is not type(None)), numbers, shown, name)
    if get_origin(kind) is tuple:
        return tuple(full(get_args(kind)[0], numbers, shown, name) for _ in range(2))
    assert is_dataclass(kind)
    assert isinstance(kind, type)
    hints = get_type_hints(kind)
    return kind(**{one.name: full(hints[one.name], numbers, shown, (kind.__name__, one.name)) for one in fields(kind)})


def told(value: object, language: str) -> str:
    """How a value is written in a language."""
    if isinstance(value, date):
        return day(value, language)
    return number(value, language) if isinstance(value, Decimal) else str(value)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", [Document, ApplicationResponse])
def test_every_field_of_a_document_is_shown(kind: type, language: str) -> None:
    shown: list[object] = []
    document = full(kind, count(101), shown)
    page = to_html(document, language)
    assert len(shown) > 100
    assert [told(value, language) for value in shown if told(value, language) not in page] == []


HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg/onload=alert(1)>",
    "</style><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "javascript:alert(1)",
    "{{ 7*7 }}{% raw %}",
    "&lt;script&gt;",
    "<!--",
    "]]><b>",
    "\u202egnp.exe",
    "http://example.com/\x00\x07\ud800",
)


def everywhere(value: Any, text: str) -> Any:
    """The value with a text put into every string of it."""
    if isinstance(value, str):
        return text
    if isinstance(value, tuple):
        return tuple(everywhere(one, text) for one in value)
    if is_dataclass(value) and not isinstance(value, type):
        return type(value)(**{one.name: everywhere(getattr(value, one.name), text) for one in fields(value)})
    return value


def alive(page: str) -> list[str]:
    """What of a page could act or load: elements, attributes, addresses."""
    tree = html.document_fromstring(page)
    bad = [element.tag for element in tree.iter("script", "img", "svg", "iframe", "a", "link", "form", "object", "b")]
    for element in tree.iter(etree.Element):
        bad += [name for name in element.attrib if str(name).startswith("on") or name in ("src", "href", "action")]
    return [*map(str, bad), *re.findall(r"url\(|@import", page)]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("base", [norwegian_invoice(), dutch_credit_note(), invoice_response()], ids=["no", "nl", "re"])
def test_hostile_text_in_every_field_is_inert(base: Any, text: str) -> None:
    page = to_html(everywhere(base, text), "en")
    assert alive(page) == []
    assert page.encode("utf-8").decode("utf-8") == page
    tree = html.document_fromstring(page)
    assert len(tree.findall(".//style")) == len(tree.findall(".//title")) == 1
    assert "49" not in words_of(page) or "49" in text


@given(st.text(max_size=60))
@settings(max_examples=60)
def test_any_text_is_shown_as_it_is_or_visibly_replaced(text: str) -> None:
    document = replace(norwegian_invoice(), notes=(f"[{text}]",))
    page = to_html(document, "nb")
    tree = html.document_fromstring(page)
    said = next(one.text_content() for one in tree.iter("p") if one.text_content().startswith("["))
    assert len(said) == len(f"[{text}]".replace("\r\n", "\n"))
    assert alive(page) == []


def test_the_page_is_made_for_everybody() -> None:
    tree = html.document_fromstring(to_html(norwegian_invoice(), "nb"))
    assert tree.get("lang") == "nb"
    assert [one.tag for one in tree.iter("h1")] == ["h1"]
    heads = list(tree.iter("th"))
    assert heads
    assert {one.get("scope") for one in heads} == {"col"}
    assert all(table.find("caption") is not None for table in tree.iter("table"))
    policy = tree.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    assert policy[0].startswith("default-src 'none'")


def test_colours_have_the_contrast_small_text_needs() -> None:
    """WCAG 2 asks for 4.5 to 1; quiet text stands on white and on the tinted band."""
    page = to_html(Document(), "en")
    colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", page))

    def light(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    for ink in ("ink", "quiet", "accent"):
        for paper in ("#ffffff", colours["tint"]):
            assert (light(paper) + 0.05) / (light(colours[ink]) + 0.05) >= 4.5, (ink, paper)


@pytest.mark.parametrize(
    ("language", "kind", "said"),
    [
        (
            "nb",
            INVOICE_RESPONSE,
            ("Fakturarespons svar-1", "Avvist · RE", "Send en ny faktura.", "BT-48 = NO999999999MVA"),
        ),
        ("nl", MLR, ("Berichtrespons svar-1", "Geweigerd · RE", "Feil linje")),
        ("en", MLS, ("Message Level Status svar-1", "Rejected · RE", "NIN · OPStatusAction", "3 May 2026")),
        ("en", "urn:other", ("Response svar-1",)),
    ],
)
def test_a_response_says_what_was_answered_and_what_to_do(language: str, kind: str, said: tuple[str, ...]) -> None:
    page = words_of(to_html(replace(invoice_response(), customization_id=kind), language))
    assert [part for part in said if part not in page] == []


@pytest.mark.parametrize(
    ("code", "meaning"),
    [(ListedCode("SV"), "Syntax violation"), (ListedCode("SV", "OTHER"), ""), (ListedCode("??"), "")],
)
def test_a_reason_nobody_knows_is_not_guessed(code: ListedCode, meaning: str) -> None:
    answer = DocumentResponse(response=Response(statuses=(Status(reason_code=code),)))
    (section,) = to_sheet(ApplicationResponse(responses=(answer,)), "en").sections
    assert section.table is not None
    assert section.table.rows[0].cells[-1] == meaning


def test_numbers_keep_every_digit() -> None:
    assert number(Decimal("-1234567.125"), "nb") == f"-1{NBSP}234{NBSP}567,125"
    assert number(Decimal("0.9"), "nl", least=2) == "0,90"
    assert number(Decimal("1E+3"), "en") == "1,000"
    assert bare(Amount(Decimal(5), "NOK"), "nb", "NOK") == "5,00"
    assert bare(Amount(Decimal(5), "SEK"), "nb", "NOK") == f"SEK{NBSP}5,00"
    assert bare(None, "nb", "NOK") == money(None, "nb") == percent(None, "nb") == quantity(None, "nb") == ""
    assert money(Amount(Decimal("1.5"), "EUR"), "nl") == f"€{NBSP}1,50"
    assert money(Amount(Decimal(15), "ISK"), "en") == f"ISK{NBSP}15"
    assert money(Amount(Decimal(15)), "en") == "15.00"
    assert (percent(Decimal("25.00"), "nb"), percent(Decimal(100), "nl")) == (f"25{NBSP}%", "100%")
    assert quantity(Quantity(Decimal(2), "X9"), "nb") == f"2{NBSP}X9"
    assert quantity(Quantity(Decimal(2)), "nb") == "2"
    assert day(date(2026, 1, 2), "en") == "2 Jan 2026"
    assert [size(count, "nb") for count in (12, 2048, 3 * 1024 * 1024)] == [
        f"12{NBSP}B",
        f"2,0{NBSP}kB",
        f"3,0{NBSP}MB",
    ]


def test_account_numbers_are_grouped_only_when_they_are_right() -> None:
    assert account("NL91ABNA0417164300") == NBSP.join(("NL91", "ABNA", "0417", "1643", "00"))
    assert account("86011117947") == "8601.11.17947"
    assert account("NL00ABNA0417164300") == "NL00ABNA0417164300"


def test_half_a_period_and_a_price_for_a_hundred_are_said() -> None:
    start, end = Period(start=date(2026, 1, 1)), Period(end=date(2026, 1, 31))
    price = Price(
        amount=Amount(Decimal(90), "NOK"),
        base_quantity=Quantity(Decimal(100), "C62"),
        allowance=AllowanceCharge(amount=Amount(Decimal(10), "NOK"), base=Amount(Decimal(100), "NOK")),
    )
    document = Document(
        currency="NOK",
        period=start,
        delivery=Delivery(party_name="Sted"),
        lines=(Line(id="1", period=end, price=price),),
    )
    page = words_of(to_html(document, "nb"))
    for said in ("fra 01.01.2026", "til 31.01.2026", "per 100 stk., Bruttopris 100,00, prisrabatt 10,00", "Sted"):
        assert said in page


def test_vat_in_another_currency_is_its_own_sum() -> None:
    totals = (TaxTotal(amount=Amount(Decimal(25), "NOK")), TaxTotal(amount=Amount(Decimal(2), "EUR")))
    document = Document(currency="NOK", tax_currency="EUR", tax_totals=totals, totals=MonetaryTotal())
    (sums,) = (one for one in to_sheet(document, "en").sections if one.facts and one.style.value == "sums")
    assert [(fact.term, fact.value) for fact in sums.facts] == [("BT-110", "25.00"), ("BT-111", f"€{NBSP}2.00")]


def test_a_breakdown_without_a_category_is_shown_as_far_as_it_goes() -> None:
    total = TaxTotal(subtotals=(TaxSubtotal(taxable=Amount(Decimal(7), "NOK")),))
    assert "7,00" in to_html(Document(currency="NOK", tax_totals=(total,)), "nb")


def test_every_word_is_there_in_every_language() -> None:
    assert [(key, language) for key in keys() for language in LANGUAGES if not word(key, language).strip()] == []


def test_the_summary_has_who_what_and_how_much() -> None:
    text = to_text(norwegian_invoice(), "nb").replace(NBSP, " ")
    for said in (
        "Faktura 10001",
        "Klinikk Eksempel, 310000086",
        "Forsikring Nord",
        "000100016",
        "2 875,75",
        "Oppfølging",
    ):
        assert said in text
    assert "rapport.pdf" in to_text(dutch_credit_note(), "nl")
    assert "/CreditNote/cbc:UUID" in to_text(dutch_credit_note(), "nl")


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ("Purchase order reference 6TST1", "Preceding invoice 10001")),
        ("nb", ("Innkjøpsordrenummer 6TST1", "Foregående faktura 10001")),
        ("nl", ("Inkoopordernummer 6TST1", "Eerdere factuur 10001")),
    ],
)
def test_the_summary_names_the_case_and_the_invoice_that_is_credited(language: str, said: tuple[str, str]) -> None:
    note = Document(credit=True, number="10002", order_reference="6TST1", preceding=(DocumentReference(id="10001"),))
    lines = [" ".join(line.split()) for line in to_text(note, language).splitlines()]
    assert set(said) <= set(lines)


def test_the_summary_of_a_long_invoice_says_how_many_lines_are_left() -> None:
    line = replace(norwegian_invoice().lines[0], item=Item(name="x" * 100))
    text = to_text(replace(norwegian_invoice(), lines=(line,) * 33), "en")
    assert "and 13 more lines" in text
    assert "x" * 50 not in text


@pytest.mark.parametrize("text", ["\x1b[2J", "\x9b31m", "a\rb", "\u202e", "\x07", "\u2028"])
def test_the_summary_moves_no_cursor(text: str) -> None:
    said = to_text(everywhere(norwegian_invoice(), f"[{text}]"), "nb")
    assert not {letter for letter in said if letter != "\n" and not letter.isprintable() and letter != NBSP}
