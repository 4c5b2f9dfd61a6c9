"""The practice list of the example, row by row, and every rule beside it (S01, S02, S03, S04, S33, S34, S43)."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from importlib.resources import files
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from hub.errors import ConfigurationError
from hub.intake.lists import take_practice_list
from hub.intake.reference import read_coverage, read_register, read_tariffs
from hub.model.claim import Claim
from hub.model.money import money
from hub.model.partner import ChannelSpec, Identifier, Partner
from hub.model.party import Party
from hub.model.person import Person
from hub.model.quarter import Quarter
from hub.policy.tariff import AgreedTariff
from hub.ports import Coverage, CoverageAnswer
from hub.programmes.module_claims import claims
from hub.programmes.module_context import ModuleContext, Participation, Term, module
from hub.programmes.module_quarter import assess, questions
from hub.programmes.outcome import RowOutcome, say, summary
from hub.programmes.patient_list import difference, file_findings, file_refusal
from hub.programmes.register import Register, RegisterEntry, with_partners
from hub.programmes.rows import PatientRow

NL = Path(__file__).resolve().parents[2] / "examples" / "nl"
ROWS = take_practice_list((NL / "nl_ion_export_2024Q1.csv").read_bytes()).rows
COVERAGE = read_coverage((NL / "cov_example.csv").read_bytes(), (NL / "cov_practice2.csv").read_bytes())
OPEN = Term(valid_from=date(2023, 10, 1))
EVERYTHING = Participation(first=Quarter(2023, 4), agreement=OPEN, processing_agreement=OPEN, consent=OPEN)


def context(**changes: Any) -> ModuleContext:
    practice = Party(scheme="AGB", id="01099901", name="Huisartsenpraktijk Voorbeeld (EXAMPLE)")
    values: dict[str, Any] = {
        "tenant": "practice-1",
        "module": module("PMO"),
        "quarter": Quarter(2024, 1),
        "provider": practice,
        "claimant": Party(scheme="AGB", id="53099901", name="Zorggroep Voorbeeld (EXAMPLE)"),
        "submitter": Party(scheme="AGB", id="98099901", name="Servicebureau Voorbeeld (EXAMPLE)"),
        "participation": EVERYTHING,
        "register": read_register((NL / "nl_uzovi_reference.csv").read_bytes()),
        "tariffs": read_tariffs((NL / "tariffs.csv").read_bytes()),
        "today": date(2024, 1, 15),
    }
    return ModuleContext(**{**values, **changes})


def answers(rows: Sequence[PatientRow], ctx: ModuleContext) -> dict[int, CoverageAnswer]:
    asked = questions(rows, ctx)
    found = COVERAGE.check([item.question for item in asked])
    return {item.line: answer for item, answer in zip(asked, found, strict=True)}


def judged(rows: Sequence[PatientRow], ctx: ModuleContext) -> list[RowOutcome]:
    return assess(rows, ctx, answers(rows, ctx))


def expected(name: str) -> list[tuple[int, str, str]]:
    with (NL / name).open(encoding="utf-8", newline="") as stream:
        return [(int(row["line"]), row["outcome"], row["code"]) for row in csv.DictReader(stream, delimiter=";")]


def patient(line: int = 2, bsn: str = "999903883", **changes: Any) -> PatientRow:
    values: dict[str, Any] = {
        "line": line,
        "person": Person(bsn=bsn, birth_date=date(1961, 3, 12), name="Testpaal"),
        "practice_agb": "01099901",
        "performer_agb": "01099011",
        "reference_date": date(2024, 1, 1),
        "enrolled": date(2009, 7, 1),
        "uzovi": "3332",
    }
    return PatientRow(**{**values, **changes})


def one(row: PatientRow, ctx: ModuleContext | None = None, answer: CoverageAnswer | None = None) -> RowOutcome:
    (outcome,) = assess([row], ctx or context(), {row.line: answer} if answer else {})
    return outcome


def built(outcomes: Sequence[RowOutcome], rows: Sequence[PatientRow], ctx: ModuleContext) -> list[Claim]:
    ids, refs = count(1), count(1)
    return claims(outcomes, rows, ctx, new_id=lambda: f"id-{next(ids)}", new_ref=lambda: f"{next(refs):020}")


JUDGED = {outcome.line: outcome for outcome in judged(ROWS, context())}


@pytest.mark.scenario("S01")
@pytest.mark.parametrize(("line", "outcome", "code"), expected("nl_ion_export_2024Q1_expected.csv"))
def test_every_row_of_the_example_list(line: int, outcome: str, code: str) -> None:
    assert (JUDGED[line].outcome, JUDGED[line].code) == (outcome, code)


@pytest.mark.parametrize(("line", "outcome", "code"), expected("nl_practice2_2024Q1_expected.csv"))
def test_every_row_of_the_second_practice(line: int, outcome: str, code: str) -> None:
    rows = take_practice_list((NL / "nl_practice2_2024Q1.csv").read_bytes()).rows
    ctx = context(provider=Party(scheme="AGB", id="01099902", name="Praktijk 2 (EXAMPLE)"))
    found = {item.line: item for item in judged(rows, ctx)}[line]
    assert (found.outcome, found.code) == (outcome, code)


def test_the_two_example_practices_share_no_person() -> None:
    second = take_practice_list((NL / "nl_practice2_2024Q1.csv").read_bytes()).rows
    assert not {row.person.bsn for row in ROWS} & {row.person.bsn for row in second}


@pytest.mark.scenario("S01")
def test_the_counts_add_up_and_each_insurer_gets_its_own() -> None:
    counts = summary(JUDGED.values())
    assert (counts.rows, counts.claims, counts.excluded, counts.later, counts.held, counts.skipped) == (
        20,
        11,
        6,
        1,
        2,
        0,
    )
    per_insurer = Counter(item.payer_code for item in JUDGED.values() if item.outcome == "claim")
    assert per_insurer == {"3332": 5, "7095": 2, "3334": 1, "3311": 1, "7119": 1, "3313": 1}


@pytest.mark.scenario("S01")
def test_no_full_bsn_and_no_name_leaves_in_an_outcome() -> None:
    shown = repr(list(JUDGED.values()))
    for row in ROWS:
        assert row.person.bsn not in shown
        assert row.person.name not in shown
    assert JUDGED[2].row_id == "*****3883"


@pytest.mark.scenario("S01")
def test_claims_carry_the_example_decision() -> None:
    ctx = context()
    made = built(list(JUDGED.values()), ROWS, ctx)
    assert len(made) == 11
    first, (line,) = made[0], made[0].lines
    assert (first.module, first.period, first.payer_code, first.currency) == ("PMO", "2024Q1", "3332", "EUR")
    assert (first.provider.id, first.claimant.id, first.submitter.id) == ("01099901", "53099901", "98099901")
    assert (line.code_list, line.service_code, line.quantity) == ("008", "14499", 1)
    assert line.begins == line.ends == date(2024, 1, 1)
    assert (line.unit_price, line.amount) == (money("1.05", "EUR"), money("1.05", "EUR"))
    assert (line.performer, line.ref, first.references["list_line"]) == ("01099011", first.ref, "2")
    assert sum(claim.total.minor for claim in made) == 6 * 105 + 5 * 91
    assert len({claim.ref for claim in made}) == len({claim.id for claim in made}) == 11


def test_only_claimable_rows_take_a_reference() -> None:
    taken: list[str] = []

    def new_ref() -> str:
        taken.append("x")
        return str(len(taken))

    claims(list(JUDGED.values()), ROWS, context(), new_id=lambda: "i", new_ref=new_ref)
    assert len(taken) == 11


def test_claiming_with_another_context_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="no insurer or tariff"):
        built(list(JUDGED.values()), ROWS, context(tariffs=()))


def test_coverage_is_asked_only_for_rows_that_pass_the_file_checks() -> None:
    asked = questions(ROWS, context())
    assert [item.line for item in asked] == [2, 3, 4, 5, 7, 8, 10, 11, 12, 13, 18, 19, 20, 21]
    assert all(item.question.reference_date == date(2024, 1, 1) for item in asked)


@pytest.mark.scenario("S02")
def test_a_list_already_claimed_is_skipped_but_counted() -> None:
    done = frozenset(row.person.bsn for row in ROWS)
    counts = summary(judged(ROWS, context(claimed=done)))
    assert (counts.claims, counts.skipped, counts.rows) == (0, 11, 20)
    assert counts.codes["ALREADY_CLAIMED"] == 11


@pytest.mark.scenario("S03")
def test_a_corrected_row_is_the_only_difference() -> None:
    corrected = tuple(replace(row, uzovi="3332") if row.line == 12 else row for row in ROWS)
    found = difference(ROWS, corrected)
    assert (found.added, found.removed) == ((), ())
    assert [(old.line, new.uzovi) for old, new in found.changed] == [(12, "3332")]
    ctx = context(claimed=frozenset(row.person.bsn for row in ROWS if JUDGED[row.line].outcome == "claim"))
    again = judged(corrected, ctx)
    assert [item.line for item in again if item.outcome == "claim"] == [12]
    assert not difference(ROWS, ROWS)


@pytest.mark.scenario("S04")
def test_vanished_and_new_persons_are_told_apart_wherever_they_stand() -> None:
    new = [patient(3, "999981006"), patient(4, "999982886")]
    kept = [replace(row, line=row.line + 5) for row in ROWS if row.line != 11]
    found = difference(ROWS, [*new, *kept])
    assert [row.person.bsn for row in found.added] == ["999981006", "999982886"]
    assert [row.line for row in found.removed] == [11]
    assert found.changed == ()


@pytest.mark.scenario("S34")
def test_another_practice_is_not_named_and_nobody_is_claimed_twice() -> None:
    found = one(patient(), context(elsewhere=frozenset({"999903883"})))
    assert (found.outcome, found.code) == ("hold", "CLAIMED_ELSEWHERE")
    assert "010999" not in repr(found)


@pytest.mark.scenario("S33")
def test_the_fifth_quarter_is_never_claimed() -> None:
    started = replace(EVERYTHING, first=Quarter(2023, 1))
    found = one(patient(), context(participation=started))
    assert (found.outcome, found.code) == ("exclude", "MODULE_WINDOW_EXHAUSTED")


@pytest.mark.scenario("S33")
def test_who_changed_insurer_on_1_january_is_claimed_at_the_insurer_of_each_quarter() -> None:
    agreement = replace(EVERYTHING, first=Quarter(2018, 3), agreement=Term(valid_from=date(2018, 1, 1)))
    tariffs = (AgreedTariff(module="PMO", payer="*", amount=money("0.91", "EUR")),)
    insurers = {Quarter(2018, 4): "7095", Quarter(2019, 1): "3311"}
    for quarter, uzovi in insurers.items():
        ctx = context(quarter=quarter, participation=agreement, tariffs=tariffs)
        row = patient(reference_date=quarter.first_day)
        found = one(row, ctx, CoverageAnswer(coverage=Coverage.INSURED, uzovi=uzovi))
        assert (found.outcome, found.payer_code, found.code) == ("claim", uzovi, "WARN_UZOVI_COV")


@pytest.mark.scenario("S43")
def test_consent_withdrawn_stops_later_quarters_only() -> None:
    withdrawn = replace(EVERYTHING, first=Quarter(2024, 1), consent=replace(OPEN, valid_to=date(2024, 5, 15)))
    second = context(quarter=Quarter(2024, 2), participation=withdrawn, today=date(2024, 6, 1))
    third = context(quarter=Quarter(2024, 3), participation=withdrawn, today=date(2024, 7, 2))
    assert one(patient(reference_date=date(2024, 4, 1)), second).outcome == "claim"
    assert one(patient(reference_date=date(2024, 7, 1)), third).code == "NO_CONSENT"


def test_consent_may_be_younger_than_a_quarter_claimed_in_retrospect() -> None:
    young = replace(EVERYTHING, consent=Term(valid_from=date(2024, 8, 20)))
    assert one(patient(), context(participation=young, today=date(2024, 8, 20))).outcome == "claim"
    assert one(patient(), context(participation=young, today=date(2024, 8, 19))).code == "NO_CONSENT"


@pytest.mark.parametrize(
    ("changes", "outcome", "code"),
    [
        ({"participation": replace(EVERYTHING, first=Quarter(2024, 2))}, "exclude", "MODULE_NOT_STARTED"),
        ({"participation": replace(EVERYTHING, last=Quarter(2023, 4))}, "exclude", "MODULE_ENDED"),
        ({"participation": replace(EVERYTHING, consent=None)}, "hold", "NO_CONSENT"),
        ({"participation": replace(EVERYTHING, agreement=None)}, "hold", "NO_AGREEMENT"),
        (
            {"participation": replace(EVERYTHING, agreement=replace(OPEN, valid_to=date(2023, 12, 31)))},
            "hold",
            "NO_AGREEMENT",
        ),
        ({"tariffs": ()}, "hold", "NO_TARIFF"),
        ({"tariffs": (AgreedTariff(module="PMO", payer="*", amount=money("0", "EUR")),)}, "exclude", "NO_CONTRACT"),
    ],
)
def test_what_allows_claiming_at_all(changes: Mapping[str, Any], outcome: str, code: str) -> None:
    found = one(patient(), context(**changes))
    assert (found.outcome, found.code) == (outcome, code)


@pytest.mark.parametrize(
    ("row", "outcome", "code"),
    [
        (patient(malformed=True), "exclude", "ROW_MALFORMED"),
        (patient(bsn=""), "exclude", "BSN_INVALID"),
        (patient(bsn="999999999"), "exclude", "BSN_INVALID"),
        (patient(person=Person(bsn="999903883")), "exclude", "BIRTHDATE_INVALID"),
        (patient(person=Person(bsn="999903883", birth_date=date(1880, 1, 1))), "exclude", "BIRTHDATE_INVALID"),
        (patient(person=Person(bsn="999903883", birth_date=date(2015, 1, 1))), "exclude", "BIRTHDATE_INVALID"),
        (patient(unreadable=frozenset({"deceased"})), "exclude", "DATE_INVALID"),
        (patient(deceased=date(2023, 12, 31), deregistered=date(2023, 1, 1)), "exclude", "DECEASED"),
        (patient(deceased=date(2024, 1, 1)), "claim", ""),
        (patient(deregistered=date(2023, 12, 31)), "exclude", "DEREGISTERED"),
        (patient(deregistered=date(2024, 1, 1)), "claim", ""),
        (patient(enrolled=date(2024, 1, 1)), "claim", ""),
        (patient(enrolled=date(2024, 1, 2)), "exclude_this_quarter", "NOT_ENROLLED_ON_REF_DATE"),
        (patient(enrolled=None), "exclude", "ENROLMENT_MISSING"),
        (patient(uzovi=""), "hold", "UZOVI_MISSING"),
        (patient(uzovi="0000"), "hold", "UZOVI_UNKNOWN"),
        (patient(uzovi="abc"), "hold", "UZOVI_UNKNOWN"),
        (patient(uzovi="3365"), "exclude", "NOT_BASIC_INSURANCE"),
        (patient(practice_agb="12"), "exclude", "WRONG_PRACTICE"),
        (patient(performer_agb=""), "hold", "PERFORMER_MISSING"),
        (patient(warnings=("WARN_LEADING_ZERO",)), "claim", "WARN_LEADING_ZERO"),
    ],
)
def test_each_check_on_a_row(row: PatientRow, outcome: str, code: str) -> None:
    found = one(row)
    assert (found.outcome, found.code) == (outcome, code)
    assert not code or {"en", "nb", "nl"} <= set(found.message)


@pytest.mark.parametrize(
    ("answer", "outcome", "code", "payer"),
    [
        (CoverageAnswer(coverage=Coverage.INSURED, uzovi="3332"), "claim", "", "3332"),
        (CoverageAnswer(coverage=Coverage.INSURED, uzovi="7095"), "claim", "WARN_UZOVI_COV", "7095"),
        (CoverageAnswer(coverage=Coverage.INSURED), "claim", "", "3332"),
        (CoverageAnswer(coverage=Coverage.NOT_INSURED), "exclude", "NOT_INSURED", ""),
        (CoverageAnswer(coverage=Coverage.DOUBLE), "hold", "DOUBLE_INSURANCE", ""),
        (CoverageAnswer(coverage=Coverage.NO_ANSWER), "claim", "", "3332"),
        (CoverageAnswer(coverage=Coverage.TOO_OLD), "claim", "", "3332"),
        (CoverageAnswer(coverage=Coverage.INSURED, uzovi="3365"), "exclude", "NOT_BASIC_INSURANCE", "3365"),
        (CoverageAnswer(coverage=Coverage.INSURED, uzovi="0000"), "hold", "UZOVI_UNKNOWN", "0000"),
    ],
)
def test_coverage_decides_and_the_file_is_the_fallback(
    answer: CoverageAnswer, outcome: str, code: str, payer: str
) -> None:
    found = one(patient(), answer=answer)
    assert (found.outcome, found.code, found.payer_code) == (outcome, code, payer)


def test_a_missing_insurer_is_found_by_coverage() -> None:
    found = one(patient(uzovi=""), answer=CoverageAnswer(coverage=Coverage.INSURED, uzovi="7119"))
    assert (found.outcome, found.payer_code, found.code) == ("claim", "7119", "")


def test_a_date_coverage_cannot_answer_for_is_held_where_coverage_is_required() -> None:
    answered = CoverageAnswer(coverage=Coverage.INSURED, uzovi="3332")
    last_day, too_late = date(2026, 1, 1), date(2026, 1, 2)
    assert one(patient(), context(require_cov=True, today=last_day)).code == "COV_TOO_OLD"
    assert one(patient(), context(require_cov=True, today=date(2025, 12, 31))).outcome == "claim"
    assert one(patient(), context(require_cov=True, today=too_late)).outcome == "hold"
    assert one(patient(), context(require_cov=False, today=too_late)).outcome == "claim"
    assert one(patient(), context(require_cov=True, today=too_late), answered).outcome == "claim"
    asked_late = CoverageAnswer(coverage=Coverage.TOO_OLD)
    assert one(patient(), context(require_cov=True), asked_late).code == "COV_TOO_OLD"


def test_a_duplicate_says_where_and_in_what_it_differs() -> None:
    first, same = patient(2), patient(3)
    other = replace(patient(4), person=replace(first.person, name="Nepbloem", initials="E.F."))
    found = assess([first, same, other], context(), {})
    assert [(item.outcome, item.code) for item in found] == [
        *(("claim", ""), ("exclude", "DUP_IN_FILE"), ("exclude", "DUP_IN_FILE"))
    ]
    assert "all fields equal" in found[1].said("en")
    assert "line 2" in found[2].said("en")
    assert "initials, surname" in found[2].said("en")
    assert "voorletters, achternaam" in found[2].said("nl")
    assert "Nepbloem" not in repr(found)


def test_the_earliest_quarter_of_a_later_enrolment_is_told() -> None:
    assert "2024Q2" in one(patient(enrolled=date(2024, 4, 1))).said("nl")
    assert "2024Q3" in one(patient(enrolled=date(2024, 4, 2))).said("nl")


# The list as a whole.


def test_the_list_of_another_practice_is_refused_as_a_whole() -> None:
    ctx = context(provider=Party(scheme="AGB", id="01099902", name="Praktijk 2"))
    refusal = file_refusal(ROWS, ctx)
    assert refusal is not None
    assert (refusal.code, refusal.lines[0], len(refusal.lines)) == ("WRONG_PRACTICE", 2, 10)
    assert {item.code for item in assess(ROWS, ctx, {})} == {"WRONG_PRACTICE"}
    assert questions(ROWS, ctx) == []
    assert built(assess(ROWS, ctx, {}), ROWS, ctx) == []


def test_last_quarters_list_is_refused_as_a_whole() -> None:
    refusal = file_refusal(ROWS, context(quarter=Quarter(2024, 2)))
    assert refusal is not None
    assert refusal.code == "WRONG_REFERENCE_DATE"
    assert "2024-04-01" in refusal.text["en"]


@pytest.mark.parametrize("agreement", [None, Term(valid_from=date(2023, 1, 1), valid_to=date(2024, 1, 14))])
def test_without_a_processing_agreement_in_force_nothing_is_taken_in(agreement: Term | None) -> None:
    refusal = file_refusal(ROWS, context(participation=replace(EVERYTHING, processing_agreement=agreement)))
    assert refusal is not None
    assert refusal.code == "NO_DPA"


def test_an_empty_list_is_refused() -> None:
    refusal = file_refusal([], context())
    assert refusal is not None
    assert refusal.code == "EMPTY_LIST"


def test_a_list_without_history_serves_the_current_quarter_only() -> None:
    row = patient(reference_date=None, enrolled=None)
    now, later = context(has_history=False), context(has_history=False, today=date(2024, 4, 1))
    assert file_refusal([row], now) is None
    assert one(row, now).outcome == "claim"
    refusal = file_refusal([row], later)
    assert refusal is not None
    assert refusal.code == "NO_HISTORY_IN_FILE"
    assert file_refusal([patient(enrolled=None)], later) is None, "the file says itself which day it shows"


@pytest.mark.parametrize(("before", "warned"), [(None, False), (20, False), (25, False), (26, True), (16, True)])
def test_a_list_much_longer_or_shorter_than_last_time_warns(before: int | None, warned: bool) -> None:
    found = file_findings(ROWS, context(previous_rows=before))
    assert [item.code for item in found] == (["WARN_ROWS_CHANGED"] if warned else [])


# Register and modules.


def test_a_merged_insurer_is_known_up_to_its_last_day() -> None:
    register = Register((RegisterEntry(uzovi="3314", name="OZF", valid_to=date(2023, 12, 31)),))
    assert one(patient(uzovi="3314"), context(register=register)).code == "UZOVI_UNKNOWN"
    assert register.on("3314", date(2023, 12, 31)) is not None


def test_partners_name_the_payer_folder_of_their_numbers() -> None:
    menzis = Partner(
        name="menzis",
        title="Menzis",
        country="NL",
        kind="insurer",
        verified=False,
        channel=ChannelSpec(kind="vecozo"),
        identifiers=(
            Identifier(scheme="UZOVI", value="3332"),
            Identifier(scheme="UZOVI", value="9876", name="Invented"),
        ),
    )
    register = with_partners(context().register, [menzis])
    (claim,) = built(assess([patient()], context(register=register), {}), [patient()], context(register=register))
    assert (claim.payer, claim.payer_code) == ("menzis", "3332")
    added = register.on("9876", date(2024, 1, 1))
    assert added is not None
    assert (added.payer, added.name) == ("menzis", "Invented")


def test_outcomes_and_counts_have_a_json_shape() -> None:
    row = json.loads(json.dumps(JUDGED[21].as_json("nl")))
    assert list(row)[:5] == ["line", "row_id", "outcome", "code", "message"]
    assert (row["line"], row["code"], row["warnings"]) == (21, "WARN_AGE_OVER_110", ["WARN_AGE_OVER_110"])
    assert row["message"].startswith("De persoon zou op de peildatum 112 jaar zijn")
    counts = json.loads(json.dumps(summary(JUDGED.values()).as_json()))
    assert counts["rows"] == 20
    assert counts["codes"]["DECEASED"] == 1


def test_an_unknown_module_names_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match="PMO"):
        module("NOPE")


def test_every_sentence_is_written_in_three_languages_with_the_same_facts() -> None:
    source = files("hub.programmes").joinpath("data/outcome_texts.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(source.splitlines(), delimiter=";"))
    assert len({row["code"] for row in rows}) == len(rows)
    for row in rows:
        facts = [sorted(set(re.findall(r"{(\w+)}", row[language]))) for language in ("en", "nb", "nl")]
        assert facts[0] == facts[1] == facts[2], row["code"]
        assert all(len(row[language]) > 10 for language in ("en", "nb", "nl")), row["code"]
        assert None not in row, row["code"]


def test_a_code_without_a_sentence_is_shown_raw() -> None:
    assert say("NEVER_WRITTEN") == {"en": "NEVER_WRITTEN", "nb": "NEVER_WRITTEN", "nl": "NEVER_WRITTEN"}
