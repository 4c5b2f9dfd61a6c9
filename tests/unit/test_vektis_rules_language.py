"""The language of the rule tables: what it says, what it refuses, and that its quick answer never hides a finding."""

from __future__ import annotations

import csv
from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import ConfigurationError
from hub.model.finding import Severity
from schemas.vektis import build, check_file, layout, layouts
from schemas.vektis.codec import VektisFile
from schemas.vektis.layout import Layout, read_table
from schemas.vektis.report import table
from schemas.vektis.rule_compiler import clauses_of
from schemas.vektis.rule_language import DEFAULTS, read_rules
from schemas.vektis.seen import Seen

HEAD = """# standard: XX301
# version: 1.0
# title: OWN
# kind: claim
# ei_codes: 999
# records: 01=30; 02=40<01; 04=40<02
record,element,code,name,type,length,start,mandatory,codelist,pattern,values,rules
"""


def own_table(**rules: str) -> Layout:
    """A small standard: a header with a date, an insured, lines with two numbers, a date and a text."""
    fields = [
        ("01", "0101", "COD001", "N", 2, 1), ("01", "0102", "DAT031", "N", 8, 3), ("01", "0180", "TEC007", "AN", 20, 11),
        ("02", "0201", "COD001", "N", 2, 1), ("02", "0203", "NUM003", "AN", 5, 3), ("02", "0280", "TEC007", "AN", 33, 8),
        ("04", "0401", "COD001", "N", 2, 1), ("04", "0402", "NUM003", "AN", 5, 3), ("04", "0403", "ANT001", "N", 3, 8),
        ("04", "0404", "ANT003", "N", 5, 11), ("04", "0405", "DAT003", "N", 8, 16), ("04", "0406", "OMS001", "AN", 5, 24),
        ("04", "0407", "DAT008", "N", 8, 29), ("04", "0480", "TEC007", "AN", 4, 37),
    ]  # fmt: skip
    lines = [
        f'{kind},{element},{code},{code},{form},{length},{start},,,,,"{rules.get("r" + element, "")}"'
        for kind, element, code, form, length, start in fields
    ]
    return read_table(HEAD + "\n".join(lines) + "\n", "own.csv")


def told(made: Layout, header: str = "20240201", insured: str = "A", **line: str) -> list[str]:
    """The elements named when one line stands under one insured."""
    records = (
        build(made, "01", {"0102": header}, 1),
        build(made, "02", {"0203": insured}, 2),
        build(made, "04", {"0402": insured, **{name[1:]: value for name, value in line.items()}}, 3),
    )
    return [one.element for one in check_file(VektisFile(made, records)) if one.ruleset.endswith("N5")]


@pytest.mark.parametrize(
    ("element", "rule", "line", "broken"),
    [
        ("0403", "filled", {"e0403": "1"}, False),
        ("0403", "filled", {}, True),
        ("0403", "empty if OMS001", {"e0403": "1"}, False),
        ("0403", "empty if OMS001", {"e0403": "1", "e0406": "X"}, True),
        ("0403", "empty unless OMS001", {"e0403": "1"}, True),
        ("0403", "empty unless OMS001 and DAT003", {"e0403": "1", "e0406": "X"}, True),
        ("0403", "filled if no OMS001", {}, True),
        ("0403", "= 001/002", {"e0403": "2"}, False),
        ("0403", "= 001/002", {"e0403": "3"}, True),
        ("0403", "!= 001/002", {"e0403": "2"}, True),
        ("0403", "= 001 if OMS001 = AB", {"e0403": "2", "e0406": "AB"}, True),
        ("0403", "= 001 if OMS001 = AB", {"e0403": "2", "e0406": "ABC"}, False),
        ("0406", "starts AB/C", {"e0406": "CD"}, False),
        ("0406", "starts AB/C", {"e0406": "AC"}, True),
        ("0406", "not starts AB", {"e0406": "ABC"}, True),
        ("0406", "empty if OMS001 not starts AB", {"e0406": "ABC"}, False),
        ("0404", "= ANT001*ANT001", {"e0403": "3", "e0404": "9"}, False),
        ("0404", "= ANT001*ANT001", {"e0403": "3", "e0404": "8"}, True),
        ("0404", ">= ANT001", {"e0403": "12", "e0404": "9"}, True),
        ("0404", ">= ANT001", {"e0403": "9", "e0404": "12"}, False),
        ("0403", "= days DAT003..DAT008", {"e0405": "20240228", "e0407": "20240301", "e0403": "3"}, False),
        ("0403", "= days DAT003..DAT008", {"e0405": "20240228", "e0407": "20240301", "e0403": "2"}, True),
        ("0405", "<= 01.DAT031", {"e0405": "20240201"}, False),
        ("0405", "<= 01.DAT031", {"e0405": "20240202"}, True),
        ("0405", "< DAT008", {"e0405": "20240130"}, False),
        ("0405", "> 20231231", {"e0405": "20231231"}, True),
        ("0402", "= parent", {}, False),
        ("0402", "= parent", {"e0402": "B"}, True),
        ("0406", "!= 02.NUM003", {"e0406": "A"}, True),
        ("0406", "!= 02.NUM003", {"e0406": ""}, False),
        ("0401", "never if ANT001 > 005", {"e0403": "5"}, False),
        ("0401", "never if ANT001 > 005", {"e0403": "6"}, True),
        ("0403", "filled if @0406", {"e0406": "X"}, True),
    ],
)
def test_what_a_clause_demands(element: str, rule: str, line: dict[str, str], broken: bool) -> None:
    assert (element in told(own_table(**{"r" + element: rule}), **line)) is broken


def test_sums_and_what_may_stand_once() -> None:
    made = own_table(r0203="", r0406="unique", r0403="unique with OMS001/DAT003")
    line = {"0402": "A", "0406": "X", "0403": "1"}
    records = [
        build(made, "01", {}, 1),
        build(made, "02", {"0203": "A"}, 2),
        build(made, "04", line, 3),
        build(made, "04", line, 4),
    ]
    found = [
        (one.record, one.element, one.expected) for one in check_file(VektisFile(made, tuple(records))) if one.element
    ]
    assert (4, "0406", "3") in found
    assert (4, "0403", "3") in found
    records[3] = build(made, "04", {**line, "0405": "20240101"}, 4)
    found = [
        (one.record, one.element, one.expected) for one in check_file(VektisFile(made, tuple(records))) if one.element
    ]
    assert (4, "0403", "3") not in found


def test_a_wrong_value_is_told_once_and_not_compared() -> None:
    made = own_table(r0405="<= 01.DAT031")
    assert told(made, e0405="99999999") == []
    assert told(made, header="99999999", e0405="20240101") == []


@pytest.mark.parametrize(
    "rule",
    [
        "filed", "= ", "filled if", "= 1 if then", "filled when X", ">= 1/2", "filled if no ANT001 = 001", "= 1",
        "= parent/;x", "filled if unique", "starts ", "= ABCDEFGHIJ", "filled if ANT999", "<= 09.DAT031", "> ANT001*ANT003",
        "unique with 01",
    ],
)  # fmt: skip
def test_what_cannot_be_meant_says_where_it_stands(rule: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        clauses_of(own_table(r0403=rule))
    assert "XX301 1.0, record 04, 0403" in str(raised.value)


def test_own_words_take_the_place_of_the_shared_ones() -> None:
    made = own_table(r0402="= parent : RULE-EQUAL -")
    records = (build(made, "01", {}, 1), build(made, "02", {"0203": "A"}, 2), build(made, "04", {"0402": "B"}, 3))
    assert [one.code for one in check_file(VektisFile(made, records)) if one.element == "0402"] == [
        "KVITT-VEKTIS-RULE-EQUAL"
    ]


def test_every_rule_of_every_table_is_bound_and_has_its_words() -> None:
    keys = {row["key"]: row for row in table("messages.csv")}
    clauses = [
        rule.clause
        for one in layouts()
        for kind in clauses_of(one).values()
        for rule in (*kind.judged, *kind.once, *kind.sums)
    ]
    assert len(clauses) > 500
    for clause in clauses:
        row = keys[clause.message]
        assert all(row[f"{part}{language}"] for part in ("", "hint_") for language in ("en", "nb", "nl")), (
            clause.message
        )
    assert set(DEFAULTS.values()) <= set(keys)
    assert {row["severity"] for row in keys.values()} <= {one.value for one in Severity}


def test_every_shared_rule_is_for_some_layout() -> None:
    text = (files("schemas.vektis") / "rules" / "everywhere.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    used = {
        rule.clause.text
        for one in layouts()
        for kind in clauses_of(one).values()
        for rule in (*kind.judged, *kind.once)
    }
    unused = [
        clause.text for row in rows for clause in read_rules(row["rules"], row["code"], "") if clause.text not in used
    ]
    assert unused == []


@given(st.data())
@settings(max_examples=100)
def test_the_quick_answer_never_hides_a_broken_rule(data: st.DataObject) -> None:
    made = layout("GZ321")
    kind = data.draw(st.sampled_from(["04", "06", "16", "17"]))
    record = made.records[kind]
    values = {
        one.element: data.draw(
            st.sampled_from(("", "1", *((one.values[-1], "20140131") if one.values else ("20140101",))))
        )
        for one in record.fields[1:]
        if one.length >= 8 or one.values
    }
    text = build(made, kind, {name: value[: record.field(name).length] for name, value in values.items()}, 1).text
    above = {one: build(made, one, {"0411": "20140115"} if one == "04" else {}, 1).text for one in made.records}
    clauses = clauses_of(made)[kind]
    if clauses.holds(text, above):
        assert list(clauses.broken(text, above)) == []


def test_what_was_seen_is_found_again_however_much_it_is() -> None:
    seen = Seen()
    assert [seen.add(f"R{number}", number + 1) for number in range(5000)] == [0] * 5000
    assert [seen.add(f"R{number}", 9999) for number in range(5000)] == list(range(1, 5001))
    assert seen.first("R-other") == 0
