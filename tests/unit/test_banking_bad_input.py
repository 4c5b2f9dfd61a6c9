"""Damaged and hostile bank files: a position and a way out, never a crash, never a neighbour lost."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from hub.errors import FormatError
from hub.model.finding import Severity
from hub.model.money import Money
from hub.model.payment import BookingState, Statement
from hub.sandbox.bank import Booking, camt054_file, mt940_file
from schemas.banking import read, recognise

FILES = Path(__file__).resolve().parent.parent / "fixtures" / "banking"
OCR = (FILES / "ocr_plain.txt").read_bytes()
TWO = (FILES / "ocr_two_assignments_same_no.txt").read_bytes()
CAMT = (FILES / "camt054_02_kid_batch.xml").read_bytes()
NOW = datetime(2026, 4, 15, tzinfo=UTC)
HELD, BOOKED = BookingState.HELD, BookingState.BOOKED


def booking(number: int, text: str = "takk") -> Booking:
    return Booking(
        id=str(number),
        amount=Money(100 * number, "EUR"),
        booked=date(2026, 4, 15),
        account="NL02ABNA0123456789",
        text=text,
    )


def codes(statements: list[Statement]) -> list[str]:
    return [finding.code for statement in statements for finding in statement.findings]


def states(statements: list[Statement]) -> list[BookingState]:
    return [payment.state for statement in statements for payment in statement.payments]


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"PK\x03\x04", b"\x00" * 100, b"<html/>", b"<Document xmlns='urn:x'/>", b"NY0"]
)
def test_what_is_no_bank_file_is_refused_with_a_hint(data: bytes) -> None:
    assert recognise(data) is None
    with pytest.raises(FormatError) as refused:
        list(read(data))
    assert refused.value.where
    assert "camt.054" in refused.value.hint


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"\xef\xbb\xbf" + OCR, "ocr-giro"),
        (b"\r\n" + OCR, "ocr-giro"),
        (CAMT, "camt.054.001.02"),
        (CAMT.decode().replace('encoding="UTF-8"', 'encoding="UTF-16"').encode("utf-16"), "camt.054.001.02"),
        (CAMT.replace(b"camt.054.001.02", b"camt.053.001.08"), "camt.053.001.08"),
        (CAMT.replace(b"camt.054.001.02", b"camt.052.001.02"), None),
        (b"ABNANL2A\n940\nABNANL2A\n:20:X\n:25:1\n:28:1\n", "mt940"),
    ],
)
def test_a_format_is_recognised_by_its_first_bytes(data: bytes, name: str | None) -> None:
    assert recognise(data) == name


@pytest.mark.parametrize("length", [300, 420, 500, 570, len(OCR) - 81])
def test_an_ocr_file_cut_off_anywhere_is_held(length: int) -> None:
    found = list(read(OCR[:length]))
    assert set(states(found)) <= {HELD}
    assert any(finding.severity is Severity.ERROR for statement in found for finding in statement.findings)
    assert "KVITT-BANK-END" in codes(found)


def test_an_ocr_amount_cut_in_the_middle_is_what_the_sum_leaves_for_it_and_held() -> None:
    """One bad record blocks no neighbour: the control sum says what it must have been, a person decides."""
    lines = OCR.splitlines(keepends=True)
    damaged = b"".join([*lines[:4], lines[4][:45] + b"\n", *lines[5:]])
    found = list(read(damaged))
    assert codes(found)[0] == "KVITT-BANK-AMOUNT"
    assert "KVITT-BANK-SUM" not in codes(found)
    assert states(found) == [BOOKED, HELD]
    assert [payment.amount.minor for payment in found[0].payments] == [125000, 49950]


def test_an_ocr_file_with_two_unreadable_amounts_fails_its_sum_and_is_held() -> None:
    lines = OCR.splitlines(keepends=True)
    damaged = b"".join([*lines[:2], lines[2][:45] + b"\n", lines[3], lines[4][:45] + b"\n", *lines[5:]])
    found = list(read(damaged))
    assert "KVITT-BANK-SUM" in codes(found)
    assert states(found) == []


def test_an_unreadable_amount_the_sum_leaves_nothing_for_is_reported_alone() -> None:
    lines = OCR.splitlines(keepends=True)
    trailers = [line.replace(b"174950", b"125000") for line in lines[6:]]
    found = list(read(b"".join([*lines[:4], lines[4][:45] + b"\n", lines[5], *trailers])))
    assert codes(found)[0] == "KVITT-BANK-AMOUNT"
    assert states(found) == [BOOKED]


def test_a_broken_assignment_is_held_and_its_neighbour_goes_through() -> None:
    """The first trailer is wrong; the transmission's own total and the second assignment are right."""
    damaged = TWO.replace(b"00000000000000100061026061026", b"00000000000000101061026061026")
    assert damaged != TWO
    assert states(list(read(damaged))) == [HELD, BOOKED]


def test_an_ocr_record_with_a_bad_date_is_held_alone() -> None:
    damaged = OCR.replace(b"NY09103000000010610260", b"NY09103000000013913260")
    found = list(read(damaged))
    assert codes(found) == ["KVITT-BANK-DATE"]
    assert states(found) == [HELD, BOOKED]
    assert (found[0].findings[0].line, found[0].findings[0].start, found[0].findings[0].end) == (3, 16, 21)


def test_an_unknown_ocr_type_is_held_alone_and_shown_raw() -> None:
    found = list(read(OCR.replace(b"NY09103", b"NY09993")))
    assert codes(found) == ["KVITT-BANK-TYPE"]
    assert found[0].findings[0].value == "99"
    assert states(found) == [HELD, BOOKED]


def test_a_kid_with_a_wrong_check_digit_is_not_called_a_kid() -> None:
    """Scenario S14, the reading half: OCR giro, camt.054; right KIDs beside it stay KIDs."""
    for data in (OCR, CAMT):
        found = list(read(data.replace(b"0010017", b"0010018")))
        wrong, right = found[0].payments[:2]
        assert (wrong.reference, wrong.reference_kind) == ("0010018", "other")
        assert right.reference_kind == "kid"
        assert codes(found) == ["KVITT-BANK-KID"]
        assert set(states(found)) == {BOOKED}


def test_another_service_in_the_transmission_is_skipped_by_name() -> None:
    start, *body, end = OCR.decode("latin-1").splitlines()
    other = [
        "NY210020" + "0" * 72,
        "NY210271" + "0" * 72,
        "NY210088" + "00000001" + "00000003" + "0" * 56,
    ]
    total = end[:8] + "00000003" + "00000011" + end[24:]
    found = list(read("\n".join([start, *other, *body, total]).encode("latin-1")))
    assert codes(found) == ["KVITT-BANK-SERVICE"]
    assert (found[0].findings[0].line, found[0].findings[0].value) == (2, "21")
    assert states(found) == [BOOKED, BOOKED]


def test_only_another_service_still_says_what_it_was() -> None:
    start, end = OCR.decode().splitlines()[0], OCR.decode().splitlines()[-1]
    total = end[:8] + "00000001" + "00000004" + "0" * 17 + end[41:]
    other = ["NY210020" + "0" * 72, "NY210088" + "00000001" + "00000002" + "0" * 56]
    found = list(read("\n".join([start, *other, total]).encode()))
    assert codes(found) == ["KVITT-BANK-SERVICE"]
    assert states(found) == []


def test_camt_cut_off_says_where() -> None:
    with pytest.raises(FormatError) as refused:
        list(read(CAMT[:900]))
    assert refused.value.where.startswith("line 2, column ")
    assert "send it again" in refused.value.hint


def test_latin1_bytes_in_utf8_xml_are_refused_and_declared_ones_read() -> None:
    latin = CAMT.replace(b"Ola N", "Åse Ørn".encode("latin-1"))
    with pytest.raises(FormatError, match="well-formed") as refused:
        list(read(latin))
    assert "Bytes:" not in str(refused.value), "no piece of a name in a message"
    (statement,) = read(latin.replace(b"UTF-8", b"ISO-8859-1"))
    assert statement.payments[2].payer_name == "Åse Ørn"


def test_utf8_and_latin1_ocr_texts_read_the_same() -> None:
    plain = (FILES / "ocr_card_issuer.txt").read_bytes()
    (latin,) = read(plain)
    (utf8,) = read(plain.decode("latin-1").encode("utf-8"))
    assert latin.payments[1].text == utf8.payments[1].text == "Kjøp 17/10 ref A-12"


BOMB = (
    '<!DOCTYPE Document [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {x} "{f"&{y};" * 10}">' for x, y in zip("bcdefghij", "abcdefghi", strict=True))
    + "]>"
)


@pytest.mark.parametrize(
    "prologue", [BOMB, '<!DOCTYPE Document SYSTEM "file:///etc/passwd">', f"<!--{' ' * 70000}-->{BOMB}"]
)
def test_document_types_and_entities_are_refused(prologue: str) -> None:
    text = CAMT.decode().replace("?>", "?>" + prologue, 1).replace("Ola N", "&j;" if "ENTITY" in prologue else "Ola N")
    with pytest.raises(FormatError):
        list(read(text.encode()))


@pytest.mark.parametrize("head", [b"NY000010" + b"0" * 72 + b"\n", b":20:X\n:25:1\n:60F:C260101EUR1,00\n:86:"])
def test_a_line_of_five_megabytes_is_refused_with_its_number(head: bytes) -> None:
    with pytest.raises(FormatError) as refused:
        list(read(head + b"x" * 5_000_000))
    newlines = head.count(b"\n")
    assert refused.value.where == f"line {newlines + 1}"


def test_a_text_of_five_megabytes_is_cut_and_said() -> None:
    (statement,) = read(CAMT.replace(b"faktura 1003", b"f" * 5_000_000))
    assert len(statement.payments[2].text) == 4000
    assert codes([statement]) == ["KVITT-BANK-TEXT"]
    assert set(states([statement])) == {BOOKED}


def test_one_camt_transaction_without_readable_amount_is_held_with_what_is_left() -> None:
    damaged = CAMT.replace(b'<Amt Ccy="NOK">499.50</Amt>', b'<Amt Ccy="NOK">499,50</Amt>')
    (statement,) = read(damaged)
    assert codes([statement]) == ["KVITT-BANK-AMOUNT"]
    assert statement.findings[0].location == "Ntfctn[1]/Ntry[1]/NtryDtls[1]/TxDtls[2]"
    assert states([statement]) == [BOOKED, HELD, BOOKED]
    assert [payment.amount.minor for payment in statement.payments] == [125000, 49950, 30000]


def test_details_that_do_not_add_up_leave_the_entry_alone_and_held() -> None:
    (statement,) = read(CAMT.replace(b'<TxAmt><Amt Ccy="NOK">300.00', b'<TxAmt><Amt Ccy="NOK">300.01'))
    assert codes([statement]) == ["KVITT-BANK-DETAILS"]
    assert states([statement]) == [HELD]
    assert (statement.payments[0].amount.minor, statement.payments[0].reference) == (204950, "")
    assert statement.payments[0].position == "Ntfctn[1]/Ntry[1]"


def test_one_unreadable_camt_entry_does_not_hide_its_neighbours() -> None:
    data = camt054_file([booking(number) for number in (1, 2, 3)], message="M", created=NOW)
    summary = data[data.index(b"<TxsSummry>") : data.index(b"</TxsSummry>") + len(b"</TxsSummry>")]
    damaged = data.replace(summary, b"").replace(
        b'<Amt Ccy="EUR">2.00</Amt><CdtDbtInd>', b'<Amt Ccy="EUR">two</Amt><CdtDbtInd>'
    )
    (statement,) = read(damaged)
    assert [payment.amount.minor for payment in statement.payments] == [100, 300]
    assert codes([statement]) == ["KVITT-BANK-AMOUNT"]
    assert statement.findings[0].location == "Ntfctn[1]/Ntry[2]"


def test_camt_control_sums_that_fail_hold_the_statement() -> None:
    data = camt054_file([booking(1), booking(2)], message="M", created=NOW)
    for wrong, code in (
        (data.replace(b"<Sum>3.00</Sum>", b"<Sum>3.01</Sum>"), "KVITT-BANK-SUM"),
        (data.replace(b"<NbOfNtries>2</NbOfNtries>", b"<NbOfNtries>3</NbOfNtries>"), "KVITT-BANK-COUNT"),
    ):
        found = list(read(wrong))
        assert set(codes(found)) == {code}
        assert states(found) == [HELD, HELD]


def mt940_lines() -> list[bytes]:
    bookings = [booking(1), booking(2, "tweede"), booking(3)]
    return mt940_file(bookings, reference="P1", created=date(2026, 4, 15)).splitlines(keepends=True)


def test_an_unreadable_mt940_line_does_not_hide_its_neighbours() -> None:
    lines = [line for line in mt940_lines() if not line.startswith(b":86:/SUM")]
    damaged = b"".join(line.replace(b":61:2604150415C2,00", b":61:??????0415C2,00") for line in lines)
    (statement,) = read(damaged)
    assert [payment.amount.minor for payment in statement.payments] == [100, 300]
    assert codes([statement]) == ["KVITT-BANK-RECORD", "KVITT-BANK-BALANCE"]
    assert states([statement]) == [BOOKED, BOOKED]


def test_an_mt940_line_dropped_on_the_way_holds_the_statement() -> None:
    lines = mt940_lines()
    without = [line for line in lines if not line.startswith(b":61:2604150415C2,00") and b"tweede" not in line]
    assert len(without) == len(lines) - 2
    found = list(read(b"".join(without)))
    assert {"KVITT-BANK-COUNT", "KVITT-BANK-SUM"} <= set(codes(found))
    assert states(found) == [HELD, HELD]


def test_an_mt940_file_cut_off_is_held() -> None:
    found = list(read(b"".join(mt940_lines()[:12])))
    assert codes(found) == ["KVITT-BANK-END"]
    assert set(states(found)) == {HELD}


def test_a_file_on_disk_reads_like_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "bank.txt"
    path.write_bytes(OCR)
    assert list(read(path)) == list(read(OCR))


def test_no_finding_speaks_of_people() -> None:
    damaged = CAMT.replace(b'<TxAmt><Amt Ccy="NOK">300.00', b'<TxAmt><Amt Ccy="NOK">3x').replace(b"0010017", b"0010018")
    said = str([finding.as_json() for statement in read(damaged) for finding in statement.findings])
    assert "Kunde" not in said
    assert "98765432109" not in said
