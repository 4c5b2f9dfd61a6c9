"""camt details that public files show seldom: kinds of references, several of them, both dialects, states, returns."""

from __future__ import annotations

from io import BytesIO

import pytest

from hub.errors import FormatError
from hub.model.money import Money
from hub.model.payment import BookingState, Payment, ReferenceKind, Statement
from schemas.banking import camt as camt_reader
from schemas.banking import read

KID, OTHER_KID, RF, NL = "0010017", "0010025", "RF18539007547034", "9001123412341234"


def camt(entries: str, *, version: str = "02", head: str = "", root: str = "camt.054.001") -> Statement:
    name, child = ("BkToCstmrDbtCdtNtfctn", "Ntfctn") if "054" in root else ("BkToCstmrStmt", "Stmt")
    (statement,) = read(
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:{root}.{version}"><{name}><GrpHdr/><{child}><Id>N1</Id>{head}'
        f"<Acct><Id><IBAN>NO8330001234567</IBAN></Id></Acct>{entries}</{child}></{name}></Document>".encode()
    )
    return statement


def entry(details: str, *, amount: str = "100.00", direction: str = "CRDT", state: str = "BOOK", more: str = "") -> str:
    return (
        f'<Ntry><Amt Ccy="NOK">{amount}</Amt><CdtDbtInd>{direction}</CdtDbtInd>{more}<Sts>{state}</Sts>'
        f"<BookgDt><Dt>2026-04-15</Dt></BookgDt><AcctSvcrRef> E1</AcctSvcrRef>"
        f"<NtryDtls>{details}</NtryDtls><AddtlNtryInf>INNBETALING</AddtlNtryInf></Ntry>"
    )


def strd(reference: str = "", issuer: str = "", *, code: str = "SCOR", worth: str = "", document: str = "") -> str:
    named = f"<RfrdDocInf><Tp><CdOrPrtry><Cd>CINV</Cd></CdOrPrtry></Tp><Nb>{document}</Nb></RfrdDocInf>"
    amount = f'<RfrdDocAmt><RmtdAmt Ccy="NOK">{worth}</RmtdAmt></RfrdDocAmt>'
    said = f"<Issr>{issuer}</Issr>" if issuer else ""
    kind = f"<CdtrRefInf><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry>{said}</Tp><Ref>{reference}</Ref></CdtrRefInf>"
    return f"<Strd>{named if document else ''}{amount if worth else ''}{kind if reference else ''}</Strd>"


def paid(remittance: str) -> Payment:
    (payment,) = camt(entry(f"<TxDtls><RmtInf>{remittance}</RmtInf></TxDtls>")).payments
    return payment


@pytest.mark.parametrize(
    ("block", "kind"),
    [
        (strd(KID), ReferenceKind.KID),
        (strd("100000004-"), ReferenceKind.KID),
        (strd("0010018"), ReferenceKind.OTHER),
        (strd(KID, code="PUOR"), ReferenceKind.OTHER),
        (strd(KID, "BANK"), ReferenceKind.OTHER),
        (strd(RF, "ISO"), ReferenceKind.RF),
        (strd(RF), ReferenceKind.RF),
        (strd("RF18539007547035", "ISO"), ReferenceKind.OTHER),
        (strd(NL, "CUR"), ReferenceKind.NL),
    ],
)
def test_the_issuer_and_the_check_digit_say_what_a_reference_is(block: str, kind: ReferenceKind) -> None:
    payment = paid(block)
    assert payment.reference
    assert payment.reference_kind is kind


def test_no_reference_has_no_kind() -> None:
    payment = paid("<Ustrd>faktura 10023</Ustrd>")
    assert (payment.reference, payment.reference_kind, payment.text) == ("", None, "faktura 10023")


def test_several_kids_in_one_payment_are_documents_not_a_reference() -> None:
    payment = paid(strd(KID, worth="60.00") + strd(OTHER_KID, worth="40.00"))
    assert (payment.reference, payment.reference_kind) == ("", None)
    assert [(d.reference, d.kind, d.amount.minor) for d in payment.documents] == [
        (KID, "SCOR", 6000),
        (OTHER_KID, "SCOR", 4000),
    ]


def test_a_kid_beside_an_invoice_keeps_both() -> None:
    payment = paid(strd(KID, worth="60.00") + strd(document="1002", worth="40.00"))
    assert (payment.reference, payment.reference_kind) == (KID, ReferenceKind.KID)
    assert [(d.reference, d.amount.minor) for d in payment.documents] == [(KID, 6000), ("1002", 4000)]


def test_a_line_cut_at_140_characters_is_joined_in_mid_word_and_a_short_one_with_a_blank() -> None:
    assert paid(f"<Ustrd>{'x' * 140}</Ustrd><Ustrd>yz</Ustrd>").text == "x" * 140 + "yz"
    assert paid("<Ustrd>faktura</Ustrd><Ustrd>10023</Ustrd>").text == "faktura 10023"


def test_without_details_the_entry_is_the_booking() -> None:
    (payment,) = camt(entry("").replace("<NtryDtls></NtryDtls>", "")).payments
    assert (payment.amount, payment.id, payment.text) == (Money(10000, "NOK"), "E1", "INNBETALING")
    assert payment.position == "Ntfctn[1]/Ntry[1]"


def test_a_single_detail_in_a_foreign_currency_is_worth_the_entry() -> None:
    foreign = '<TxDtls><AmtDtls><TxAmt><Amt Ccy="EUR">8.50</Amt></TxAmt></AmtDtls></TxDtls>'
    statement = camt(entry(foreign))
    assert statement.payments[0].amount == Money(10000, "NOK")
    assert statement.findings == ()


def test_details_without_amounts_make_one_booking_of_the_entry() -> None:
    statement = camt(entry("<TxDtls><Refs/></TxDtls><TxDtls><Refs/></TxDtls>"))
    assert [payment.amount.minor for payment in statement.payments] == [10000]
    assert [finding.code for finding in statement.findings] == ["KVITT-BANK-UNDETAILED"]


def test_details_against_the_entry_s_direction_are_taken_off() -> None:
    one = '<TxDtls><Amt Ccy="NOK">150.00</Amt><CdtDbtInd>CRDT</CdtDbtInd></TxDtls>'
    two = '<TxDtls><Amt Ccy="NOK">50.00</Amt><CdtDbtInd>DBIT</CdtDbtInd></TxDtls>'
    statement = camt(entry(one + two), version="08")
    assert [payment.amount.minor for payment in statement.payments] == [15000, -5000]
    assert statement.findings == ()


def test_details_in_two_groups_are_one_entry_and_keep_their_places() -> None:
    one = '<TxDtls><Amt Ccy="NOK">60.00</Amt></TxDtls>'
    two = '<TxDtls><Amt Ccy="NOK">40.00</Amt></TxDtls>'
    statement = camt(entry(f"{one}</NtryDtls><NtryDtls>{two}", amount="100.00"))
    assert [payment.position for payment in statement.payments] == [
        "Ntfctn[1]/Ntry[1]/NtryDtls[1]/TxDtls[1]",
        "Ntfctn[1]/Ntry[1]/NtryDtls[2]/TxDtls[1]",
    ]
    assert statement.findings == ()


def test_a_wrong_number_of_details_with_the_right_sum_warns() -> None:
    batch = '<Btch><NbOfTxs>3</NbOfTxs></Btch><TxDtls><Amt Ccy="NOK">100.00</Amt></TxDtls>'
    statement = camt(entry(batch))
    assert [finding.code for finding in statement.findings] == ["KVITT-BANK-BATCH"]
    assert statement.payments[0].state is BookingState.BOOKED


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("BOOK", BookingState.BOOKED),
        ("PDNG", BookingState.PENDING),
        ("INFO", BookingState.INFO),
        ("<Cd>BOOK</Cd>", BookingState.BOOKED),
        ("<Cd>FUTR</Cd>", BookingState.PENDING),
    ],
)
def test_the_state_is_read_in_both_dialects(state: str, expected: BookingState) -> None:
    statement = camt(entry("<TxDtls/>", state=state))
    assert (statement.payments[0].state, statement.findings) == (expected, ())


def test_an_unknown_state_is_no_money_and_shown_raw() -> None:
    statement = camt(entry("<TxDtls/>", state="XXXX"))
    assert statement.payments[0].state is BookingState.INFO
    assert [(finding.code, finding.value) for finding in statement.findings] == [("KVITT-BANK-TYPE", "XXXX")]


def test_an_entry_with_an_impossible_date_is_held() -> None:
    statement = camt(entry("<TxDtls/>").replace("2026-04-15", "2026-02-30"))
    assert (statement.payments[0].state, statement.payments[0].booked) == (BookingState.HELD, None)
    assert [finding.code for finding in statement.findings] == ["KVITT-BANK-DATE"]


PARTIES = (
    "<TxDtls><RltdPties><Dbtr>{debtor}</Dbtr><DbtrAcct><Id><IBAN>NO01</IBAN></Id></DbtrAcct>"
    "<Cdtr><Nm>Receiver</Nm></Cdtr><CdtrAcct><Id><Othr><Id>999</Id></Othr></Id></CdtrAcct></RltdPties>{more}</TxDtls>"
)


@pytest.mark.parametrize(
    "debtor", ["<Nm>Payer</Nm>", "<Pty><Nm>Payer</Nm></Pty>", "<Agt><FinInstnId><Nm>Payer</Nm></FinInstnId></Agt>"]
)
def test_money_in_comes_from_the_debtor_in_both_dialects(debtor: str) -> None:
    (payment,) = camt(entry(PARTIES.format(debtor=debtor, more=""))).payments
    assert (payment.payer_name, payment.payer_account) == ("Payer", "NO01")


def test_money_out_goes_to_the_creditor_and_a_reversal_back_to_the_debtor() -> None:
    details = PARTIES.format(debtor="<Nm>Payer</Nm>", more="")
    (out,) = camt(entry(details, direction="DBIT")).payments
    (reversal,) = camt(entry(details, direction="DBIT", more="<RvslInd>true</RvslInd>")).payments
    assert (out.payer_name, out.payer_account, out.reversal) == ("Receiver", "999", False)
    assert (reversal.payer_name, reversal.amount.minor, reversal.reversal) == ("Payer", -10000, True)


def test_a_returned_payment_is_a_reversal() -> None:
    (payment,) = camt(entry("<TxDtls><RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf></TxDtls>")).payments
    assert payment.reversal


BALANCE = '<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="NOK">{amount}</Amt><CdtDbtInd>{mark}</CdtDbtInd></Bal>'


def test_a_balance_that_does_not_close_warns_and_pending_entries_do_not_count() -> None:
    entries = entry("<TxDtls/>") + entry("<TxDtls/>", state="PDNG")
    opening = BALANCE.format(code="OPBD", amount="30.00", mark="DBIT")
    for closing, warned in (("70.00", False), ("170.00", True)):
        balances = opening + BALANCE.format(code="CLBD", amount=closing, mark="CRDT")
        statement = camt(balances + entries, root="camt.053.001")
        assert [f.code for f in statement.findings] == (["KVITT-BANK-BALANCE"] if warned else [])
        assert statement.opening == Money(-3000, "NOK")
        assert statement.payments[0].state is BookingState.BOOKED


@pytest.mark.parametrize(("number", "total"), [("2", "200.00"), ("1", "100.00"), ("01", "100")])
def test_a_summary_over_all_or_over_booked_entries_is_right(number: str, total: str) -> None:
    summary = f"<TxsSummry><TtlNtries><NbOfNtries>{number}</NbOfNtries><Sum>{total}</Sum></TtlNtries></TxsSummry>"
    statement = camt(summary + entry("<TxDtls/>") + entry("<TxDtls/>", state="PDNG"))
    assert statement.findings == ()


def test_every_statement_of_a_file_keeps_its_own_account() -> None:
    body = "".join(
        f"<Ntfctn><Id>N{n}</Id><Acct><Id><IBAN>A{n}</IBAN></Id></Acct>{entry('<TxDtls/>')}</Ntfctn>" for n in (1, 2, 3)
    )
    document = (
        '<a:Document xmlns:a="urn:iso:std:iso:20022:tech:xsd:camt.054.001.04" '
        f'xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.04"><BkToCstmrDbtCdtNtfctn>{body}'
        "</BkToCstmrDbtCdtNtfctn></a:Document>"
    )
    found = list(read(document.encode()))
    assert [(s.id, s.account, s.payments[0].account) for s in found] == [(f"N{n}", f"A{n}", f"A{n}") for n in (1, 2, 3)]
    assert {statement.format for statement in found} == {"camt.054.001.04"}


def test_an_unreadable_document_amount_is_reported_and_the_booking_stays() -> None:
    statement = camt(entry(f"<TxDtls><RmtInf>{strd(document='1002', worth='4O.00')}</RmtInf></TxDtls>"))
    assert [(finding.code, finding.location) for finding in statement.findings] == [
        ("KVITT-BANK-RECORD", "Ntfctn[1]/Ntry[1]/NtryDtls[1]/TxDtls[1]")
    ]
    assert (statement.payments[0].amount.minor, statement.payments[0].documents) == (10000, ())


def test_a_document_without_statement_is_refused() -> None:
    with pytest.raises(FormatError, match="no statement"):
        list(
            read(
                b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.02"><BkToCstmrDbtCdtNtfctn/></Document>'
            )
        )


def test_the_xml_reader_itself_refuses_a_document_type() -> None:
    text = '<!DOCTYPE d [<!ENTITY a "b">]><d><Ntfctn><Id>&a;</Id></Ntfctn></d>'
    with pytest.raises(FormatError, match="document type"):
        list(camt_reader.read(BytesIO(text.encode()), "camt.054.001.02"))
