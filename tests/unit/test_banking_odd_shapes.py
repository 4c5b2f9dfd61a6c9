"""Bank files shaped as nobody expects: elements out of place, records that break off, lines too long for any bank."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest

from hub.errors import FormatError
from hub.model.money import Money
from hub.model.payment import BookingState, Payment, ReferenceKind, Statement
from schemas.banking import camt_details, read, source

FILES = Path(__file__).resolve().parent.parent / "fixtures" / "banking"
OCR = (FILES / "ocr_plain.txt").read_bytes().splitlines(keepends=True)
HELD = BookingState.HELD


def camt(entries: str, account: str = "<Id><IBAN>NO8330001234567</IBAN></Id><Ccy>NOK</Ccy>") -> Statement:
    (statement,) = read(
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.02"><BkToCstmrDbtCdtNtfctn><Ntfctn><Id>N1</Id>'
        f"<Acct>{account}</Acct>{entries}</Ntfctn></BkToCstmrDbtCdtNtfctn></Document>".encode()
    )
    return statement


def entry(details: str = "", amount: str = "100.00", day: str = "<Dt>2026-04-15</Dt>", more: str = "") -> str:
    group = f"<NtryDtls>{details}</NtryDtls>" if details else ""
    return (
        f'<Ntry><Amt Ccy="NOK">{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts>'
        f"<BookgDt>{day}</BookgDt>{group}{more}</Ntry>"
    )


def codes(statement: Statement) -> list[str]:
    return [finding.code for finding in statement.findings]


@pytest.mark.parametrize(
    ("account", "number"),
    [
        ("<Tp/><Id><Othr><SchmeNm/><Id>42</Id></Othr></Id>", "42"),
        ("<Id><Othr/><IBAN>NO83</IBAN></Id>", "NO83"),
        ("<Id><Prtry/></Id>", ""),
        ("", ""),
    ],
)
def test_an_account_is_found_among_whatever_stands_beside_it(account: str, number: str) -> None:
    assert camt(entry(), account).account == number


def test_a_party_may_be_a_bank_and_may_have_no_name_at_all() -> None:
    def payer(dbtr: str) -> str:
        return (
            camt(entry(f"<TxDtls><RltdPties><TradgPty/><Dbtr>{dbtr}</Dbtr></RltdPties></TxDtls>"))
            .payments[0]
            .payer_name
        )

    assert payer("<Agt><FinInstnId><Nm>Banken</Nm></FinInstnId></Agt>") == "Banken"
    assert payer("<Pty><Id/></Pty><Nm>Kunde</Nm>") == "Kunde"
    assert payer("<CtryOfRes>NO</CtryOfRes>") == ""


def test_what_nobody_knows_in_a_reference_is_passed_over() -> None:
    kind = "<Tp><Rsn/><CdOrPrtry><Prtry>own</Prtry></CdOrPrtry></Tp>"
    block = f"<Strd><TaxRmt/><CdtrRefInf><New/>{kind}<Ref>0010017</Ref></CdtrRefInf></Strd>"
    (payment,) = camt(entry(f"<TxDtls><RmtInf>{block}</RmtInf></TxDtls>")).payments
    assert (payment.reference, payment.reference_kind) == ("0010017", ReferenceKind.OTHER)


def test_a_date_is_looked_for_in_its_two_places_only() -> None:
    found = camt(entry(day="<Yr>2026</Yr><DtTm>2026-04-15T23:59:59+02:00</DtTm>"))
    assert str(found.payments[0].booked) == "2026-04-15"


def test_an_amount_of_more_digits_than_a_ledger_holds_is_not_read() -> None:
    assert codes(camt(entry(amount="1" * 19))) == ["KVITT-BANK-AMOUNT"]
    assert camt_details.minor_units("+1.500", "NOK") == 150
    for text in ("", ".", "1.", "1.005", "-1", "1e3", "\u0661", "1 0"):
        with pytest.raises(ValueError, match="amount"):
            camt_details.minor_units(text, "NOK")


def test_details_of_an_entry_without_a_readable_amount_are_not_taken_for_money() -> None:
    found = camt(entry('<TxDtls><Amt Ccy="NOK">5.00</Amt></TxDtls>', amount="five") + entry())
    assert ([one.amount for one in found.payments], codes(found)) == ([Money(10000, "NOK")], ["KVITT-BANK-AMOUNT"])


def test_an_entry_says_what_it_is_about_in_the_end() -> None:
    assert camt(entry(more="<AddtlNtryInf>Gebyr</AddtlNtryInf>")).payments[0].text == "Gebyr"
    assert camt(entry("<TxDtls><Refs/></TxDtls>", more="<SplmtryData/>")).payments[0].text == ""
    assert camt(entry("<TxDtls><AmtDtls/></TxDtls>")).payments[0].text == ""


def test_amounts_of_a_transaction_without_a_currency_are_the_entrys() -> None:
    worth = "<AmtDtls><AnncdPstngAmt/><TxAmt><CcyXchg/><Amt>100.00</Amt></TxAmt></AmtDtls>"
    assert codes(camt(entry(f"<TxDtls>{worth}</TxDtls>"))) == []


@pytest.mark.parametrize("kept", [2, 3, 4])
def test_an_assignment_that_stops_after_its_first_records_is_held(kept: int) -> None:
    found = list(read(b"".join(OCR[:kept])))
    assert {payment.state for one in found for payment in one.payments} <= {HELD}
    assert "KVITT-BANK-END" in [code for one in found for code in codes(one)]


def test_another_service_that_never_ends_is_counted_to_the_last_record() -> None:
    other = b"NY210020" + b"0" * 72 + b"\n" + b"NY210030" + b"0" * 72 + b"\n"
    (found,) = read(OCR[0] + other)
    assert codes(found) == ["KVITT-BANK-SERVICE", "KVITT-BANK-END"]
    assert found.findings[0].expected == "2"


def test_a_line_no_bank_writes_is_refused_wherever_it_stands() -> None:
    long = b"x" * (source.LONGEST_LINE + 1)
    for data, line in ((b"a\n" + long + b"\nb\n", 2), (b"a\nb\n" + long, 3), (long + b"\n", 1), (long * 9, 1)):
        with pytest.raises(FormatError) as refused:
            list(source.lines(BytesIO(data)))
        assert refused.value.where == f"line {line}"


def test_lines_are_the_same_however_the_pieces_fall() -> None:
    data = (
        b"".join(b"%d \xc3\xa6 %s\r\n" % (number, b"x" * (number % 300)) for number in range(5000)) + b"last\r\r\n\x1a"
    )
    plain = [(at, raw.decode().rstrip("\r")) for at, raw in enumerate(data.rstrip(b"\x1a\n").split(b"\n"), start=1)]
    assert list(source.lines(BytesIO(data))) == plain

    class Slow(BytesIO):
        """A stream that gives a few bytes at a time."""

        def read(self, size: int | None = -1) -> bytes:
            return super().read(min(size or 0, 977))

    def slow() -> Iterator[source.Line]:
        return source.lines(Slow(data))

    assert list(slow()) == plain


def test_a_transaction_number_used_twice_is_said_and_both_are_booked() -> None:
    twice = b"".join([*OCR[:4], *(line.replace(OCR[4][8:15], OCR[2][8:15], 1) for line in OCR[4:6]), *OCR[6:]])
    (found,) = read(twice)
    assert codes(found) == ["KVITT-BANK-ITEM"]
    assert len(found.payments) == 2


def test_a_notification_without_any_entry_is_a_statement_without_bookings() -> None:
    found = camt("")
    assert (found.id, found.account, found.payments, found.findings) == ("N1", "NO8330001234567", (), ())


def test_several_references_in_one_payment_are_documents_and_further_lines_are_text() -> None:
    def block(reference: str, amount: str) -> str:
        worth = f'<RfrdDocAmt><RmtdAmt Ccy="NOK">{amount}</RmtdAmt></RfrdDocAmt>'
        return f"<Strd>{worth}<CdtrRefInf><Ref>{reference}</Ref></CdtrRefInf><AddtlRmtInf>takk</AddtlRmtInf></Strd>"

    paid = f"<RmtInf>{block('0010017', '60.00')}{block('0010025', '40.00')}</RmtInf>"
    (payment,) = camt(entry(f"<TxDtls>{paid}</TxDtls>")).payments
    assert (payment.reference, payment.text) == ("", "takk takk")
    assert [(one.reference, one.amount.minor) for one in payment.documents] == [("0010017", 6000), ("0010025", 4000)]


def test_the_banks_transaction_id_stands_in_for_its_reference() -> None:
    refs = "<Refs><MsgId>M</MsgId><EndToEndId>NOTPROVIDED</EndToEndId><TxId>T1</TxId></Refs>"
    (payment,) = camt(entry(f"<TxDtls>{refs}</TxDtls>")).payments
    assert (payment.id, payment.end_to_end) == ("T1", "")


def test_mt940_amounts_keep_every_digit_the_currency_has() -> None:
    text = ":20:R\n:25:NL02RABO0123456789\n:28C:1\n:60F:C260101EUR0,00\n:61:2601150115C1,5000NTRFNONREF\n:62F:C260131EUR1,50\n"
    (found,) = read(text.encode())
    assert ([one.amount for one in found.payments], codes(found)) == ([Money(150, "EUR")], [])


def test_a_booking_cannot_be_changed_only_copied() -> None:
    made = Payment(id="1", account="2", booked=None, amount=Money(5, "NOK"), state=HELD)
    changed = made._replace(id="x")
    assert (made.id, changed.id, changed.amount, changed.state) == ("1", "x", made.amount, HELD)
    assert len({made, changed, made._replace()}) == 2
    with pytest.raises(AttributeError):
        made.id = "2"  # type: ignore[misc]


def test_a_line_without_an_end_is_a_line_and_blank_ones_are_counted_but_not_read() -> None:
    assert list(source.lines(BytesIO(b"one line"))) == [(1, "one line")]
    assert list(source.lines(BytesIO(b"\xef\xbb\xbfone\n\n  \t\r\nfour\n"))) == [(1, "one"), (4, "four")]


def test_one_payer_of_many_transactions_is_each_time_the_same_text() -> None:
    side = "<RltdPties><Dbtr><Nm>Payer {}</Nm></Dbtr></RltdPties>"
    worth = '<AmtDtls><TxAmt><Amt Ccy="NOK">{}</Amt></TxAmt></AmtDtls>'
    details = "".join(f"<TxDtls>{worth}{side}</TxDtls>".format(*each) for each in (("1", "A"), ("1", "A"), ("1", "B")))
    assert [one.payer_name for one in camt(entry(details, "3.00")).payments] == ["Payer A", "Payer A", "Payer B"]
