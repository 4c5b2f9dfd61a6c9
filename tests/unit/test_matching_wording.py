"""Numbers in the texts payers write."""

from __future__ import annotations

import pytest

from hub.matching.wording import cleaned, is_date_like, runs, spots


def forms(text: str, *, letters: bool = False) -> set[str]:
    return {form for spot in spots(cleaned(text), letters=letters) for form in spot.forms}


@pytest.mark.parametrize(
    "text",
    [
        "Faktura 10023",
        "faktura F10023 takk",
        "betr. 0010023",
        "fakt 10 023",
        "fakt 100\n23",
        "fakt 1002-3",
        "fakt 1002.3",
        "FAKTURANR:10023 DATO 15.04.2026",
        "10023 kr 960,00",
        "960,00 NOK for 10023",
    ],
)
def test_a_number_is_found_however_it_is_written(text: str) -> None:
    assert "10023" in {form.lstrip("0") for form in forms(text)}


@pytest.mark.parametrize(
    "text",
    [
        "100231",
        "X10023Y",
        "10023A",
        "100,23",
        "kr 10.023,00",
        "NOK 10023",
        "EUR 10023.00",
        "100.23",
        "100 og 23",
        "1,00,23",
    ],
)
def test_a_number_inside_another_an_amount_or_across_a_comma_is_none(text: str) -> None:
    assert "10023" not in forms(text)


@pytest.mark.parametrize(
    "text", ["15.04.2026", "15/4/2026", "15-04-2026", "2026-04-15", "15.04.26", "1.234,50", "1,234.50", "€ 20,-"]
)
def test_dates_and_amounts_hold_no_number(text: str) -> None:
    assert forms(text) == set()
    assert runs(cleaned(text)) == []


def test_numbers_with_letters_are_looked_for_where_there_are_such() -> None:
    assert forms("INV-0010023", letters=True) >= {"INV0010023", "0010023"}
    assert forms("inv0010023", letters=True) == {"INV0010023", "0010023"}
    assert forms("RF18 5390 0754 7034") >= {"RF18539007547034"}
    assert "ABC" not in forms("abc 1", letters=True)


def test_the_longest_number_comes_first_at_each_place() -> None:
    found = [spot.forms[0] for spot in spots(cleaned("2024-10023"), letters=False)]
    assert found == ["202410023", "2024", "10023"]


def test_at_most_four_pieces_are_joined() -> None:
    assert "12345678" in forms("12 34 56 78 90")
    assert "1234567890" not in forms("12 34 56 78 90")


@pytest.mark.parametrize(
    ("number", "holds"),
    [
        ("20260415", True),
        ("15042026", True),
        ("150426", True),
        ("260415", True),
        ("2026", True),
        ("10023", False),
        ("99999999", False),
    ],
)
def test_digits_that_may_be_a_day(number: str, holds: bool) -> None:
    assert is_date_like(number) is holds


def test_a_text_without_end_is_read_to_a_limit() -> None:
    assert len(list(spots(cleaned("10023 " * 100_000), letters=False))) < 2000
