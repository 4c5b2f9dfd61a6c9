"""What the schema gate says about an invoice: in three languages, with term, value and what was expected."""

from __future__ import annotations

import re

import pytest

from hub.model.finding import Finding
from schemas.peppol import check
from schemas.ubl.violation import shown
from schemas.xml import parse
from tests.conftest import GOLDEN

LANGUAGES = ("en", "nb", "nl")
INVOICE = (GOLDEN / "ehf" / "invoice.xml").read_text(encoding="utf-8")
ENGLISH = re.compile(r"\b(the|is|are|not|this|element|expected|missing|may|here)\b", re.IGNORECASE)


def broken(pattern: str, by: str) -> list[Finding]:
    """What is found in the invoice after one change."""
    data, count = re.subn(pattern, by, INVOICE, count=1, flags=re.DOTALL)
    assert count == 1
    found = check(data.encode())
    assert {one.code for one in found} == {"KVITT-XSD-01"}
    return found


@pytest.mark.parametrize(
    ("pattern", "by", "said", "about"),
    [
        (
            r"<cbc:IssueDate>[^<]*",
            "<cbc:IssueDate>15.04.2026",
            "Verdien er ikke en dato som ÅÅÅÅ-MM-DD.",
            ("BT-2", "15.04.2026", "YYYY-MM-DD"),
        ),
        (
            r"(<cbc:PayableAmount[^>]*>)[^<]*",
            r"\g<1>1550,00",
            "Verdien er ikke et tall av sifre med punktum.",
            ("BT-115", "1550,00", "[-]999.99"),
        ),
        (
            r"<cbc:ChargeIndicator>[^<]*",
            "<cbc:ChargeIndicator>nei",
            "Verdien er verken true eller false.",
            ("", "nei", "true / false"),
        ),
        (
            r"</cbc:IssueDate>",
            "</cbc:IssueDate><cbc:IssueTime>12.30</cbc:IssueTime>",
            "Verdien er ikke et klokkeslett som tt:mm:ss.",
            ("", "12.30", "hh:mm:ss"),
        ),
        (r"<cbc:PayableAmount[^>]*>", "<cbc:PayableAmount>", "Attributtet currencyID mangler.", ("BT-115", "", "@currencyID")),
        (r"<cbc:InvoicedQuantity ", '<cbc:InvoicedQuantity note="Kari" ', "Attributtet note er ikke tillatt her.", ("BT-130", "", "")),
        (
            r"<cbc:IssueDate>",
            "<cbc:Foo>Kari</cbc:Foo><cbc:IssueDate>",
            "cbc:Foo kan ikke stå her; her kan det stå: cbc:CopyIndicator, cbc:UUID, cbc:IssueDate.",
            ("", "", "cbc:CopyIndicator, cbc:UUID, cbc:IssueDate"),
        ),
        (r"</Invoice>", "<cbc:ID>Kari</cbc:ID></Invoice>", "cbc:ID kan ikke stå her; her kan det stå: cac:InvoiceLine.", ("BT-1", "", "cac:InvoiceLine")),
        (r"<cac:InvoiceLine>.*</cac:InvoiceLine>", "", "cac:InvoiceLine mangler.", ("", "", "cac:InvoiceLine")),
        (
            r"<cac:AccountingSupplierParty>",
            "<cac:AccountingSupplierParty>Kari",
            "Det står tekst der bare elementer kan stå.",
            ("BG-4", "", ""),
        ),
        (
            r"<cbc:IssueDate>",
            "<cbc:IssueDate><cbc:ID>Kari</cbc:ID>",
            "Det står elementer der bare en verdi kan stå.",
            ("BT-2", "", ""),
        ),
        (
            r"</cbc:DueDate>",
            '</cbc:DueDate><cbc:InvoiceTypeCode>380</cbc:InvoiceTypeCode><cbc:Note languageID="på norsk">Kari</cbc:Note>',
            "languageID er ikke en språkkode.",
            ("BT-22", "", ""),
        ),
    ],
)  # fmt: skip
def test_each_kind_of_violation_is_said_in_the_readers_language(
    pattern: str, by: str, said: str, about: tuple[str, str, str]
) -> None:
    found = broken(pattern, by)
    first = found[0]
    assert first.said("nb") == f"Ikke gyldig UBL 2.1 her. {said}"
    assert (first.term, first.value, first.expected) == about
    for one in found:
        assert set(one.text) == set(LANGUAGES)
        assert not ENGLISH.search(one.said("nb"))
        assert "Kari" not in repr(one)


def test_elements_in_a_value_are_told_once() -> None:
    assert len(broken(r"<cbc:IssueDate>", "<cbc:IssueDate><cbc:ID>1</cbc:ID>")) == 1


@pytest.mark.parametrize(
    "value",
    ["15.04.2026", "100,00", "-1 550,00", "NOK 100", "12.5 %", "2026-04-15T12:00:00Z", "ja", "J", "", "20260415"],
)
def test_a_value_that_tells_of_nobody_is_shown(value: str) -> None:
    assert shown(parse(f"<a>{value}</a>".encode())) == value


@pytest.mark.parametrize(
    "value",
    [
        "Kari Nordmann",
        "Hansen",
        "12847948459",
        "128479 48459",
        "999901234",
        "9999.01.234",
        "12847948459,00",
        "1" * 41,
        "kari@example.org",
        "born 1961",
        "three",
    ],
)  # fmt: skip
def test_words_and_what_may_be_a_persons_number_are_not_shown(value: str) -> None:
    assert shown(parse(f"<a>{value}</a>".encode())) == ""


def test_what_stands_in_a_person_is_never_shown() -> None:
    space = "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
    root = parse(f'<a xmlns:cac="{space}"><cac:Person><b>01.02.1961</b></cac:Person><b>01.02.1961</b></a>'.encode())
    assert [shown(one) for one in root.iter("b")] == ["", "01.02.1961"]
