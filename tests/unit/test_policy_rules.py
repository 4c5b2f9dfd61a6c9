"""Deadlines, authorisation, windows, tariffs and working days beyond the worked vectors."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from hub.errors import ConfigurationError
from hub.model.money import Money, money
from hub.model.partner import DatedRule
from hub.model.quarter import Quarter
from hub.policy.authorisation import Authorisation, Care, Need, hold_code, nears_limit, need
from hub.policy.deadlines import CareDates, Purpose, deadline, deadlines, receipt_day
from hub.policy.quarters import window, window_problem
from hub.policy.reimbursement import expected
from hub.policy.tariff import AgreedTariff, TariffInputs, agreed, practice_tariff
from hub.policy.workdays import due, is_working_day

RECLAIM = DatedRule(kind="days_after_retour", settings={"days": "60"})
CORRECTION = DatedRule(kind="fixed_date_for_corrections", settings={"month_day": "06-01"})
FIRST = DatedRule(kind="days_after_treatment", settings={"days": "180"})
OVER_3000 = (
    DatedRule(kind="authorisation_policy", valid_from=date(2021, 1, 1)),
    DatedRule(kind="authorisation_required", settings={"minutes_over": "3000"}, valid_from=date(2021, 1, 1)),
)


def care(minutes: int) -> Care:
    return Care(
        starts=date(2021, 3, 1), provider_type="any", contracted=True, specialised_referral=True, minutes=minutes
    )


def test_a_refused_claim_may_come_again_within_sixty_days_of_the_retour() -> None:
    found = deadline([FIRST, RECLAIM], CareDates(treated=date(2024, 1, 1), retour=date(2024, 3, 1)), Purpose.RECLAIM)
    assert found is not None
    assert found.last_safe == date(2024, 4, 30)


def test_corrections_of_granted_lines_have_their_own_date() -> None:
    found = deadline([FIRST, CORRECTION], CareDates(treated=date(2024, 5, 5)), Purpose.CORRECTION)
    assert found is not None
    assert found.last_outer == date(2025, 6, 1)


def test_all_deadlines_of_the_same_dates_are_listed() -> None:
    dates = CareDates(treated=date(2024, 5, 5), retour=date(2024, 6, 1))
    assert {item.purpose for item in deadlines([FIRST, RECLAIM, CORRECTION], dates)} == set(Purpose)


def test_no_known_rule_gives_no_deadline_instead_of_a_guess() -> None:
    old = DatedRule(kind="days_after_treatment", settings={"days": "180"}, valid_to=date(2020, 12, 31))
    assert deadline([old], CareDates(treated=date(2021, 1, 1))) is None
    assert deadline([FIRST], CareDates(opened=date(2021, 1, 1))) is None
    assert deadline([DatedRule(kind="tariff_ceiling")], CareDates(treated=date(2021, 1, 1))) is None


def test_a_rule_about_one_kind_of_care_is_not_used_for_another() -> None:
    ggz = DatedRule(kind="days_after_treatment", settings={"days": "180", "care": "ggz"})
    assert deadline([ggz], CareDates(care="gp", treated=date(2024, 1, 1))) is None
    assert deadline([ggz], CareDates(treated=date(2024, 1, 1))) is None
    assert deadline([ggz], CareDates(care="ggz", treated=date(2024, 1, 1))) is not None
    policy = DatedRule(kind="authorisation_policy", settings={"care": "ggz"})
    assert need([policy], care(1)) is Need.UNKNOWN_POLICY
    assert need([policy], replace(care(1), care="ggz")) is Need.NOT_REQUIRED


def test_a_day_that_does_not_count_itself_ends_the_day_before() -> None:
    rule = DatedRule(kind="days_after_treatment", settings={"days": "10", "reading": "excluded"})
    found = deadline([rule], CareDates(treated=date(2024, 1, 1)))
    assert found is not None
    assert (found.last_safe, found.last_outer) == (date(2024, 1, 10), date(2024, 1, 10))


@pytest.mark.parametrize("settings", [{}, {"days": "many"}, {"days": "10", "reading": "perhaps"}])
def test_a_wrong_rule_is_a_configuration_error(settings: dict[str, str]) -> None:
    rule = DatedRule(kind="days_after_treatment", settings=settings)
    with pytest.raises(ConfigurationError, match="days_after_treatment"):
        deadline([rule], CareDates(treated=date(2024, 1, 1)))


@pytest.mark.scenario("S41")
def test_receipt_counts_in_local_time_of_the_remote_system() -> None:
    assert receipt_day(datetime(2022, 4, 29, 21, 59, tzinfo=UTC)) == date(2022, 4, 29)
    assert receipt_day(datetime(2022, 4, 29, 22, 1, tzinfo=UTC)) == date(2022, 4, 30)


@pytest.mark.scenario("S32")
def test_more_than_3000_minutes_holds_a_claim_without_authorisation() -> None:
    assert hold_code(need(OVER_3000, care(3001)), care(3001), None) == "AUTH_REQUIRED"
    assert hold_code(need(OVER_3000, care(3000)), care(3000), None) == ""


def test_an_authorisation_must_be_there_before_the_start() -> None:
    needed = need(OVER_3000, care(4000))
    on_time, late = (
        Authorisation(number="A1", granted_on=date(2021, 3, 1)),
        Authorisation(number="A1", granted_on=date(2021, 3, 2)),
    )
    assert hold_code(needed, care(4000), on_time) == ""
    assert hold_code(needed, care(4000), late) == "AUTH_TOO_LATE"
    assert hold_code(needed, care(4000), Authorisation(number="", granted_on=date(2021, 1, 1))) == "AUTH_REQUIRED"


def test_an_unknown_policy_holds_even_with_an_authorisation() -> None:
    authorisation = Authorisation(number="A1", granted_on=date(2020, 1, 1))
    assert hold_code(Need.UNKNOWN_POLICY, care(1), authorisation) == "UNKNOWN_POLICY"


def test_a_limit_in_minutes_warns_from_nine_tenths() -> None:
    assert [nears_limit(OVER_3000, care(minutes)) for minutes in (2699, 2700, 3000, 3001)] == [False, True, True, False]


def test_an_unknown_authorisation_setting_is_refused() -> None:
    rules = (OVER_3000[0], DatedRule(kind="authorisation_required", settings={"minuts_over": "3000"}))
    with pytest.raises(ConfigurationError, match="minuts_over"):
        need(rules, care(1))


def test_reimbursement_without_an_agreed_tariff_uses_the_maximum() -> None:
    split = expected(money("130", "EUR"), contracted=True, maximum=money("125", "EUR"), percentage=Decimal("0.75"))
    assert (split.payer, split.patient) == (money("125", "EUR"), money("5", "EUR"))


def test_window_problems_have_their_own_codes() -> None:
    first, last = Quarter(2018, 1), Quarter(2018, 2)
    assert window_problem(Quarter(2017, 4), first, None) == "MODULE_NOT_STARTED"
    assert window_problem(Quarter(2018, 4), first, None) == ""
    assert window_problem(Quarter(2019, 1), first, None) == "MODULE_WINDOW_EXHAUSTED"
    assert window_problem(Quarter(2018, 3), first, last) == "MODULE_ENDED"
    assert window_problem(Quarter(2030, 1), first, None, length=None) == ""


def test_a_window_without_maximum_needs_an_end() -> None:
    assert len(window(Quarter(2018, 1), Quarter(2020, 1), length=None)) == 9
    with pytest.raises(ValueError, match="last quarter"):
        window(Quarter(2018, 1), length=None)


def test_the_most_specific_tariff_in_force_wins() -> None:
    tariffs = [
        AgreedTariff(module="M", payer="*", amount=Money(91, "EUR")),
        AgreedTariff(module="M", payer="Menzis", amount=Money(105, "EUR")),
        AgreedTariff(module="M", payer="3334", amount=Money(99, "EUR"), valid_from=date(2024, 4, 1)),
        AgreedTariff(module="M", payer="3334", amount=Money(98, "EUR"), valid_from=date(2024, 7, 1)),
        AgreedTariff(module="other", payer="3332", amount=Money(1, "EUR")),
    ]

    def amount(uzovi: str, concern: str, day: date) -> int:
        found = agreed(tariffs, module="M", uzovi=uzovi, concern=concern, day=day)
        return found.amount.minor if found else -1

    assert amount("7095", "VGZ", date(2024, 1, 1)) == 91
    assert amount("3332", "Menzis", date(2024, 1, 1)) == 105
    assert amount("3334", "Menzis", date(2024, 1, 1)) == 105
    assert amount("3334", "Menzis", date(2024, 4, 1)) == 99
    assert amount("3334", "Menzis", date(2024, 12, 1)) == 98
    assert agreed(tariffs, module="none", uzovi="3332", day=date(2024, 1, 1)) is None


def test_missing_norm_hours_are_an_error_not_a_division_by_zero() -> None:
    inputs = TariffInputs(
        base=Money(91, "EUR"),
        hours=Decimal(4),
        norm_hours=Decimal(0),
        norm_practice=2095,
        patients=2095,
        min_hours=Decimal(2),
        max_hours=Decimal("4.5"),
    )
    assert practice_tariff(inputs).error == "NORM_HOURS_MISSING"


def test_working_days_follow_the_country() -> None:
    constitution_day, kings_day = date(2024, 5, 17), date(2024, 4, 26)
    assert (is_working_day(constitution_day, "NO"), is_working_day(constitution_day, "NL")) == (False, True)
    assert is_working_day(kings_day, "NO")
    assert due(date(2024, 5, 4), 0, "NO") == date(2024, 5, 4)
    with pytest.raises(ConfigurationError, match="XX"):
        is_working_day(date(2024, 1, 2), "XX")
