"""A booking that is a pay-out and does not say so enough is tied to it by a person; nothing is paid twice by it."""

from __future__ import annotations

import pytest

from hub.errors import ConfigurationError, ContentError
from hub.ledger.accounts import Account
from hub.pipeline import by_hand, own_accounts, payment_views, payout_ties, payout_views, payouts
from hub.pipeline.context import Actor
from hub.sandbox.example import CARE_GROUP
from hub.store import access, money
from hub.store import payouts as stored
from hub.store.unit import Row, short_id
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
    rows,
    standing,
)
from tests.scenarios.world import NL, OTHER_PRACTICE, PRACTICE, World

__all__ = ["paid"]

FAY = Actor(name="fay", role="finance")
PAYEE = "NL64TEST0000100001"


def bank(world: World, day: str, amount: str, end_to_end: str, *, out: bool = True, account: str = PAYEE) -> Row:
    """The bank books something; gives the booking."""
    before = {row["id"] for row in world.payments(NL)}
    world.bank(NL, f"{day}.xml", debit(amount, end_to_end, day, out=out, account=account))
    (new,) = [row for row in world.payments(NL) if row["id"] not in before]
    return new


def tie(world: World, booking: Row, number: int = 1) -> payout_ties.Tied:
    return payout_ties.tie(world.hub, NL, number, short_id(booking["id"]), FAY, reason="the bank's letter")


def in_transit(world: World) -> int:
    """What went to the bank and was not booked by it."""
    with world.reading(NL) as unit:
        return -sum(row.into(Account.IN_TRANSIT).minor for row in money.postings(unit))


def journal(world: World) -> list[str]:
    with world.reading(NL) as unit:
        return [row.key for row in money.postings(unit)]


def settled(world: World) -> tuple[str, tuple[int, int], int]:
    """The pay-out's state, what may be paid and the balance, and what is in transit; settling again changes nothing."""
    world.settle(NL)
    found = (rows(world)[0]["state"], standing(world), in_transit(world))
    world.settle(NL)
    assert found == (rows(world)[0]["state"], standing(world), in_transit(world))
    return found


@pytest.mark.parametrize(("amount", "left"), [("5.35", -10), ("5.15", 10)])
def test_what_the_bank_booked_of_another_amount_is_what_was_paid(paid: World, amount: str, left: int) -> None:
    exported(paid)
    (row,) = rows(paid)
    booking = bank(paid, "2024-02-07", amount, row["end_to_end"])
    assert (booking["matched"], len(paid.tasks(NL, "payout_contradicted"))) == ("review", 1)
    done = tie(paid, booking)
    assert (done.payout["state"], done.paid.decimal()) == ("settled", eur(525 - left).decimal())
    assert settled(paid) == ("settled", (max(left, 0), left), 0)
    assert [task for kind in ("payment_review", "payout_contradicted") for task in paid.tasks(NL, kind)] == []
    with paid.unit(NL) as unit:
        shown = payout_views.shown(unit, 1)
        decided = payment_views.shown(paid.hub, unit, booking["id"], FAY)["decisions"]
        events = [(event["actor"], event["action"], event["object"]) for event in access.events(unit)]
    assert [(each["by"], each["reason"]) for each in shown["tied"]] == [("fay", "the bank's letter")]
    assert [(each["kind"], each["by"]) for each in decided] == [("payout", "fay")]
    assert ("fay", "tie", "payout/1") in events
    with pytest.raises(ContentError, match="is a pay-out already"):
        tie(paid, booking)
    with pytest.raises(ContentError, match="is a pay-out to a practice"):
        by_hand.undo(paid.hub, NL, booking["id"], FAY, reason="no")


def test_a_debit_without_an_id_is_offered_and_tied_by_its_amount_and_account(paid: World) -> None:
    exported(paid)
    booking = bank(paid, "2024-02-07", "5.25", "NOTPROVIDED")
    assert booking["matched"] == "review"
    with paid.reading(NL) as unit:
        (offered,) = [each for each in payment_views.paged(unit, ["review"]) if each["payment"] == booking["id"]]
    assert offered["payouts"] == [1]
    assert tie(paid, booking).payout["state"] == "settled"
    assert settled(paid) == ("settled", (0, 0), 0)
    assert [task for kind in ("payment_review", "payout_contradicted") for task in paid.tasks(NL, kind)] == []
    twice = bank(paid, "2024-02-08", "5.25", "NOTPROVIDED")
    with pytest.raises(ContentError, match=r"booked 5\.25 EUR of pay-out 1"):
        tie(paid, twice)
    back = bank(paid, "2024-02-12", "5.25", "NOTPROVIDED", out=False)
    assert tie(paid, back).payout["state"] == "failed"
    assert settled(paid) == ("failed", (525, 525), 0)
    assert len(paid.tasks(NL, "payout_failed")) == 1


@pytest.mark.parametrize("late", ["by itself", "by hand", "never"])
def test_money_that_came_back_before_it_left_is_to_be_paid_again_once(paid: World, late: str) -> None:
    exported(paid)
    (row,) = rows(paid)
    back = bank(paid, "2024-02-07", "5.25", row["end_to_end"], out=False)
    assert back["matched"] == "review"
    assert tie(paid, back).payout["state"] == "failed"
    assert settled(paid) == ("failed", (525, 525), 525)
    if late != "never":
        left = bank(paid, "2024-02-08", "5.25", row["end_to_end"] if late == "by itself" else "NOTPROVIDED")
        if late == "by hand":
            tie(paid, left)
        assert settled(paid) == ("failed", (525, 525), 0)
    second = propose(paid)
    payouts.approve(paid.hub, NL, [second["number"]], eur(525), BOB)
    payouts.export(paid.hub, NL, DAY, ANNE)
    assert standing(paid) == (0, 0)
    assert len(paid.tasks(NL, "payout_contradicted")) == 0


def test_the_bank_paid_twice_and_no_third_time(paid: World) -> None:
    exported(paid)
    (row,) = rows(paid)
    bank(paid, "2024-02-07", "5.25", row["end_to_end"])
    again = bank(paid, "2024-02-08", "5.25", row["end_to_end"])
    assert again["matched"] == "review"
    assert tie(paid, again).paid == eur(1050)
    assert settled(paid) == ("settled", (0, -525), 0), "the practice owes it"
    more = bank(paid, "2024-02-09", "10.51", row["end_to_end"], out=False)
    with pytest.raises(ContentError, match="brings back more"):
        tie(paid, more)
    part = bank(paid, "2024-02-10", "5.25", row["end_to_end"], out=False)
    assert (part["matched"], rows(paid)[0]["state"]) == ("payout", "failed"), "the bank's own return goes first"


@pytest.mark.parametrize("state", ["proposed", "rejected"])
def test_money_a_person_paid_at_the_bank_is_not_paid_again(paid: World, state: str) -> None:
    first = propose(paid)
    if state == "rejected":
        payouts.reject(paid.hub, NL, first["number"], "paid by hand", BOB)
    tie(paid, bank(paid, "2024-02-07", "5.25", ""))
    assert settled(paid) == ("settled", (0, 0), 0)
    assert [one.why for one in payouts.propose(paid.hub, NL, ANNE)] == ["nothing"]


def test_what_makes_no_sense_is_refused_and_nothing_moves(paid: World) -> None:
    exported(paid)
    (row,) = rows(paid)
    wrong = bank(paid, "2024-02-07", "5.24", "SALARY-1")
    other = bank(paid, "2024-02-08", "5.25", "SALARY-2", account=NEW_ACCOUNT)
    early = bank(paid, "2024-02-09", "5.25", "SALARY-3", out=False)
    (income,) = [each for each in paid.payments(NL) if each["matched"] == "posted"]
    start = journal(paid)
    for booking, said in (
        (wrong, "not of the amount"),
        (other, "of another account"),
        (early, "this cannot be it as well"),
        (income, "used for something else"),
    ):
        with pytest.raises(ContentError, match=said):
            tie(paid, booking)
    for reason, number, error in ((" ", 1, ContentError), ("x", 7, ConfigurationError)):
        with pytest.raises(error):
            payout_ties.tie(paid.hub, NL, number, wrong["id"], FAY, reason=reason)
    with pytest.raises(ConfigurationError, match="no payment"):
        payout_ties.tie(paid.hub, NL, 1, "00000000", FAY, reason="x")
    assert journal(paid) == start
    with paid.unit(NL) as unit:
        new = stored.NewPayout(
            practice=OTHER_PRACTICE,
            payee=CARE_GROUP,
            amount=eur(525),
            name="x",
            account=PAYEE,
            until=row["until"],
            basis={},
        )
        stored.add(unit, new, "anne")
    mine = bank(paid, "2024-02-10", "5.26", row["end_to_end"])
    before = journal(paid)
    with pytest.raises(ContentError, match="names pay-out 1, not 2"):
        tie(paid, mine, 2)
    assert journal(paid) == before
    assert rows(paid)[0]["state"] == "exported"


def test_nothing_is_paid_from_an_account_that_is_being_changed(paid: World) -> None:
    first = propose(paid)
    payouts.approve(paid.hub, NL, [first["number"]], eur(525), BOB)
    with paid.unit(NL) as unit:
        own_accounts.ask(unit, CARE_GROUP, "NL91ABNA0417164300", source="new bank", actor=ANNE)
    with pytest.raises(ConfigurationError, match=f"another account of {CARE_GROUP} waits for a second person"):
        payouts.export(paid.hub, NL, DAY, ANNE)
    assert payouts.held(paid.hub, NL) == {CARE_GROUP: "account_waits"}
    assert (rows(paid)[0]["state"], standing(paid)[1]) == ("approved", 525), "held, not void: nothing about it changed"
    with paid.unit(NL) as unit:
        own_accounts.decide(unit, CARE_GROUP, BOB, approve=True)
    (made,) = payouts.export(paid.hub, NL, DAY, ANNE)
    assert b"NL91ABNA0417164300" in made.content
    assert (payouts.held(paid.hub, NL), PRACTICE in str(rows(paid))) == ({}, True)
