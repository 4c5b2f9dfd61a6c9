"""What is read by its shape is what is read by looking: the same file with something nobody reads in it says the same.

Both quick ways (`camt_plain`, and whole transactions of OCR giro) give way where a record has anything more than most
have. So a file that is made unusual without meaning anything else is read the careful way, and must say the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from random import Random

import pytest

from hub.model.identity import make_kid
from hub.model.money import Money
from hub.model.payment import BookingState, Payment, ReferenceKind, Statement
from hub.sandbox.bank import Booking, camt053_file, camt054_file, ocr_file
from schemas.banking import read
from schemas.banking.source import LONGEST_TEXT

DAY, NOW = date(2026, 4, 15), datetime(2026, 4, 15, tzinfo=UTC)
KID = make_kid("10021", length=7)
DETAIL = (
    "<Refs><MsgId>M</MsgId><AcctSvcrRef>A1</AcctSvcrRef><EndToEndId>E1</EndToEndId></Refs>"
    '<AmtDtls><TxAmt><Amt Ccy="NOK">100.00</Amt></TxAmt></AmtDtls>'
    "<RltdPties><Dbtr><Nm>Forsikring AS</Nm><PstlAdr><AdrLine>a</AdrLine><AdrLine>b</AdrLine></PstlAdr></Dbtr>"
    "<DbtrAcct><Id><IBAN>NO8330001234567</IBAN></Id></DbtrAcct><Cdtr><Nm>Klinikken</Nm></Cdtr>"
    "<CdtrAcct><Id><Othr><Id>12345678903</Id><SchmeNm><Cd>BBAN</Cd></SchmeNm></Othr></Id></CdtrAcct></RltdPties>"
    "<RmtInf><Strd><CdtrRefInf><Tp><CdOrPrtry><Cd>SCOR</Cd></CdOrPrtry></Tp>"
    f"<Ref>{KID}</Ref></CdtrRefInf></Strd></RmtInf>"
)
ENTRY = (
    '<Ntry><NtryRef>1</NtryRef><Amt Ccy="NOK">100.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts>'
    "<BookgDt><Dt>2026-04-15</Dt></BookgDt><ValDt><Dt>2026-04-16</Dt></ValDt><AcctSvcrRef>N1</AcctSvcrRef>"
    "<BkTxCd><Prtry><Cd>230</Cd></Prtry></BkTxCd>"
    f"<NtryDtls><TxDtls>{DETAIL}</TxDtls></NtryDtls></Ntry>"
)
KNOWN = Payment(
    id="A1",
    account="12345678903",
    booked=DAY,
    amount=Money(10_000, "NOK"),
    reference=KID,
    reference_kind=ReferenceKind.KID,
    end_to_end="E1",
    payer_account="NO8330001234567",
    payer_name="Forsikring AS",
    position="Ntfctn[1]/Ntry[2]/NtryDtls[1]/TxDtls[1]",
    source="N",
)
LONG = "x" * (LONGEST_TEXT + 1)


def document(*entries: str) -> bytes:
    head = "<Id>N</Id><CreDtTm>2026-04-17T00:00:00</CreDtTm><Acct><Id><Othr><Id>12345678903</Id></Othr></Id></Acct>"
    return (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.02"><BkToCstmrDbtCdtNtfctn><Ntfctn>'
        f"{head}{''.join(entries)}</Ntfctn></BkToCstmrDbtCdtNtfctn></Document>"
    ).encode()


def by_looking(data: bytes) -> list[Statement]:
    """What is read where every transaction and entry has an element that nobody reads."""
    return list(read(data.replace(b"</TxDtls>", b"<Splmtry/></TxDtls>").replace(b"</Ntry>", b"<Splmtry/></Ntry>")))


CHANGES: dict[str, tuple[tuple[str, str], ...]] = {
    "as it is": (),
    "pretty": (("><", ">\n  <"),),
    "money out": (("CRDT", "DBIT"),),
    "money out, with a sign of its own": (("CRDT", "DBIT"), ("<RltdPties>", "<CdtDbtInd>DBIT</CdtDbtInd><RltdPties>")),
    "another direction within": (("<RltdPties>", "<CdtDbtInd>DBIT</CdtDbtInd><RltdPties>"),),
    "an empty direction within": (("CRDT", "DBIT"), ("<RltdPties>", "<CdtDbtInd/><RltdPties>")),
    "no direction": (("<CdtDbtInd>CRDT</CdtDbtInd>", ""),),
    "the newer dialect": (
        ("<Nm>Forsikring AS</Nm>", "<Pty><Nm>Forsikring AS</Nm></Pty>"),
        ("<Sts>BOOK</Sts>", "<Sts><Cd>BOOK</Cd></Sts>"),
        ("<AmtDtls><TxAmt>", ""),
        ("</TxAmt></AmtDtls>", ""),
    ),
    "two amounts": (("<AmtDtls>", '<Amt Ccy="NOK">100.00</Amt><AmtDtls>'),),
    "no amount within": (('<AmtDtls><TxAmt><Amt Ccy="NOK">100.00</Amt></TxAmt></AmtDtls>', ""),),
    "another amount within": (('<TxAmt><Amt Ccy="NOK">100.00', '<TxAmt><Amt Ccy="NOK">90.00'),),
    "no number within": (('<TxAmt><Amt Ccy="NOK">100.00', '<TxAmt><Amt Ccy="NOK">1e2'),),
    "another currency within": (('<TxAmt><Amt Ccy="NOK">', '<TxAmt><Amt Ccy="SEK">'),),
    "no currency": ((' Ccy="NOK"', ""),),
    "no number": (("100.00", "x"),),
    "pending": (("BOOK", "PDNG"),),
    "no such day": (("2026-04-15", "2026-02-30"),),
    "a moment": (("<Dt>2026-04-15</Dt>", "<DtTm>2026-04-15T10:00:00</DtTm>"),),
    "two days": (("<Dt>2026-04-15</Dt>", "<Dt>2026-04-15</Dt><DtTm>2026-04-14T10:00:00</DtTm>"),),
    "only a value date": (("<BookgDt><Dt>2026-04-15</Dt></BookgDt>", ""),),
    "nobody named": (("<Nm>Forsikring AS</Nm>", "<Nm/>"), ("<IBAN>NO8330001234567</IBAN>", "<IBAN> </IBAN>")),
    "the one behind": (("<Nm>Forsikring AS</Nm>", ""), ("<RltdPties>", "<RltdPties><UltmtDbtr><Nm>B</Nm></UltmtDbtr>")),
    "no bank's number within": (("<AcctSvcrRef>A1</AcctSvcrRef>", "<TxId>T1</TxId>"),),
    "no bank's number": (("<AcctSvcrRef>A1</AcctSvcrRef>", ""),),
    "no end-to-end number": (("E1", "NOTPROVIDED"),),
    "a text": (("<RmtInf>", "<RmtInf><Ustrd> Faktura 10021 </Ustrd>"),),
    "two texts": (("<RmtInf>", "<RmtInf><Ustrd>Faktura</Ustrd><Ustrd>10021</Ustrd>"),),
    "an empty text and more": (("<RmtInf>", "<RmtInf><Ustrd/>"), ("</RmtInf>", "</RmtInf><AddtlTxInf>M</AddtlTxInf>")),
    "the entry's last word": (("</NtryDtls>", "</NtryDtls><AddtlNtryInf>L</AddtlNtryInf>"),),
    "the last word first": (("<NtryDtls>", "<AddtlNtryInf>L</AddtlNtryInf><NtryDtls>"),),
    "the amount last": (('<NtryRef>1</NtryRef><Amt Ccy="NOK">100.00</Amt>', ""), ("</Ntry>", '<Amt Ccy="NOK">100.00</Amt></Ntry>')),
    "too long a text": (("<RmtInf>", f"<RmtInf><Ustrd>{LONG}</Ustrd>"),),
    "a wrong KID": ((KID, KID[:-1] + str((int(KID[-1]) + 5) % 10)),),
    "no KID at all": ((KID, "abc"),),
    "an empty reference": ((KID, ""),),
    "a Dutch reference": (("</CdOrPrtry></Tp>", "</CdOrPrtry><Issr>CUR</Issr></Tp>"),),
    "a code of the bank's own": (("<Cd>SCOR</Cd>", "<Prtry>OWN</Prtry>"),),
    "no type": (("<Tp><CdOrPrtry><Cd>SCOR</Cd></CdOrPrtry></Tp>", ""),),
    "nothing said": ((DETAIL[DETAIL.index("<RmtInf>") :], ""),),
    "a reversal": (("<Sts>", "<RvslInd>true</RvslInd><Sts>"),),
    "returned": (("</RmtInf>", "</RmtInf><RtrInf/>"),),
    "no transaction": ((f"<NtryDtls><TxDtls>{DETAIL}</TxDtls></NtryDtls>", ""),),
    "no transaction, but one beside it": (
        (f"<NtryDtls><TxDtls>{DETAIL}</TxDtls></NtryDtls>", ""),
        ("<Ntry>", f"<TxDtls>{DETAIL}</TxDtls><Ntry>"),
    ),
    "two transactions": (("</TxDtls>", f"</TxDtls><TxDtls>{DETAIL}</TxDtls>"),),
    "two groups": (("</NtryDtls>", f"</NtryDtls><NtryDtls><TxDtls>{DETAIL}</TxDtls></NtryDtls>"),),
    "very many elements": (("<AdrLine>a</AdrLine>", "<AdrLine>a</AdrLine>" * 100),),
    "children where leaves stand": (("<EndToEndId>E1", "<EndToEndId>E1<AcctSvcrRef>A2</AcctSvcrRef>"),),
    "a transaction beside the entries": (("</Ntry>", f"</Ntry><TxDtls>{DETAIL}</TxDtls>"),),
    "a transaction in no group": (("<NtryDtls>", "<Other>"), ("</NtryDtls>", "</Other>")),
}  # fmt: skip


def changed(name: str) -> str:
    entry = ENTRY
    for old, new in CHANGES[name]:
        assert old in entry
        entry = entry.replace(old, new)
    return entry


@pytest.mark.parametrize("name", CHANGES)
def test_a_camt_entry_says_the_same_read_by_its_shape_and_by_looking(name: str) -> None:
    data = document(ENTRY, changed(name), changed(name), ENTRY)
    assert list(read(data)) == by_looking(data)


def test_a_plain_entry_says_what_stands_in_it() -> None:
    (statement,) = read(document(ENTRY, ENTRY))
    assert (statement.payments[1], statement.currency, statement.findings) == (KNOWN, "NOK", ())


@pytest.mark.parametrize("name", CHANGES)
def test_a_transaction_among_others_says_the_same_read_by_its_shape_and_by_looking(name: str) -> None:
    start, end = ENTRY.index("<TxDtls>"), ENTRY.index("</NtryDtls>")
    changes = [(old, new) for old, new in CHANGES[name] if old in ENTRY[start:end]]
    one = ENTRY[start:end]
    for old, new in changes:
        one = one.replace(old, new)
    for whole in ("300.00", "x"):
        entry = ENTRY[:start].replace("100.00", whole) + ENTRY[start:end] + one + ENTRY[start:]
        data = document(ENTRY, entry, ENTRY)
        assert list(read(data)) == by_looking(data)


def bookings(random: Random, number: int) -> Sequence[Booking]:
    return [
        Booking(
            id=str(random.randrange(1, 10**9)) if random.random() < 0.8 else "",
            amount=Money(random.randrange(1, 10**7), "NOK"),
            booked=date(2026, 4, random.randrange(1, 29)),
            account=random.choice(("86011117947", "12345678903")),
            payer_account=random.choice(("12345678903", "NO9386011117947", "")),
            payer_name=random.choice(("Forsikring AS", "")),
            reference=reference,
            text="" if reference else "faktura æøå 10023",
        )
        for reference in (random.choice((make_kid(str(at), length=8), "")) for at in range(1, number + 1))
    ]


@pytest.mark.parametrize("seed", range(4))
def test_camt_files_say_the_same_read_by_their_shapes_and_by_looking(seed: int) -> None:
    ours = bookings(Random(seed), 40)
    for write in (camt053_file, camt054_file):
        for batch in (False, True):
            data = write(ours, message="M", created=NOW, batch=batch)
            assert list(read(data)) == by_looking(data)


def without_places(statements: list[Statement]) -> list[tuple[str, tuple[Payment, ...], list[str]]]:
    return [
        (one.account, tuple(each._replace(position="") for each in one.payments), [two.code for two in one.findings])
        for one in statements
    ]


def ocr_by_looking(data: bytes) -> list[Statement]:
    """What is read where a blank line stands between any two records."""
    return list(read(data.replace(b"\n", b"\n\n")))


def ocr(number: int = 12) -> bytes:
    return ocr_file(bookings(Random(number), number), created=DAY)


OCR_CHANGES: dict[str, tuple[tuple[bytes, bytes], ...]] = {
    "as it is": (),
    "no such day": ((b"00000030000", b"00000030000"), (b"0426", b"1326")),
    "an amount that is none": ((b"NY0910300000003", b"NY09103000000x3"),),
    "a number used twice": ((b"0000003", b"0000002"),),
    "a gap in the numbers": ((b"NY0910300000002", b"NY0910300000900"), (b"NY0910310000002", b"NY0910310000900")),
    "a card": ((b"NY091030", b"NY091930"), (b"NY091031", b"NY091931")),
    "a type nobody knows": ((b"NY091030", b"NY099930"),),
}


@pytest.mark.parametrize("name", OCR_CHANGES)
@pytest.mark.parametrize("number", [1, 2, 12, 40])
def test_ocr_giro_says_the_same_read_by_pattern_and_by_looking(name: str, number: int) -> None:
    data = ocr(number)
    for old, new in OCR_CHANGES[name]:
        data = data.replace(old, new)
    assert without_places(list(read(data))) == without_places(ocr_by_looking(data))


def test_every_transaction_number_is_known_again_after_a_gap() -> None:
    lines = [
        "NY000010000080800000001000123450000000000000000000000000000000000000000000000000",
        "NY090020001234567000000112345678903000000000000000000000000000000000000000000000",
    ]
    for number in ("0000001", "0000002", "0000007", "0000003", "0000007", "0000002", "0000008"):
        lines += [
            f"NY091030{number}1504260115000001{10_000:018}{KID:>25}000000",
            f"NY091031{number}{0:010}000000001{0:07}15042612345678903{0:022}",
        ]
    (statement,) = read("\n".join([*lines, "NY090088", "NY000089", ""]).encode())
    again = [one.line for one in statement.findings if one.code == "KVITT-BANK-ITEM"]
    assert (len(statement.payments), again) == (7, [11, 13])
    assert all(payment.state is BookingState.HELD for payment in statement.payments)


def test_a_transaction_across_two_pages_of_the_file_is_read_whole() -> None:
    number = 4_000  # some 650 kB: more than is read at a time
    plain = [
        Booking(
            id=str(at),
            amount=Money(100 + at, "NOK"),
            booked=DAY,
            account="86011117947",
            reference=make_kid(str(at), length=8),
        )
        for at in range(1, number + 1)
    ]
    (statement,) = read(ocr_file(plain, created=DAY))
    assert [one.amount.minor for one in statement.payments] == [100 + at for at in range(1, number + 1)]
    assert (statement.payments[-1].position, statement.findings) == (f"line {2 * number + 1}", ())
