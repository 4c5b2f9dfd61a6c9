"""The treatment log of the example, row by row, and the invoices made of it (S25, S26)."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from hub.errors import ConfigurationError
from hub.intake.lists import by_sak_id, take_assignments, take_treatment_log
from hub.model.claim import Claim
from hub.model.identity import is_kid
from hub.model.money import Money, money
from hub.model.party import Party
from hub.programmes.outcome import RowOutcome, summary
from hub.programmes.rows import Assignment, TreatmentRow
from hub.programmes.treatment_claims import claims
from hub.programmes.treatments import TreatmentContext, Used, assess
from hub.programmes.vat import shipped_vat_rules, vat_rule

NO = Path(__file__).resolve().parents[2] / "examples" / "no"
LOG = take_treatment_log((NO / "no_treatment_log.csv").read_bytes()).rows
ASSIGNMENTS = by_sak_id(take_assignments((NO / "no_assignments.csv").read_bytes()).rows)
CLINIC = Party(scheme="0192", id="310000086", name="Klinikk Eksempel (EXAMPLE)")


def context(**changes: Any) -> TreatmentContext:
    values: dict[str, Any] = {
        "tenant": "clinic-1",
        "clinic": CLINIC,
        "submitter": CLINIC,
        "assignments": ASSIGNMENTS,
        "vat_rules": shipped_vat_rules(),
        "payers": {"310000914": "forsikring-nord-test"},
        "today": date(2026, 4, 15),
        "kid_length": 10,
    }
    return TreatmentContext(**{**values, **changes})


def expected() -> list[tuple[str, str, str]]:
    with (NO / "no_treatment_log_expected.csv").open(encoding="utf-8", newline="") as stream:
        return [(row["row_id"], row["outcome"], row["code"]) for row in csv.DictReader(stream, delimiter=";")]


def treatment(**changes: Any) -> TreatmentRow:
    return replace(LOG[0], **changes)


def one(row: TreatmentRow, ctx: TreatmentContext | None = None) -> RowOutcome:
    return assess([row], ctx or context())[0]


def invoiced(rows: Sequence[TreatmentRow], ctx: TreatmentContext) -> list[Claim]:
    ids, numbers = count(1), count(10001)
    return claims(
        assess(rows, ctx), rows, ctx, new_id=lambda: f"id-{next(ids)}", next_number=lambda: str(next(numbers))
    )


JUDGED = {outcome.row_id: outcome for outcome in assess(LOG, context())}


@pytest.mark.scenario("S25")
@pytest.mark.parametrize(("row_id", "outcome", "code"), expected())
def test_every_row_of_the_example_log(row_id: str, outcome: str, code: str) -> None:
    assert (JUDGED[row_id].outcome, JUDGED[row_id].code) == (outcome, code)
    assert not code or {"en", "nb", "nl"} <= set(JUDGED[row_id].message)


@pytest.mark.scenario("S25")
def test_ten_rows_in_five_invoices_with_gap_free_numbers() -> None:
    counts = summary(JUDGED.values())
    assert (counts.rows, counts.claims, counts.excluded) == (20, 10, 10)
    made = invoiced(LOG, context())
    assert [(claim.references["sak_id"], len(claim.lines)) for claim in made] == [
        *(("6TST1", 3), ("6TST2", 3), ("6TST4", 2), ("6TST3", 1), ("6TST5", 1))
    ]
    assert [claim.invoice_number for claim in made] == ["10001", "10002", "10003", "10004", "10005"]


@pytest.mark.scenario("S25")
def test_an_invoice_says_what_the_insurer_reads() -> None:
    claim = invoiced(LOG, context())[0]
    assert (claim.payer, claim.payer_code, claim.payer_name) == (
        *("forsikring-nord-test", "310000914"),
        "Forsikring Nord TEST",
    )
    assert (claim.country, claim.currency, claim.ref) == ("NO", "NOK", claim.invoice_number)
    assert (claim.issue_date, claim.due_date) == (date(2026, 4, 15), date(2026, 4, 29))
    assert (len(claim.kid), claim.kid[:-1], is_kid(claim.kid)) == (10, "000010001", True)
    assert claim.total == money("2170.00", "NOK")
    assert [line.begins.isoformat() for line in claim.lines] == [
        *("2026-01-06T09:00:00", "2026-01-13T09:00:00", "2026-01-20T09:00:00")
    ]
    assert dict(claim.lines[0].extra) == {
        "treatment_code": "B1010",
        "treatment_datetime": "2026-01-06 09:00:00",
        "duration": "00:45:00",
        "therapist_hpr": "9999901",
        "therapist_name": "Ola Testnord",
        "profession": "Fysioterapi",
        "diagnosis": "L92",
        "patient_ref": "P-0101",
    }
    assert (claim.lines[0].vat_category, claim.lines[0].vat_rate) == ("E", "0")
    assert len({line.ref for item in invoiced(LOG, context()) for line in item.lines}) == 10


@pytest.mark.scenario("S26")
def test_the_person_is_known_by_number_only_and_shown_nowhere() -> None:
    claim = invoiced(LOG, context())[0]
    assert (claim.person.fnr, claim.person.birth_date, claim.person.local_ref) == (
        *("12847948459", date(1979, 4, 12)),
        "P-0101",
    )
    assert claim.person.name == claim.person.initials == ""
    assert "12847948459" not in repr(claim) + repr(LOG) + repr(JUDGED)


def test_an_empty_diagnosis_is_left_out() -> None:
    third = next(claim for claim in invoiced(LOG, context()) if claim.references["sak_id"] == "6TST3")
    assert "diagnosis" not in third.lines[0].extra


def test_the_deductible_is_an_allowance_on_the_first_lines_until_used_up() -> None:
    claim = next(item for item in invoiced(LOG, context()) if item.references["sak_id"] == "6TST2")
    assert [line.amount.minor for line in claim.lines] == [39000, 64000, 64000]
    assert [line.allowance for line in claim.lines] == [money("500", "NOK"), None, None]
    assert claim.lines[0].allowance_reason == "Egenandel"
    high = {"6TST2": replace(ASSIGNMENTS["6TST2"], deductible=money("1000", "NOK"))}
    (claim,) = invoiced([row for row in LOG if row.sak_id == "6TST2"], context(assignments=high))
    assert [line.amount.minor for line in claim.lines] == [0, 53000, 64000]
    assert all(
        line.gross.minor - (line.allowance or Money(0, "NOK")).minor == line.amount.minor for line in claim.lines
    )


def test_what_earlier_invoices_used_counts() -> None:
    used = {"6TST2": Used(treatments=2, gross=money("1500", "NOK"), deductible=money("450", "NOK"))}
    rows = [row for row in LOG if row.sak_id == "6TST2"]
    ctx = context(used=used)
    assert [item.code for item in assess(rows, ctx)] == ["", "QUOTA_EXCEEDED", "QUOTA_EXCEEDED", "QUOTA_EXCEEDED"]
    (claim,) = invoiced(rows, ctx)
    assert claim.lines[0].allowance == money("50", "NOK")
    full = context(used={"6TST2": Used(gross=money("2000", "NOK"))})
    assert {item.code for item in assess(rows, full)} == {"COVERAGE_EXCEEDED"}


def test_a_treatment_invoiced_earlier_is_not_invoiced_again() -> None:
    key = ("6TST1", "B1010", datetime.fromisoformat("2026-01-06T09:00:00"))
    assert one(LOG[0], context(invoiced=frozenset({key}))).code == "DUP_TREATMENT"


def test_a_refused_row_does_not_block_its_correction_or_use_quota() -> None:
    wrong_tax = treatment(vat_category="S", vat_rate=Decimal(25))
    again = treatment(line=3, row_id="again")
    one_left = {"6TST1": replace(ASSIGNMENTS["6TST1"], quota=1)}
    assert [item.code for item in assess([wrong_tax, again], context(assignments=one_left))] == ["VAT_CATEGORY", ""]


def test_quota_goes_to_the_earliest_treatments_whatever_the_order_of_rows() -> None:
    rows = [row for row in reversed(LOG) if row.sak_id == "6TST2"]
    assert {item.row_id: item.code for item in assess(rows, context())}["T008"] == "QUOTA_EXCEEDED"
    assert [item.row_id for item in assess(rows, context())] == ["T008", "T007", "T006", "T005"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"malformed": True}, "ROW_MALFORMED"),
        ({"clinic_orgnr": "310001082"}, "WRONG_CLINIC"),
        ({"start": None, "sak_id": ""}, "DATETIME_INVALID"),
        ({"sak_id": "", "birth_date": None}, "SAKID_MISSING"),
        ({"birth_date": None, "code": "X"}, "BIRTHDATE_MISMATCH"),
        ({"start": datetime.fromisoformat("2026-01-04T23:59:00")}, "OUTSIDE_PERIOD"),
        ({"start": datetime.fromisoformat("2026-06-30T23:59:00")}, ""),
        ({"start": datetime.fromisoformat("2026-07-01T00:00:00")}, "OUTSIDE_PERIOD"),
        ({"code": "C2010"}, "CODE_NOT_COVERED"),
        ({"insurer_orgnr": "310001082"}, "INSURER_MISMATCH"),
        ({"vat_rate": None}, "VAT_CATEGORY"),
        ({"vat_category": "e"}, ""),
        ({"price": None}, "PRICE_INVALID"),
        ({"price": Money(0, "NOK")}, "PRICE_INVALID"),
        ({"therapist_hpr": ""}, "WARN_HPR_MISSING"),
        ({"profession": "Stjernetyding"}, "WARN_PROFESSION_UNKNOWN"),
        ({"price": money("6000.00", "NOK")}, ""),
        ({"price": money("6000.01", "NOK")}, "COVERAGE_EXCEEDED"),
    ],
)
def test_each_check_on_a_treatment(changes: dict[str, Any], code: str) -> None:
    assert one(treatment(**changes)).code == code


def test_an_insurer_that_has_not_approved_the_clinic_warns() -> None:
    assert one(LOG[0], context(approved=frozenset())).warnings == ("CLINIC_NOT_APPROVED",)
    assert one(LOG[0], context(approved=frozenset({"310000914"}))).warnings == ()


def test_an_assignment_without_limits_allows_everything_on_its_days() -> None:
    free = {"6TST1": Assignment(sak_id="6TST1", insurer_orgnr="310000914", birth_date=date(1979, 4, 12))}
    rows = [row for row in LOG if row.sak_id == "6TST1"]
    assert [item.code for item in assess(rows, context(assignments=free))] == ["", "", "", "DUP_TREATMENT"]


def test_nothing_accepted_uses_no_number() -> None:
    def never() -> str:
        pytest.fail("a number was used")

    assert claims(assess(LOG[16:], context()), LOG[16:], context(), new_id=never, next_number=never) == []


def test_a_number_that_does_not_fit_its_kid_is_a_configuration_error() -> None:
    with pytest.raises(ConfigurationError, match="KID of length 5"):
        invoiced(LOG, context(kid_length=5))


@pytest.mark.parametrize(
    ("profession", "has_hpr", "day", "category"),
    [
        ("Fysioterapi", False, date(2026, 1, 1), "E"),
        ("akupunktur", False, date(2026, 1, 1), "S"),
        ("Akupunktur", True, date(2026, 1, 1), "E"),
        ("Akupunktur", False, date(2021, 6, 1), "E"),
        ("Osteopati", False, date(2022, 5, 1), "E"),
        ("massasje", False, date(2020, 12, 31), "E"),
        ("massasje", False, date(2021, 1, 1), "S"),
    ],
)
def test_vat_depends_on_profession_hpr_number_and_day(profession: str, has_hpr: bool, day: date, category: str) -> None:
    rule = vat_rule(shipped_vat_rules(), profession, day, has_hpr=has_hpr)
    assert rule is not None
    assert rule.category == category


def test_every_vat_rule_names_its_source() -> None:
    assert all(rule.source for rule in shipped_vat_rules())
