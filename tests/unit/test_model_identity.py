"""Identifiers against worked numbers and against an independent judge (python-stdnum). All people are synthetic."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from stdnum import iban as judge_iban
from stdnum import iso11649 as judge_rf
from stdnum import luhn as judge_luhn
from stdnum.iso7064 import mod_97_10
from stdnum.nl import bsn as judge_bsn
from stdnum.no import fodselsnummer as judge_fnr
from stdnum.no import kontonr as judge_konto
from stdnum.no import orgnr as judge_orgnr

from hub.model.identity import (
    digits,
    is_agb,
    is_bban,
    is_bsn,
    is_fnr,
    is_iban,
    is_kenmerk,
    is_kid,
    is_orgnr,
    is_rf,
    is_synthetic_fnr,
    is_test_bsn,
    is_uzovi,
    luhn_digit,
    make_kenmerk,
    make_kid,
    make_rf,
    mask,
    mod11_digit,
)

FEW = settings(max_examples=100, deadline=None)


def numbers(length: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=length, max_size=length)


def other_forms(right: str) -> list[str]:
    """The same number with one thing wrong in its form."""
    return ["", right[:-1], right + "0", " " + right[1:], right[:-1] + "x", right[:-1] + "٣"]


# --- the Netherlands


@pytest.mark.parametrize("bsn", ["999903883", "999911247", "999915812", "123456782"])
def test_a_bsn_passes_the_eleven_test(bsn: str) -> None:
    assert is_bsn(bsn)
    assert not any(is_bsn(wrong) for wrong in other_forms(bsn))


def test_nine_zeros_and_nine_nines_are_no_bsn() -> None:
    assert not is_bsn("000000000")
    assert not is_bsn("999999999")


@FEW
@given(text=numbers(9))
@example(text="999903883")
@example(text="000000000")
def test_bsn_as_the_judge_says(text: str) -> None:
    assert is_bsn(text) == judge_bsn.is_valid(text)


@FEW
@given(body=numbers(8))
def test_every_number_has_at_most_one_last_digit_that_makes_it_a_bsn(body: str) -> None:
    found = [end for end in "0123456789" if is_bsn(body + end)]
    assert found == [end for end in "0123456789" if judge_bsn.is_valid(body + end)]
    assert len(found) <= 1


def test_only_the_test_range_is_a_test_bsn() -> None:
    assert is_test_bsn("999903883")
    assert not is_test_bsn("123456782")
    assert not is_test_bsn("999903884")


@pytest.mark.parametrize("agb", ["01099901", "53530001", "98009901"])
def test_an_agb_code_has_a_sort_and_a_number(agb: str) -> None:
    assert is_agb(agb)
    assert not any(is_agb(wrong) for wrong in [*other_forms(agb), "00" + agb[2:], agb[:2] + "000000"])


def test_a_uzovi_number_has_four_digits() -> None:
    assert is_uzovi("0101")
    assert not any(is_uzovi(wrong) for wrong in other_forms("3332"))


# --- Norway


@FEW
@given(body=numbers(8))
@example(body="31000008")
def test_organisation_numbers_as_the_judge_says(body: str) -> None:
    right = [end for end in "0123456789" if is_orgnr(body + end)]
    assert right == [end for end in "0123456789" if judge_orgnr.is_valid(body + end)]


def test_an_organisation_number_in_another_form_is_none() -> None:
    assert is_orgnr("310000086")
    assert not any(is_orgnr(wrong) for wrong in [*other_forms("310000086"), "310000087", "NO310000086MVA"])


@FEW
@given(body=numbers(10))
@example(body="8601111794")
def test_account_numbers_as_the_judge_says(body: str) -> None:
    assume(not body.startswith("0000"))  # the judge reads these as old postal accounts of seven digits
    right = [end for end in "0123456789" if is_bban(body + end)]
    assert right == [end for end in "0123456789" if judge_konto.is_valid(body + end)]


def test_an_account_number_in_another_form_is_none() -> None:
    assert is_bban("86011117947")
    assert not any(is_bban(wrong) for wrong in [*other_forms("86011117947"), "86011117948", "8601.11.17947"])


@st.composite
def births(draw: st.DrawFn) -> tuple[int, int, int, str]:
    """Day, month and year of somebody born 1940-1999 with a serial number of that century."""
    born = draw(st.dates(date(1940, 1, 1), date(1999, 12, 31)))
    return born.day, born.month, born.year, f"{draw(st.integers(0, 499)):03d}"


def fnr(day: int, month: int, year: int, serial: str) -> str:
    """A number with both check digits by the judge; empty where there is none for this serial number."""
    body = f"{day:02d}{month:02d}{year % 100:02d}{serial}"
    first = judge_fnr.calc_check_digit1(body)
    second = judge_fnr.calc_check_digit2(body + first)
    return body + first + second if len(first + second) == 2 else ""


@pytest.mark.parametrize(
    ("day", "month", "real", "synthetic"),
    [(12, 3, True, False), (52, 3, True, False), (12, 43, False, True), (12, 83, False, True), (52, 83, False, True)],
    ids=["fødselsnummer", "D-number", "month + 40", "month + 80", "D-number, month + 80"],
)
def test_the_kinds_of_a_persons_number(day: int, month: int, *, real: bool, synthetic: bool) -> None:
    """Somebody born on 12 March 1861, so that the numbers are nobody's."""
    made = [number for serial in range(500, 530) if (number := fnr(day, month, 1861, str(serial)))]
    assert len(made) > 10
    for number in made:
        assert (is_fnr(number), is_synthetic_fnr(number)) == (real, synthetic)
        assert is_fnr(number, allow_synthetic=True)


@FEW
@given(birth=births())
def test_a_persons_number_as_the_judge_says(birth: tuple[int, int, int, str]) -> None:
    day, month, year, serial = birth
    number = fnr(day, month, year, serial)
    assume(number)
    assert judge_fnr.is_valid(number)
    assert is_fnr(number)
    assert not is_synthetic_fnr(number)


@FEW
@given(birth=births())
def test_a_d_number_has_forty_added_to_the_day(birth: tuple[int, int, int, str]) -> None:
    day, month, year, serial = birth
    number = fnr(day + 40, month, year, serial)
    assume(number)
    assert judge_fnr.is_valid(number)
    assert is_fnr(number)


@FEW
@given(birth=births(), added=st.sampled_from([40, 80]), d_number=st.booleans())
def test_a_synthetic_number_counts_only_where_it_is_allowed(
    birth: tuple[int, int, int, str], added: int, *, d_number: bool
) -> None:
    day, month, year, serial = birth
    number = fnr(day + 40 * d_number, month + added, year, serial)
    assume(number)
    assert is_fnr(number, allow_synthetic=True)
    assert is_synthetic_fnr(number)
    assert not is_fnr(number)


@pytest.mark.parametrize(
    ("day", "month"),
    [
        (0, 1),
        (32, 1),
        (30, 2),
        (31, 4),
        (40, 1),
        (72, 1),
        (79, 1),
        (81, 1),
        (99, 12),
        (1, 0),
        (1, 13),
        (1, 40),
        (1, 53),
        (1, 80),
        (1, 93),
    ],
)
def test_right_check_digits_over_no_birthday_are_no_persons_number(day: int, month: int) -> None:
    made = [number for serial in range(100, 130) if (number := fnr(day, month, 1970, str(serial)))]
    assert len(made) > 10
    assert not any(is_fnr(number, allow_synthetic=True) for number in made)


@FEW
@given(birth=births(), place=st.integers(0, 10), other=st.integers(1, 9))
def test_one_mistyped_digit_is_always_noticed(birth: tuple[int, int, int, str], place: int, other: int) -> None:
    number = fnr(*birth)
    assume(number)
    mistyped = number[:place] + str((int(number[place]) + other) % 10) + number[place + 1 :]
    assert not is_fnr(mistyped, allow_synthetic=True)


def test_a_persons_number_in_another_form_is_none() -> None:
    assert is_fnr("12847948459", allow_synthetic=True)
    wrong = [*other_forms("12847948459"), "12847948458", "12847948469", "12847948549"]
    assert not any(is_fnr(one, allow_synthetic=True) for one in wrong)


# --- IBAN


BBANS = st.one_of(
    st.from_regex(r"NL[A-Z]{4}[0-9]{10}", fullmatch=True),
    st.from_regex(r"NO[0-9]{11}", fullmatch=True),
    st.from_regex(r"DE[0-9]{18}", fullmatch=True),
    st.from_regex(r"MT[A-Z]{4}[0-9]{5}[A-Z0-9]{18}", fullmatch=True),
)


@FEW
@given(made=BBANS, place=st.integers(4, 14), other=st.integers(1, 9))
def test_an_iban_with_the_judges_check_digits_is_right_and_a_mistyped_one_wrong(
    made: str, place: int, other: int
) -> None:
    country, account = made[:2], made[2:]
    right = country + judge_iban.calc_check_digits(f"{country}00{account}") + account
    assert judge_iban.is_valid(right, check_country=False)
    assert is_iban(right)
    char = right[place]
    changed = str((int(char) + other) % 10) if char.isdigit() else chr((ord(char) - 65 + other) % 26 + 65)
    assert not is_iban(right[:place] + changed + right[place + 1 :])


@FEW
@given(text=st.from_regex(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}", fullmatch=True))
def test_the_check_digits_of_anything_in_the_form_of_an_iban_as_the_judge_says(text: str) -> None:
    assert is_iban(text) == mod_97_10.is_valid(text[4:] + text[:4])


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("NL91ABNA0417164300", True),
        ("nl91 abna 0417 1643 00", True),
        ("NO93 8601.11.17947", True),
        ("NL92ABNA0417164300", False),
        ("NO9386011117", False),
        ("NL91ABNA0417164300" * 2, False),
        ("NL91ABNA04171643%0", False),
        ("NL91ABNÅ0417164300", False),
        ("1191ABNA0417164300", False),
        ("NLABABNA0417164300", False),
        ("", False),
    ],
)
def test_an_iban_in_the_forms_people_write(text: str, right: bool) -> None:
    assert is_iban(text) is right


# --- KID


@FEW
@given(body=st.text("0123456789", min_size=1, max_size=24))
def test_mod10_as_the_judge_says(body: str) -> None:
    assert luhn_digit(body) == judge_luhn.calc_check_digit(body)
    assert is_kid(make_kid(body))


@FEW
@given(body=numbers(10))
def test_mod11_is_the_sum_of_an_account_number_with_a_dash_where_that_has_none(body: str) -> None:
    assume(not body.startswith("0000"))
    right = [end for end in "0123456789" if judge_konto.is_valid(body + end)]
    assert mod11_digit(body) == (right[0] if right else "-")


@pytest.mark.parametrize(
    ("number", "length", "method", "kid"),
    [
        ("10001", 0, "MOD10", "100016"),
        ("10001", 10, "MOD10", "0000100016"),
        ("001", 7, "MOD10", "0000018"),
        ("10001", 0, "MOD11", "100013"),
        ("100000004", 0, "MOD11", "100000004-"),
        ("9" * 24, 25, "MOD10", "9" * 24 + "4"),
        ("7", 0, "MOD10", "75"),
    ],
)
def test_a_kid_is_the_number_its_zeros_and_its_check_digit(number: str, length: int, method: str, kid: str) -> None:
    made = make_kid(number, length=length, method=method)
    assert (made, is_kid(made)) == (kid, True)


@pytest.mark.parametrize(
    ("number", "length", "method", "why"),
    [
        ("10001", 5, "MOD10", "length 5"),
        ("1", 1, "MOD10", "length 1"),
        ("9" * 25, 0, "MOD10", "length 0"),
        ("1", 26, "MOD10", "length 26"),
        ("A10001", 10, "MOD10", "no KID"),
        ("-10001", 10, "MOD10", "no KID"),
        ("١٢", 10, "MOD10", "no KID"),
        ("", 10, "MOD10", "no KID"),
        ("10001", 10, "mod10", "no KID method"),
    ],
)
def test_a_kid_that_cannot_be_made_is_refused(number: str, length: int, method: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        make_kid(number, length=length, method=method)


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("100016", True),
        ("100013", True),
        ("100000004-", True),
        ("100017", False),
        ("100016-", False),
        ("-", False),
        ("0", False),
        ("00", True),
        ("1000-6", False),
        ("10001x", False),
        ("１00016", False),
        ("9" * 24 + "4", True),
        ("9" * 25 + "1", False),
        ("", False),
    ],
)
def test_a_kid_is_right_by_either_method(text: str, right: bool) -> None:
    assert is_kid(text) is right


# --- how they are written


def test_blanks_dots_and_dashes_between_digits_are_dropped() -> None:
    assert digits("8601.11 179-47\t") == "86011117947"
    assert digits("999\u00a0903 883") == "999903883"
    assert digits("AB/1") == "AB/1"


@pytest.mark.parametrize(
    ("text", "shown", "masked"),
    [
        ("999903883", 4, "*****3883"),
        ("12847948459", 2, "*********59"),
        ("999903883", 0, "*********"),
        ("3883", 4, "****"),
        ("38", 4, "**"),
        ("", 4, ""),
    ],
)
def test_a_mask_shows_the_last_characters_and_never_all(text: str, shown: int, masked: str) -> None:
    assert mask(text, shown=shown) == masked


@pytest.mark.parametrize("text", ["5000056789012345", "12234534622567", "1234567"])
def test_a_betalingskenmerk_by_the_examples_of_its_specification(text: str) -> None:
    assert is_kenmerk(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "4000056789012345",
        "13234534622567",
        "12234534622569",
        "12345678",
        "123456789012345",
        "50000567890123\u0664\u0665",
        "123456x",
    ],
)
def test_what_is_no_betalingskenmerk(text: str) -> None:
    assert not is_kenmerk(text)


@FEW
@given(number=st.integers(0, 10**7 - 1), length=st.sampled_from([9, 10, 11, 12, 13, 14, 16]))
def test_a_betalingskenmerk_that_was_made_is_one_of_that_length(number: int, length: int) -> None:
    made = make_kenmerk(str(number), length=length)
    assert len(made) == length
    assert is_kenmerk(made)
    assert int(made[1:] if length == 16 else made[2:]) == number


@pytest.mark.parametrize(("number", "length"), [("1", 15), ("1", 7), ("12345678", 9), ("x", 16), ("", 8)])
def test_a_betalingskenmerk_that_cannot_be_is_refused(number: str, length: int) -> None:
    with pytest.raises(ValueError, match="betalingskenmerk"):
        make_kenmerk(number, length=length)


@FEW
@given(reference=st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=21))
def test_an_rf_reference_is_what_another_library_takes_for_one(reference: str) -> None:
    made = make_rf(reference)
    assert is_rf(made)
    assert judge_rf.is_valid(made)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "RF",
        "RF1",
        "XF18539007547034",
        "RF19539007547034",
        "RFX8539007547034",
        "rf18539007547034",
        "RF18 5390",
        "RF18" + "1" * 22,
    ],
)
def test_what_is_no_rf_reference(text: str) -> None:
    assert not is_rf(text)


@pytest.mark.parametrize("reference", ["", "a", "A" * 22, "A B", "\u0661"])
def test_an_rf_reference_that_cannot_be_is_refused(reference: str) -> None:
    with pytest.raises(ValueError, match="RF reference"):
        make_rf(reference)
