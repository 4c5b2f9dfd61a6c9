"""Decisions as a spreadsheet: no cell from elsewhere is a formula, codes explain themselves in the reader's language."""

from __future__ import annotations

import csv
import io
from datetime import date

import openpyxl
import pytest

from hub.model.money import Money
from hub.model.reply import Code
from mappings.decision_tables import OUTCOMES, DecisionRow, to_csv, to_xlsx


def row(**values: object) -> DecisionRow:
    given = {"file": "F-1", "payer": "Menzis", "ref": "R-1", "claimed": Money(-105, "EUR"), **values}
    return DecisionRow(**given)  # type: ignore[arg-type]


def cells(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig")), delimiter=";"))


FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\x00=1", "\u202e=1", "\uff1d1", "\n-2"]


@pytest.mark.parametrize("text", FORMULAS)
def test_no_text_from_elsewhere_is_taken_for_a_formula(text: str) -> None:
    made = row(ref=text, remark=text, payer=text)
    for cell in cells(to_csv([made], "en"))[1]:
        assert cell.strip()[:1] not in ("=", "+", "@", "\uff1d") or cell == ""
        assert not cell.lstrip().startswith("-") or cell == "-1.05"
    sheet = openpyxl.load_workbook(io.BytesIO(to_xlsx([made], "en"))).worksheets[0]
    found = [cell for line in sheet.iter_rows(min_row=2) for cell in line if cell.value is not None]
    assert {cell.data_type for cell in found} == {"s", "n"}
    assert not [cell for cell in found if cell.data_type == "s" and str(cell.value).lstrip()[:1] in "=+-@\uff1d"]


def test_amounts_are_numbers_with_their_sign_and_what_is_not_decided_is_empty() -> None:
    made = [row(awarded=Money(0, "EUR"), outcome="refused"), row()]
    assert [line[9:13] for line in cells(to_csv(made, "nl"))[1:]] == [
        ["-1.05", "0.00", "EUR", "afgewezen"],
        ["-1.05", "", "EUR", "nog niet beoordeeld"],
    ]
    sheet = openpyxl.load_workbook(io.BytesIO(to_xlsx(made, "nl"))).worksheets[0]
    assert [(line[9], line[10]) for line in sheet.iter_rows(min_row=2, values_only=True)] == [(-1.05, 0), (-1.05, None)]


def test_a_separator_a_quote_and_a_line_break_stay_in_their_cell() -> None:
    (made,) = cells(to_csv([row(remark='a;b"c\r\nd')], "en"))[1:]
    assert made[-1] == 'a;b"c d'


@pytest.mark.parametrize("lang", ["en", "nb", "nl"])
def test_codes_are_raw_and_explained_and_unknown_ones_say_so(lang: str) -> None:
    codes = (Code(list="COD954", code="0586"), Code(list="COD957", code="987", element="0411"))
    header, made = cells(to_csv([row(codes=codes, begins=date(2024, 1, 5))], lang))
    assert len(set(header)) == len(header) == len(made)
    assert made[13] == "COD954:0586; COD957:987 (0411)"
    known, unknown = made[14].split("; ", 1)
    assert {"en": "late", "nb": "sent", "nl": "laat"}[lang] in known
    assert {"en": "not in our lists", "nb": "listene", "nl": "niet in onze lijsten"}[lang] in unknown
    assert made[15]


def test_every_outcome_has_words_in_three_languages() -> None:
    assert {frozenset(words) for words in OUTCOMES.values()} == {frozenset({"en", "nb", "nl"})}
