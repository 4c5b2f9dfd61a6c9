"""MT940 as different Dutch banks write it (invented figures in their shapes)."""

from __future__ import annotations

from datetime import date

import pytest

from hub.model.money import Money
from hub.model.payment import BookingState, Payment, ReferenceKind, Statement
from schemas.banking import read


def mt940(entries: str, *, account: str = "NL02RABO0123456789", head: str = "") -> Statement:
    body = f":20:REF\n:25:{account}\n:28C:1/1\n:60F:C260101EUR0,00\n{entries}\n:62F:C260131EUR0,00\n-\n"
    (statement,) = read((head + body).encode())
    return statement


def only(statement: Statement) -> Payment:
    (payment,) = statement.payments
    return payment


def test_rabobank_names_account_and_party() -> None:
    payment = only(
        mt940(
            ":61:260115C000000000125,50N541EREF\nNL91ABNA0417164300\n"
            ":86:/EREF/E2E-7/ORDP//NAME/Voorbeeld Verzekeraar/REMI/declaratie 12345/ISDT/2026-01-15"
        )
    )
    assert (payment.payer_account, payment.payer_name) == ("NL91ABNA0417164300", "Voorbeeld Verzekeraar")
    assert (payment.amount, payment.end_to_end, payment.text) == (Money(12550, "EUR"), "E2E-7", "declaratie 12345")


def test_abn_amro_structured_words() -> None:
    payment = only(
        mt940(
            ":61:2601150115C10,N196NONREF\n:86:/TRTP/SEPA OVERBOEKING/IBAN/NL91ABNA0417164300/BIC/ABNANL2A/NAME/Voor\n"
            "beeld NV/REMI/afrekening 778899/EREF/NOTPROVIDED",
            account="NL02ABNA0123456789",
        )
    )
    assert (payment.payer_account, payment.payer_name) == ("NL91ABNA0417164300", "Voorbeeld NV")
    assert (payment.amount.minor, payment.end_to_end, payment.text) == (1000, "", "afrekening 778899")


def test_sns_puts_the_payer_where_others_put_a_reference() -> None:
    payment = only(
        mt940(
            ":61:2601150115C65,00NOVBNL91ABNA0417164300\nvoorbeeld nv\n:86:NL91ABNA0417164300 voorbeeld nv\n\nfactuur 12\n",
            account="NL02ASNB0123456789",
        )
    )
    assert (payment.payer_account, payment.payer_name) == ("NL91ABNA0417164300", "voorbeeld nv")
    assert payment.text.endswith("factuur 12")


def test_ing_structured_reference_and_return() -> None:
    head = "{1:F01INGBNL2ABXXX0000000000}\n{2:I940INGBNL2AXXXN}\n{4:\n"
    statement = mt940(
        ":61:2601150115C32,00NTRF9001123412341234//260115\n001\n/TRCD/00108/\n"
        ":86:/EREF/E1//CNTP/NL91ABNA0417164300/ABNANL2A/Voorbeeld///REMI/STRD/CUR/9001123412341234/\n"
        ":61:2601160116C5,00NRTIEREF//260116001\n:86:/RTRN/MS03//EREF/E2//REMI/USTD//terug/",
        account="NL02INGB0123456789EUR",
        head=head,
    )
    first, second = statement.payments
    assert statement.account == "NL02INGB0123456789"
    assert (first.reference, first.reference_kind, first.id) == ("9001123412341234", ReferenceKind.NL, "260115001")
    assert (second.reversal, second.end_to_end, second.text) == (True, "E2", "terug")


@pytest.mark.parametrize(
    ("mark", "minor", "reversal"), [("C", 100, False), ("D", -100, False), ("RC", -100, True), ("RD", 100, True)]
)
def test_a_reversed_credit_is_money_out(mark: str, minor: int, *, reversal: bool) -> None:
    payment = only(mt940(f":61:2601150115{mark}1,00NMSCNONREF"))
    assert (payment.amount.minor, payment.reversal, payment.id) == (minor, reversal, "")


@pytest.mark.parametrize(
    ("dates", "booked"),
    [
        ("2512310102", date(2026, 1, 2)),
        ("2601021231", date(2025, 12, 31)),
        ("260115", date(2026, 1, 15)),
        ("2402280229", date(2024, 2, 29)),
    ],
)
def test_the_entry_date_lies_in_the_year_nearest_the_value_date(dates: str, booked: date) -> None:
    assert only(mt940(f":61:{dates}C1,00NMSCNONREF")).booked == booked


def test_an_impossible_date_holds_that_booking_alone() -> None:
    statement = mt940(":61:2602300230C1,00NMSCNONREF\n:61:2601150115C2,00NMSCNONREF")
    assert [payment.state for payment in statement.payments] == [BookingState.HELD, BookingState.BOOKED]
    assert statement.findings[0].code == "KVITT-BANK-DATE"
    assert statement.findings[0].location == "line 5"


def test_plain_text_of_an_unlisted_bank_is_kept_whole() -> None:
    full = "factuur 10023 van een heel lange omschrijving die de regel vult12"
    assert len(full) == 65
    payment = only(mt940(f":61:2601150115C1,00NMSCNONREF\n:86:{full}\n34 takk\neinde", account="12345678"))
    assert payment.text == f"{full}34 takk einde"


def test_closing_balance_that_differs_warns_only() -> None:
    statement = mt940(":61:2601150115C1,00NMSCNONREF")
    assert [finding.code for finding in statement.findings] == ["KVITT-BANK-BALANCE"]
    assert statement.payments[0].state is BookingState.BOOKED


def test_a_statement_without_any_currency_says_so_for_every_line() -> None:
    (statement,) = read(b":20:X\n:25:123\n:28C:1\n:60F:oops\n:61:2601150115C1,00NMSCNONREF\n:62F:oops\n")
    assert statement.payments == ()
    assert [finding.code for finding in statement.findings] == ["KVITT-BANK-AMOUNT", "KVITT-BANK-END"]
