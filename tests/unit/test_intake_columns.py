"""Column maps as data, proposals for unknown headers, and lists as rows."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from hub.errors import ConfigurationError, FormatError
from hub.intake.columns import PRACTICE_LIST, detect, read_column_map, system, systems
from hub.intake.lists import by_sak_id, take_assignments, take_practice_list, take_treatment_log
from hub.intake.proposal import confirmed, propose
from hub.intake.reference import read_coverage, read_register, read_tariffs
from hub.intake.table import read_table
from hub.model.identity import is_bsn
from hub.model.money import Money, money
from hub.ports import Coverage, CoverageQuestion

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
ION = (EXAMPLES / "nl" / "nl_ion_export_2024Q1.csv").read_bytes()
FOREIGN = (
    b"Nr;Kol A;Kol B;Kol C;Kol D;Kol E;Kol F;Kol G\n"
    b"1;999903883;12-03-1961;01-07-2009;3332;01099011;7511 AA;V\n"
    b"2;999911247;30-11-1984;15-02-2020;3334;01099011;7512 AB;M\n"
    b"3;999915812;29-02-2000;01-01-2024;7095;01099011;7513 AC;V\n"
)


def test_the_example_layout_is_found_by_its_columns() -> None:
    table = read_table(ION)
    found = detect(table, PRACTICE_LIST)
    assert found is not None
    assert found.name == "ion-export"
    assert found.dropped(table.header) == ()


def test_an_ion_list_becomes_rows_with_their_lines() -> None:
    taken = take_practice_list(ION, "list.csv")
    assert [row.line for row in taken.rows] == list(range(2, 22))
    row = taken.rows[2]
    assert (row.person.bsn, row.person.prefix, row.person.postal_code) == ("999915812", "van", "7513AC")
    assert (row.person.birth_date, row.enrolled, row.reference_date) == (
        date(2000, 2, 29),
        date(2024, 1, 1),
        date(2024, 1, 1),
    )
    assert (row.practice_agb, row.performer_agb, row.uzovi) == ("01099901", "01099011", "7095")
    assert taken.rows[18].bsn_as_in_file == "9999 72 601"
    assert taken.has_history
    assert len(taken.sha256) == 64


def test_nothing_personal_in_a_repr() -> None:
    taken = take_practice_list(ION)
    assert "9999" not in repr(taken) + repr(taken.rows[0]) + str(taken.rows[:3])


@pytest.mark.scenario("S40")
def test_excel_ate_the_zeros_and_the_file_is_cp1252() -> None:
    bsn = next(f"0{number}" for number in range(99_990_000, 99_999_999) if is_bsn(f"0{number}"))
    text = (
        "praktijk_agb;huisarts_agb;peildatum;bsn;achternaam;geboortedatum;inschrijfdatum;uitschrijfdatum;uzovi\n"
        f"1099901;1099011;1-1-2024;{int(bsn)};Andrée;2-3-1961;1-7-2009;;211\n"
        "1099901;1099011;1-1-2024;99999999;Zoë;2-3-1961;1-7-2009;;3332\n"
    )
    padded, wrong = take_practice_list(text.encode("cp1252")).rows
    assert (padded.person.bsn, padded.person.name, padded.uzovi) == (bsn, "Andrée", "0211")
    assert (padded.practice_agb, padded.performer_agb) == ("01099901", "01099011")
    assert padded.warnings == ("WARN_LEADING_ZERO",)
    assert not is_bsn(wrong.person.bsn)


def test_columns_nobody_needs_are_dropped_and_named() -> None:
    text = (
        b"BSN;Geboortedatum;Telefoon;Inschrijfdatum;E-mail\n999903883;12-03-1961;0612345678;01-07-2009;a@example.org\n"
    )
    taken = take_practice_list(text)
    assert taken.dropped == ("Telefoon (column 3)", "E-mail (column 5)")
    assert not taken.has_history


def test_other_names_case_and_accents_do_not_matter() -> None:
    text = "Burgerservicenummer;Geb. datum;UZOVI-code;Datum  Inschrijving\n999903883;12-03-1961;3332;01-07-2009\n"
    row = take_practice_list(text.encode()).rows[0]
    assert (row.person.bsn, row.uzovi, row.enrolled) == ("999903883", "3332", date(2009, 7, 1))


def test_a_needed_column_that_occurs_twice_is_refused() -> None:
    with pytest.raises(FormatError, match="two columns are called"):
        take_practice_list(b"bsn;geboortedatum;BSN\n999903883;12-03-1961;999911247\n")


def test_an_unknown_header_is_refused_with_what_is_needed() -> None:
    with pytest.raises(FormatError, match="bsn, birth_date") as caught:
        take_practice_list(FOREIGN)
    assert "confirm" in caught.value.hint


def test_a_proposal_guesses_from_values_and_shows_no_person() -> None:
    table = read_table(FOREIGN)
    proposal = propose(table, known_uzovis={"3332", "3334", "7095"})
    assert {guess.number: guess.field for guess in proposal.guesses} == dict(
        enumerate(["", "bsn", "birth_date", "", "uzovi", "performer_agb", "postal_code", "sex"], start=1)
    )
    assert proposal.missing == ()
    assert proposal.sample[0] == ("9", "999999999", "99-99-9999", "99-99-9999", "9999", "99999999", "9999 xx", "x")


def test_the_oldest_dates_are_the_birth_dates_wherever_they_stand() -> None:
    data = b"x1;x2;x3\n01-07-2009;999903883;12-03-1961\n15-02-2020;999911247;30-11-1984\n"
    fields = [guess.field for guess in propose(read_table(data)).guesses]
    assert fields == ["", "bsn", "birth_date"]


def test_a_proposal_says_what_nobody_found() -> None:
    assert propose(read_table(b"x;y\nhello;world\nfoo;bar\n")).missing == ("bsn", "birth_date")


def test_a_confirmed_proposal_is_applied() -> None:
    table = read_table(FOREIGN)
    fields = {2: "bsn", 3: "birth_date", 4: "enrolled", 5: "uzovi", 6: "performer_agb"}
    taken = take_practice_list(FOREIGN, column_map=confirmed(table, PRACTICE_LIST, fields, "practice-x"))
    assert [row.uzovi for row in taken.rows] == ["3332", "3334", "7095"]
    assert taken.rows[0].enrolled == date(2009, 7, 1)
    assert [name.split(" (")[0] for name in taken.dropped] == ["Nr", "Kol F", "Kol G"]


def test_a_map_that_does_not_fit_its_file_is_refused() -> None:
    with pytest.raises(FormatError, match="columns not found"):
        take_practice_list(FOREIGN, column_map=system("ion-export"))


def test_ragged_rows_stay_as_malformed_rows_without_values() -> None:
    data = ION + b"01099901;01099011;01-01-2024;999903883\n"
    last = take_practice_list(data).rows[-1]
    assert (last.line, last.malformed, last.person.bsn) == (22, True, "")


def test_unreadable_dates_are_not_taken_for_empty_ones() -> None:
    data = b"bsn;geboortedatum;inschrijfdatum;uitschrijfdatum\n999903883;12-03-1961;01-07-2009;ergens in maart\n"
    row = take_practice_list(data).rows[0]
    assert (row.deregistered, row.unreadable) == (None, frozenset({"deregistered"}))


def test_assignments_and_logs() -> None:
    assignments = by_sak_id(take_assignments((EXAMPLES / "no" / "no_assignments.csv").read_bytes()).rows)
    assert sorted(assignments) == ["6TST1", "6TST2", "6TST3", "6TST4", "6TST5"]
    second = assignments["6TST2"]
    assert (second.quota, second.coverage, second.deductible) == (3, money("2400", "NOK"), money("500", "NOK"))
    assert second.codes == {"B1010", "B1020"}
    log = take_treatment_log((EXAMPLES / "no" / "no_treatment_log.csv").read_bytes())
    assert [row.row_id for row in log.rows] == [f"T{index:03}" for index in range(1, 21)]
    assert log.rows[19].start is None
    assert log.dropped == ("patient_initials (column 6)",)


def test_an_unreadable_limit_allows_nothing() -> None:
    data = b"sak_id;insurer_orgnr;birth_date;treatment_quota;coverage_nok\nX;310000914;1990-01-01;many;1.280\n"
    (assignment,) = take_assignments(data).rows
    assert (assignment.quota, assignment.coverage) == (0, Money(0, "NOK"))


def test_the_shipped_maps_are_sound() -> None:
    assert {item.name for item in systems()} == {
        *("generic-nl", "ion-export", "no-assignments", "no-treatment-log", "zpm-performances")
    }
    with pytest.raises(ConfigurationError, match="unknown practice system"):
        system("nothing")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: [", "not YAML"),
        ("- 1", "needs name"),
        ("kind: x\ncolumns: {}", "unknown kind"),
        ("kind: practice-list\ncolumns: {bns: bsn}", "unknown fields: bns"),
    ],
)
def test_a_wrong_map_says_what_is_wrong(text: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        read_column_map(text, "mine.yaml")


def test_reference_lists_are_read() -> None:
    register = read_register((EXAMPLES / "nl" / "nl_uzovi_reference.csv").read_bytes())
    day = date(2024, 1, 1)
    entry, private = register.on("3334", day), register.on("3365", day)
    assert entry is not None
    assert private is not None
    assert (entry.concern, entry.basic_insurance, private.basic_insurance) == ("Menzis", True, False)
    assert register.on("0211", day) is not None
    assert register.on("0000", day) is None
    assert all(item.uzovi for item in register.entries), "an insurer without a number is never used"
    tariffs = read_tariffs((EXAMPLES / "nl" / "tariffs.csv").read_bytes())
    assert [tariff.amount.minor for tariff in tariffs] == [91, 105]
    assert all("EXAMPLE" in tariff.source for tariff in tariffs)


def test_the_coverage_table_answers_behind_the_port() -> None:
    table = read_coverage((EXAMPLES / "nl" / "cov_example.csv").read_bytes())
    day = date(2024, 1, 1)
    asked = [
        CoverageQuestion(bsn=bsn, birth_date=None, reference_date=when)
        for bsn, when in (("999903883", day), ("999969845", day), ("999937790", day), ("999903883", date(2024, 4, 1)))
    ]
    answers = table.check(asked)
    assert [answer.coverage for answer in answers] == [
        *(Coverage.INSURED, Coverage.NOT_INSURED, Coverage.NO_ANSWER, Coverage.NO_ANSWER)
    ]
    assert answers[0].uzovi == "3332"
    assert "9999" not in repr(table)


@pytest.mark.parametrize(
    ("reader", "data", "says"),
    [
        (read_coverage, b"bsn;uzovi\n1;2\n", "line 1.*columns not found"),
        (read_coverage, b"bsn;reference_date;uzovi;insured\n999903883;x;3332;yes\n", "line 2.*reference date"),
        (read_coverage, b"bsn;reference_date;uzovi;insured\n999903883;2024-01-01;3332;maybe\n", "line 2.*insured"),
        (read_register, b"uzovi;name\n33321;Menzis\n", "line 2.*four digits"),
        (read_register, b"uzovi;name;valid_from\n3332;Menzis;soon\n", "line 2.*date"),
        (read_tariffs, b"module;payer;amount\nPMO;*;much\n", "line 2.*amount"),
        (read_tariffs, b"module;payer;amount\nPMO;*\n", "line 2.*cells"),
    ],
)
def test_a_wrong_reference_list_names_the_line(reader: object, data: bytes, says: str) -> None:
    with pytest.raises(FormatError, match=says):
        reader(data)  # type: ignore[operator]
