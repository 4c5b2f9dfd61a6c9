"""Vektis files at the edges: tariff records, broken places, rules of the opening record, tables that are not whole."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from importlib.resources import files

import pytest

from hub.errors import ConfigurationError, ContentError, FormatError
from hub.model.finding import Finding
from hub.model.money import Money
from hub.model.reply import Code, FileOutcome, ResponseFile, Verdict
from mappings.vektis_finished import from_claim_file
from mappings.vektis_replies import CLEARING, from_response
from mappings.vektis_responses import ALL, NONE, LineVerdict, to_response
from schemas.vektis import Field, Record, VektisFile, amended, build, check, check_file, layout, read, write
from schemas.vektis.codec import as_date
from schemas.vektis.field_rules import field_rule
from schemas.vektis.layout import read_table

BSN = "999903883"
DAY = date(2024, 4, 10)
OPENING = {
    "0105": "T",
    "0108": "3332",
    "0112": "53530001",
    "0113": "04",
    "0114": date(2024, 1, 1),
    "0115": date(2024, 3, 31),
    "0116": "2024000001",
    "0117": date(2024, 4, 2),
    "0119": "EUR",
}
INSURED = {
    "NUM313": BSN,
    "COD061": "3332",
    "DAT006": date(1961, 3, 12),
    "COD134": 2,
    "COD700": 1,
    "NAM193": "Testpersoon",
    "NAM025": "AB",
    "COD083": "7511AA",
    "NUM030": 1,
    "COD841": 2,
}
PERFORMANCE = {
    "HA304": {
        "COD820": 1,
        "DAT001": date(2024, 1, 1),
        "DAT003": date(2024, 1, 1),
        "COD367": "008",
        "COD388": "14499",
        "ANT054": 1,
        "BED160": 105,
        "BED153": 105,
        "0416": "D",
    },
    "MZ301": {"COD820": 1, "DAT272": date(2024, 1, 15), "COD367": "041", "COD388": "OV001", "BED153": 100},
    "LH307": {"COD820": 1, "DAT001": date(2024, 1, 15), "COD367": "022", "COD860": "GPH01"},
    "AP304": {"DAT272": date(2024, 1, 15), "COD367": "036", "COD388": "000000123456"},
}
"""What a line of each standard has beside the amount, the reference and the person."""


def opening(standard: str, **changes: str) -> Record:
    form = layout(standard)
    major, minor = form.version.split(".")
    return build(form, "01", {"0102": form.ei_codes[0], "0103": major, "0104": minor, **OPENING, **changes}, 1)


def claim_line(standard: str, number: int, ref: str, minor: int = 105) -> Record:
    kept = PERFORMANCE[standard]
    person = {"NUM040": number, "NUM313": BSN, "COD061": "3332", "COD089": "01099011"}
    record = build(layout(standard), "04", {**person, **kept, "BED161": minor, "NUM362": ref}, number + 1)
    return amended(record, {record.layout.signs["BED161"]: "D"})


def numbered(form: str, records: list[Record]) -> VektisFile:
    """A file of these records with a closing record that counts and totals them."""
    chosen = layout(form)
    kinds = [one.kind for one in records]
    counts = {"ANT085": kinds.count("02"), "ANT086": kinds.count("03"), "ANT087": kinds.count("04")}
    counts |= {"ANT002": kinds.count("06"), "ANT089": kinds.count("98"), "ANT265": len(records) - 1}
    money = [one for one in records if one.kind == chosen.money_kind and "BED161" in one and one["BED161"].isdigit()]
    trailer = chosen.records["99"]
    values = {name: value for name, value in counts.items() if name in trailer}
    total = sum(one.amount_of("BED161") for one in money)
    values |= {"BED025": abs(total), trailer.signs["BED025"]: "D"}
    ordered = [replace(one, number=number) for number, one in enumerate(records, start=1)]
    return VektisFile(chosen, (*ordered, build(chosen, "99", values, len(records) + 1)))


def insured(standard: str, number: int = 1, **changes: str) -> Record:
    given = {name: value for name, value in INSURED.items() if name in layout(standard).records["02"]}
    return build(layout(standard), "02", {"NUM040": number, **given, **changes}, number + 1)


def ha304(*refs: str, header: Record | None = None) -> VektisFile:
    """One insured with a line per reference."""
    lines = [claim_line("HA304", number, ref) for number, ref in enumerate(refs or ("L1",), start=2)]
    return numbered("HA304", [header or opening("HA304"), insured("HA304"), *lines])


def raw(file: VektisFile, number: int, name: str, text: str) -> VektisFile:
    """The file with one field as it stands in the bytes, right or wrong."""
    record = file.records[number - 1]
    at = record.layout.slices[name]
    assert len(text) == at.stop - at.start
    broken = replace(record, text=record.text[: at.start] + text + record.text[at.stop :])
    return replace(file, records=(*file.records[: number - 1], broken, *file.records[number:]))


def codes(findings: list[Finding]) -> list[tuple[str, int | None, str]]:
    return [(one.code, one.record, one.element) for one in findings]


def test_the_files_of_these_tests_are_sound() -> None:
    assert check(write(ha304("L1", "L2"))) == []


# --- the opening record


def test_a_service_bureau_has_a_code_of_its_own_sort() -> None:
    assert codes(check_file(ha304(header=opening("HA304", COD377="98009901")))) == []
    assert codes(check_file(ha304(header=opening("HA304", COD377="01099901")))) == [("COD954:0013", 1, "0109")]


def debtor(number: int) -> Record:
    values = {"NUM040": number, "COD316": "7", "COD700": 1, "NAM214": "Ouder", "COD829": 1, "NAM141": "Laan"}
    return build(layout("HA304"), "03", {**values, "NUM098": 1, "NAM142": "Enschede"}, number + 1)


def test_a_debtor_is_named_only_where_no_insurer_is() -> None:
    details = [insured("HA304"), debtor(2), claim_line("HA304", 3, "L1")]
    to_insurer = check_file(numbered("HA304", [opening("HA304"), *details]))
    assert [(one.code, one.record) for one in to_insurer] == [("COD954:8075", 3)]
    for nobody in ("0000", "9999"):
        unaddressed = replace(opening("HA304"), text=opening("HA304").text.replace("3332", nobody, 1))
        assert "COD954:8075" not in {one.code for one in check_file(numbered("HA304", [unaddressed, *details]))}


# --- structure


def test_a_debtor_stands_once_and_before_the_performances() -> None:
    first = [opening("HA304"), insured("HA304")]
    for details, wrong in (
        ([debtor(2), claim_line("HA304", 3, "L1")], []),
        ([claim_line("HA304", 2, "L1"), debtor(3)], [4]),
        ([debtor(2), debtor(3), claim_line("HA304", 4, "L1")], [4]),
    ):
        found = check_file(numbered("HA304", [*first, *details]))
        assert [one.record for one in found if one.code == "COD954:8026"] == wrong


def test_a_detail_number_that_is_no_number_is_an_error_of_form_not_of_order() -> None:
    found = check_file(raw(ha304("L1", "L2"), 3, "NUM040", "00000000000X"))
    # the next record is compared with the last number that could be read
    assert [(one.record, one.element, one.expected) for one in found] == [(3, "0402", ""), (4, "0402", "2")]


def test_a_total_that_is_no_number_is_an_error_of_form_and_not_compared() -> None:
    found = check_file(raw(ha304(), 4, "BED025", "0000000O105"))
    assert [(one.record, one.element, one.value, one.expected) for one in found] == [(4, "9907", "0000000O105", "")]
    off = check_file(raw(ha304(), 4, "BED025", "00000000106"))
    assert [(one.code, one.value, one.expected) for one in off] == [("COD954:0150", "1.06", "1.05")]


def tariff_file(*, tariff: bool) -> VektisFile:
    """ZH308: the amount stands in a tariff record under the performance."""
    form = layout("ZH308", "8.0")
    header = {"0102": form.ei_codes[0], "0103": "08", "0104": "00", **OPENING}
    care = {"NUM040": 2, "NUM313": BSN, "COD061": "3332", "COD150": 1, "COD367": "041", "COD695": "190001"}
    care |= {"DAT001": date(2024, 1, 15), "DAT003": date(2024, 1, 16), "NUM123": 1, "ANT054": 1, "COD043": "D"}
    price = {"NUM040": 3, "NUM313": BSN, "COD061": "3332", "COD692": "041", "COD695": "190001", "NUM123": 1}
    price |= {"DAT001": date(2024, 1, 15), "BED160": 7000, "BED153": 7000, "BED161": 7000, "NUM371": "T1"}
    price |= {"COD668": "D", "COD665": "D", "COD089": "03099011", "COD029": 1, "ANT094": 10000}
    given = {name: value for name, value in INSURED.items() if name in form.records["02"]}
    records = [
        build(form, "01", header, 1),
        build(form, "02", {"NUM040": 1, **given}, 2),
        build(form, "04", {**care, "NUM362": "P1"}, 3),
        *([build(form, "06", price, 4)] if tariff else []),
    ]
    closing = {"ANT085": 1, "ANT087": 1, "ANT002": int(tariff), "ANT265": len(records) - 1, "COD043": "D"}
    closing |= {"BED025": 7000 if tariff else 0}
    return VektisFile(form, (*records, build(form, "99", closing, len(records) + 1)))


def test_a_performance_without_its_tariff_is_incomplete_where_amounts_stand_there() -> None:
    assert ("COD954:8026", 3, "") not in codes(check_file(tariff_file(tariff=True)))
    without = [one for one in check_file(tariff_file(tariff=False)) if one.code == "COD954:8026"]
    assert [(one.record, one.expected) for one in without] == [(3, "06")]


def test_a_tariff_record_is_read_with_what_stands_above_it() -> None:
    _, (only,) = from_claim_file(tariff_file(tariff=True))
    assert (only.record, only.ref, only.amount, only.unit_price) == (4, "T1", Money(7000, "EUR"), Money(7000, "EUR"))
    assert (only.service_code, only.code_list, only.performer) == ("190001", "041", "03099011")
    assert (only.begins, only.ends, only.person.bsn) == (date(2024, 1, 15), date(2024, 1, 16), BSN)


# --- amounts


def test_a_tariff_that_is_no_number_is_not_multiplied() -> None:
    found = codes(check_file(raw(ha304(), 3, "BED160", "0000O105")))
    assert {element for _, record, element in found if record == 3} == {"0414"}
    off = codes(check_file(raw(ha304(), 3, "BED160", "00000104")))
    assert ("COD954:8032", 3, "0415") in off


def test_only_standards_that_multiply_are_held_to_it() -> None:
    for standard, says in (("HA304", True), ("MZ301", False)):
        line = amended(claim_line(standard, 2, "L1"), {"BED161": 100, "BED153": 100, "BED160": 90})
        found = check_file(numbered(standard, [opening(standard), insured(standard), line]))
        assert any(one.code == "COD954:8032" for one in found) is says


def test_no_line_claims_more_than_was_calculated() -> None:
    line = amended(claim_line("MZ301", 2, "L1"), {"BED161": 101})
    found = check_file(numbered("MZ301", [opening("MZ301"), insured("MZ301"), line]))
    assert [(one.value, one.expected) for one in found if one.code == "COD954:8063"] == [("1.01", "1.00")]


# --- tables


def table(**changes: str) -> str:
    """The shipped table of HA304 with some words replaced."""
    text = (files("schemas.vektis") / "layouts" / "HA304_4.2.csv").read_text(encoding="utf-8")
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    return text


def test_a_standard_whose_lines_have_no_reference_is_checked_without_that_rule() -> None:
    unnamed = read_table(table(NUM362="NUM998", NUM363="NUM997"), "XX304_1.0.csv")
    twice = ha304("L1", "L1")
    assert [one.code for one in check_file(twice)] == ["COD954:8021"]
    records = tuple(replace(one, layout=unnamed.records[one.kind]) for one in twice.records)
    assert [one.code for one in check_file(VektisFile(unnamed, records))] == []


def test_a_table_whose_record_ends_too_early_is_not_whole() -> None:
    with pytest.raises(ConfigurationError, match="record 01 ends at 310, expected 311") as refused:
        read_table(table(**{"01=310": "01=311"}), "HA304_4.2.csv")
    assert refused.value.where == "HA304_4.2.csv"


def test_a_standard_or_version_without_a_table_is_named() -> None:
    for standard, version, named in (("XX999", "", "XX999"), ("HA304", "9.9", "HA304 9.9")):
        with pytest.raises(ConfigurationError, match=rf"no layout table for {named}$|no layout table for {named} \("):
            layout(standard, version)
    assert layout("ZH308").version == "9.0"


def test_a_code_list_without_a_code_of_this_length_says_nothing_about_the_field() -> None:
    sign = Field(element="0416", code="COD043", name="SIGN", type="AN", length=1, start=1, codelist="COD043-VEKT")
    assert field_rule(sign, "04").allowed == "D, C"
    wider = field_rule(replace(sign, length=2), "04")
    assert (wider.allowed, wider.domain) == ("", "")


@pytest.mark.parametrize("text", ["2024010", "202401011", "2024O101", "20240230", "00000000", "٢٠٢٤٠١٠١"])
def test_what_is_no_existing_day_is_none(text: str) -> None:
    assert as_date(text) is None
    assert as_date("20240229") == date(2024, 2, 29)


def test_a_record_is_printed_without_what_stands_in_it() -> None:
    record = ha304().records[1]
    assert repr(record) == "Record('02', number=2)"
    assert BSN not in repr(ha304())


def test_every_field_of_a_record_by_its_element_and_none_of_one_nobody_knows() -> None:
    values = ha304().records[1].values()
    assert (values["0203"], values["0210"].rstrip()) == (BSN, "Testpersoon")
    assert "".join(values.values()) == ha304().records[1].text
    lines = write(ha304()).splitlines(keepends=True)
    unknown = read(b"".join([lines[0], b"77 what is this\r\n", *lines[1:]])).records[1]
    assert (unknown.whole, unknown.values()) == (False, {})


# --- finished files


def test_a_broken_comment_takes_no_line_with_it() -> None:
    lines = write(ha304("L1", "L2")).splitlines(keepends=True)
    comment = b"98000000000002" + b" " * 20 + b"\r\n"
    _, found = from_claim_file(read(b"".join([*lines[:3], comment, *lines[3:]])))
    assert [(one.ref, one.findings) for one in found] == [("L1", ()), ("L2", ())]


def test_a_broken_insured_is_an_unread_line_and_the_next_keeps_what_it_repeats() -> None:
    lines = write(ha304("L1")).splitlines(keepends=True)
    _, found = from_claim_file(read(b"".join([lines[0], lines[1][:99] + b"\r\n", *lines[2:]])))
    assert [(one.ref, [row.code for row in one.findings]) for one in found] == [
        ("", ["KVITT-VEKTIS-BROKEN-LINE"]),
        ("L1", []),
    ]
    assert (found[1].person.bsn, found[1].person.name) == (BSN, "")


def test_a_cut_off_opening_record_refuses_the_file() -> None:
    lines = write(ha304()).splitlines(keepends=True)
    with pytest.raises(FormatError, match="wrong length") as refused:
        from_claim_file(read(b"".join([lines[0][:200] + b"\r\n", *lines[1:]])))
    assert refused.value.where == "record 1"


@pytest.mark.parametrize(("standard", "code"), [("AP304", "000000123456"), ("LH307", "GPH01"), ("MZ301", "OV001")])
def test_the_performance_code_is_found_whatever_the_standard_calls_it(standard: str, code: str) -> None:
    version = "7.2" if standard == "AP304" else ""
    form = layout(standard, version)
    major, minor = form.version.split(".")
    header = build(form, "01", {"0102": form.ei_codes[0], "0103": major, "0104": minor, **OPENING}, 1)
    given = {"NUM040": 1, "NUM313": BSN, "BED161": 105, "NUM362": "L1", **PERFORMANCE[standard]}
    line = build(form, "04", {name: value for name, value in given.items() if name in form.records["04"]}, 2)
    _, (found,) = from_claim_file(VektisFile(form, (header, line)))
    assert found.service_code == code


def test_a_standard_that_names_no_performance_code_leaves_it_empty() -> None:
    form = layout("AP304", "8.0")
    header = build(form, "01", {"0102": form.ei_codes[0], "0103": "08", "0104": "00", **OPENING}, 1)
    line = build(form, "04", {"NUM040": 1, "NUM313": BSN, "BED161": 105, "NUM362": "L1"}, 2)
    _, (found,) = from_claim_file(VektisFile(form, (header, line)))
    assert (found.service_code, found.amount) == ("", Money(105, "EUR"))


# --- responses


def answer(*refs: str, **verdicts: LineVerdict) -> VektisFile:
    """HA305 to a file of these lines, all of them returned."""
    return to_response(ha304(*refs), verdicts, response_date=DAY, only=ALL)


def said(found: ResponseFile) -> list[str]:
    return [one.code for one in found.findings]


def test_lines_without_a_reference_are_not_taken_for_each_other() -> None:
    file = raw(raw(answer("L1", "L2"), 3, "NUM362", " " * 20), 4, "NUM362", " " * 20)
    found = from_response(file)
    assert found.decisions == ()
    assert [(one.record, one.element) for one in found.findings] == [(3, "0420"), (4, "0420")]
    twice = from_response(answer("L1", "L1"))
    assert [one.verdict for one in twice.decisions] == [Verdict.GRANTED, Verdict.OPEN]
    assert "COD954:8021" in said(twice)


def test_totals_that_cannot_be_read_decide_no_absent_line() -> None:
    file = answer("L1", L1=LineVerdict(granted=Money(91, "EUR"), codes=(Code(list="COD957", code="053"),)))
    found = from_response(raw(file, 4, "BED167", "0000000O091"))
    assert (found.claimed_total, found.granted_total, found.absent_granted) == (None, None, False)
    assert said(found) == ["KVITT-VEKTIS-BROKEN-LINE"]
    assert [(one.verdict, one.granted) for one in found.decisions] == [(Verdict.CHANGED, Money(91, "EUR"))]


def test_a_claim_file_taken_for_a_response_decides_nothing() -> None:
    found = from_response(numbered("HA304", [opening("HA304")]))
    assert (found.outcome, found.decisions, found.absent_granted) == (FileOutcome.TRIAGE, (), False)


PM = layout("PM304")


def pm304(*refs: str) -> VektisFile:
    """A file of a standard with return codes (COD954)."""
    header = {"0102": PM.ei_codes[0], "0103": "03", "0104": "02", **OPENING}
    lines = [
        build(
            PM,
            "04",
            {
                "NUM040": number,
                "NUM313": BSN,
                "COD061": "3332",
                "DAT272": date(2024, 1, 15),
                "COD367": "012",
                "COD388": "1000",
                "ANT054": 1,
                "BED160": 3500,
                "BED153": 3500,
                "BED161": 3500,
                PM.records["04"].signs["BED153"]: "D",
                PM.records["04"].signs["BED161"]: "D",
                "NUM362": ref,
            },
            number + 1,
        )
        for number, ref in enumerate(refs, start=2)
    ]
    return numbered("PM304", [build(PM, "01", header, 1), insured("PM304"), *lines])


def test_a_refusal_elsewhere_does_not_count_where_the_header_says_that_only_the_faultless_were_taken() -> None:
    refused = {"L1": LineVerdict(granted=Money(0, "EUR"), codes=(Code(list="COD954", code="8096"),))}
    plain = to_response(pm304("L1"), refused, response_date=DAY, only=ALL)
    assert (from_response(plain).refused_by, "KVITT-VEKTIS-CLEARING-REFUSED" in said(from_response(plain))) == (
        CLEARING,
        True,
    )
    faultless = to_response(
        pm304("L1"), refused, response_date=DAY, only=ALL, codes=(Code(list="COD954", code="8097"),)
    )
    found = from_response(faultless)
    assert (found.refused_by, found.outcome) == ("payer", FileOutcome.FILE_REFUSED)
    assert "KVITT-VEKTIS-CLEARING-REFUSED" not in said(found)


def test_a_clearing_house_returns_every_line_so_its_total_is_theirs() -> None:
    whole = to_response(pm304("L1", "L2"), {}, response_date=DAY, only=ALL, companion="8096")
    assert "SUBMITTED-TOTAL" not in " ".join(said(from_response(whole, source=CLEARING)))
    part = to_response(pm304("L1", "L2"), {}, response_date=DAY, shown=["L1"], companion="8096")
    found = from_response(part, source=CLEARING)
    told = [(one.value, one.expected) for one in found.findings if one.code.endswith("SUBMITTED-TOTAL")]
    assert told == [("70.00", "35.00")]


def test_the_processing_code_of_a_line_is_written_and_kept_raw() -> None:
    made = answer("L1", "L2", L1=LineVerdict(processing="007"))
    assert [one.raw.get("processing") for one in from_response(made).decisions] == ["007", "000"]


def test_a_claim_file_with_a_cut_record_is_not_answered() -> None:
    file = ha304("L1")
    short = replace(file.records[1], text=file.records[1].text[:-1])
    with pytest.raises(ContentError, match="wrong length") as refused:
        to_response(replace(file, records=(file.records[0], short, *file.records[2:])), {}, response_date=DAY, only=ALL)
    assert refused.value.where == "record 2"


def test_a_claim_file_whose_amounts_cannot_be_read_is_not_answered() -> None:
    verdicts = {"L1": LineVerdict(granted=Money(91, "EUR"), codes=(Code(list="COD957", code="053"),))}
    with pytest.raises(ContentError, match="run check on the claim file"):
        to_response(raw(ha304("L1"), 3, "BED161", "0000O105"), verdicts, response_date=DAY)


def test_nothing_returned_means_all_granted() -> None:
    found = from_response(to_response(ha304("L1"), {}, response_date=DAY, only=NONE))
    assert (found.outcome, found.granted_total, found.decisions) == (FileOutcome.ALL_GRANTED, Money(105, "EUR"), ())
