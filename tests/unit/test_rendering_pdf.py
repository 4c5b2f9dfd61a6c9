"""Documents as PDF: the document's values as text, pages that hold together, the same bytes every time."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from hub.rendering import files, fonts, to_pdf, to_sheet
from hub.rendering.layout import BOTTOM, LEFT, RIGHT, TOP, Bar, Box, Text, gap, pages
from hub.rendering.setting import boxes
from schemas.ubl import Document
from schemas.ubl.amounts import TaxCategory
from schemas.ubl.lines import Item, Line, Price
from schemas.ubl.parties import LegalEntity, Party, PostalAddress
from schemas.ubl.payment import PaymentMeans
from schemas.ubl.references import AdditionalDocument
from schemas.ubl.response import ApplicationResponse, DocumentResponse, Referenced, Response
from schemas.ubl.totals import totalled
from schemas.ubl.values import Amount, Attachment, Identifier, ListedCode, Quantity


def line(number: int, name: str = "Oppfølging", note: str = "") -> Line:
    tax = TaxCategory(id="S", percent=Decimal(25), scheme="VAT")
    price = Price(amount=Amount(Decimal("1234.50"), "NOK"))
    return Line(
        id=str(number), note=note, quantity=Quantity(Decimal(1), "C62"), item=Item(name=name, tax=tax), price=price
    )


def invoice(*lines: Line) -> Document:
    seller = Party(
        name="Klinikk Eksempel", legal=LegalEntity(name="Klinikk Eksempel AS"), address=PostalAddress(country="NO")
    )
    return totalled(
        Document(
            number="10001",
            issue_date=date(2026, 4, 15),
            due_date=date(2026, 4, 29),
            type_code="380",
            currency="NOK",
            seller=seller,
            buyer=Party(name="Forsikring Nord"),
            payment_means=(PaymentMeans(payment_id="000100016", account=Identifier("86011117947")),),
            lines=lines or (line(1),),
        )
    )


def attached(*held: Attachment) -> Document:
    return replace(invoice(), documents=tuple(AdditionalDocument(id=Identifier("V"), attachment=one) for one in held))


def opened(document: Document | ApplicationResponse, language: str = "nb") -> PdfReader:
    return PdfReader(io.BytesIO(to_pdf(document, language)))


def text_of(reader: PdfReader) -> str:
    return " ".join(" ".join(page.extract_text() for page in reader.pages).replace("\u00a0", " ").split())


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "nb",
            (
                "Faktura 10001",
                "29.04.2026",
                "KID",
                "000100016",
                "8601.11.17947",
                "Å betale",
                "NOK 1 543,13",
                "Side 1 av 1",
            ),
        ),
        ("nl", ("Factuur 10001", "29-04-2026", "000100016", "Te betalen", "NOK 1.543,13", "Pagina 1 van 1")),
        ("en", ("Invoice 10001", "29 Apr 2026", "000100016", "Amount due", "NOK 1,543.13", "Page 1 of 1")),
    ],
)
def test_the_text_of_the_pdf_is_the_documents(language: str, said: tuple[str, ...]) -> None:
    found = text_of(opened(invoice(), language))
    assert [part for part in (*said, "Klinikk Eksempel", "Forsikring Nord", "Oppfølging") if part not in found] == []


def test_letters_of_europe_are_set_as_they_are() -> None:
    names = "Ærøskøbing Čačak Łódź Győr Iași Ţălmaciu ŋáđđi Þór Straße IJsselstein’s Ĳ Ελλάδα Київ თბილისი €"
    reader = opened(replace(invoice(), notes=(names,)))
    assert names in text_of(reader)
    assert "\ufffd" not in text_of(reader)


def test_a_letter_no_font_has_is_visibly_replaced_and_counted() -> None:
    found = text_of(opened(replace(invoice(), notes=("漢字 שלום 😀 ok",)), "en"))
    assert "\ufffd\ufffd \ufffd\ufffd\ufffd\ufffd \ufffd ok" in found
    assert "7 characters this PDF's font lacks" in found


def test_composed_and_decomposed_letters_look_the_same() -> None:
    assert fonts.shown("A\u030angstro\u0308m") == "Ångström"
    assert fonts.shown("a\u202fb\u2011c\u00add") == "a\u00a0b-cd"
    assert fonts.shown("a\u202eb") == "a\ufffdb"


def test_the_same_document_gives_the_same_bytes() -> None:
    document = attached(Attachment(base64.b64encode(b"%PDF-1.4").decode(), "application/pdf", "a.pdf"))
    assert to_pdf(document, "nb") == to_pdf(document, "nb")
    assert to_pdf(document, "nb") != to_pdf(document, "nl")


def test_the_pdf_says_what_it_is() -> None:
    reader = opened(invoice(), "nl")
    said = reader.xmp_metadata
    assert said is not None
    assert said.dc_title == {"x-default": "Factuur 10001 – Klinikk Eksempel"}
    assert said.dc_creator == ["Klinikk Eksempel"]
    assert said.dc_language == ["nl"]
    assert said.xmp_create_date is not None
    assert said.xmp_create_date.date() == date(2026, 4, 15)
    assert reader.trailer["/Root"]["/Lang"] == "nl"
    assert reader.trailer["/Root"]["/ViewerPreferences"]["/DisplayDocTitle"] is not None
    assert b"<pdfaid:part>3" in reader.trailer["/Root"]["/Metadata"].get_data()


def test_a_document_without_a_day_has_a_fixed_one() -> None:
    document = replace(invoice(), issue_date=None)
    said = opened(document).xmp_metadata
    assert said is not None
    assert said.xmp_create_date is not None
    assert said.xmp_create_date.year == 1970
    assert to_pdf(document, "en") == to_pdf(document, "en")


def test_hostile_text_in_the_metadata_stays_text() -> None:
    number = "</rdf:li><x>{at}&\x00\ud800(\\"
    said = opened(replace(invoice(), number=number), "en").xmp_metadata
    assert said is not None
    assert said.dc_title == {"x-default": "Invoice </rdf:li><x>{at}&\ufffd\ufffd(\\ – Klinikk Eksempel"}


def test_all_fonts_are_inside() -> None:
    reader = opened(invoice())
    faces = [font.get_object() for page in reader.pages for font in page["/Resources"]["/Font"].values()]
    assert faces
    for face in faces:
        (below,) = face["/DescendantFonts"]
        assert "/FontFile2" in below.get_object()["/FontDescriptor"]


def test_a_long_invoice_repeats_its_heading_and_counts_its_pages() -> None:
    reader = opened(invoice(*(line(number, f"Time {number:03}") for number in range(1, 121))), "nb")
    texts = [page.extract_text() for page in reader.pages]
    assert len(texts) > 3
    for number, text in enumerate(texts, start=1):
        assert f"Side {number} av {len(texts)}" in text
        if "Time " in text:
            assert text.count("Beskrivelse") == 1
    assert [f"{at:03}" for at in range(1, 121)] == re.findall(r"Time (\d{3})", "\n".join(texts))


@pytest.mark.parametrize("count", range(20, 44))
def test_totals_never_stand_alone_and_never_split(count: int) -> None:
    texts = [page.extract_text() for page in opened(invoice(*(line(number) for number in range(count)))).pages]
    (page,) = (text for text in texts if "Beløp å betale" in text)
    assert "Sum av linjebeløp" in page
    assert "Alminnelig sats" in page


def test_a_note_longer_than_a_page_goes_on() -> None:
    note = " ".join(f"ord{number}" for number in range(3000))
    reader = opened(invoice(line(1, note=note), line(2)))
    assert len(reader.pages) > 2
    found = re.findall(r"ord(\d+)", text_of(reader))
    assert found == [str(number) for number in range(3000)]


def test_nothing_stands_outside_the_frame() -> None:
    long = "W" * 400
    document = replace(
        invoice(line(1, long, long)), number=long, order_reference=long, payment_terms=long, notes=(long,)
    )
    seller = replace(document.seller, name=long, address=PostalAddress(street=long, city=long))
    for page in pages(boxes(to_sheet(replace(document, seller=seller), "nb"), None)):
        for mark in page:
            assert TOP - 1 <= mark.y <= BOTTOM + 1
            if isinstance(mark, Bar):
                assert LEFT <= mark.x <= mark.x + mark.width <= RIGHT + 0.01
                continue
            wide = fonts.width(mark.text, mark.size * 25.4 / 72, bold=mark.bold)
            left = mark.x - wide if mark.right else mark.x
            assert left >= LEFT - 0.01, mark
            assert left + wide <= RIGHT + 0.01, mark


def test_lines_of_text_do_not_overlap() -> None:
    (page,) = pages(boxes(to_sheet(invoice(line(1, "Behandling " * 12, "merknad " * 30), line(2)), "nb"), None))
    texts = sorted((mark for mark in page if isinstance(mark, Text)), key=lambda mark: (mark.x, mark.y))
    for upper, lower in pairwise(texts):
        if upper.x == lower.x:
            assert lower.y - upper.y >= min(upper.size, lower.size) * 25.4 / 72 - 0.01


def test_a_headline_that_is_too_long_takes_two_rows() -> None:
    means = PaymentMeans(payment_id="1" * 40, account=Identifier("A" * 40))
    first, *_ = pages(boxes(to_sheet(replace(invoice(), payment_means=(means,)), "nb"), None))
    rows = {mark.text: mark.y for mark in first if isinstance(mark, Text) and mark.size == 9.5}
    assert rows["A" * 40] > rows["1" * 40]
    (tint,) = (mark for mark in first if isinstance(mark, Bar) and mark.colour == "tint")
    assert tint.y < rows["A" * 40] < tint.y + tint.height


def test_files_are_attached_by_type_and_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_EMBEDDED", 10)

    def file(content: bytes, kind: str, name: str) -> Attachment:
        return Attachment(base64.b64encode(content).decode(), kind, name)

    document = attached(
        file(b"12345", "application/pdf", "../../a.pdf"),
        file(b"1234", "text/csv", ".._.._a.pdf"),
        file(b"123456", "image/png", "too-large.png"),
        file(b"MZ", "application/x-msdownload", "virus.exe"),
        file(b"1", "image/png", ""),
        Attachment("%%%", "image/png", "broken.png"),
    )
    reader = opened(document, "en")
    held = {name: content for name, (content, *_more) in reader.attachments.items()}
    assert held == {"_.._a.pdf": b"12345", "2-_.._a.pdf": b"1234", "file-5": b"1"}
    found = text_of(reader)
    assert found.count("embedded in this PDF") == 3
    assert found.count("not in this PDF, only in the electronic document") == 3
    assert "unreadable" in found


def test_a_response_is_a_pdf_too() -> None:
    answer = DocumentResponse(
        response=Response(code=ListedCode("RE")), references=(Referenced(id=Identifier("10001")),)
    )
    found = text_of(opened(ApplicationResponse(id="svar-1", responses=(answer,)), "nb"))
    assert "Svar svar-1" in found
    assert "Avvist · RE" in found


def test_an_empty_document_is_still_a_page() -> None:
    assert len(opened(Document()).pages) == 1


@given(st.text(max_size=80))
@settings(max_examples=40)
def test_any_text_is_wrapped_without_losing_a_letter(text: str) -> None:
    lines = fonts.wrap(text, 20, 3)
    assert "".join("".join(lines).split()) == "".join("".join(fonts.shown(one) for one in text.splitlines()).split())
    assert all(fonts.width(one, 3) <= 20 or len(one) == 1 for one in lines)


@given(st.lists(st.tuples(st.floats(0, 300), st.booleans(), st.booleans()), max_size=60))
@settings(max_examples=60)
def test_every_box_is_placed_once_and_in_order(given_boxes: list[tuple[float, bool, bool]]) -> None:
    made = [
        Box(height=height, keep=keep, marks=(Bar(0, 0, number, 0, "ink"),), header=(gap(3),) if header else ())
        for number, (height, keep, header) in enumerate(given_boxes)
    ]
    found = [mark for page in pages(made) for mark in page]
    assert [mark.width for mark in found if isinstance(mark, Bar)] == list(range(len(made)))
