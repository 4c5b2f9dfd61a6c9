"""Money is whole minor units of one currency: nothing is rounded away, mixed up or read from a float."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.intake.values import parse_money
from hub.model.money import Money, money, round_half_up, total

MINOR = st.integers(-(10**17), 10**17)


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("12.30", "EUR", 1230),
        ("-0.91", "EUR", -91),
        (" 105 ", "NOK", 10500),
        ("12.3000", "NOK", 1230),
        ("1E+3", "NOK", 100000),
        (890, "NOK", 89000),
        (Decimal("0.01"), "SEK", 1),
        ("500", "JPY", 500),
        ("7.25", "XYZ", 725),
        ("9999999999999999.99", "EUR", 999_999_999_999_999_999),
    ],
)
def test_major_units_are_read_exactly(text: str | int | Decimal, currency: str, minor: int) -> None:
    assert money(text, currency) == Money(minor, currency)


@pytest.mark.parametrize(
    ("text", "currency", "why"),
    [
        ("12.345", "EUR", "too many decimals for EUR"),
        ("0.5", "JPY", "too many decimals for JPY"),
        (f"0.3{'0' * 30}1", "EUR", "too many decimals"),
        ("1e-999999", "EUR", "too many decimals"),
        ("10000000000000000.00", "EUR", "too large an amount"),
        ("1e999999", "EUR", "too large an amount"),
        ("twelve", "EUR", "not an amount"),
        ("", "EUR", "not an amount"),
        ("12,30", "EUR", "not an amount"),
        ("NaN", "EUR", "not an amount"),
        ("Infinity", "EUR", "not an amount"),
        ("1_000", "EUR", "not an amount"),
        ("１２", "EUR", "not an amount"),
    ],
)
def test_what_is_no_amount_of_the_currency_is_refused(text: str, currency: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        money(text, currency)


def test_a_refusal_quotes_no_more_than_twenty_characters() -> None:
    with pytest.raises(ValueError, match="not an amount") as caught:
        money("x" * 500, "EUR")
    assert "x" * 20 in str(caught.value)
    assert "x" * 21 not in str(caught.value)


@pytest.mark.parametrize("text", ["99999999999999999999", "٣٤", "1_000"])
def test_a_cell_with_an_impossible_amount_is_an_unread_cell_not_a_crash(text: str) -> None:
    assert parse_money(text, "EUR") is None


@pytest.mark.parametrize("minor", [1.0, Decimal(1), "1", True, None])
def test_minor_units_are_whole_numbers_only(minor: object) -> None:
    with pytest.raises(TypeError, match=f"must be int, not {type(minor).__name__}"):
        Money(minor, "EUR")  # type: ignore[arg-type]


def test_currencies_are_never_mixed() -> None:
    euro, krone = Money(100, "EUR"), Money(100, "NOK")
    with pytest.raises(ValueError, match="cannot combine EUR with NOK"):
        _ = euro + krone
    with pytest.raises(ValueError, match="cannot combine NOK with EUR"):
        _ = krone - euro
    with pytest.raises(ValueError, match="cannot combine EUR with NOK"):
        total([euro, krone], "EUR")


def test_sums_keep_their_sign_and_currency() -> None:
    assert Money(91, "EUR") - Money(105, "EUR") == Money(-14, "EUR")
    assert -Money(91, "EUR") == Money(-91, "EUR")
    assert total((Money(91, "EUR"), Money(-105, "EUR")), "EUR") == Money(-14, "EUR")
    assert total([], "NOK") == Money(0, "NOK")
    assert (bool(Money(0, "EUR")), bool(Money(-1, "EUR"))) == (False, True)


@pytest.mark.parametrize(
    ("value", "whole"),
    [("0.5", 1), ("-0.5", -1), ("1.5", 2), ("2.5", 3), ("-2.5", -3), ("2.49", 2), ("-2.49", -2)],
)
def test_halves_are_rounded_away_from_zero(value: str, whole: int) -> None:
    assert round_half_up(Decimal(value)) == whole


def test_a_share_of_an_amount_is_rounded_once() -> None:
    assert Money(91, "EUR").times(3) == Money(273, "EUR")
    assert Money(105, "EUR").times(Decimal("0.75")) == Money(79, "EUR")
    assert Money(-105, "EUR").times(Decimal("0.75")) == Money(-79, "EUR")


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (Money(-91, "EUR"), "-0.91 EUR"),
        (Money(0, "NOK"), "0.00 NOK"),
        (Money(500, "JPY"), "500 JPY"),
        (Money(1, "XYZ"), "0.01 XYZ"),
    ],
)
def test_people_read_major_units_with_the_currencys_digits(amount: Money, text: str) -> None:
    assert str(amount) == text


@settings(max_examples=100)
@given(minor=MINOR, currency=st.sampled_from(["EUR", "NOK", "JPY", "XYZ"]))
def test_what_is_shown_is_read_back(minor: int, currency: str) -> None:
    shown = str(Money(minor, currency)).removesuffix(f" {currency}")
    assert money(shown, currency) == Money(minor, currency)


@settings(max_examples=100)
@given(value=st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**8), max_value=10**8))
def test_an_amount_is_read_as_it_is_or_not_at_all(value: Decimal) -> None:
    exact = Fraction(value) * 100
    try:
        read = money(value, "EUR")
    except ValueError:
        assert exact.denominator > 1
    else:
        assert Fraction(read.minor) == exact
