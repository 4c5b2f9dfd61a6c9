"""Every claim standard with a response table: what an insurer decides is what is read back, whatever it returns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.model.money import Money
from hub.model.reply import Code, FileOutcome, Verdict
from mappings.vektis_extracts import Received, extract
from mappings.vektis_replies import from_response
from mappings.vektis_responses import ALL, NONE, WRONG, LineVerdict, to_response
from schemas.vektis import Layout, Record, VektisFile, build, check, layouts, read, write
from schemas.vektis.structure import COUNTS

DAY = date(2024, 4, 10)
PEOPLE = ("999903883", "999911247", "999915812")
ANSWERED = [
    form for form in layouts() if any(r.answers == form.standard and r.version == form.version for r in layouts())
]
NOTHING = Money(0, "EUR")


@dataclass(frozen=True)
class Case:
    """A line: whose it is, what it claims, what is awarded, and whether somebody remarked on it."""

    person: int
    claimed: int
    awarded: int
    remark: bool


@st.composite
def cases(draw: st.DrawFn) -> list[Case]:
    made = []
    for person in range(draw(st.integers(1, 3))):
        for _ in range(draw(st.integers(1, 2))):
            claimed = draw(st.integers(1, 99_999_999)) * draw(st.sampled_from((1, 1, 1, -1)))
            part = draw(st.sampled_from((0, 1, 2)))
            awarded = {0: claimed, 1: 0, 2: draw(st.integers(0, abs(claimed))) * (1 if claimed > 0 else -1)}[part]
            made.append(Case(person, claimed, awarded, draw(st.booleans())))
    return made


def refusal(form: Layout) -> Code:
    return (
        Code(list="COD957", code="053", element="0408")
        if form.standard == "HA304"
        else Code(list="COD954", code="0586")
    )


def claim_file(form: Layout, made: list[Case]) -> VektisFile:
    """The records a standard needs for these lines, each numbered, counted and added up."""
    major, _, minor = form.version.partition(".")
    opening = {"0102": form.ei_codes[0], "0103": major, "0104": minor, "COD856": "T", "COD061": "3332"}
    paid = {"COD031": "53530001", "COD833": "04", "NUM029": "2024000001", "COD363": "EUR"}
    days = {"DAT043": date(2024, 1, 1), "DAT044": date(2024, 3, 31), "DAT031": date(2024, 4, 2)}
    records = [build(form, "01", {**opening, **paid, **days}, 1)]
    number, person = 0, -1

    def add(kind: str, values: dict[str, str | int | date], *, own: bool = True) -> None:
        nonlocal number
        number += own
        records.append(build(form, kind, {"NUM040": number, **values}, len(records) + 1))

    for index, case in enumerate(made):
        who: dict[str, str | int | date] = {"NUM313": PEOPLE[case.person], "COD061": "3332"}
        if case.person != person:
            person = case.person
            add("02", {**who, "DAT006": date(1961, 3, 12), "NAM193": "Test"})
        amount = {"BED161": abs(case.claimed)}
        line = form.records[form.money_kind]
        amount |= {line.signs[name]: "C" if case.claimed < 0 else "D" for name in line.signs if name in line.slices}
        if form.money_kind == "04":
            add("04", {**who, **amount, "NUM362": f"REF-{index}"})
        else:
            add("04", {**who, "NUM362": f"PERFORMANCE-{index}"})
            add(form.money_kind, {**who, **amount, "NUM371": f"REF-{index}"})
        if case.remark:
            add("98", {"NUM109": 1, "OMS016": f"remark {index}"}, own=False)
    records.append(closing_record(form, records, sum(case.claimed for case in made)))
    return VektisFile(form, tuple(records))


def closing_record(form: Layout, records: list[Record], total: int) -> Record:
    last = form.records["99"]
    values: dict[str, str | int] = {}
    for one in last.fields:
        if one.code in COUNTS:
            values[one.element] = sum(1 for each in records if each.kind == COUNTS[one.code])
        elif one.code in ("ANT265", "ANT271"):
            values[one.element] = len(records) - 1
    values |= {"BED025": abs(total), last.signs["BED025"]: "C" if total < 0 else "D"}
    return build(form, "99", values, len(records) + 1)


def verdict(case: Case) -> tuple[Verdict, Money]:
    if case.awarded == case.claimed:
        return Verdict.GRANTED, Money(case.claimed, "EUR")
    return (Verdict.CHANGED if case.awarded else Verdict.REFUSED), Money(case.awarded, "EUR")


def said(form: Layout, made: list[Case]) -> dict[str, LineVerdict]:
    return {
        f"REF-{index}": LineVerdict(granted=Money(case.awarded, "EUR"), codes=(refusal(form),))
        for index, case in enumerate(made)
        if case.awarded != case.claimed
    }


def test_there_are_ten_pairs() -> None:
    assert sorted(form.standard for form in ANSWERED) == [
        "AP304",
        "AW319",
        "EP301",
        "HA304",
        "LH307",
        "MZ301",
        "OS301",
        "PM304",
        "VK301",
        "ZH308",
    ]


@pytest.mark.parametrize("form", ANSWERED, ids=lambda form: form.format)
@settings(max_examples=20, deadline=None)
@given(made=cases())
def test_what_is_decided_is_what_is_read_back(form: Layout, made: list[Case]) -> None:
    file = claim_file(form, made)
    assert [each for each in check(write(file)) if each.ruleset.endswith(("N1", "N2"))] == []
    for returned in (WRONG, ALL):
        response = to_response(file, said(form, made), response_date=DAY, payer_ref="INS-1", only=returned)
        assert check(write(response)) == []
        reply = from_response(read(write(response)))
        assert reply.findings == ()
        named = {one.line_ref: (one.verdict, one.granted) for one in reply.decisions}
        wanted = {f"REF-{index}": verdict(case) for index, case in enumerate(made)}
        absent = {ref: each for ref, each in wanted.items() if ref not in named}
        assert named == {ref: each for ref, each in wanted.items() if ref in named}
        assert {each[0] for each in absent.values()} <= {Verdict.GRANTED}
        assert not (returned == ALL and absent)
        # 01 and 99 alone that claim nothing in all and award nothing are for a person, unless a code says "granted".
        empty = sum(case.claimed for case in made) == 0 and form.standard == "HA304" and not named
        assert reply.absent_granted is not empty
        assert reply.granted_total == Money(sum(case.awarded for case in made), "EUR")


@pytest.mark.parametrize("form", ANSWERED, ids=lambda form: form.format)
def test_a_file_refused_as_a_whole_is_read_back_as_that(form: Layout) -> None:
    made = [Case(0, 100, 0, remark=False), Case(1, 250, 0, remark=True)]
    nothing = {f"REF-{index}": LineVerdict(granted=NOTHING) for index in (0, 1)}
    code = (
        Code(list="COD957", code="008", element="0116")
        if form.standard == "HA304"
        else Code(list="COD954", code="0030")
    )
    response = to_response(claim_file(form, made), nothing, response_date=DAY, codes=[code], only=NONE)
    assert check(write(response)) == []
    reply = from_response(read(write(response)))
    assert (reply.outcome, reply.refused_by, reply.decisions) == (FileOutcome.FILE_REFUSED, "payer", ())
    part = read(write(extract(claim_file(form, made), [Received(file=response)], {"REF-1"})))
    assert check(write(part)) == []
    mine = from_response(part)
    assert (mine.outcome, mine.claimed_total, mine.granted_total) == (
        FileOutcome.FILE_REFUSED,
        Money(250, "EUR"),
        NOTHING,
    )


@pytest.mark.parametrize("form", ANSWERED, ids=lambda form: form.format)
def test_a_line_that_a_doubtful_response_does_not_name_is_returned_as_not_judged(form: Layout) -> None:
    """The response lost its closing record: what it does not name is not granted by silence, nor in the part."""
    made = [Case(0, 100, 0, remark=False), Case(1, -250, -250, remark=True), Case(2, 70, 70, remark=False)]
    file = claim_file(form, made)
    response = to_response(file, said(form, made), response_date=DAY)
    cut = VektisFile(response.layout, response.records[:-1])
    part = read(write(extract(file, [Received(file=cut)], {"REF-0", "REF-1"})))
    assert check(write(part)) == []
    verdicts = {one.line_ref: one.verdict for one in from_response(part).decisions}
    assert verdicts == {"REF-0": Verdict.REFUSED, "REF-1": Verdict.OPEN}
    assert PEOPLE[2].encode() not in write(part)


@pytest.mark.parametrize("form", ANSWERED, ids=lambda form: form.format)
@settings(max_examples=15, deadline=None)
@given(made=cases(), data=st.data())
def test_a_providers_part_says_of_its_lines_what_the_whole_says(
    form: Layout, made: list[Case], data: st.DataObject
) -> None:
    file = claim_file(form, made)
    every = {f"REF-{index}": case for index, case in enumerate(made)}
    mine = data.draw(st.sets(st.sampled_from(sorted(every)), min_size=1))
    response = to_response(file, said(form, made), response_date=DAY, payer_ref="INS-1")
    part = read(write(extract(file, [Received(file=response)], mine)))
    assert check(write(part)) == []
    reply = from_response(part)
    whole = {one.line_ref: one for one in from_response(response).decisions}
    assert {one.line_ref for one in reply.decisions} == mine & set(whole)
    for one in reply.decisions:
        before = whole[one.line_ref]
        assert (one.verdict, one.granted, one.codes, one.text) == (
            before.verdict,
            before.granted,
            before.codes,
            before.text,
        )
    assert reply.claimed_total == Money(sum(every[ref].claimed for ref in mine), "EUR")
    assert reply.granted_total == Money(sum(every[ref].awarded for ref in mine), "EUR")
    people = {PEOPLE[every[ref].person] for ref in mine}
    for bsn in set(PEOPLE) - people:
        assert bsn.encode() not in write(part)
    for ref in set(every) - mine:
        assert f"{ref} ".encode() not in write(part)
        assert f"remark {ref[4:]} ".encode() not in write(part)
