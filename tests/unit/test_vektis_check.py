"""The five levels of checks on a Vektis claim file, one defect at a time."""

from __future__ import annotations

from datetime import date

import pytest

from hub.model.finding import Finding, Severity, blocking
from schemas.vektis import amended, check, check_file, read, write
from schemas.vektis.codec import VektisFile


def line(length: int, *parts: tuple[int, str]) -> bytes:
    text = [" "] * length
    for start, value in parts:
        text[start - 1 : start - 1 + len(value)] = value
    assert len(text) == length
    return "".join(text).encode("latin-1") + b"\r\n"


def insured(number: int, bsn: str) -> bytes:
    return line(
        310,
        (1, f"02{number:012d}{bsn}3332900000000"),
        (54, "1961031221Testpersoon"),
        (99, "0"),
        (135, "AB"),
        (141, "07511AA"),
        (157, "00001"),
        (181, "2"),
    )


def performance(number: int, bsn: str, ref: str, sign: str = "D", previous: str = "") -> bytes:
    return line(
        310,
        (1, f"04{number:012d}{bsn}3332900000000"),
        (58, "1" + "20240101" + "20240331" + "008" + "14499" + "0001" + "01099011" + "00000105" + "00000105" + sign),
        (112, "0000" + "00000105" + sign + ref),
        (145, previous),
    )


HEADER = line(
    310,
    (1, "011120402T000000"),
    (27, "333298009901000000000000000053530001" + "04"),
    (65, "20240101202403312024000001"),
    (93, "20240402"),
    (115, "EUR"),
)
A, B = "999903883", "999911247"
GOOD = (
    HEADER
    + insured(1, A)
    + performance(2, A, "LINE-0001")
    + line(310, (1, "980000000000020001a word on the line"))
    + insured(3, B)
    + performance(4, B, "LINE-0002")
    + line(310, (1, "99000002000000000002000001" + "0000005" + "00000000210D"))
)


def changed(number: int, element: str, raw: str) -> bytes:
    """The good file with one field replaced as it stands in the bytes."""
    file = read(GOOD)
    record = file.records[number - 1]
    at = record.layout.slices[element]
    lines = GOOD.splitlines(keepends=True)
    text = lines[number - 1].decode("latin-1")
    assert len(raw) == at.stop - at.start
    lines[number - 1] = (text[: at.start] + raw + text[at.stop :]).encode("latin-1")
    return b"".join(lines)


def codes(findings: list[Finding]) -> list[tuple[str, int | None, str]]:
    return [(one.code, one.record, one.element) for one in findings]


def test_a_good_file_has_no_findings() -> None:
    assert check(GOOD, on=date(2024, 4, 2)) == []


@pytest.mark.parametrize(
    ("number", "element", "raw", "code"),
    [
        (1, "0105", "X", "COD954:8028"),
        (1, "0108", "33E2", "COD954:0018"),
        (1, "0109", "98000000", "COD954:0013"),
        (1, "0112", "00999999", "COD954:0017"),
        (1, "0113", "05", "COD954:8029"),
        (1, "0114", "20240230", "COD954:0020"),
        (1, "0116", " 24000001   ", "COD954:0030"),
        (1, "0117", "00000000", "COD954:0025"),
        (1, "0119", "XXX", "COD954:0031"),
        (1, "0180", "x".ljust(193), "COD954:0003"),
        (2, "0203", "999903884", "COD954:0435"),
        (2, "0203", "000000000", "COD954:0435"),
        (2, "0204", "0000", "COD954:0423"),
        (2, "0208", "3", "COD954:0351"),
        (2, "0209", "2", "COD954:0317"),
        (2, "0210", " " * 25, "COD954:0312"),
        (2, "0217", "0123AB", "KVITT-VEKTIS-DOMAIN"),
        (2, "0223", "0", "COD954:8030"),
        (3, "0407", "7", "COD954:8031"),
        (3, "0410", "000", "COD954:0581"),
        (3, "0412", "0000", "COD954:0638"),
        (3, "0413", "00000000", "COD954:5760"),
        (3, "0416", "X", "COD954:0631"),
        (3, "0418", "1.05    ", "COD954:8033"),
        (3, "0420", " " * 20, "COD954:8021"),
        (4, "9804", "\x07".ljust(140), "COD954:0755"),
    ],
)
def test_form_and_domain_of_single_fields(number: int, element: str, raw: str, code: str) -> None:
    found = [one for one in check(changed(number, element, raw)) if one.element == element]
    assert [one.code for one in found][:1] == [code]
    assert found[0].record == number
    place = read(GOOD).records[number - 1].layout.field(element)
    assert (found[0].start, found[0].end) == (place.start, place.end)
    assert found[0].ruleset.startswith("vektis-HA304-4.2 N")
    assert set(found[0].text) == {"en", "nb", "nl"} == set(found[0].hint)


@pytest.mark.parametrize(
    ("number", "element", "raw", "code"),
    [
        (1, "0107", "1.0".ljust(10), "COD954:8166"),
        (1, "0115", "20231231", "COD954:8175"),
        (1, "0117", "20240330", "KVITT-VEKTIS-INVOICE-DATE"),
        (1, "0113", "02", "COD954:8029"),
        (1, "0112", "00000000", "COD954:0017"),
        (1, "0111", "01099901", "COD954:0014"),
        (2, "0203", B, "COD954:0435"),
        (2, "0218", "B-1000".ljust(9), "KVITT-VEKTIS-POSTCODE-BOTH"),
        (2, "0217", " " * 6, "COD954:0316"),
        (2, "0213", "Partner".ljust(25), "KVITT-VEKTIS-NAME-USE"),
        (2, "0207", "20240102", "KVITT-VEKTIS-BIRTH-DATE"),
        (3, "0407", "2", "COD954:8179"),
        (3, "0409", "20231231", "COD954:8007"),
        (3, "0409", "20240403", "COD954:8178"),
        (3, "0409", "20240402", "KVITT-VEKTIS-OUTSIDE-PERIOD"),
        (3, "0412", "0002", "COD954:8032"),
        (3, "0418", "00000106", "COD954:8063"),
        (3, "0418", "00000000", "COD954:9278"),
        (3, "0416", "C", "COD954:8064"),
        (3, "0421", "LINE-0000".ljust(20), "KVITT-VEKTIS-DEBIT-REFERENCE"),
        (6, "0420", "LINE-0001".ljust(20), "COD954:8021"),
    ],
)
def test_fields_that_do_not_agree(number: int, element: str, raw: str, code: str) -> None:
    assert code in [one.code for one in check(changed(number, element, raw))]


@pytest.mark.parametrize(
    ("element", "raw", "code"),
    [
        ("9902", "000001", "COD954:0151"),
        ("9903", "000001", "COD954:0157"),
        ("9904", "000003", "COD954:0158"),
        ("9905", "000000", "COD954:0153"),
        ("9906", "0000004", "COD954:0156"),
        ("9907", "00000000211", "COD954:0150"),
        ("9908", "C", "COD954:0150"),
    ],
)
def test_counts_and_total_of_the_closing_record(element: str, raw: str, code: str) -> None:
    assert [one.code for one in check(changed(7, element, raw))] == [code]


def reordered(*order: int) -> bytes:
    lines = GOOD.splitlines(keepends=True)
    return b"".join(lines[number - 1] for number in order)


@pytest.mark.parametrize(
    ("order", "code", "record"),
    [
        ((1, 3, 2, 4, 5, 6, 7), "COD954:8026", 2),
        ((1, 2, 4, 3, 5, 6, 7), "COD954:0801", 3),
        ((1, 2, 5, 6, 7), "COD954:8026", 2),
        ((1, 2, 3, 4, 5, 6), "COD954:8026", 6),
        ((1, 2, 3, 4, 7, 5, 6), "COD954:8026", 6),
        ((1, 1, 2, 3, 4, 5, 6, 7), "COD954:8026", 2),
        ((1, 4, 2, 3, 5, 6, 7), "COD954:8026", 2),
        ((1, 2, 3, 4, 6, 5, 7), "COD954:8026", 6),
    ],
)
def test_order_and_numbering(order: tuple[int, ...], code: str, record: int) -> None:
    assert (code, record) in [(one.code, one.record) for one in check(reordered(*order))]


def test_a_comment_numbers_its_lines() -> None:
    assert codes(check(changed(4, "9803", "0002"))) == [("COD954:0754", 4, "9803")]


def test_line_ends_lengths_and_kinds() -> None:
    assert codes(check(GOOD[:-2])) == [("COD954:8095", 7, "")]
    blank = GOOD.splitlines(keepends=True)
    assert ("COD954:8095", 3, "") in codes(check(b"".join([*blank[:2], b"\r\n", *blank[2:]])))
    short = [*blank[:2], blank[2][:300] + b"\r\n", *blank[3:]]
    assert ("COD954:0804", 3, "") in codes(check(b"".join(short)))
    strange = [*blank[:2], b"55" + blank[2][2:], *blank[3:]]
    assert ("COD954:0002", 3, "") in codes(check(b"".join(strange)))


def test_utf8_shows_as_a_wrong_length() -> None:
    data = GOOD.replace(b"Testpersoon", "Tëstpersoon".encode(), 1)
    assert [(one.code, one.record, one.expected) for one in check(data)] == [("COD954:0804", 2, "310")]


def test_one_bad_record_never_hides_the_next() -> None:
    lines = changed(6, "0410", "000").splitlines(keepends=True)
    lines[2] = lines[2][:200] + b"\r\n"
    found = codes(check(b"".join(lines)))
    assert ("COD954:0804", 3, "") in found
    assert ("COD954:0581", 6, "0410") in found


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "KVITT-VEKTIS-EMPTY"),
        (b"%PDF-1.7", "COD954:0002"),
        (b"01999" + GOOD[5:], "COD954:0010"),
        (b"011120905" + GOOD[9:], "COD954:0011"),
    ],
)
def test_an_unreadable_file_is_one_fatal_finding_and_no_exception(data: bytes, code: str) -> None:
    found = check(data)
    assert [(one.code, one.severity) for one in found] == [(code, Severity.FATAL)]


def test_dates_after_the_day_of_judgement_lie_in_the_future() -> None:
    future = {(one.record, one.element) for one in check(GOOD, on=date(2024, 3, 1))}
    assert future == {(1, "0115"), (1, "0117"), (3, "0409"), (6, "0409")}


def one_insured(*parts: bytes, total: str) -> bytes:
    trailer = line(310, (1, f"99000001000000{len(parts):06d}000000{len(parts) + 1:07d}{total}"))
    return HEADER + insured(1, A) + b"".join(parts) + trailer


def test_credits_count_negative_and_name_the_line_they_reverse() -> None:
    alone = one_insured(performance(2, A, "LINE-0003", "C", "LINE-0001"), total="00000000105C")
    assert check(alone) == []
    nameless = one_insured(performance(2, A, "LINE-0003", "C"), total="00000000105C")
    assert codes(check(nameless)) == [("COD954:0651", 2 + 1, "0421")]


def test_a_credit_beside_its_own_debit_is_refused() -> None:
    both = one_insured(
        performance(2, A, "LINE-0001"), performance(3, A, "LINE-0003", "C", "LINE-0001"), total="00000000000D"
    )
    assert codes(check(both)) == [("COD954:8062", 4, "")]


def test_without_a_bsn_the_insured_number_is_needed() -> None:
    file = read(GOOD.replace(A.encode(), b"999999999"))
    assert check_file(file) == []
    blank = [amended(one, {"NUM003": ""}) if one.kind in ("02", "04") else one for one in file.records]
    assert ("COD954:8101", 2, "0205") in codes(check_file(VektisFile(file.layout, tuple(blank))))


def test_a_debtor_record_does_not_go_to_an_insurer() -> None:
    lines = GOOD.splitlines(keepends=True)
    debtor = line(310, (1, "03000000000002DEB-1"), (26, "00000000" + "0" + "1" + "Testpersoon"), (113, "0"))
    assert ("COD954:8075", 3, "0301") in codes(check(b"".join([*lines[:2], debtor, *lines[2:]])))


def test_personal_values_are_masked_everywhere() -> None:
    findings = check(changed(2, "0203", "999903884")) + check(changed(2, "0210", " Geheimenaam".ljust(25)))
    shown = " ".join(f"{one.value} {one.text} {one.hint} {one.expected}" for one in findings)
    assert "*****3884" in shown
    assert "999903884" not in shown
    assert "Geheimenaam" not in shown


def test_an_unknown_sex_is_allowed_and_remarked_upon() -> None:
    found = check(changed(2, "0208", "0"))
    assert [(one.code, one.severity) for one in found] == [("COD954:0351", Severity.INFO)]
    assert not blocking(found)


def test_what_was_checked_is_what_is_written() -> None:
    assert check_file(read(GOOD)) == check(write(read(GOOD)))
