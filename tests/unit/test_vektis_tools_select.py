"""Lines are selected with their families, and bad lines taken out: files that add up, and nothing lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import ContentError, FormatError
from hub.model.finding import Finding, blocking
from hub.model.money import Money
from hub.model.reply import Code
from mappings.vektis_replies import from_response
from mappings.vektis_responses import LineVerdict, to_response
from schemas.vektis import Record, VektisFile, check_file, layout, read, write
from schemas.vektis.check import judged
from schemas.vektis.family import families, with_family
from schemas.vektis.layout import UNKNOWN
from schemas.vektis.tools.select import lines, select
from schemas.vektis.tools.split import bad_lines, faults, split
from schemas.vektis.tools.where import where
from tests.claim_files import BSNS, ON, Insured, Line, claim_file

PEOPLE = [
    Insured(BSNS[0], [Line("A-1", 3500, comments=1), Line("A-2", 1200)], comments=2, name="de Vries"),
    Insured(BSNS[1], [Line("B-1", 50, code="1001")]),
    Insured(BSNS[2], [Line("C-1", -800, before="Z-1"), Line("C-2", 20000)]),
]


def whole(standard: str = "PM304") -> VektisFile:
    return claim_file(standard, PEOPLE)


def selected(expression: str, file: VektisFile | None = None, *, keep_numbers: bool = False) -> VektisFile:
    source = file or whole()
    wanted = where(expression, source.layout)
    return VektisFile(source.layout, tuple(select(source.records, source.layout, wanted, keep_numbers=keep_numbers)))


def references(file: VektisFile) -> list[str]:
    return [one.string("NUM362") for one in file.records if one.kind == "04"]


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("reference=B-1", ["B-1"]),
        ("0434=B-1", ["B-1"]),
        ("NUM362 = 'B-1'", ["B-1"]),
        ("amount>1200", ["A-1", "C-2"]),
        ("amount>=12.00", ["A-1", "A-2", "C-2"]),
        ("amount<0", ["C-1"]),
        ("0432<=50", ["B-1", "C-1"]),
        ("COD061=3332 and code=1001", ["B-1"]),
        ("code=1001 or reference~C-", ["B-1", "C-1", "C-2"]),
        ("not (code=1001 or reference~C-)", ["A-1", "A-2"]),
        ("code!=1000", ["B-1"]),
        ("date>=2024-01-15", ["A-1", "A-2", "B-1", "C-1", "C-2"]),
        ("date>20240115", []),
        (f"bsn={BSNS[1]}", ["B-1"]),
        ("NUM363", ["C-1"]),
        ("NUM363=''", ["A-1", "A-2", "B-1", "C-2"]),
        ("comment~belde and amount>3000", ["A-1"]),
        ("NAM193='de Vries'", ["A-1", "A-2"]),
        ("0116=2024000001 and reference=A-2 or reference=C-2", ["A-2", "C-2"]),
    ],
)
def test_conditions_mean_what_they_say(expression: str, wanted: list[str]) -> None:
    got = selected(expression)
    assert references(got) == wanted
    if wanted and wanted != ["C-1"]:
        assert check_file(got, on=ON) == []


@pytest.mark.parametrize(
    ("expression", "place", "hint"),
    [
        ("amount>abc", "--where, position 8", "in cents"),
        ("amont>1", "--where, position 1", "amount"),
        ("amount>1 and", "--where, position 13", "such as"),
        ("(amount>1", "--where, position 10", "such as"),
        ("amount>", "--where, position 8", "such as"),
        ("amount>1 amount<2", "--where, position 10", "and, or"),
        ("date=20240231", "--where, position 6", "2024-01-31"),
        ("COD061=abcd", "--where, position 8", "digits"),
        ("amount > 'x", "--where, position 10", "quotes"),
        ("", "--where, position 1", "such as"),
    ],
)
def test_a_condition_nobody_understands_says_where_and_what_to_write(expression: str, place: str, hint: str) -> None:
    with pytest.raises(ContentError) as refused:
        where(expression, layout("PM304"))
    assert refused.value.where == place
    assert hint in refused.value.hint
    assert "abc" not in refused.value.message


def test_a_line_comes_with_parents_comments_and_numbers_of_its_own() -> None:
    got = selected("reference=A-1")
    assert [one.kind for one in got.records] == ["01", "02", "98", "98", "04", "98", "99"]
    assert [one["NUM040"][-1] for one in got.records[1:-1]] == ["1", "1", "1", "2", "2"]
    assert [one.number for one in got.records] == [1, 2, 3, 4, 5, 6, 7]
    last = got.records[-1]
    assert [last.number_of(name) for name in ("9902", "9904", "9905", "9906")] == [1, 1, 3, 5]
    assert last.amount_of("9907") == 3500


def test_numbers_can_be_kept() -> None:
    got = selected("reference=C-2", keep_numbers=True)
    assert [one["NUM040"][-1] for one in got.records[1:-1]] == ["6", "8"]
    assert got.records[-1].amount_of("9907") == 20000


def test_everything_selected_is_the_file_itself() -> None:
    assert write(selected("COD061=3332")) == write(whole())


@pytest.mark.parametrize("spoil", ["cut", "second", "after", "short"])
def test_what_is_no_whole_file_is_not_selected_from(spoil: str) -> None:
    file = whole()
    records = {
        "cut": file.records[:-1],
        "second": (*file.records[:3], file.records[0], *file.records[3:]),
        "after": (*file.records, file.records[2]),
        "short": (replace(file.records[0], text=file.records[0].text[:-1]), *file.records[1:]),
    }[spoil]
    with pytest.raises(FormatError):
        selected("COD061=3332", VektisFile(file.layout, records))


def test_families_lose_no_record() -> None:
    records = whole().records
    assert [one for family in families(records) for one in family.records()] == list(records[1:-1])
    kept = list(with_family(records, lambda one: one.number == 5))
    assert [one.number for one in kept] == [2, 3, 4, 5, 6]


def parted(file: VektisFile) -> tuple[VektisFile, VektisFile, dict[int, list[str]]]:
    def judge(records: Iterator[Record]) -> Iterator[Finding]:
        return judged(records, file.layout, on=ON)

    found = bad_lines(lambda: iter(file.records), file.layout, judge)
    assert found.file == []
    sides: dict[bool, list[Record]] = {True: [], False: []}
    for good, record in split(file.records, file.layout, found.lines):
        sides[good].append(record)
    codes = {number: [one.code for one in those] for number, those in found.lines.items()}
    return VektisFile(file.layout, tuple(sides[True])), VektisFile(file.layout, tuple(sides[False])), codes


def spoiled(file: VektisFile, number: int, element: str, raw: str) -> VektisFile:
    record = file.records[number - 1]
    at = record.layout.slices[element]
    text = record.text[: at.start] + raw + record.text[at.stop :]
    records = list(file.records)
    records[number - 1] = replace(record, text=text)
    return VektisFile(file.layout, tuple(records))


def test_a_bad_line_is_taken_out_with_its_comments_and_the_rest_can_go() -> None:
    good, bad, codes = parted(spoiled(whole(), 5, "DAT272", "20240231"))
    assert list(codes) == [5]
    assert references(good) == ["A-2", "B-1", "C-1", "C-2"]
    assert references(bad) == ["A-1"]
    assert check_file(good, on=ON) == []
    assert [(one.record, one.element) for one in check_file(bad, on=ON)] == [(5, "0408")]
    assert [one.kind for one in bad.records] == ["01", "02", "98", "98", "04", "98", "99"]
    assert good.trailer is not None
    assert bad.trailer is not None
    assert (good.trailer.amount_of("9907"), bad.trailer.amount_of("9907")) == (20450, 3500)


def test_a_fault_of_the_insured_takes_all_their_lines() -> None:
    good, bad, _ = parted(spoiled(whole(), 2, "NUM313", "123456789"))
    assert references(bad) == ["A-1", "A-2"]
    assert blocking(check_file(good, on=ON)) == []


def test_of_a_double_line_only_the_second_goes() -> None:
    file = claim_file("PM304", [Insured(BSNS[0], [Line("A-1"), Line("A-1")]), Insured(BSNS[1], [Line("A-1")])])
    good, bad, codes = parted(file)
    assert references(good) == ["A-1"]
    assert references(bad) == ["A-1", "A-1"]
    assert set(codes) == {4, 6}


def test_wrong_counts_and_totals_are_made_right_without_taking_anything_out() -> None:
    file = spoiled(spoiled(whole(), 5, "DAT272", "20240231"), len(whole().records), "9904", "000077")
    good, _, codes = parted(file)
    assert list(codes) == [5]
    assert check_file(good, on=ON) == []


def test_a_fault_in_the_opening_record_is_every_lines_fault() -> None:
    file = spoiled(whole(), 1, "0115", "20240231")
    found = bad_lines(lambda: iter(file.records), file.layout, lambda records: judged(records, file.layout, on=ON))
    assert [one.element for one in found.file] == ["0115"]
    assert not faults(check_file(whole(), on=ON)).lines


def test_a_faultless_file_has_no_bad_lines() -> None:
    good, _, codes = parted(whole())
    assert codes == {}
    assert write(good) == write(whole())


@settings(max_examples=60, deadline=None)
@given(
    standard=st.sampled_from(["HA304", "PM304"]),
    shape=st.lists(
        st.lists(st.tuples(st.integers(1, 99999), st.integers(0, 2)), min_size=1, max_size=3), min_size=1, max_size=5
    ),
    data=st.data(),
)
def test_good_and_bad_together_are_the_file(
    standard: str, shape: list[list[tuple[int, int]]], data: st.DataObject
) -> None:
    people = [
        Insured(BSNS[index], [Line(f"{index}-{at}", amount, comments) for at, (amount, comments) in enumerate(those)])
        for index, those in enumerate(shape)
    ]
    file = claim_file(standard, people)
    for number in data.draw(st.lists(st.integers(2, len(file.records) - 1), max_size=3, unique=True)):
        record = file.records[number - 1]
        element, raw = {"02": ("NUM313", "123456789"), "04": ("COD061", "xxxx"), "98": ("NUM109", "00x0")}[record.kind]
        file = spoiled(file, number, element, raw)
    good, bad, _ = parted(file)
    assert blocking(check_file(good, on=ON)) == [] or not references(good)
    assert Counter(references(good)) + Counter(references(bad)) == Counter(references(file))
    bare = [
        Counter(_without_number(one) for one in part.records if one.kind in ("04", "98")) for part in (good, bad, file)
    ]
    assert bare[0] + bare[1] == bare[2]
    for part in (good, bad):
        assert [one.code for one in check_file(part, on=ON) if one.term in ("ANT265", "BED025", "ANT087")] == []
    totals = [part.trailer.amount_of("9907") for part in (good, bad, file) if part.trailer]
    assert totals[0] + totals[1] == totals[2]


def _without_number(record: Record) -> str:
    return record.kind + record.text[record.layout.slices["NUM040"].stop :]


@settings(max_examples=60, deadline=None)
@given(amounts=st.lists(st.integers(1, 9999), min_size=1, max_size=8), most=st.integers(0, 9999))
def test_what_is_selected_is_what_meets_the_condition_and_adds_up(amounts: list[int], most: int) -> None:
    people = [Insured(BSNS[at % 5], [Line(f"L-{at}", one)]) for at, one in enumerate(amounts)]
    file = claim_file("HA304", people)
    got = selected(f"amount<={most}", file)
    assert references(got) == [f"L-{at}" for at, one in enumerate(amounts) if one <= most]
    assert got.trailer is not None
    assert got.trailer.amount_of("9907") == sum(one for one in amounts if one <= most)
    assert len(list(lines(file.records, where(f"amount>{most}", file.layout)))) == len(amounts) - len(references(got))
    if references(got):
        assert blocking(check_file(got, on=ON)) == []


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_whatever_is_damaged_nothing_is_lost(data: st.DataObject) -> None:
    file = whole()
    records = list(file.records)
    for number in data.draw(st.lists(st.integers(1, len(records) - 2), min_size=1, max_size=3, unique=True)):
        cut = data.draw(st.integers(0, 400))
        kind = data.draw(st.sampled_from(["", "02", "04", "98", "77"]))
        text = (kind + records[number].text[len(kind) :])[:cut]
        layouts = file.layout.records
        records[number] = replace(records[number], text=text, layout=layouts.get(text[:2], UNKNOWN))
    spoilt = VektisFile(file.layout, tuple(records))
    good, bad, codes = parted(spoilt)
    assert blocking(check_file(good, on=ON)) == [] or not references(good)
    if codes:
        lines_of = [
            Counter(_told(one) for one in part.records if one.kind in ("04", "77")) for part in (good, bad, spoilt)
        ]
        assert lines_of[0] + lines_of[1] == lines_of[2]
        everything = {_told(one) for one in spoilt.records[1:-1]}
        assert {_told(one) for part in (good, bad) for one in part.records[1:-1]} == everything


def _told(record: Record) -> str:
    return _without_number(record) if record.whole else record.text


@pytest.mark.parametrize("standard", ["HA304", "PM304"])
def test_lines_of_a_response_are_a_response_that_adds_up(standard: str) -> None:
    claims = claim_file(standard, PEOPLE)
    code = Code(list="COD957", code="053") if standard == "HA304" else Code(list="COD954", code="0586")
    verdicts = {
        "A-2": LineVerdict(granted=Money(0, "EUR"), codes=(code,)),
        "C-2": LineVerdict(granted=Money(99, "EUR")),
    }
    response = to_response(claims, verdicts, response_date=date(2024, 4, 10), only="all")
    got = selected("reference=A-2 or reference=C-2", response)
    reply = from_response(got)
    assert [(one.line_ref, one.granted) for one in reply.decisions] == [
        ("A-2", Money(0, "EUR")),
        ("C-2", Money(99, "EUR")),
    ]
    assert [one.code for one in reply.findings] == []
    assert (reply.claimed_total, reply.granted_total) == (Money(21200, "EUR"), Money(99, "EUR"))
    assert [one["NUM040"] for one in got.records if one.kind == "04"] == [
        one["NUM040"] for one in claims.records if one.kind == "04" and one.string("NUM362") in ("A-2", "C-2")
    ]


def test_the_samples_are_split_without_loss(shared: Path) -> None:
    outcomes: Counter[str] = Counter()
    for path in sorted((shared / "data" / "vektis" / "samples" / "GZ321").glob("*.[aA][sS][cC]")):
        try:
            file = read(path.read_bytes())
            found = bad_lines(
                lambda file=file: iter(file.records),
                file.layout,
                lambda made, file=file: judged(made, file.layout, on=ON),
            )
        except FormatError:
            outcomes["no file"] += 1
            continue
        if found.file or not found.lines:
            outcomes["whole"] += 1
            continue
        outcomes["split"] += 1
        sides = {True: [], False: []}
        for good, record in split(file.records, file.layout, found.lines):
            sides[good].append(record)
        kept = VektisFile(file.layout, tuple(sides[True]))
        assert [one.code for one in blocking(check_file(kept, on=ON)) if references(kept)] == [], path.name
        both = Counter(_told(one) for side in sides.values() for one in side if one.kind in ("04", "06", "16", "17"))
        assert both == Counter(_told(one) for one in file.records if one.kind in ("04", "06", "16", "17")), path.name
    assert outcomes["split"] >= 10, outcomes


def test_a_tariff_record_brings_its_whole_performance(shared: Path) -> None:
    path = shared / "data" / "vektis" / "samples" / "GZ321" / "GZ321-basisbestand-correct.ASC"
    got = selected("NUM371=pres001_tar002", read(path.read_bytes()))
    assert [one.kind for one in got.records] == ["01", "02", "04", *["06"] * 3, "98", "06", "16", "17", "17", "99"]
    assert check_file(got, on=ON) == []
