"""A statement for people in three languages and four forms; nothing in it acts as a formula."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from openpyxl import load_workbook

from hub.errors import ConfigurationError
from hub.ledger.balances import AMOUNTS
from hub.rendering import html, pdf, text
from hub.rendering.statements import BALANCE, Told, to_csv, to_sheet, to_xlsx
from hub.texts import LANGUAGES


def amounts(**named: int) -> dict[str, int]:
    return dict.fromkeys(AMOUNTS, 0) | named


def body(**more: Any) -> dict[str, Any]:
    money = amounts(claimed=123456, granted=120000, refused=3456, received=100000, outstanding=20000)
    line = {"payer": "menzis", "module": "PMO", "reference": "0000000012", "money": money}
    return {
        "practice": "01099901",
        "name": "Praktijk Verzonnen",
        "payee": "53099901",
        "payee_name": "Zorggroep",
        "period": "2024Q1",
        "currency": "EUR",
        "groups": [{"payer": "menzis", "title": "Menzis", "module": "PMO", "count": 1, "money": money}],
        "lines": [line],
        "totals": money,
        "charges": [{"reason": '=HYPERLINK("x")', "period": "2024Q1", "amount": 25000}],
        "balance": dict.fromkeys(BALANCE, 0) | {"opening": -5000, "settled": 100000, "share": 95000, "closing": 65000},
    } | more


TOLD = Told(body=body(), version=2, made=date(2024, 4, 3), language="nl")
NOTHING = Told(
    body=body(groups=[], lines=[], totals=amounts(), charges=[], balance={}, payee="", payee_name=""),
    version=1,
    made=date(2024, 4, 3),
    language="nb",
)


def rows(told: Told) -> list[dict[str, str]]:
    data = to_csv(told)
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig")), delimiter=";"))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("told", [TOLD, NOTHING], ids=["told", "nothing"])
def test_every_form_in_every_language(told: Told, language: str) -> None:
    spoken = replace(told, language=language)
    sheet = to_sheet(spoken)
    assert "Praktijk Verzonnen" in text.to_text(sheet)
    assert "Praktijk Verzonnen" in html.to_html(sheet)
    assert pdf.to_pdf(sheet).startswith(b"%PDF-")
    assert pdf.to_pdf(sheet) == pdf.to_pdf(to_sheet(spoken)), "the same bytes every time"
    assert to_csv(spoken) == to_csv(spoken)
    assert load_workbook(io.BytesIO(to_xlsx(spoken))).sheetnames == ["2024Q1"]


def test_amounts_have_the_decimal_sign_of_the_language() -> None:
    assert [row["gedeclareerd"] for row in rows(TOLD)][:2] == ["1234,56", "1234,56"]
    assert rows(replace(TOLD, language="en"))[0]["claimed"] == "1234.56"
    assert "1.234,56" in text.to_text(to_sheet(TOLD))


def test_a_cell_that_could_act_as_a_formula_is_text() -> None:
    (cost,) = [row for row in rows(TOLD) if row["soort"] == "kosten"]
    assert cost["referentie"] == '\'=HYPERLINK("x")'
    book = load_workbook(io.BytesIO(to_xlsx(TOLD)))
    cells = [cell for row in book.worksheets[0].iter_rows() for cell in row]
    assert [cell for cell in cells if cell.data_type == "f"] == []
    (reference,) = [cell for cell in cells if cell.value == "0000000012"]
    assert (reference.data_type, reference.number_format) == ("s", "@"), "no leading zero is lost"


def test_where_nobody_holds_money_there_is_no_account() -> None:
    sheet = to_sheet(NOTHING)
    assert [section.heading for section in sheet.sections] == ["Krav for 2024Q1", "Sum"]
    assert "Det er ingen krav" in text.to_text(sheet) or sheet.sections[0].paragraphs
    assert {row["type"] for row in rows(NOTHING)} == {"sum"}


def test_a_language_nobody_has_words_of_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="unknown language"):
        to_sheet(replace(TOLD, language="fy"))
