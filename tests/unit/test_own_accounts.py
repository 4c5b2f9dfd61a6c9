"""Which bank accounts a text names: IBANs and Norwegian accounts, never a fødselsnummer, a BSN or an invoice number."""

from __future__ import annotations

import pytest

from hub.model.identity import is_bban, is_fnr
from hub.pipeline.own_accounts import found_in, plain

FNR_THAT_IS_NO_DAY = "01815012345"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Betaal voortaan op NL20INGB0001234567 aub", ["NL20INGB0001234567"]),
        ("IBAN: nl20 ingb 0001 2345 67, t.n.v. Praktijk", ["NL20INGB0001234567"]),
        ("NL20 INGB 0001 2345 67 Praktijk Verzonnen", ["NL20INGB0001234567"]),
        ("NL20.INGB.0001.2345.67.", ["NL20INGB0001234567"]),
        ("NL21INGB0001234567 heeft een tikfout", []),
        ("Ny konto 9999.01.01015 fra i dag", ["99990101015"]),
        ("Kontonummer: 99990101015", ["99990101015"]),
        ("konto 9999 01 01015 og 9999.03.01014", ["99990101015", "99990301014"]),
        ("Faktura 99990101015 er betalt", []),
        ("BSN 999931428, factuur KV0000000001", []),
        ("9999.01.01015 og igjen 9999.01.01015", ["99990101015"]),
        ("", []),
    ],
)
def test_accounts_in_a_text(text: str, found: list[str]) -> None:
    assert found_in(text) == found


def test_a_norwegian_iban_is_its_account_number() -> None:
    assert plain("NO93 8601 1117 947") == plain("8601.11.17947") == "86011117947"
    assert plain("nl20 INGB 0001 2345 67") == "NL20INGB0001234567"
    assert plain("") == ""


def test_a_persons_number_is_no_account_although_its_check_digit_fits() -> None:
    numbers = [
        f"{day:02d}81{year:02d}{rest:05d}" for day in (1, 2) for year in (50,) for rest in range(100, 100_000, 7)
    ]
    both = [number for number in numbers if is_fnr(number, allow_synthetic=True) and is_bban(number)]
    assert both, "the second check digit of a fødselsnummer is that of an account"
    assert [found_in(f"konto {number}") for number in both[:20]] == [[]] * len(both[:20])
