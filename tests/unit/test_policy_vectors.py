"""Every worked vector of the requirements, one test each."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from hub.model.money import Money, money
from hub.model.partner import DatedRule
from hub.model.quarter import quarter
from hub.policy.authorisation import Care, Need, need
from hub.policy.budget import BudgetLine, ServiceHours, budget
from hub.policy.deadlines import CareDates, deadline
from hub.policy.quarters import plan
from hub.policy.reimbursement import expected
from hub.policy.tariff import TariffInputs, practice_tariff
from hub.policy.workdays import due

VECTORS = json.loads((Path(__file__).resolve().parent.parent / "fixtures" / "vectors.json").read_text(encoding="utf-8"))


def vectors(name: str, key: str) -> Any:
    return pytest.mark.parametrize("vector", VECTORS[name], ids=lambda vector: str(vector[key]))


PARTNERS = Path(__file__).resolve().parents[2] / "connectors" / "partners"


def rules_of(partner: str) -> list[DatedRule]:
    """The rules as the shipped partner folder has them."""
    body = yaml.safe_load((PARTNERS / partner / "partner.yaml").read_text(encoding="utf-8"))
    return [
        DatedRule(
            kind=rule["kind"],
            settings={name: str(value) for name, value in rule["settings"].items()},
            valid_from=rule.get("valid_from"),
            valid_to=rule.get("valid_to"),
        )
        for rule in body["rules"]
    ]


def tariff_of(vector: dict[str, Any]) -> Any:
    return practice_tariff(
        TariffInputs(
            base=money(vector["base"], "EUR"),
            hours=Decimal(vector["hours"]),
            norm_hours=Decimal(vector["norm_hours"]),
            norm_practice=vector["norm_practice"],
            patients=vector["patients"],
            min_hours=Decimal(vector["min_hours"]),
            max_hours=Decimal(vector["max_hours"]),
        )
    )


@pytest.mark.scenario("S35")
@vectors("zohealthy_tariff", "id")
def test_the_quarter_tariff_is_exact_and_rounded_half_up(vector: dict[str, Any]) -> None:
    result, expect = tariff_of(vector), vector["expect"]
    assert result.error == expect.get("error", "")
    if "hours_per_norm_practice" in expect:
        assert float(result.hours_per_norm_practice) == pytest.approx(
            float(expect["hours_per_norm_practice"]), abs=5e-5
        )
    if result.error:
        assert result.tariff is None
        assert result.budget(vector["patients"]) == Money(0, "EUR")
        return
    assert result.tariff == money(expect["tariff"], "EUR")
    assert result.capped is expect["capped"]
    assert float(result.raw) == pytest.approx(float(expect["tariff_raw"]), abs=5e-7)
    assert result.budget(vector["patients"]) == money(expect["quarter_budget_if_all_claimed"], "EUR")
    assert result.unrounded_budget == money(expect["unrounded_budget"], "EUR")


def test_a_tariff_is_reproduced_from_its_stored_inputs() -> None:
    vector = next(item for item in VECTORS["zohealthy_tariff"] if item["id"] == "ZT05")
    first = tariff_of(vector)
    assert practice_tariff(first.inputs) == first


def test_a_capped_tariff_still_shows_what_the_hours_would_give() -> None:
    vector = next(item for item in VECTORS["zohealthy_tariff"] if item["id"] == "ZT07")
    result = tariff_of(vector)
    assert result.uncapped > result.raw


@pytest.mark.scenario("S35")
@vectors("zohealthy_budget", "id")
def test_the_quarter_budget_rounds_each_line(vector: dict[str, Any]) -> None:
    result = budget(
        money(vector["opening"], "EUR"),
        [BudgetLine(tariff=money(amount, "EUR"), claimed=n, granted=g) for amount, n, g in vector["lines"]],
        money(vector["base_rate"], "EUR"),
        vector["patients"],
        [ServiceHours(hours=Decimal(hours), rate=money(rate, "EUR")) for hours, rate in vector["services"]],
    )
    got = {"claimed": result.claimed, "granted": result.granted, "costs": result.costs, "closing": result.closing}
    assert got == {name: money(amount, "EUR") for name, amount in vector["expect"].items()}


@vectors("asr_deadline", "opening")
def test_an_unclear_deadline_gives_three_dates(vector: dict[str, Any]) -> None:
    found = deadline(rules_of("asr"), CareDates(care="ggz", opened=date.fromisoformat(vector["opening"])))
    assert found is not None
    expect = vector["expect"]
    assert found.last_safe == date.fromisoformat(expect["last_safe"])
    assert found.last_outer == date.fromisoformat(expect["last_outer"])
    assert found.conservative == date.fromisoformat(expect["conservative"])
    fixed = expect["rule"].startswith("30 April")
    assert found.kind == ("fixed_date_after_opening_year" if fixed else "years_after_start")


@vectors("zk_ggz_deadline", "treatment")
def test_the_same_engine_serves_a_second_insurer(vector: dict[str, Any]) -> None:
    found = deadline(rules_of("zilveren-kruis"), CareDates(care="ggz", treated=date.fromisoformat(vector["treatment"])))
    assert found is not None
    assert found.last_safe == found.last_outer == found.conservative == date.fromisoformat(vector["expect"])


@vectors("asr_machtiging", "minutes")
def test_the_authorisation_rule_of_that_year_decides(vector: dict[str, Any]) -> None:
    care = Care(
        starts=date(vector["year"], 6, 1),
        care="ggz",
        provider_type=vector["provider_type"],
        contracted=vector["contracted"],
        specialised_referral=vector["spec_referral"],
        minutes=vector["minutes"],
    )
    assert need(rules_of("asr"), care) is Need(vector["expect"])


@vectors("asr_reimbursement", "expect")
def test_the_payer_part_is_the_lower_one_and_the_patient_pays_the_rest(vector: dict[str, Any]) -> None:
    claimed = money(vector["claimed"], "EUR")
    result = expected(
        claimed,
        contracted=vector["contracted"],
        agreed=money(vector["agreed"], "EUR"),
        maximum=money(vector["max"], "EUR"),
        percentage=Decimal(vector["pct"]),
    )
    assert result.payer == money(vector["expect"], "EUR")
    assert result.payer + result.patient == claimed


@pytest.mark.scenario("S33")
@vectors("thoon_quarters", "id")
def test_which_quarters_are_requested_now(vector: dict[str, Any]) -> None:
    result = plan(
        quarter(vector["start"]),
        date.fromisoformat(vector["today"]),
        [quarter(item) for item in vector["claimed"]],
        quarter(vector["end"]) if vector["end"] else None,
    )
    assert {
        "window": [str(item) for item in result.window],
        "ref_dates": [day.isoformat() for day in result.reference_dates],
        "request_now": [str(item) for item in result.request_now],
        "later": [str(item) for item in result.later],
        "closed": result.closed,
    } == vector["expect"]


@vectors("no_reply_due", "sent")
def test_two_norwegian_working_days(vector: dict[str, Any]) -> None:
    assert due(date.fromisoformat(vector["sent"]), vector["working_days"], "NO") == date.fromisoformat(vector["expect"])


def test_every_family_of_vectors_is_tested() -> None:
    families = "zohealthy_tariff zohealthy_budget asr_deadline zk_ggz_deadline asr_machtiging asr_reimbursement"
    assert set(VECTORS) == {*families.split(), "thoon_quarters", "no_reply_due"}
    assert sum(len(items) for items in VECTORS.values()) == 69
