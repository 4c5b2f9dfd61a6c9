"""The raw view: the XML as it stands, terms beside it, findings at their line; any bytes at all can be looked at."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html

from hub.errors import FormatError
from hub.model.finding import Finding, Severity
from hub.rendering import to_annotated
from hub.rendering.annotated import SHOWN, decoded
from schemas.xml import MAX_BYTES

INVOICE = """<?xml version="1.0" encoding="UTF-8"?>
<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"
  xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
  xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
\t<cbc:ID>10001</cbc:ID>  <!-- <script> -->
  <cbc:Note>#AAI#Første &amp; siste</cbc:Note>

  <cac:InvoiceLine>
    <cbc:InvoicedQuantity unitCode="C62">1</cbc:InvoicedQuantity>
  </cac:InvoiceLine>
</Invoice>
"""


def finding(code: str, *, line: int | None = None, location: str = "", severity: Severity = Severity.FATAL) -> Finding:
    return Finding(
        code=code,
        severity=severity,
        text={"en": f"{code} said", "nb": f"{code} sagt"},
        hint={"en": f"{code} do"},
        line=line,
        location=location,
        term="BT-1",
    )


def rows(page: str) -> list[tuple[str, str, list[str], list[str]]]:
    """Number, source, terms and finding codes of each row."""
    found = []
    for row in html.document_fromstring(page).find_class("no"):
        if row.tag == "th" and row.get("scope") == "row":
            source, terms = row.getparent().findall("td")
            texts = [one.text_content() for one in source.iter("pre")]
            codes = [
                one.text_content() for one in source.findall("div/p/code") if one.getparent().find("strong") is not None
            ]
            found.append((row.text_content(), "".join(texts), [one.text_content() for one in terms], codes))
    return found


def source_of(page: str) -> str:
    """The lines put together again."""
    text = ""
    for number, source, _, _ in rows(page):
        text += ("\n" if number and text else "") + source
    return text


def test_every_line_stands_there_as_it_is() -> None:
    page = to_annotated(INVOICE.encode(), [], "en")
    assert [(number, source) for number, source, _, _ in rows(page)] == [
        (str(number), line) for number, line in enumerate(INVOICE.splitlines(), start=1)
    ]
    assert "<script>" not in page
    assert "No findings." in page


def test_terms_stand_beside_their_elements_in_the_readers_language() -> None:
    found = {number: terms for number, _, terms, _ in rows(to_annotated(INVOICE.encode(), [], "nb"))}
    assert found["5"] == ["BT-1 fakturanummer"]
    assert found["6"] == ["BG-1 fakturamerknad", "BT-21 merknadens emne", "BT-22 merknad"]
    assert found["8"] == ["BG-25 fakturalinje"]
    assert found["9"] == ["BT-129 fakturert antall", "BT-130 måleenhet"]
    assert found["1"] == found["7"] == found["11"] == []


def test_findings_stand_under_their_line_with_weight_text_and_hint() -> None:
    page = to_annotated(INVOICE.encode(), [finding("A", line=5), finding("B", severity=Severity.WARNING, line=9)], "en")
    assert [(number, codes) for number, _, _, codes in rows(page) if codes] == [("5", ["A"]), ("9", ["B"])]
    first, second = html.document_fromstring(page).find_class("finding")
    assert [" ".join(one.text_content().split()) for one in first] == ["Fatal A BT-1 invoice number A said", "A do"]
    assert second.text_content().startswith("Warning B")
    shown = html.document_fromstring(page).text_content()
    assert "Findings: 2" in shown


@pytest.mark.parametrize(
    ("language", "pair"),
    [("en", 'found "<b>1", expected "2"'), ("nb", "fant «<b>1», ventet «2»"), ("nl", "gevonden “<b>1”, verwacht “2”")],
)
def test_a_finding_says_what_was_found_and_what_was_expected(language: str, pair: str) -> None:
    compared = replace(finding("A", line=5), value="<b>1", expected="2")
    page = html.document_fromstring(to_annotated(INVOICE.encode(), [compared, finding("B", line=6)], language))
    assert [one.text_content() for one in page.find_class("compared")] == [pair]


@pytest.mark.parametrize(
    ("location", "line"),
    [
        ("/Invoice/cac:InvoiceLine/cbc:InvoicedQuantity", "9"),
        ("/Invoice/cac:InvoiceLine[1]/cbc:InvoicedQuantity/@unitCode", "9"),
        ("/Invoice", "4"),
    ],
)
def test_a_finding_without_a_line_is_found_by_its_place(location: str, line: str) -> None:
    page = to_annotated(INVOICE.encode(), [finding("A", location=location)], "en")
    assert [number for number, _, _, codes in rows(page) if codes] == [line]


@pytest.mark.parametrize(
    "location", ["", "line 3", "/Invoice/cac:InvoiceLine[2]", "/Invoice/[[", "/Invoice/x:y", "/Invoice/count(*)"]
)
def test_a_finding_with_no_place_at_all_stands_on_top(location: str) -> None:
    page = to_annotated(INVOICE.encode(), [finding("A", location=location), finding("B", line=999)], "en")
    assert all(not codes for _, _, _, codes in rows(page))
    shown = html.document_fromstring(page).text_content()
    assert "Findings without a line" in shown
    assert "A said" in shown
    assert "B said" in shown


def test_elements_that_share_a_line_each_have_their_own_part() -> None:
    one_line = INVOICE.replace("\n", "")
    findings = [
        finding("Q", line=1, location="/Invoice/cac:InvoiceLine/cbc:InvoicedQuantity"),
        finding("N", line=1, location="/Invoice/cbc:Note"),
        finding("L", line=1),
    ]
    page = to_annotated(one_line.encode(), findings, "en")
    found = rows(page)
    assert [number for number, *_ in found] == ["1", "", "", ""]
    assert [(terms[-1], codes) for _, _, terms, codes in found] == [
        ("BT-1 invoice number", []),
        ("BT-22 note", ["N"]),
        ("BG-25 invoice line", []),
        ("BT-130 unit of quantity", ["Q", "L"]),
    ]
    assert source_of(page) == one_line


@pytest.mark.parametrize(
    "data",
    [
        b"<Invoice><cbc:ID></Invoice>",
        b"<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>",
        b"not xml <b>at</b> all",
        b"",
        b"\x00\x01\xff\xfe",
        b"<x>" * 100 + b"</x>" * 100,
    ],
)
def test_what_cannot_be_read_is_shown_as_plain_lines(data: bytes) -> None:
    page = to_annotated(data, [finding("KVITT-XML-01", line=1)], "nb")
    assert "Dette er ikke velformet XML" in page
    assert all(not terms for _, _, terms, _ in rows(page))
    assert "KVITT-XML-01 sagt" in page
    assert "<b>" not in page


def test_a_response_has_lines_and_no_terms() -> None:
    page = to_annotated(b'<ApplicationResponse xmlns="urn:x">\n<a/>\n</ApplicationResponse>', [], "nl")
    assert [terms for _, _, terms, _ in rows(page)] == [[], [], []]
    assert "Dit is geen" not in page


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1", "windows-1252"])
def test_terms_are_found_in_any_encoding_that_may_be_read(encoding: str) -> None:
    declared = encoding.removesuffix("-sig")
    data = INVOICE.replace("UTF-8", declared).encode(encoding)
    found = rows(to_annotated(data, [], "nb"))
    assert found[4][2] == ["BT-1 fakturanummer"]
    assert "Første" in found[5][1]


@pytest.mark.parametrize("encoding", ["koi8-r", "utf-7", "punycode", "zlib", "nonsense"])
def test_an_encoding_we_do_not_know_is_a_guess_and_says_so(encoding: str) -> None:
    data = INVOICE.replace("UTF-8", encoding).encode()
    assert decoded(data)[1]
    assert "Bytes that are no text" in to_annotated(data, [], "en")


def test_bytes_that_are_no_text_are_visible() -> None:
    page = to_annotated(b"<a>\xff</a>\n", [], "en")
    assert rows(page)[0][1] == "<a>\ufffd</a>"


def test_a_very_long_line_is_folded_but_whole() -> None:
    data = INVOICE.replace("10001", "x" * 9000)
    page = to_annotated(data.encode(), [], "en")
    assert source_of(page) == data.rstrip("\n")
    (more,) = re.findall(r"(\d+) more characters", page)
    assert int(more) == len(data.splitlines()[4]) - SHOWN


def test_a_document_too_large_to_read_is_refused() -> None:
    with pytest.raises(FormatError, match="more than the"):
        to_annotated(b" " * (MAX_BYTES + 1), [], "en")


@pytest.mark.parametrize("ending", ["\r\n", "\r", "\n"])
def test_lines_end_as_in_xml(ending: str) -> None:
    data = INVOICE.replace("\n", ending).replace("siste", "si\u2028s\x85te")
    found = rows(to_annotated(data.encode(), [], "en"))
    assert len(found) == INVOICE.count("\n")
    assert found[4][2] == ["BT-1 invoice number"]


@given(st.binary(max_size=300))
@settings(max_examples=80)
def test_any_bytes_can_be_looked_at(data: bytes) -> None:
    page = to_annotated(data, [finding("A", line=2, location="/a")], "en")
    assert "A said" in page
    assert page.encode("utf-8")
