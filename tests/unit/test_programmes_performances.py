"""Which performances of a mental health practice can be claimed, and why not the others."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import date, time
from importlib.resources import files
from typing import Any

import pytest

from hub.errors import ContentError
from hub.intake.columns import system
from hub.intake.lists import take_performance_list
from hub.intake.privacy import PrivacyRefusal
from hub.intake.values import parse_time, parse_yes_no
from hub.model.money import Money
from hub.model.party import Party
from hub.programmes import corrections
from hub.programmes.corrections import NOTHING, read_changes
from hub.programmes.performance_claims import claims
from hub.programmes.performances import PerformanceContext, assess, key_of
from hub.programmes.register import Register, RegisterEntry
from hub.programmes.rows import PerformanceRow

PRACTICE = Party(scheme="AGB", id="94099901", name="GGZ-praktijk Proef")
INSURERS = (
    RegisterEntry(uzovi="3311", name="Proefverzekeraar", payer="proef"),
    RegisterEntry(uzovi="3365", name="Particulier", basic_insurance=False),
)
CTX = PerformanceContext(
    tenant="t",
    provider=PRACTICE,
    claimant=PRACTICE,
    submitter=PRACTICE,
    register=Register(INSURERS),
    today=date(2024, 1, 22),
)
ROW = PerformanceRow(
    line=2,
    row_id="P1",
    practice_agb="94099901",
    bsn="999940004",
    birth_date=date(1985, 3, 14),
    uzovi="3311",
    code="CO0562",
    day=date(2024, 1, 8),
    begins=time(9),
    ends=time(9, 45),
    performer_agb="94099911",
    price=Money(15625, "EUR"),
    trajectory="ZT-1",
    referral_type="01",
    referral_date=date(2023, 12, 1),
    referrer_agb="01099011",
    diagnosis_list="029",
    diagnosis_code="12",
)
NO_REFERRER = {"referrer_agb": "", "referral_date": None}


def outcome(**changed: Any) -> tuple[str, str]:
    """What the good row becomes with these changes."""
    (found,) = assess([replace(ROW, **changed)], CTX)
    return found.outcome, found.code


def test_a_whole_row_is_claimed_at_its_insurer() -> None:
    (found,) = assess([ROW], CTX)
    assert (found.outcome, found.code, found.row_id, found.payer_code) == ("claim", "", "P1", "3311")


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"malformed": True}, ("exclude", "ROW_MALFORMED")),
        ({"bsn": "999940005"}, ("exclude", "BSN_INVALID")),
        ({"practice_agb": "94099902"}, ("exclude", "OTHER_PRACTICE")),
        ({"day": None}, ("exclude", "PERFORMANCE_DATE")),
        ({"day": date(2024, 1, 23)}, ("exclude", "PERFORMANCE_DATE")),
        ({"day": date(2021, 12, 31)}, ("exclude", "BEFORE_ZPM")),
        ({"birth_date": None}, ("exclude", "BIRTHDATE_MISSING")),
        ({"birth_date": date(2024, 1, 9)}, ("exclude", "BIRTHDATE_MISSING")),
        ({"ends": time(9)}, ("exclude", "PERFORMANCE_TIME")),
        ({"begins": None}, ("exclude", "PERFORMANCE_TIME")),
        ({"begins": None, "ends": None, "unreadable": frozenset({"end_time"})}, ("exclude", "PERFORMANCE_TIME")),
        ({"begins": None, "ends": None}, ("claim", "")),
        ({"code": ""}, ("exclude", "PERFORMANCE_CODE")),
        ({"code": "CO 562"}, ("exclude", "PERFORMANCE_CODE")),
        ({"price": None}, ("exclude", "PRICE_INVALID")),
        ({"price": Money(0, "EUR")}, ("exclude", "PRICE_INVALID")),
        ({"uzovi": ""}, ("hold", "UZOVI_ABSENT")),
        ({"uzovi": "9999"}, ("hold", "UZOVI_UNKNOWN")),
        ({"uzovi": "3365"}, ("exclude", "NOT_BASIC_INSURANCE")),
        ({"performer_agb": ""}, ("hold", "PERFORMER_NEEDED")),
        ({"performer_agb": "", "profession": "MB"}, ("hold", "PERFORMER_NEEDED")),
        ({"performer_agb": "", "profession": "MB", "performer_name": "Proef"}, ("claim", "")),
        ({"performer_agb": "1234", "profession": "MB", "performer_name": "Proef"}, ("hold", "PERFORMER_NEEDED")),
        ({"director_agb": "12"}, ("hold", "DIRECTOR_INVALID")),
        ({"trajectory": ""}, ("hold", "TRAJECTORY_MISSING")),
        ({"referral_type": ""}, ("hold", "REFERRAL_TYPE")),
        ({"referral_type": "05"}, ("hold", "REFERRAL_TYPE")),
        ({"referral_type": "07"}, ("hold", "REFERRER_SPECIALISM")),
        ({"referrer_agb": ""}, ("hold", "REFERRER_MISSING")),
        ({"referral_type": "03", "referrer_agb": ""}, ("claim", "")),
        ({"referral_type": "04"}, ("hold", "REFERRAL_SUPERFLUOUS")),
        ({"referral_type": "04", **NO_REFERRER}, ("claim", "")),
        ({"referral_date": date(2024, 1, 9)}, ("hold", "REFERRAL_DATE")),
        ({"referral_date": None, "unreadable": frozenset({"referral_date"})}, ("hold", "REFERRAL_DATE")),
        ({"unreadable": frozenset({"privacy"})}, ("hold", "PRIVACY_UNREADABLE")),
        ({"diagnosis_code": ""}, ("hold", "DIAGNOSIS_INCOMPLETE")),
        ({"diagnosis_list": "030"}, ("hold", "DIAGNOSIS_INCOMPLETE")),
        ({"diagnosis_list": "", "diagnosis_code": ""}, ("claim", "")),
        ({"privacy": True}, ("claim", "WARN_DIAGNOSIS_LEFT_OUT")),
        ({"privacy": True, "diagnosis_list": "", "diagnosis_code": ""}, ("claim", "")),
    ],
)
def test_the_first_check_that_fails_is_the_outcome(changed: dict[str, Any], expected: tuple[str, str]) -> None:
    assert outcome(**changed) == expected


def test_every_code_has_a_sentence_in_three_languages() -> None:
    source = files("hub.programmes").joinpath("data/outcome_texts.csv").read_text(encoding="utf-8")
    known = {row["code"]: row for row in csv.DictReader(source.splitlines(), delimiter=";")}
    for changed in ({"trajectory": ""}, {"referrer_agb": ""}, {"uzovi": "9999"}, {"practice_agb": "94099902"}):
        (found,) = assess([replace(ROW, **changed)], CTX)  # type: ignore[arg-type]
        assert set(found.message) == {"en", "nb", "nl"}
        assert all("{" not in text and text for text in found.message.values())
        assert found.code in known


def test_a_duplicate_names_the_line_it_repeats_and_a_row_that_fails_is_no_first() -> None:
    bad = replace(ROW, line=2, trajectory="")
    first, second, third = (replace(ROW, line=line) for line in (3, 4, 5))
    found = assess([bad, first, second, replace(third, performer_agb="94099912")], CTX)
    assert [one.code for one in found] == ["TRAJECTORY_MISSING", "", "DUP_PERFORMANCE", ""]
    assert "line 3" in found[2].message["en"]


def test_what_was_claimed_before_is_skipped_whatever_else_the_row_lacks() -> None:
    ctx = replace(CTX, claimed=frozenset({key_of(ROW)}))
    (found,) = assess([replace(ROW, trajectory="")], ctx)
    assert (found.outcome, found.code) == ("skip", "PERFORMANCE_CLAIMED")


def numbers() -> Any:
    """Ids that count up."""
    return iter(f"id{number}" for number in range(100)).__next__


def test_a_claim_holds_one_performance_and_no_diagnosis_of_who_declared_privacy() -> None:
    private = replace(ROW, line=3, privacy=True, begins=time(13), ends=time(14))
    rows = [ROW, private]
    made = claims(assess(rows, CTX), rows, CTX, new_id=numbers(), new_ref=numbers())
    open_, closed = (claim.lines[0] for claim in made)
    assert [(claim.period, claim.module, claim.payer, len(claim.lines)) for claim in made] == [
        ("2024-01", "ZPM", "proef", 1)
    ] * 2
    assert (open_.extra["diagnosis_list"], open_.extra["diagnosis_code"], open_.extra["privacy"]) == (
        "029",
        "12",
        "Nee",
    )
    assert closed.extra["privacy"] == "Ja"
    assert not {"diagnosis_list", "diagnosis_code"} & set(closed.extra)


def test_a_claim_is_the_row_that_made_it_again_with_its_changes() -> None:
    (made,) = claims(assess([ROW], CTX), [ROW], CTX, new_id=numbers(), new_ref=numbers())
    again = corrections.performance_row(made, NOTHING)
    assert key_of(again) == key_of(ROW)
    for name in ("birth_date", "uzovi", "price", "trajectory", "referral_date", "referrer_agb", "diagnosis_code"):
        assert getattr(again, name) == getattr(ROW, name), name
    changes = read_changes(["end_time=10:00", "price=99.50", "privacy=Ja", "date=2024-01-09", "referral_date="])
    changed = corrections.performance_row(made, changes)
    assert (changed.ends, changed.price, changed.privacy) == (time(10), Money(9950, "EUR"), True)
    assert (changed.day, changed.begins, changed.referral_date) == (date(2024, 1, 9), time(9), None)
    for wrong in ("begin_time=nine", "price=much", "birth_date=yesterday", "name=Proef"):
        with pytest.raises(ContentError):
            corrections.performance_row(made, read_changes([wrong]))
    with pytest.raises(ContentError, match="cannot be left out"):
        corrections.performance_row(made, read_changes([], [1]))


HEADER = "bsn;geboortedatum;uzovi;prestatiecode;datum;begintijd;tarief;zorgtraject;verwijstype;privacy;diagnosecode"


def test_a_list_is_read_with_the_zeros_excel_ate_and_says_what_nobody_can_read() -> None:
    data = f"{HEADER}\n99994000;14-03-1985;3311;co0562;08-01-2024;9.05;156,25;1;1;j;12\n".encode()
    taken = take_performance_list(data)
    (row,) = taken.rows
    assert (row.code, row.begins, row.referral_type, row.privacy) == ("CO0562", time(9, 5), "01", True)
    assert (row.bsn, row.warnings) == ("099994000", ("WARN_LEADING_ZERO",))
    unread = data.replace(b"9.05", b"25:00").replace(b";j;", b";misschien;").replace(b"08-01-2024", b"31-02-2024")
    (row,) = take_performance_list(unread).rows
    assert row.unreadable == {"begin_time", "privacy", "date"}
    assert "999940" not in repr(row)


def test_only_the_medical_columns_of_the_programme_are_taken_in() -> None:
    data = f"{HEADER};medicatie\n999940004;14-03-1985;3311;CO0562;08-01-2024;9:00;1,00;1;01;nee;12;geen\n".encode()
    with pytest.raises(PrivacyRefusal) as refused:
        take_performance_list(data, column_map=system("zpm-performances"))
    assert [column.name for column in refused.value.columns] == ["medicatie (column 12)"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("9:00", time(9)),
        ("09.30", time(9, 30)),
        ("23:59:59", time(23, 59, 59)),
        ("24:00", None),
        ("9", None),
        ("", None),
    ],
)
def test_a_time_of_day_is_read_or_not(text: str, expected: time | None) -> None:
    assert parse_time(text) == expected


@pytest.mark.parametrize(("text", "expected"), [("Ja", True), ("N", False), ("1", True), ("2", False), ("?", None)])
def test_yes_and_no_are_read_or_not(text: str, expected: bool | None) -> None:
    assert parse_yes_no(text) is expected
