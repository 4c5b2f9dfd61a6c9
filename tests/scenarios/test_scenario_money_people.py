"""Where money meets people and time: told again, given back, tied, moved, claimed by the month; the same set, one sum."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hub.errors import ContentError
from hub.ledger.positions import Owner
from hub.model.finding import Severity
from hub.model.quarter import quarter
from hub.pipeline import by_hand, payouts, today
from hub.pipeline.quarter_board import board
from hub.sandbox.example import CARE_GROUP
from hub.store import bookings, parties
from tests.scenarios.bank_bytes import Paid, camt054
from tests.scenarios.test_scenario_money_no import TRYGG, invoiced
from tests.scenarios.test_scenario_payments_by_hand import debit as out_again
from tests.scenarios.test_scenario_payments_by_hand import unreferenced
from tests.scenarios.test_scenario_payouts import ANNE, eur, exported, paid, rows, standing
from tests.scenarios.test_scenario_payouts_tied import FAY, bank, settled, tie
from tests.scenarios.world import NL, NO, PRACTICE, World

__all__ = ["paid"]

OTHER_GROUP = "53099902"


def paid_on_board(world: World) -> dict[str, int]:
    """What the quarter board says the practice was paid."""
    with world.reading(NL) as unit:
        row, *_ = [row for row in board(unit, quarter("2024Q1"), "NL") if row.practice == PRACTICE]
    return dict(row.paid_out)


def in_the_journal(world: World) -> int:
    """What the journal has as paid to the practice."""
    with world.reading(NL) as unit:
        return payouts.standing(unit)[Owner(PRACTICE, CARE_GROUP, "EUR")].paid_out.minor


def asked(world: World) -> list[str]:
    """The questions about bookings and pay-outs that are open."""
    return [kind for kind in ("payment_review", "told_twice", "payout_contradicted") if world.tasks(NL, kind)]


def test_a_pay_out_told_again_by_another_file_is_no_second_one(paid: World) -> None:
    exported(paid)
    (row,) = rows(paid)
    left = bank(paid, "2024-02-07", "5.25", row["end_to_end"])
    again = bank(paid, "2024-02-08", "5.25", row["end_to_end"])
    assert asked(paid) != []
    by_hand.same(paid.hub, NL, again["id"], left["id"], FAY, reason="the statement tells it a day later")
    assert asked(paid) == []
    assert settled(paid) == ("settled", (0, 0), 0)
    third = bank(paid, "2024-02-09", "5.25", row["end_to_end"])
    with pytest.raises(ContentError, match="not one booking"):
        by_hand.same(paid.hub, NL, third["id"], again["id"], FAY, reason="one of them is none itself")
    assert [one for one in paid.conservation(NL) if one.severity is not Severity.WARNING] == []


def test_a_return_makes_no_more_due_than_was_paid(paid: World) -> None:
    exported(paid)
    (row,) = rows(paid)
    tie(paid, bank(paid, "2024-02-07", "5.15", row["end_to_end"]))
    assert standing(paid) == (10, 10)
    bank(paid, "2024-02-12", "5.25", row["end_to_end"], out=False)
    assert (in_the_journal(paid), standing(paid), rows(paid)[0]["state"]) == (0, (525, 525), "failed")
    assert [one for one in paid.conservation(NL) if one.severity is not Severity.WARNING] == []


def test_the_board_says_what_the_journal_says_was_paid(paid: World) -> None:
    exported(paid)
    assert paid_on_board(paid) == {}, "the bank has not booked it"
    (row,) = rows(paid)
    tie(paid, bank(paid, "2024-02-07", "5.15", row["end_to_end"]))
    assert paid_on_board(paid) == {"EUR": in_the_journal(paid)} == {"EUR": 515}
    tie(paid, bank(paid, "2024-02-08", "5.25", row["end_to_end"]))
    assert paid_on_board(paid) == {"EUR": in_the_journal(paid)} == {"EUR": 1040}
    bank(paid, "2024-02-09", "5.25", row["end_to_end"], out=False)
    assert paid_on_board(paid) == {"EUR": in_the_journal(paid)} == {"EUR": 515}


def charge(world: World, minor: int, service: str) -> None:
    payouts.charge(world.hub, NL, PRACTICE, eur(minor), period="2024Q1", service=service, actor=ANNE)


def test_a_charge_is_corrected_with_who_charged_it(paid: World) -> None:
    charge(paid, 300, "base")
    with paid.unit(NL) as unit:
        group = parties.organisation(unit, CARE_GROUP)
        moved = replace(group.party, id=OTHER_GROUP, account="")
        other = parties.put_organisation(unit, "care_group", moved, parent=group.parent_id)
        practice = parties.organisation(unit, PRACTICE)
        parties.put_organisation(unit, practice.kind, practice.party, parent=other)
    charge(paid, 100, "base")
    assert standing(paid) == (425, 425)
    charge(paid, 50, "hours")
    with paid.reading(NL) as unit:
        found = {owner.payee: each.costs.minor for owner, each in payouts.standing(unit).items()}
    assert found == {CARE_GROUP: 100, OTHER_GROUP: 50}


def test_what_the_bank_took_back_itself_is_not_to_be_given_back(world: World) -> None:
    invoiced(world, 3, 4, 13)
    payment = unreferenced(world, "50.00")
    by_hand.give_back(world.hub, NO, payment["id"], FAY, reason="not ours")
    assert len(world.tasks(NO, "payment_return")) == 1
    gone = camt054(Paid(amount="50.00", account=TRYGG, booked="2026-04-24"), message="REV")
    world.bank(NO, "rev.xml", out_again(gone, reversal=True))
    (back,) = [row for row in world.payments(NO) if row["amount_minor"] < 0]
    by_hand.undo_by(world.hub, NO, payment["id"], back["id"], FAY, reason="the bank says so")
    assert world.tasks(NO) == []
    world.settle(NO)
    assert world.tasks(NO) == []


def test_a_booking_that_is_to_go_back_is_not_called_another_one_told_again(world: World) -> None:
    invoiced(world, 3, 4, 13)
    first = unreferenced(world, "50.00")
    again = camt054(Paid(amount="50.00", text="takk igjen", account="15030000002", booked="2026-04-24"), message="Y")
    world.bank(NO, "y.xml", again)
    (second,) = [row for row in world.payments(NO) if row["id"] != first["id"]]
    by_hand.give_back(world.hub, NO, second["id"], FAY, reason="not ours")
    with pytest.raises(ContentError, match="to go back"):
        by_hand.same(world.hub, NO, second["id"], first["id"], FAY, reason="told again")
    by_hand.undo(world.hub, NO, second["id"], FAY, reason="nothing is to go back")
    by_hand.same(world.hub, NO, second["id"], first["id"], FAY, reason="told again")
    assert world.tasks(NO, "payment_return") == []


def test_what_waits_is_worth_the_same_on_every_page(world: World) -> None:
    invoiced(world, 3, 4, 13)
    one = Paid(amount="50.00", text="takk for alt", account="15030000002")
    world.bank(NO, "in.xml", camt054(one, message="IN"))
    world.bank(NO, "out.xml", out_again(camt054(Paid(amount="30.00", account="15030000002"), message="OUT")))
    with world.reading(NO) as unit:
        (tile,) = [each.sum for each in today.tiles(world.hub, unit, "NO", money=True) if each.name == "payments"]
        waiting = [each for each in bookings.counts(unit) if each.state in ("new", "review")]
    assert tile.count == sum(each.count for each in waiting) == 2
    assert {currency: minor for minor, currency in tile.amounts} == {"NOK": sum(each.minor for each in waiting)}
    assert tile.amounts == ((8000, "NOK"),)
