"""Response files become decisions. The records are laid out here by hand, apart from our tables and writer."""

from __future__ import annotations

import pytest

from hub.model.money import Money
from hub.model.reply import FileOutcome, ResponseFile, Verdict
from mappings.vektis_replies import from_response
from schemas.vektis import check, read

A, B, C = "999903883", "999911247", "999915812"


def line(length: int, *parts: tuple[int, str]) -> bytes:
    text = [" "] * length
    for start, value in parts:
        assert start - 1 + len(value) <= length
        text[start - 1 : start - 1 + len(value)] = value
    return "".join(text).encode("latin-1") + b"\r\n"


def errors(start: int, *found: tuple[str, str]) -> tuple[int, str]:
    """HA305's tail: processing code, then three times element, error code, changed."""
    three = [*found, ("", ""), ("", ""), ("", "")][:3]
    return start, "000" + "".join(f"{element or '0000'}{code or '000'} " for element, code in three)


class Ha305:
    """HA305 4.2, 380 positions: claims are HA304 lines, the tail begins at 311."""

    format = "vektis-HA305-4.2"

    def header(self, *found: tuple[str, str]) -> bytes:
        return line(
            380,
            (1, "01" + "113" + "04" + "02" + "T" + "000000"),
            (27, "3332" + "98009901" + "00000000" + "00000000" + "53530001" + "04" + "20240101" + "20240331"),
            (81, "2024000001"),
            (93, "20240402"),
            (115, "EUR"),
            (311, "INS-REF-77"),
            (335, "20240410"),
            errors(343, *found),
        )

    def insured(self, number: int, bsn: str, *found: tuple[str, str]) -> bytes:
        return line(
            380,
            (1, f"02{number:012d}{bsn}3332"),
            (54, "1961031221Testpersoon"),
            (99, "0"),
            (135, "AB"),
            (141, "07511AA"),
            (157, "00001"),
            (181, "2"),
            errors(311, *found),
        )

    def claimed(
        self,
        number: int,
        bsn: str,
        ref: str,
        awarded: str,
        *found: tuple[str, str],
        sign: str = "D",
        awarded_sign: str = "",
    ) -> bytes:
        return line(
            380,
            (1, f"04{number:012d}{bsn}3332"),
            (
                58,
                "1" + "20240101" + "20240101" + "008" + "14499" + "0001" + "01099011" + "00000105" + "00000105" + sign,
            ),
            (112, "0000" + "00000105" + sign + ref),
            (311, awarded + (awarded_sign or sign)),
            errors(320, *found),
        )

    def trailer(self, insured: int, performances: int, submitted: str, awarded: str) -> bytes:
        counts = f"{insured:06d}000000{performances:06d}000000{insured + performances:07d}"
        return line(380, (1, "99" + counts + submitted + awarded))


class Pm305:
    """PM305 3.2, 370 positions: three return codes of four positions, calculated and awarded amount at 311."""

    format = "vektis-PM305-3.2"

    def header(self, *codes: str) -> bytes:
        return line(
            370,
            (1, "01" + "108" + "03" + "02" + "P" + "000000"),
            (27, "3332" + "00000000" + "00000000" + "00000000" + "53530001" + "04" + "20240101" + "20240331"),
            (81, "PM2024000001"),
            (93, "20240402"),
            (115, "EUR"),
            (311, "INS-REF-78"),
            (335, "20240410" + "".join(codes)),
        )

    def insured(self, number: int, bsn: str, *codes: str) -> bytes:
        return line(
            370,
            (1, f"02{number:012d}{bsn}3332"),
            (54, "1961031221Testpersoon"),
            (135, "AB"),
            (141, "07511AA"),
            (157, "00001"),
            (311, "".join(codes)),
        )

    def claimed(self, number: int, bsn: str, ref: str, awarded: str, *codes: str) -> bytes:
        return line(
            370,
            (1, f"04{number:012d}{bsn}3332"),
            (58, "1" + "20240115" + "012" + "1000  " + "0001"),
            (128, "04099011"),
            (162, "00003500" + "00003500" + "D" + "0000" + "00003500" + "D" + ref),
            (311, awarded + "D" + awarded + "D" + "".join(codes)),
        )

    def trailer(self, insured: int, performances: int, submitted: str, awarded: str) -> bytes:
        counts = f"{insured:06d}000000{performances:06d}000000{insured + performances:07d}"
        return line(370, (1, "99" + counts + submitted + awarded))


HA, PM = Ha305(), Pm305()


def verdicts(response: ResponseFile) -> list[tuple[str, Verdict, Money | None]]:
    return [(one.line_ref, one.verdict, one.granted) for one in response.decisions]


def eur(cents: int) -> Money:
    return Money(cents, "EUR")


@pytest.mark.scenario("S10")
def test_pm305_granted_changed_and_refused_as_too_late() -> None:
    data = (
        PM.header("0200")
        + PM.insured(1, A)
        + PM.claimed(2, A, "REF-1", "00003500", "0200")
        + PM.insured(3, B)
        + PM.claimed(4, B, "REF-2", "00002000", "0611")
        + PM.insured(5, C)
        + PM.claimed(6, C, "REF-3", "00000000", "0586")
        + PM.trailer(3, 3, "00000010500D", "00000005500D")
    )
    assert check(data) == []
    response = from_response(read(data))
    assert verdicts(response) == [
        ("REF-1", Verdict.GRANTED, eur(3500)),
        ("REF-2", Verdict.CHANGED, eur(2000)),
        ("REF-3", Verdict.REFUSED, eur(0)),
    ]
    late = response.decisions[2]
    assert [(code.list, code.code, code.text) for code in late.codes] == [("COD954", "0586", "Te laat ingediend")]
    assert (response.outcome, response.absent_granted, response.findings) == (FileOutcome.DECIDED, True, ())
    assert (response.claimed_total, response.granted_total) == (eur(10500), eur(5500))
    assert (response.invoice_number, response.payer_ref, response.payer_code) == ("PM2024000001", "INS-REF-78", "3332")


@pytest.mark.scenario("S10")
def test_ha305_granted_changed_refused_and_an_unknown_code_stays_raw() -> None:
    data = (
        HA.header()
        + HA.insured(1, A)
        + HA.claimed(2, A, "REF-1", "00000105")
        + HA.insured(3, B)
        + HA.claimed(4, B, "REF-2", "00000060", ("0408", "053"))
        + HA.insured(5, C)
        + HA.claimed(6, C, "REF-3", "00000000", ("0411", "987"))
        + HA.trailer(3, 3, "00000000315D", "00000000165D")
    )
    assert check(data) == []
    response = from_response(read(data))
    assert verdicts(response) == [
        ("REF-1", Verdict.GRANTED, eur(105)),
        ("REF-2", Verdict.CHANGED, eur(60)),
        ("REF-3", Verdict.REFUSED, eur(0)),
    ]
    early, unknown = response.decisions[1].codes[0], response.decisions[2].codes[0]
    assert (early.list, early.code, early.element, early.text) == ("COD957", "053", "0408", "Datum is te laat")
    assert (unknown.list, unknown.code, unknown.element, unknown.text) == ("COD957", "987", "0411", "")
    assert response.decisions[0].raw["processing"] == "000"
    assert (response.findings, response.absent_granted) == ((), True)


@pytest.mark.scenario("S09")
def test_a_line_we_do_not_know_is_decided_like_any_other_and_totals_are_checked() -> None:
    data = (
        HA.header()
        + HA.insured(1, A)
        + HA.claimed(2, A, "REF-1", "00000000", ("0403", "110"))
        + HA.claimed(3, A, "NOT-OURS", "00000000", ("0403", "110"))
        + HA.trailer(1, 2, "00000000315D", "00000000105D")
    )
    response = from_response(read(data))
    assert [one.line_ref for one in response.decisions] == ["REF-1", "NOT-OURS"]
    assert response.findings == ()
    wrong = from_response(read(data.replace(b"00000000105D", b"00000000210D")))
    assert [(one.code, one.element) for one in wrong.findings] == [("KVITT-VEKTIS-AWARDED-TOTAL", "9909")]
    assert verdicts(wrong) == verdicts(response)
    assert not wrong.absent_granted


def test_absent_lines_of_an_insurers_response_are_granted() -> None:
    data = (
        HA.header()
        + HA.insured(7, C)
        + HA.claimed(8, C, "REF-4", "00000000", ("0203", "100"))
        + HA.trailer(1, 1, "00000000420D", "00000000315D")
    )
    response = from_response(read(data))
    assert (response.absent_granted, response.outcome, response.findings) == (True, FileOutcome.DECIDED, ())


@pytest.mark.parametrize(
    ("header", "totals", "outcome", "refused_by"),
    [
        (PM.header("8001"), ("00000003500D", "00000003500D"), FileOutcome.ALL_GRANTED, ""),
        (PM.header("8001"), ("00000000000D", "00000000000D"), FileOutcome.ALL_GRANTED, ""),
        (PM.header("0001"), ("00000003500D", "00000000000D"), FileOutcome.FILE_REFUSED, "payer"),
        (PM.header("0200"), ("00000003500D", "00000000000D"), FileOutcome.TRIAGE, ""),
        (PM.header("8001"), ("00000003500D", "00000001000D"), FileOutcome.TRIAGE, ""),
        (PM.header("0001"), ("00000003500D", "00000003500D"), FileOutcome.TRIAGE, ""),
        (HA.header(), ("00000000105D", "00000000105D"), FileOutcome.ALL_GRANTED, ""),
        (HA.header(), ("00000000105C", "00000000105C"), FileOutcome.ALL_GRANTED, ""),
        (HA.header(("0116", "008")), ("00000000105D", "00000000000D"), FileOutcome.FILE_REFUSED, "payer"),
        (HA.header(), ("00000000105D", "00000000000D"), FileOutcome.TRIAGE, ""),
        (HA.header(), ("00000000000D", "00000000000D"), FileOutcome.TRIAGE, ""),
    ],
)
def test_opening_and_closing_record_alone_speak_by_their_totals(
    header: bytes, totals: tuple[str, str], outcome: FileOutcome, refused_by: str
) -> None:
    make = PM if header[2:5] == b"108" else HA
    response = from_response(read(header + make.trailer(0, 0, *totals)))
    assert (response.outcome, response.refused_by) == (outcome, refused_by)
    assert response.absent_granted is (outcome is FileOutcome.ALL_GRANTED)
    assert bool(response.findings) is (outcome is FileOutcome.TRIAGE)


def cleared() -> bytes:
    return (
        PM.header("0001")
        + PM.insured(1, A, "0200")
        + PM.claimed(2, A, "REF-1", "00000000", "8096")
        + PM.insured(3, B, "0435")
        + PM.claimed(4, B, "REF-2", "00000000", "8002")
        + PM.trailer(2, 2, "00000007000D", "00000000000D")
    )


@pytest.mark.parametrize("source", ["clearing", "payer"])
def test_a_clearing_house_refuses_the_file_and_its_companions_are_no_rejections(source: str) -> None:
    response = from_response(read(cleared()), source=source)
    assert (response.outcome, response.refused_by) == (FileOutcome.FILE_REFUSED, "clearing")
    assert verdicts(response) == [("REF-1", Verdict.OPEN, None), ("REF-2", Verdict.REFUSED, eur(0))]
    assert "0435" in [code.code for code in response.decisions[1].codes]
    assert not response.absent_granted
    assert not [one for one in response.findings if one.blocks]


def test_a_clearing_houses_ha305_has_no_companion_code_so_the_channel_says_it() -> None:
    data = (
        HA.header()
        + HA.insured(1, A)
        + HA.claimed(2, A, "REF-1", "00000000")
        + HA.insured(3, B)
        + HA.claimed(4, B, "REF-2", "00000000", ("0403", "007"))
        + HA.trailer(2, 2, "00000000210D", "00000000000D")
    )
    response = from_response(read(data), source="clearing")
    assert [one.verdict for one in response.decisions] == [Verdict.OPEN, Verdict.REFUSED]
    assert response.refused_by == "clearing"
    held = from_response(read(data))
    assert [one.verdict for one in held.decisions] == [Verdict.OPEN, Verdict.REFUSED]
    assert [one.code for one in held.findings] == ["KVITT-VEKTIS-NOT-JUDGED"]


def test_refusing_every_line_is_not_refusing_the_file() -> None:
    data = (
        PM.header("0200")
        + PM.insured(1, A)
        + PM.claimed(2, A, "REF-1", "00000000", "0586")
        + PM.trailer(1, 1, "00000003500D", "00000000000D")
    )
    response = from_response(read(data))
    assert (response.outcome, response.refused_by) == (FileOutcome.DECIDED, "")


def test_a_line_not_judged_because_its_insured_was_refused_is_refused_with_that_reason() -> None:
    data = (
        PM.header("0200")
        + PM.insured(1, A, "0320")
        + PM.claimed(2, A, "REF-1", "00000000", "8002")
        + PM.trailer(1, 1, "00000003500D", "00000000000D")
    )
    decision = from_response(read(data)).decisions[0]
    assert decision.verdict is Verdict.REFUSED
    assert [code.code for code in decision.codes] == ["8002", "0320"]


def test_an_award_above_the_claim_is_held_with_a_finding() -> None:
    data = (
        HA.header()
        + HA.insured(1, A)
        + HA.claimed(2, A, "REF-1", "00000205")
        + HA.claimed(3, A, "REF-2", "00000105", awarded_sign="C")
        + HA.trailer(1, 2, "00000000210D", "00000000100D")
    )
    response = from_response(read(data))
    assert verdicts(response) == [("REF-1", Verdict.OPEN, None), ("REF-2", Verdict.OPEN, None)]
    assert [(one.code, one.record) for one in response.findings] == [
        ("KVITT-VEKTIS-AWARD-ABOVE-CLAIM", 3),
        ("KVITT-VEKTIS-AWARD-ABOVE-CLAIM", 4),
    ]
    assert response.decisions[0].raw["awarded"] == "205"


def test_a_credit_is_granted_in_its_own_sign() -> None:
    data = (
        HA.header()
        + HA.insured(1, A)
        + HA.claimed(2, A, "REF-9", "00000105", sign="C")
        + HA.trailer(1, 1, "00000000105C", "00000000105C")
    )
    assert verdicts(from_response(read(data))) == [("REF-9", Verdict.GRANTED, eur(-105))]


def broken_second_line() -> list[bytes]:
    return [
        HA.header(),
        HA.insured(1, A),
        HA.claimed(2, A, "REF-1", "00000105"),
        HA.claimed(3, A, "REF-2", "00000000", ("0403", "110")),
        HA.claimed(4, A, "REF-3", "00000105"),
        HA.trailer(1, 3, "00000000315D", "00000000210D"),
    ]


@pytest.mark.parametrize("damage", ["short", "unreadable amount", "unknown kind"])
def test_one_broken_record_leaves_the_others_decided_and_the_absent_ones_open(damage: str) -> None:
    records = broken_second_line()
    records[3] = {
        "short": records[3][:200] + b"\r\n",
        "unreadable amount": records[3].replace(b"00000000D", b"0000000XD"),
        "unknown kind": b"44" + records[3][2:],
    }[damage]
    response = from_response(read(b"".join(records)))
    assert verdicts(response) == [("REF-1", Verdict.GRANTED, eur(105)), ("REF-3", Verdict.GRANTED, eur(105))]
    assert ("KVITT-VEKTIS-BROKEN-LINE", 4) in [(one.code, one.record) for one in response.findings]
    assert not response.absent_granted


def test_a_response_that_is_cut_off_grants_nothing_by_silence() -> None:
    response = from_response(read(b"".join(broken_second_line()[:-2])))
    assert [one.verdict for one in response.decisions] == [Verdict.GRANTED, Verdict.REFUSED]
    assert "KVITT-VEKTIS-NO-TRAILER" in [one.code for one in response.findings]
    assert not response.absent_granted


def test_a_line_decided_twice_is_held_the_second_time() -> None:
    records = broken_second_line()
    records[4] = HA.claimed(4, A, "REF-1", "00000000", ("0403", "110"))
    records[5] = HA.trailer(1, 3, "00000000315D", "00000000105D")
    response = from_response(read(b"".join(records)))
    assert verdicts(response)[0] == ("REF-1", Verdict.GRANTED, eur(105))
    assert verdicts(response)[2] == ("REF-1", Verdict.OPEN, None)
    assert [one.code for one in response.findings] == ["COD954:8021"]
    assert not response.absent_granted


def test_wrong_counts_are_findings() -> None:
    data = (
        HA.header()
        + HA.insured(1, A)
        + HA.claimed(2, A, "REF-1", "00000105")
        + HA.trailer(1, 2, "0" * 8 + "105D", "0" * 8 + "105D")
    )
    assert [one.code for one in from_response(read(data)).findings] == ["COD954:0158", "COD954:0156"]


def test_nothing_personal_in_what_a_response_becomes() -> None:
    response = from_response(read(b"".join(broken_second_line())))
    assert A not in repr(response)
    assert "Testpersoon" not in repr(response)


class Zh309:
    """ZH309 8.0, 630 positions: amounts and codes of a line stand on the tariff record 06, below a performance 04."""

    def header(self, *codes: str) -> bytes:
        return line(
            630,
            (1, "01" + "102" + "08" + "00" + "T" + "000000"),
            (27, "3332" + "00000000" + "00000000" + "00000000" + "06010001" + "04" + "20240101" + "20240331"),
            (81, "ZH2024000001"),
            (93, "20240402"),
            (115, "EUR"),
            (571, "INS-REF-79"),
            (595, "20240410" + "".join(codes)),
        )

    def insured(self, number: int, bsn: str, *codes: str) -> bytes:
        return line(630, (1, f"02{number:012d}{bsn}3332"), (571, "".join(codes)))

    def performance(self, number: int, bsn: str, *codes: str) -> bytes:
        return line(630, (1, f"04{number:012d}{bsn}3332"), (519, f"PERFORMANCE-{number}"), (571, "".join(codes)))

    def tariff(self, number: int, bsn: str, ref: str, awarded: str, *codes: str) -> bytes:
        return line(
            630,
            (1, f"06{number:012d}{bsn}3332"),
            (107, "00010000D" + ref),
            (571, awarded + "D" + awarded + "D" + "".join(codes)),
        )

    def trailer(self, insured: int, performances: int, tariffs: int, submitted: str, awarded: str) -> bytes:
        counts = f"{insured:06d}000000{performances:06d}{tariffs:06d}000000{insured + performances + tariffs:07d}"
        return line(630, (1, "99" + counts + submitted + awarded))


ZH = Zh309()


def zh309() -> list[bytes]:
    return [
        ZH.header("0200"),
        ZH.insured(1, A),
        ZH.performance(2, A),
        ZH.tariff(3, A, "T-1", "00010000"),
        ZH.tariff(4, A, "T-2", "00004000", "0611"),
        ZH.performance(5, A, "0586"),
        ZH.tariff(6, A, "T-3", "00000000", "8002"),
        ZH.trailer(1, 2, 3, "00000030000D", "00000014000D"),
    ]


def test_amounts_below_the_performance_are_decided_with_the_codes_above_them() -> None:
    response = from_response(read(b"".join(zh309())))
    assert verdicts(response) == [
        ("T-1", Verdict.GRANTED, eur(10000)),
        ("T-2", Verdict.CHANGED, eur(4000)),
        ("T-3", Verdict.REFUSED, eur(0)),
    ]
    assert [code.code for code in response.decisions[2].codes] == ["8002", "0586"]
    assert (response.findings, response.absent_granted) == ((), True)
    assert (response.payee_code, response.test) == ("06010001", True)


def test_a_broken_tariff_does_not_take_the_codes_of_the_next_one_away() -> None:
    records = zh309()
    records[6] = records[6][:500] + b"\r\n" + ZH.tariff(7, A, "T-4", "00000000")
    response = from_response(read(b"".join(records)))
    assert verdicts(response)[2] == ("T-4", Verdict.REFUSED, eur(0))
    assert ("KVITT-VEKTIS-BROKEN-LINE", 7) in [(one.code, one.record) for one in response.findings]
    assert not response.absent_granted


@pytest.mark.parametrize(
    "carrier",
    [
        line(370, (1, "03" + f"{2:012d}"), (311, "0320")),
        line(370, (1, "98" + f"{1:012d}" + "0001" + "a word on the insured"), (311, "0320")),
    ],
    ids=["debtor", "comment on the insured"],
)
def test_a_code_on_what_hangs_below_the_insured_refuses_the_lines_below_it(carrier: bytes) -> None:
    data = (
        PM.header("0200")
        + PM.insured(1, A)
        + carrier
        + PM.claimed(3, A, "REF-1", "00000000", "8002")
        + PM.insured(4, B)
        + PM.claimed(5, B, "REF-2", "00000000", "0611")
        + PM.trailer(2, 2, "00000007000D", "00000000000D")
    )
    first, second = from_response(read(data)).decisions
    assert (first.verdict, [code.code for code in first.codes]) == (Verdict.REFUSED, ["8002", "0320"])
    assert [code.code for code in second.codes] == ["0611"], "what is said of one insured is not said of the next"


def test_a_line_without_our_reference_is_never_read_as_a_verdict_on_the_whole_file() -> None:
    data = (
        HA.header()
        + HA.insured(1, A)
        + HA.claimed(2, A, "", "00000000", ("0403", "101"))
        + HA.claimed(3, A, "REF-2", "00000105")
        + HA.trailer(1, 2, "00000000315D", "00000000210D")
    )
    response = from_response(read(data))
    assert verdicts(response) == [("REF-2", Verdict.GRANTED, eur(105))]
    (finding,) = response.findings
    assert (finding.record, finding.element, finding.blocks) == (3, "0420", True)
    assert not response.absent_granted


def test_another_persons_codes_do_not_refuse_a_line_whose_own_insured_record_is_lost() -> None:
    data = (
        PM.header("0200")
        + PM.insured(1, A, "0320")
        + PM.claimed(2, A, "REF-1", "00000000", "8002")
        + PM.claimed(4, B, "REF-2", "00000000")
        + PM.trailer(1, 2, "00000007000D", "00000000000D")
    )
    response = from_response(read(data))
    assert verdicts(response) == [("REF-1", Verdict.REFUSED, eur(0)), ("REF-2", Verdict.OPEN, None)]
    assert ("KVITT-VEKTIS-PARENT-DIFFERS", 4) in [(one.code, one.record) for one in response.findings]
    assert B not in str(response.findings)


def test_a_person_who_is_refused_without_a_line_leaves_a_doubt_that_blocks() -> None:
    data = (
        PM.header("0200")
        + PM.insured(1, A, "0320")
        + PM.insured(2, B, "8096")
        + PM.claimed(3, B, "REF-2", "00000000", "8096")
        + PM.trailer(2, 1, "00000003500D", "00000000000D")
    )
    response = from_response(read(data), source="clearing")
    assert (response.outcome, response.refused_by) == (FileOutcome.FILE_REFUSED, "clearing")
    (told,) = [one for one in response.findings if one.blocks]
    assert (told.code, told.record) == ("KVITT-VEKTIS-INSURED-ONLY", 2)
    assert A not in str(told)


def test_two_responses_in_one_file_are_not_read_as_one() -> None:
    other = HA.header().replace(b"2024000001", b"2024000002")
    body = HA.insured(1, A) + HA.claimed(2, A, "REF-1", "00000000", ("0403", "101"))
    end = HA.trailer(1, 1, "00000000105D", "00000000000D")
    response = from_response(read(HA.header() + body + end + other + body + end))
    assert (response.outcome, response.absent_granted) == (FileOutcome.TRIAGE, False)
    assert ("COD954:8026", 5) in [(one.code, one.record) for one in response.findings]


def test_a_record_torn_into_a_second_header_leaves_the_others_decided() -> None:
    records = broken_second_line()
    records[3] = b"01" + records[3][2:]
    response = from_response(read(b"".join(records)))
    assert [one.line_ref for one in response.decisions] == ["REF-1", "REF-3"]
    assert (response.outcome, response.absent_granted) == (FileOutcome.DECIDED, False)


def test_a_cut_header_names_no_invoice_so_that_no_other_file_is_meant() -> None:
    records = broken_second_line()
    records[0] = records[0][:86] + b"\r\n"
    response = from_response(read(b"".join(records)))
    assert (response.invoice_number, response.outcome) == ("", FileOutcome.TRIAGE)
    assert {one.invoice_number for one in response.decisions} == {""}
    assert ("KVITT-VEKTIS-BROKEN-LINE", 1) in [(one.code, one.record) for one in response.findings]


def test_a_header_that_refuses_beside_lines_that_are_decided_grants_nothing_by_silence() -> None:
    data = (
        PM.header("0030")
        + PM.insured(1, A)
        + PM.claimed(2, A, "REF-1", "00000000", "0586")
        + PM.trailer(1, 1, "00000007000D", "00000003500D")
    )
    response = from_response(read(data))
    assert (response.outcome, response.absent_granted) == (FileOutcome.DECIDED, False)
    assert [one.code for one in response.findings] == ["KVITT-VEKTIS-OUTCOME-UNCLEAR"]
    assert verdicts(response) == [("REF-1", Verdict.REFUSED, eur(0))]


def test_an_award_whose_sign_is_neither_debit_nor_credit_is_not_read() -> None:
    data = (
        HA.header()
        + HA.insured(1, A)
        + HA.claimed(2, A, "REF-1", "00000105", awarded_sign="X")
        + HA.claimed(3, A, "REF-2", "00000105", awarded_sign=" ")
        + HA.trailer(1, 2, "00000000210D", "00000000210D")
    )
    response = from_response(read(data))
    assert verdicts(response) == [("REF-2", Verdict.GRANTED, eur(105))]
    assert [(one.code, one.record) for one in response.findings] == [("KVITT-VEKTIS-BROKEN-LINE", 3)]


def test_the_clearing_house_is_known_by_its_word_on_an_insured_alone() -> None:
    data = (
        PM.header("0001")
        + PM.insured(1, A, "8096")
        + PM.claimed(2, A, "REF-1", "00000000", "0435")
        + PM.trailer(1, 1, "00000003500D", "00000000000D")
    )
    response = from_response(read(data))
    assert (response.outcome, response.refused_by) == (FileOutcome.FILE_REFUSED, "clearing")


def test_a_file_that_awards_money_was_not_refused_whatever_code_stands_on_a_record() -> None:
    data = (
        PM.header("0200")
        + PM.insured(1, A)
        + PM.claimed(2, A, "REF-1", "00003500", "8096")
        + PM.trailer(1, 1, "00000003500D", "00000003500D")
    )
    response = from_response(read(data))
    assert (response.outcome, response.refused_by, response.absent_granted) == (FileOutcome.TRIAGE, "", False)
    assert "KVITT-VEKTIS-OUTCOME-UNCLEAR" in [one.code for one in response.findings]


@pytest.mark.parametrize(
    ("claimed_sign", "awarded", "awarded_sign", "verdict", "granted"),
    [
        ("C", "00000105", "C", Verdict.GRANTED, eur(-105)),
        ("C", "00000060", "C", Verdict.CHANGED, eur(-60)),
        ("C", "00000106", "C", Verdict.OPEN, None),
        ("C", "00000105", "D", Verdict.OPEN, None),
        ("D", "00000106", "D", Verdict.OPEN, None),
        ("D", "00000000", "D", Verdict.OPEN, None),
    ],
)
def test_awards_against_claims_of_either_sign(
    claimed_sign: str, awarded: str, awarded_sign: str, verdict: Verdict, granted: Money | None
) -> None:
    data = (
        HA.header()
        + HA.insured(1, A)
        + HA.claimed(2, A, "REF-1", awarded, sign=claimed_sign, awarded_sign=awarded_sign)
        + HA.trailer(1, 1, "0" * 8 + "105" + claimed_sign, "0" * 3 + awarded + awarded_sign)
    )
    (decision,) = from_response(read(data)).decisions
    assert (decision.verdict, decision.granted) == (verdict, granted)
    assert decision.raw["awarded"] == str(int(awarded) * (-1 if awarded_sign == "C" else 1))
