"""Cells become values, and what has two readings is not read."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from hub.intake.values import (
    parse_agb,
    parse_bsn,
    parse_date,
    parse_house_number,
    parse_moment,
    parse_money,
    parse_postal_code,
    parse_sex,
    parse_uzovi,
)
from hub.model.money import money


@pytest.mark.parametrize(
    "text",
    [
        *("01-02-1960", "1-2-1960", "1960-02-01", "1960-2-1", "19600201", "01/02/1960", "1.2.1960", "01 02 1960"),
        *("1960/02/01", "21947", " 01-02-1960 ", "1960-02-01 00:00:00", "1960-02-01T00:00:00.000Z", "01-02-1960 0:00"),
    ],
)
def test_dates_as_systems_write_them(text: str) -> None:
    assert parse_date(text) == date(1960, 2, 1)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "31-02-2024",
        "2024-13-01",
        "1-2-60",
        "01021960",
        "0",
        "onbekend",
        "2024",
        "29-02-2023",
        "2024-02-01 09:30:00",
    ],
)
def test_what_is_no_day_for_sure_is_not_read(text: str) -> None:
    assert parse_date(text) is None


def test_a_leap_day_is_a_day() -> None:
    assert parse_date("29-02-2000") == date(2000, 2, 29)


@pytest.mark.parametrize(
    "text",
    [
        *("2026-01-06 09:00:00", "2026-01-06T09:00", "06.01.2026 09:00", "6.1.2026 09.00", "2026-01-06 9:00"),
        *("2026-01-06T09:00:00+01:00", "2026-01-06T08:00:00Z"),
    ],
)
def test_moments_are_local(text: str) -> None:
    assert parse_moment(text) == datetime.fromisoformat("2026-01-06T09:00:00")


@pytest.mark.parametrize(
    "text", ["31.02.2026 10:00", "2026-01-06", "2026-01-06 25:00", "10:00", "", "2026-01-06 10:60"]
)
def test_a_moment_that_does_not_exist_is_not_read(text: str) -> None:
    assert parse_moment(text) is None


@pytest.mark.scenario("S40")
def test_eaten_zeros_come_back_with_a_warning() -> None:
    assert parse_bsn("12345678") == ("012345678", True)
    assert parse_bsn("9999 72 601") == ("999972601", False)
    assert parse_bsn("'012345678") == ("012345678", False)
    assert parse_bsn("1234567") == ("1234567", False)
    assert parse_uzovi("211") == ("0211", True)
    assert parse_uzovi("0000") == ("0000", False)
    assert parse_uzovi("") == ("", False)
    assert parse_agb("1099901") == ("01099901", True)
    assert parse_agb("banana7") == ("banana7", False)


def test_sex_is_the_code_of_the_standard() -> None:
    assert [parse_sex(text) for text in ("M", "v", "Vrouw", "O", "", "?", "9", "F")] == list("12200092")


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        *(("890.00", "890"), ("890,00", "890"), ("890", "890"), ("1 280,50", "1280.50"), ("1.280,50", "1280.50")),
        *(("1,280.50", "1280.50"), ("kr 890,-", "890"), ("890,5 kr", "890.50"), ("-12.30", "-12.30"), ("NOK 5", "5")),
    ],
)
def test_amounts_as_people_write_them(text: str, amount: str) -> None:
    assert parse_money(text, "NOK") == money(amount, "NOK")


@pytest.mark.parametrize("text", ["", "1.280", "1,280", "abc", "1.2.3", "12.345", "1e5", "NaN"])
def test_an_amount_with_two_readings_is_not_read(text: str) -> None:
    assert parse_money(text, "NOK") is None


def test_addresses() -> None:
    assert parse_postal_code("7511 aa") == "7511AA"
    found = [parse_house_number(text) for text in ("12", "12A", "12-2", "12 bis", "")]
    assert found == [("12", ""), ("12", "A"), ("12", "2"), ("12", "bis"), ("", "")]
