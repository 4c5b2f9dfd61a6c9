"""Attacks on money that goes on to practices: nothing is paid twice, approved alone, or read as another amount."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest

from hub.errors import ConfigurationError, ContentError
from hub.ledger.shares import AgreedShare
from hub.model.money import Money
from hub.pipeline import by_hand, own_accounts, payouts, shares
from hub.pipeline.context import Actor
from hub.pipeline.wanted import Wanted, amount_of
from hub.sandbox.example import CARE_GROUP
from hub.store import parties, reference, schema
from hub.store import payouts as stored
from tests.scenarios.bank_bytes import GROUP_ACCOUNT, Paid, camt054
from tests.scenarios.test_scenario_money_no import NORD, TRYGG, invoiced, kid_of, the_only
from tests.scenarios.test_scenario_payments_by_hand import debit as leaving
from tests.scenarios.test_scenario_payouts import (
    ANNE,
    BOB,
    DAY,
    NEW_ACCOUNT,
    debit,
    eur,
    exported,
    paid,
    propose,
    report,
    rows,
    standing,
)
from tests.scenarios.world import NL, NO, OTHER_PRACTICE, PRACTICE, World

__all__ = ["paid"]


def test_what_the_bank_refused_and_booked_nevertheless_is_not_paid_again(paid: World) -> None:
    exported(paid)
    (row,) = rows(paid)
    paid.answer(NL, report("RJCT", end_to_end=row["end_to_end"]), name="no")
    second = propose(paid)
    paid.bank(NL, "out.xml", debit("5.25", row["end_to_end"], "2024-02-07"))
    assert standing(paid)[1] == 0, "the money is gone"
    assert len(paid.tasks(NL, "payout_contradicted")) == 1
    (void,) = payouts.approve(paid.hub, NL, [second["number"]], eur(525), BOB)
    assert (void["state"], void["note"]) == ("void", "amount_changed")
    assert [each["state"] for each in rows(paid)] == ["settled", "void"]
    paid.bank(NL, "back.xml", debit("5.25", row["end_to_end"], "2024-02-12", out=False))
    assert standing(paid) == (525, 525), "and it came back after all"


@pytest.mark.parametrize("how", ["cancelled", "rejected", "void"])
def test_what_the_bank_booked_of_a_closed_payout_is_not_paid_again(paid: World, how: str) -> None:
    first = propose(paid)
    if how == "rejected":
        payouts.reject(paid.hub, NL, first["number"], "no", BOB)
    elif how == "cancelled":
        payouts.cancel(paid.hub, NL, first["number"], "no", ANNE)
    else:
        with paid.unit(NL) as unit:
            own_accounts.ask(unit, PRACTICE, NEW_ACCOUNT, source="called", actor=ANNE)
        payouts.approve(paid.hub, NL, [first["number"]], eur(525), BOB)
    assert rows(paid)[0]["state"] == how
    paid.bank(NL, "out.xml", debit("5.25", first["end_to_end"], "2024-02-07"))
    assert standing(paid) == (0, 0)
    assert len(paid.tasks(NL, "payout_contradicted")) == 1


@pytest.mark.parametrize("name", ["Anne", "ANNE", " anne ", "anne\u200b", "\uff41nne", "anne\n"])
def test_another_spelling_of_ones_name_is_no_second_person(paid: World, name: str) -> None:
    again = Actor(name=name, role="approver")
    first = propose(paid)
    with pytest.raises(ConfigurationError, match=r"cannot approve"):
        payouts.approve(paid.hub, NL, [first["number"]], eur(525), again)
    with paid.unit(NL) as unit:
        own_accounts.ask(unit, PRACTICE, NEW_ACCOUNT, source="called", actor=ANNE)
    with pytest.raises(ConfigurationError, match="second person"), paid.unit(NL) as unit:
        own_accounts.decide(unit, PRACTICE, again, approve=True)


def test_a_payout_can_be_looked_at(paid: World) -> None:
    first = propose(paid)
    with paid.reading(NL) as unit:
        assert stored.get(unit, first["number"])["state"] == "proposed"


@pytest.mark.parametrize(
    "text", ["1.000", "1,000", "1e3", "1E3", "NaN", "inf", "1_000", "\uff11", "", "1 000", "0x10", "1.234,50"]
)
def test_an_amount_that_reads_two_ways_is_refused(text: str) -> None:
    with pytest.raises(ContentError):
        amount_of(text, "NOK")
    with pytest.raises(ConfigurationError):
        payouts.cost("1", text, "EUR")


@pytest.mark.parametrize("quantity", ["1e999999", "1e30", "9" * 40, "1_000", "-1", "NaN"])
def test_no_quantity_is_read_wrongly_or_breaks_us(quantity: str) -> None:
    with pytest.raises(ConfigurationError):
        payouts.cost(quantity, "10.00", "EUR")


def test_a_charge_gives_nothing_to_a_practice(paid: World) -> None:
    with pytest.raises(ConfigurationError):
        payouts.charge(paid.hub, NL, PRACTICE, eur(-100_000), period="2024Q1", service="x", actor=ANNE)
    assert standing(paid) == (525, 525)


def test_a_share_ends_when_it_was_said_to(paid: World) -> None:
    def agreed(first: date, last: date | None, percent: str) -> AgreedShare:
        return AgreedShare(
            share=shares.share("percentage", percent=percent),
            valid_from=first,
            valid_to=last,
            practice=PRACTICE,
            source="x",
        )

    with paid.unit(NL) as unit:
        shares.put(unit, agreed(date(2025, 1, 1), None, "80"), ANNE)
        shares.put(unit, agreed(date(2024, 1, 1), date(2024, 3, 31), "50"), ANNE)
    with paid.reading(NL) as unit:
        known = {
            row.valid_from: row.valid_to
            for row in reference.rows_of(unit, shares.KIND)
            if row.code.startswith(PRACTICE)
        }
    assert known == {date(2024, 1, 1): date(2024, 3, 31), date(2025, 1, 1): None}
    with pytest.raises(ConfigurationError), paid.unit(NL) as unit:
        shares.put(unit, agreed(date(2024, 6, 1), date(2024, 5, 1), "50"), ANNE)


def test_money_promised_after_some_went_back_is_promised(world: World) -> None:
    invoiced(world, 3, 4, 13)
    world.bank(NO, "a.xml", camt054(Paid(amount="1920.00", kid=kid_of(world, "6TST1"), account=NORD)))
    payment = the_only(world.payments(NO))
    out = Paid(amount="100.00", account=TRYGG, booked="2026-04-24")
    world.bank(NO, "b.xml", leaving(camt054(out, message="OUT")))
    (back,) = [row for row in world.payments(NO) if row["amount_minor"] < 0]
    by_hand.give_back(world.hub, NO, payment["id"], ANNE, reason="paid twice", by=back["id"])
    by_hand.give_back(world.hub, NO, payment["id"], ANNE, reason="the rest", amount=Money(10_000, "NOK"))
    with world.reading(NO) as unit:
        assert (
            by_hand.available(unit, the_only([r for r in world.payments(NO) if r["amount_minor"] > 0])).minor == 44_000
        )


def test_a_bank_file_from_a_payer_is_not_the_bank(paid: World) -> None:
    exported(paid)
    (row,) = rows(paid)
    paid.drop("menzis", "status.xml", report("RJCT", end_to_end=row["end_to_end"]))
    paid.collect(NL)
    assert rows(paid)[0]["state"] == "exported"
    paid.drop("menzis", "bank.xml", debit("99.00", "NOTPROVIDED", "2024-02-07", out=False))
    paid.collect(NL)
    assert len(paid.payments(NL)) == 1


def test_a_name_no_bank_can_write_stops_nobody_elses_money(paid: World) -> None:
    with paid.unit(NL) as unit:
        practice = parties.organisation(unit, PRACTICE)
        unit.update(schema.organisation, practice.id, name="///")
    assert [(one.payout, one.why) for one in payouts.propose(paid.hub, NL, ANNE)] == [(None, "no_name")]


def test_who_holds_the_money_needs_an_account_to_pay_from(paid: World) -> None:
    with paid.unit(NL) as unit:
        group = parties.organisation(unit, CARE_GROUP)
        unit.update(schema.organisation, group.id, account="")
    assert [(one.payout, one.why) for one in payouts.propose(paid.hub, NL, ANNE)] == [(None, "payee_no_account")]


def test_a_lost_payout_from_an_account_the_backup_does_not_know_is_recovered(paid: World) -> None:
    with paid.unit(NL) as unit:
        first = stored.end_to_end(stored.nth_id(unit, PRACTICE, CARE_GROUP, "EUR", 1))
        own_accounts.ask(unit, CARE_GROUP, "NL91ABNA0417164300", source="new bank", actor=ANNE)
        own_accounts.decide(unit, CARE_GROUP, BOB, approve=True)
    paid.bank(NL, "lost.xml", debit("5.25", first, "2024-02-07"))
    assert [row["state"] for row in rows(paid)] == ["settled"]
    assert standing(paid) == (0, 0)


def test_four_at_once_pay_once(paid: World) -> None:
    def many(act: Callable[[], object]) -> list[object]:
        with ThreadPoolExecutor(4) as pool:
            return [
                each.result() if each.exception() is None else None for each in [pool.submit(act) for _ in range(4)]
            ]

    many(lambda: payouts.propose(paid.hub, NL, ANNE))
    assert len(rows(paid)) == 1
    approved = many(lambda: payouts.approve(paid.hub, NL, [1], eur(525), BOB))
    assert sum(each is not None for each in approved) == 1
    files = many(lambda: len(payouts.export(paid.hub, NL, DAY, ANNE)))
    assert sorted(map(str, files)) == ["0", "0", "0", "1"]
    assert standing(paid) == (0, 0)


@pytest.mark.parametrize("when", ["proposed", "approved", "exported"])
def test_money_taken_off_its_claim_is_not_paid_on(paid: World, when: str) -> None:
    number = propose(paid)["number"]
    if when != "proposed":
        payouts.approve(paid.hub, NL, [number], eur(525), BOB)
    if when == "exported":
        payouts.export(paid.hub, NL, DAY, ANNE)
    by_hand.undo(paid.hub, NL, the_only(paid.payments(NL))["id"], ANNE, reason="another's")
    if when == "proposed":
        (void,) = payouts.approve(paid.hub, NL, [number], eur(525), BOB)
        assert (void["state"], void["note"]) == ("void", "amount_changed")
    assert payouts.export(paid.hub, NL, DAY, ANNE) == []
    assert standing(paid) == ((0, -525) if when == "exported" else (0, 0))
    assert [one.payout for one in payouts.propose(paid.hub, NL, ANNE)] == [None]


def test_money_on_another_organisations_account_is_not_put_on_a_claim(paid: World) -> None:
    payment = the_only(paid.payments(NL))
    by_hand.undo(paid.hub, NL, payment["id"], ANNE, reason="another's")
    granted = next(view.ref for view in paid.claims(NL).values() if view.decision == "granted")
    with paid.unit(NL) as unit:
        unit.update(schema.organisation, parties.organisation(unit, CARE_GROUP).id, account=NEW_ACCOUNT)
        unit.update(schema.organisation, parties.organisation(unit, OTHER_PRACTICE).id, account=GROUP_ACCOUNT)
    with pytest.raises(ContentError, match=f"lies with {OTHER_PRACTICE}"):
        by_hand.allocate(paid.hub, NL, payment["id"], [Wanted(claim=granted)], ANNE)
