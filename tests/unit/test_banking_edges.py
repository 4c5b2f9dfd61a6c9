"""Bank files at the edges: what stands outside its place, sums that cannot be read, several statements in one file."""

from __future__ import annotations

from datetime import date
from io import BytesIO
from pathlib import Path

import pytest

from hub.errors import FormatError
from hub.model.money import Money
from hub.model.payment import BookingState, ReferenceKind, Statement
from schemas.banking import mt940, read, source

FILES = Path(__file__).resolve().parent.parent / "fixtures" / "banking"
OCR = (FILES / "ocr_plain.txt").read_bytes()
HELD, BOOKED = BookingState.HELD, BookingState.BOOKED


def codes(statement: Statement) -> list[str]:
    return [finding.code for finding in statement.findings]


def minors(statement: Statement) -> list[int]:
    return [payment.amount.minor for payment in statement.payments]


# --- camt


def entry(details: str = "", amount: str = "100.00") -> str:
    return (
        f'<Ntry><Amt Ccy="NOK">{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts>'
        f"<BookgDt><Dt>2026-04-15</Dt></BookgDt><NtryDtls>{details}</NtryDtls></Ntry>"
    )


def detail(amount: str = "", more: str = "") -> str:
    worth = f'<AmtDtls><TxAmt><Amt Ccy="NOK">{amount}</Amt></TxAmt></AmtDtls>' if amount else ""
    return f"<TxDtls>{worth}{more}</TxDtls>"


def camt(entries: str, *, outside: str = "", head: str = "", child: str = "Ntfctn") -> Statement:
    kind, name = ("054", "BkToCstmrDbtCdtNtfctn") if child == "Ntfctn" else ("053", "BkToCstmrStmt")
    (statement,) = read(
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.{kind}.001.02"><{name}>{outside}<{child}><Id>N1</Id>'
        f"<Acct><Id><IBAN>NO8330001234567</IBAN></Id><Ccy>NOK</Ccy></Acct>{head}{entries}</{child}></{name}></Document>".encode()
    )
    return statement


def test_an_entry_outside_any_statement_is_nobodys_money() -> None:
    assert minors(camt(entry(amount="100.00"), outside=entry(detail("77.00"), "77.00"))) == [10000]


def test_a_transaction_outside_any_entry_is_nobodys_money() -> None:
    assert minors(camt(detail("77.00") + entry(amount="100.00"))) == [10000]


def test_what_a_bank_adds_to_the_remittance_is_passed_over() -> None:
    words = "<RmtInf><Ustrd>faktura 10023</Ustrd><Envlp>other</Envlp></RmtInf>"
    (payment,) = camt(entry(detail("100.00", words))).payments
    assert (payment.text, payment.reference, payment.reference_kind) == ("faktura 10023", "", None)


def test_one_transaction_that_names_no_amount_is_held_with_what_the_others_leave() -> None:
    statement = camt(entry(detail("60.00") + detail() + detail("30.00")))
    assert minors(statement) == [6000, 1000, 3000]
    assert [payment.state for payment in statement.payments] == [BOOKED, HELD, BOOKED]
    (found,) = statement.findings
    assert (found.code, found.location) == ("KVITT-BANK-AMOUNT", "Ntfctn[1]/Ntry[1]/NtryDtls[1]/TxDtls[2]")


def test_two_transactions_that_name_no_amount_are_one_payment_of_the_entry() -> None:
    statement = camt(entry(detail() + detail()))
    assert (minors(statement), codes(statement)) == ([10000], ["KVITT-BANK-UNDETAILED"])


def balance(code: str, amount: str) -> str:
    kind = f"<Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>"
    return f'<Bal>{kind}<Amt Ccy="NOK">{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd></Bal>'


@pytest.mark.parametrize(
    ("balances", "opening", "said"),
    [
        (balance("OPBD", "50.00") + balance("CLBD", "150.00"), Money(5000, "NOK"), []),
        (balance("OPBD", "50.00") + balance("CLBD", "151.00"), Money(5000, "NOK"), ["KVITT-BANK-BALANCE"]),
        (balance("OPBD", "fifty") + balance("CLBD", "151.00"), None, []),
        (balance("OPBD", "fifty") + balance("PRCD", "50.00") + balance("CLBD", "150.00"), Money(5000, "NOK"), []),
    ],
)
def test_a_balance_that_cannot_be_read_counts_as_not_given(
    balances: str, opening: Money | None, said: list[str]
) -> None:
    statement = camt(entry(), head=balances, child="Stmt")
    assert (statement.opening, codes(statement)) == (opening, said)


def test_a_control_sum_that_cannot_be_read_holds_the_statement() -> None:
    summary = "<TxsSummry><TtlNtries><NbOfNtries>1</NbOfNtries><Sum>{}</Sum></TtlNtries></TxsSummry>"
    good = camt(entry(), head=summary.format("100.00"))
    assert (codes(good), [payment.state for payment in good.payments]) == ([], [BOOKED])
    bad = camt(entry(), head=summary.format("100,00"))
    assert (codes(bad), [payment.state for payment in bad.payments]) == (["KVITT-BANK-SUM"], [HELD])
    assert (bad.findings[0].expected, bad.findings[0].value) == ("?", "100.00 NOK")


# --- MT940


def statement(body: str, *, number: int = 1, opening: str = ":60F:C260101EUR0,00\n", closing: str = "0,00") -> str:
    return f":20:REF\n:25:NL02RABO0123456789\n:28C:{number}/1\n{opening}{body}\n:62F:C260131EUR{closing}\n"


def test_several_statements_in_one_file_keep_their_own_bookings() -> None:
    first = statement(":61:2601150115C1,00NTRFNONREF\n:86:een", closing="1,00")
    second = statement(":61:2601150115C2,00NTRFNONREF\n:86:twee", number=2, closing="2,00")
    found = list(read((first + second).encode()))
    assert [(one.id, minors(one), codes(one)) for one in found] == [("REF/1/1", [100], []), ("REF/2/1", [200], [])]
    assert [one.payments[0].text for one in found] == ["een", "twee"]


def test_a_file_without_any_field_has_no_statement() -> None:
    assert list(mt940.read([])) == []
    assert list(mt940.read([(1, "ABNANL2A"), (2, "940")])) == []


def test_an_amount_of_more_decimals_than_the_currency_is_not_rounded() -> None:
    (found,) = read(statement(":61:2601150115C1,005NTRFNONREF\n:61:2601150115C2,00NTRFNONREF", closing="2,00").encode())
    assert (minors(found), codes(found)) == ([200], ["KVITT-BANK-AMOUNT"])
    assert found.findings[0].line == 5


def test_a_statement_without_opening_balance_is_not_added_up_and_says_so() -> None:
    entries = ":61:2601150115C1,00NTRFNONREF"
    (unopened,) = read(statement(entries, opening="", closing="99,00").encode())
    assert (codes(unopened), unopened.opening) == (["KVITT-BANK-OPENING"], None)
    assert (minors(unopened), unopened.closing, unopened.currency) == ([100], Money(9900, "EUR"), "EUR")
    (opened,) = read(statement(entries, closing="99,00").encode())
    assert codes(opened) == ["KVITT-BANK-BALANCE"]
    (elsewhere,) = read(statement(entries, opening=":60F:C260101USD0,00\n", closing="99,00").encode())
    assert "KVITT-BANK-BALANCE" not in codes(elsewhere)


def test_a_text_longer_than_a_page_is_cut_and_said() -> None:
    lines = "\n".join(["x" * 65] * 70)
    (found,) = read(statement(f":61:2601150115C1,00NTRFNONREF\n:86:/REMI/{lines}", closing="1,00").encode())
    assert (len(found.payments[0].text), codes(found)) == (source.LONGEST_TEXT, ["KVITT-BANK-TEXT"])
    assert found.payments[0].state is BOOKED


def test_words_after_the_balances_that_are_no_totals_say_nothing() -> None:
    head = "{1:F01INGBNL2ABXXX0000000000}\n{2:I940INGBNL2AXXXN}\n{4:\n"
    body = statement(":61:2601150115C1,00NTRFNONREF", closing="1,00").replace("RABO", "INGB")
    for words, said in (("met vriendelijke groet", []), ("/SUM/0/1/0,00/2,00/", ["KVITT-BANK-SUM"])):
        (found,) = read(f"{head}{body}:86:{words}\n".encode())
        assert codes(found) == said


# --- OCR giro


def test_a_transmission_that_was_never_closed_is_held_and_the_next_one_read() -> None:
    lines = OCR.splitlines(keepends=True)
    first, second = read(b"".join([*lines[:-1], *lines]))
    assert (codes(first), {payment.state for payment in first.payments}) == (["KVITT-BANK-END"], {HELD})
    assert (codes(second), {payment.state for payment in second.payments}) == ([], {BOOKED})
    assert minors(first) == minors(second)


def test_a_transmission_without_its_opening_record_is_held() -> None:
    (found,) = read(b"".join(OCR.splitlines(keepends=True)[1:]))
    assert (codes(found), {payment.state for payment in found.payments}) == (["KVITT-BANK-START"], {HELD})
    assert found.findings[0].line == 1


def test_a_type_that_carries_a_text_but_brings_none_is_booked_by_its_kid_and_said() -> None:
    (found,) = read(OCR.replace(b"NY091030", b"NY092030", 1))
    assert codes(found) == ["KVITT-BANK-ITEM"]
    assert "item 3 is missing" in found.findings[0].said("en")
    assert {payment.reference_kind for payment in found.payments} == {ReferenceKind.KID}
    assert {payment.state for payment in found.payments} == {BOOKED}


# --- any file


def test_a_file_beyond_any_banks_size_is_not_even_opened(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(source, "LARGEST_FILE", 100)
    path = tmp_path / "bank.txt"
    path.write_bytes(OCR)
    for given in (OCR, path):
        with pytest.raises(FormatError, match="more than the 100 a bank file may have") as refused:
            source.open_source(given)
        assert refused.value.where == "byte 1"
    with source.open_source(OCR[:100]) as stream:
        assert stream.read() == OCR[:100]


def test_lines_are_numbered_as_they_stand_and_their_ends_do_not_count() -> None:
    data = b"\xef\xbb\xbfone\r\n\r\n  \ntwo \x1a\nthr\xe9\xe9"
    assert list(source.lines(BytesIO(data))) == [(1, "one"), (4, "two "), (5, "thréé")]


# --- dialects beyond the Netherlands and Norway, and what a bank may leave out


@pytest.mark.parametrize(
    ("entry", "minor", "booked"),
    [
        (":61:2602300301C6,00N024NONREF", 600, date(2026, 3, 1)),
        (":61:260230C6,00N024NONREF", 600, date(2026, 2, 28)),
        (":61:2402300229C6,00N024NONREF", 600, date(2024, 2, 29)),
        (":61:2601150115DF24,00S   X", -2400, date(2026, 1, 15)),
        (":61:2601150115CR\n30,00N062NONREF", 3000, date(2026, 1, 15)),
        (":61:2601150115CR30,N062NONREF", 3000, date(2026, 1, 15)),
    ],
)
def test_an_entry_as_other_banks_write_it_is_read(entry: str, minor: int, booked: date) -> None:
    """Interest months of thirty days, a funds code with a blank type, a line broken after the mark, no decimals."""
    (found,) = read(
        statement(f"{entry}\n:86:tekst", closing=f"{minor / 100:.2f}".replace(".", ",").lstrip("-")).encode()
    )
    assert [(one.amount.minor, one.booked, one.text) for one in found.payments] == [(minor, booked, "tekst")]
    assert not [code for code in codes(found) if code != "KVITT-BANK-BALANCE"]


def test_account_and_currency_may_stand_after_the_entries() -> None:
    entry = ":61:2601150115C1,00NTRFNONREF\n:86:een\n:61:2601150115C2,00NTRFNONREF\n:86:twee"
    (found,) = read(f":20:REF\n:28C:1/1\n{entry}\n:25:NL02RABO0123456789\n:62F:C260131EUR3,00\n".encode())
    assert [(one.account, one.amount, one.text) for one in found.payments] == [
        ("NL02RABO0123456789", Money(100, "EUR"), "een"),
        ("NL02RABO0123456789", Money(200, "EUR"), "twee"),
    ]
    assert codes(found) == ["KVITT-BANK-OPENING"]


def test_the_only_transaction_may_say_the_entrys_amount_as_what_was_instructed() -> None:
    worth = (
        '<AmtDtls><InstdAmt><Amt Ccy="NOK">100.00</Amt></InstdAmt><TxAmt><Amt Ccy="NOK">0.04</Amt></TxAmt></AmtDtls>'
    )
    found = camt(entry(f"<TxDtls>{worth}</TxDtls>"))
    assert (minors(found), codes(found)) == ([10000], [])
    odd = camt(entry(f"<TxDtls>{worth.replace('100.00', 'much')}</TxDtls>"))
    assert (minors(odd), codes(odd), odd.payments[0].state) == ([10000], ["KVITT-BANK-DETAILS"], HELD)


def test_an_entry_without_any_date_has_the_day_of_its_message() -> None:
    bare = entry().replace("<BookgDt><Dt>2026-04-15</Dt></BookgDt>", "")
    found = camt(bare, head="<CreDtTm>2026-04-16T08:00:00</CreDtTm>")
    assert [(one.booked, one.state) for one in found.payments] == [(date(2026, 4, 16), BOOKED)]
    assert codes(found) == ["KVITT-BANK-UNDATED"]
    unknown = camt(bare, head="<CreDtTm>today</CreDtTm>")
    assert [(one.booked, one.state) for one in unknown.payments] == [(None, HELD)]
    assert codes(unknown) == ["KVITT-BANK-DATE"]


def test_a_reference_type_and_amounts_in_either_place_of_a_transaction() -> None:
    own = '<TxDtls><Amt Ccy="NOK">60.00</Amt></TxDtls>'
    counter = '<TxDtls><AmtDtls><TxAmt><Amt Ccy="EUR">5.00</Amt></TxAmt><CntrValAmt><Amt Ccy="NOK">40.00</Amt></CntrValAmt></AmtDtls></TxDtls>'
    found = camt(entry(own + counter))
    assert (minors(found), codes(found)) == ([6000, 4000], [])


def test_who_stands_behind_the_debtor_gives_a_name_where_the_debtor_has_none() -> None:
    parties = (
        "<RltdPties><Dbtr><Id/></Dbtr><DbtrAcct><Id><Othr><Id>12345678903</Id></Othr></Id></DbtrAcct>"
        "<UltmtDbtr><Nm>Kunde AS</Nm></UltmtDbtr></RltdPties>"
    )
    (payment,) = camt(entry(detail("100.00", parties))).payments
    assert (payment.payer_account, payment.payer_name) == ("12345678903", "Kunde AS")
