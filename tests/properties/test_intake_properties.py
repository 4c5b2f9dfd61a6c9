"""What holds for any list: bytes give a table or a FormatError, and counts always add up."""

from __future__ import annotations

import csv
import io
import zipfile
from dataclasses import replace
from datetime import date
from typing import Any

import openpyxl
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import FormatError
from hub.intake.lists import take_practice_list
from hub.intake.table import read_table
from hub.model.money import money
from hub.model.party import Party
from hub.model.person import Person
from hub.model.quarter import Quarter
from hub.policy.tariff import AgreedTariff
from hub.ports import Coverage, CoverageAnswer
from hub.programmes.module_claims import claims
from hub.programmes.module_context import ModuleContext, Participation, Term, module
from hub.programmes.module_quarter import assess, questions
from hub.programmes.outcome import summary
from hub.programmes.patient_list import difference
from hub.programmes.register import Register, RegisterEntry
from hub.programmes.rows import PatientRow

ALWAYS = Term(valid_from=date(2020, 1, 1))
DAYS = st.sampled_from(
    [None, date(1911, 1, 1), date(1990, 5, 5), date(2023, 12, 31), date(2024, 1, 1), date(2031, 1, 1)]
)
BSNS = st.sampled_from(["999903883", "999911247", "999915812", "999916531", "999903884", "", "12"])
ROWS = st.lists(
    st.builds(
        PatientRow,
        line=st.just(0),
        person=st.builds(Person, bsn=BSNS, birth_date=DAYS),
        practice_agb=st.sampled_from(["01099901", "", "x"]),
        performer_agb=st.sampled_from(["01099011", ""]),
        enrolled=DAYS,
        deregistered=DAYS,
        deceased=DAYS,
        uzovi=st.sampled_from(["3332", "0000", "3365", ""]),
        malformed=st.booleans(),
    ),
    max_size=12,
).map(lambda rows: [numbered(row, line) for line, row in enumerate(rows, start=2)])
ANSWERS = st.dictionaries(
    st.integers(2, 14),
    st.builds(CoverageAnswer, coverage=st.sampled_from(list(Coverage)), uzovi=st.sampled_from(["", "3332", "0000"])),
)


def numbered(row: PatientRow, line: int) -> PatientRow:
    return replace(row, line=line)


def context(**changes: Any) -> ModuleContext:
    party = Party(scheme="AGB", id="01099901", name="Praktijk")
    values: dict[str, Any] = {
        "tenant": "t",
        "module": module("PMO"),
        "quarter": Quarter(2024, 1),
        "provider": party,
        "claimant": party,
        "submitter": party,
        "participation": Participation(
            first=Quarter(2024, 1), agreement=ALWAYS, processing_agreement=ALWAYS, consent=ALWAYS
        ),
        "register": Register(
            (
                RegisterEntry(uzovi="3332", name="Menzis"),
                RegisterEntry(uzovi="3365", name="Expats", basic_insurance=False),
            )
        ),
        "tariffs": (AgreedTariff(module="PMO", payer="*", amount=money("0.91", "EUR")),),
        "today": date(2024, 1, 15),
    }
    return ModuleContext(**{**values, **changes})


@settings(max_examples=100, deadline=None)
@given(ROWS, ANSWERS, st.booleans(), st.frozensets(BSNS), st.frozensets(BSNS))
def test_counts_add_up_and_nobody_is_claimed_twice(
    rows: list[PatientRow],
    answers: dict[int, CoverageAnswer],
    require_cov: bool,
    claimed: frozenset[str],
    elsewhere: frozenset[str],
) -> None:
    ctx = context(require_cov=require_cov, claimed=claimed, elsewhere=elsewhere)
    outcomes = assess(rows, ctx, answers)
    counts = summary(outcomes)
    assert [item.line for item in outcomes] == [row.line for row in rows]
    assert counts.rows == counts.claims + counts.excluded + counts.held + counts.skipped + counts.later == len(rows)
    made = claims(outcomes, rows, ctx, new_id=lambda: "i", new_ref=lambda: "r")
    people = [claim.person.bsn for claim in made]
    assert len(people) == len(set(people)) == counts.claims
    assert not set(people) & (claimed | elsewhere)
    asked = {item.line for item in questions(rows, ctx)}
    assert {item.line for item in outcomes if item.outcome == "claim"} <= asked


@settings(max_examples=60, deadline=None)
@given(ROWS, ROWS)
def test_a_difference_applied_to_the_old_list_gives_the_new_one(old: list[PatientRow], new: list[PatientRow]) -> None:
    found = difference(old, new)
    back = difference(new, old)
    assert [row.person.bsn for row in found.added] == [row.person.bsn for row in back.removed]
    assert {row.person.bsn for row, _ in found.changed} == {row.person.bsn for row, _ in back.changed}
    assert not difference(new, new)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_give_a_table_or_a_format_error(data: bytes) -> None:
    readable(data)


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet='ab1;,|\t"\r\n é', max_size=80))
def test_any_text_gives_every_line_a_row_or_a_format_error(text: str) -> None:
    readable(text.encode())


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 20_000), st.integers(0, 255)), max_size=8))
def test_a_damaged_workbook_gives_a_table_or_a_format_error(changes: list[tuple[int, int]]) -> None:
    data = bytearray(WORKBOOK)
    for place, value in changes:
        data[place % len(data)] = value
    readable(bytes(data))


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 20), st.lists(st.tuples(st.integers(0, 5_000), st.binary(min_size=1, max_size=4)), max_size=4))
def test_a_workbook_damaged_inside_gives_a_table_or_a_format_error(part: int, changes: list[tuple[int, bytes]]) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(WORKBOOK)) as old, zipfile.ZipFile(stream, "w") as new:
        names = old.namelist()
        for name in names:
            body = old.read(name)
            for place, piece in changes if name == names[part % len(names)] else []:
                at = place % len(body)
                body = body[:at] + piece + body[at + len(piece) :]
            new.writestr(name, body)
    readable(stream.getvalue())


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.lists(st.text(alphabet='x9 ;"é\n', max_size=6), min_size=3, max_size=3),
        min_size=1,
        max_size=8,
    )
)
def test_a_list_written_as_csv_is_read_back(rows: list[list[str]]) -> None:
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=";", quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(["a", "b", "c"])
    writer.writerows(rows)
    table = read_table(stream.getvalue().encode())
    assert [list(row.cells) for row in table.rows] == rows


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(alphabet='0123456789-;"ab\n', max_size=30), max_size=6))
def test_every_line_of_a_list_becomes_a_row(lines: list[str]) -> None:
    data = "\n".join(["bsn;geboortedatum", "999903883;12-03-1961", *lines]).encode()
    try:
        taken = take_practice_list(data)
    except FormatError:
        return
    table = read_table(data)
    assert [row.line for row in taken.rows] == [row.line for row in table.rows]


def workbook() -> bytes:
    book = openpyxl.Workbook()
    for row in (["a", "b"], ["x", 1], ["y", 2]):
        book.worksheets[0].append(row)
    stream = io.BytesIO()
    book.save(stream)
    book.close()
    return stream.getvalue()


WORKBOOK = workbook()


def readable(data: bytes) -> None:
    try:
        table = read_table(data)
    except FormatError:
        return
    assert table.rows
    assert all(len(row.cells) == len(table.header) for row in table.rows)
    lines = [row.line for row in table.rows]
    assert lines == sorted(set(lines))
