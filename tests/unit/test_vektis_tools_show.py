"""Looking into files and comparing them: positions, meanings, findings, and nothing personal by accident."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from hub.errors import ContentError
from hub.model.money import Money
from hub.model.reply import Code
from mappings.vektis_responses import LineVerdict, to_response
from schemas.vektis import Record, VektisFile, amended, check_file
from schemas.vektis.check import judged
from schemas.vektis.tools import ruler
from schemas.vektis.tools.differences import Change, Difference, differences, same
from tests.claim_files import BSNS, ON, Insured, Line, claim_file

PEOPLE = [
    Insured(BSNS[0], [Line("A-1", 3500, comments=1), Line("A-2", 1200)], comments=1, name="Testpersoon"),
    Insured(BSNS[1], [Line("B-1", -50, before="Z-1")]),
]


def whole(people: list[Insured] = PEOPLE) -> VektisFile:
    return claim_file("PM304", people)


def field(record: Record, name: str, file: VektisFile, language: str = "en", *, personal: bool = False) -> ruler.Row:
    (row,) = ruler.view(record, file.layout, language=language, personal=personal).only(name).rows
    return row


@pytest.mark.parametrize(
    ("number", "name", "language", "meaning"),
    [
        (1, "0117", "en", "2024-04-02"),
        (1, "0105", "nl", "Testbericht"),
        (2, "NUM040", "en", "1"),
        (4, "BED161", "en", "35.00"),
        (8, "BED161", "en", "-0.50"),
        (8, "COD665", "nl", "Credit"),
        (4, "NUM352", "en", ""),
        (4, "NUM363", "en", ""),
        (9, "9907", "en", "46.50"),
    ],
)
def test_a_field_is_shown_with_its_meaning(number: int, name: str, language: str, meaning: str) -> None:
    file = whole()
    assert field(file.records[number - 1], name, file, language).decoded == meaning


def test_rows_stand_at_their_positions_and_cover_the_record() -> None:
    file = whole()
    for record in file.records:
        rows = ruler.view(record, file.layout, personal=True).rows
        assert "".join(row.raw for row in rows) == record.text
        assert [row.start for row in rows][1:] == [row.end + 1 for row in rows][:-1]


def test_personal_values_are_masked_until_asked_for() -> None:
    file = whole()
    insured = file.records[1]
    assert field(insured, "NUM313", file).raw == "*****3883"
    assert field(insured, "NAM193", file).raw == "*" * 11 + " " * 14
    assert field(insured, "DAT006", file).decoded == ""
    assert field(insured, "DAT006", file, personal=True).decoded == "1961-03-12"
    said = str(ruler.view(insured, file.layout).as_json("en"))
    assert "Testpersoon" not in said
    assert BSNS[0] not in said


def test_findings_stand_at_their_field() -> None:
    file = whole()
    records = [*file.records[:3], amended(file.records[3], {"DAT272": "20240231"}), *file.records[4:]]
    spoiled = VektisFile(file.layout, tuple(records))
    shown = ruler.view(spoiled.records[3], file.layout, check_file(spoiled, on=ON))
    (row,) = [one for one in shown.rows if one.findings]
    assert (row.element, row.start, row.end) == ("0408", 59, 66)
    assert shown.findings == ()
    assert shown.as_json("nl")["fields"][7]["findings"][0]["record"] == 4


def test_a_damaged_record_shows_its_shape_under_a_ruler() -> None:
    file = whole()
    short = replace(file.records[1], text=file.records[1].text[:-3])
    shown = ruler.view(short, file.layout)
    assert shown.rows == ()
    assert shown.damaged.startswith("029999999999")
    assert "Testpersoon" not in shown.damaged
    assert BSNS[0] not in shown.damaged.replace("999999999999999999999", "")
    assert len(shown.damaged) == 307
    assert ruler.view(short, file.layout, personal=True).damaged == short.text
    assert ruler.ruler(12) == "....5...10.."
    assert len(ruler.ruler(310)) == 310


def test_what_a_terminal_obeys_is_made_visible() -> None:
    assert ruler.visible("a b\x1b[2J\x00") == "a\xb7b\ufffd[2J\ufffd"


def test_some_records_are_judged_with_those_above_them() -> None:
    file = whole()
    records = list(ruler.beside(file.records, 8, 8))
    assert [one.number for one in records] == [1, 7, 8]
    assert ruler.local(judged(records, file.layout, on=ON), 8, 8) == []
    spoiled = [*records[:2], amended(records[2], {"NUM313": BSNS[0]})]
    found = ruler.local(judged(spoiled, file.layout, on=ON), 8, 8)
    assert {one.element for one in found} == {"0403"}


def test_the_tail_of_a_response_is_told_apart() -> None:
    claims = whole()
    response = to_response(claims, {}, response_date=date(2024, 4, 10), only="all")
    rows = ruler.view(response.records[3], response.layout).rows
    assert [row.added for row in rows] == [row.start >= 311 for row in rows]
    assert field(response.records[3], "BED166", response).decoded == "35.00"


def brief(found: list[Difference]) -> list[tuple[str, str, str, str]]:
    return [(one.change.value, one.kind, one.line, one.element) for one in found]


def test_a_file_is_the_same_as_itself() -> None:
    assert differences(whole(), whole()) == []


def test_lines_are_matched_by_reference_wherever_they_stand() -> None:
    moved = whole([PEOPLE[1], replace(PEOPLE[0], lines=[PEOPLE[0].lines[1], PEOPLE[0].lines[0]])])
    found = differences(whole(), moved)
    assert {one.change for one in found} == {Change.MOVED}
    assert not same(found)
    assert len(found) == 2


def test_changed_added_and_removed_lines_are_told_by_field() -> None:
    changed = whole(
        [replace(PEOPLE[0], lines=[Line("A-1", 4000, comments=1), Line("A-3", 1200, code="1001")]), PEOPLE[1]]
    )
    found = differences(whole(), changed, language="nl")
    assert brief(found) == [
        ("changed", "04", "A-1", "0428"),
        ("changed", "04", "A-1", "0429"),
        ("changed", "04", "A-1", "0432"),
        ("removed", "04", "A-2", ""),
        ("added", "04", "A-3", ""),
        ("changed", "99", "", "9907"),
    ]
    assert (found[2].before, found[2].after) == ("00003500 (35.00)", "00004000 (40.00)")


def test_lines_without_reference_are_matched_by_what_they_are() -> None:
    first = whole([Insured(BSNS[0], [Line("", 100), Line("", 200, code="1001")])])
    second = whole([Insured(BSNS[0], [Line("", 250, code="1001"), Line("", 100)])])
    found = differences(first, second)
    assert ("changed", "04", "", "0432") in brief(found)
    assert "removed" not in {one.change.value for one in found}


def test_another_name_is_told_without_the_names() -> None:
    found = differences(whole(), whole([replace(PEOPLE[0], name="Jansen"), PEOPLE[1]]))
    assert brief(found) == [("changed", "02", "", "0210")]
    assert "Jansen" not in str(found[0].as_json())
    personal = differences(whole(), whole([replace(PEOPLE[0], name="Jansen"), PEOPLE[1]]), personal=True)
    assert (personal[0].before, personal[0].after) == ("Testpersoon", "Jansen")


@pytest.mark.parametrize("standard", ["HA304", "PM304"])
def test_a_response_is_compared_as_far_as_its_claim_goes(standard: str) -> None:
    claims = claim_file(standard, PEOPLE)
    code = Code(list="COD957", code="053", element="0408") if standard == "HA304" else Code(list="COD954", code="0586")
    verdicts = {"A-1": LineVerdict(granted=Money(0, "EUR"), codes=(code,))}
    response = to_response(claims, verdicts, response_date=date(2024, 4, 10))
    found = differences(claims, response)
    assert same(found)
    absent = [one.line for one in found if one.change is Change.ABSENT and one.kind == "04"]
    assert absent == ["A-2", "B-1"]
    assert any(one.change is Change.ANSWERED and code.code in one.after for one in found if one.line == "A-1")
    other = amended(response.records[1], {"NAM193": "Ander"})
    spoiled = VektisFile(response.layout, (response.records[0], other, *response.records[2:]))
    assert [one.element for one in differences(claims, spoiled) if one.change is Change.CHANGED] == ["0210"]
    assert not same(differences(claims, spoiled))


def test_files_of_two_standards_are_not_compared() -> None:
    with pytest.raises(ContentError):
        differences(whole(), claim_file("HA304", PEOPLE))


def test_damaged_records_are_told_by_their_shape() -> None:
    file = whole()
    broken = VektisFile(file.layout, (*file.records[:2], replace(file.records[2], text="98Jan"), *file.records[3:]))
    found = differences(file, broken)
    assert ("removed", "98", "", "") in brief(found)
    assert [(one.kind, one.name) for one in found if one.change is Change.ADDED] == [("98", "98Xxx")]
    assert differences(broken, broken) == []
