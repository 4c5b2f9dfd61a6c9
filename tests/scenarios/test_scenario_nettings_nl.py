"""A specification that adds up to nothing or less is netted without a booking; a booking that stays away is asked for."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hub.pipeline import by_hand
from hub.pipeline.context import Actor
from hub.pipeline.wanted import Wanted
from hub.store import inbounds
from hub.store.unit import Row
from tests.scenarios.test_scenario_specifications_nl import csv, last, lump, specify, stored, vgz_batch, vgz_credit
from tests.scenarios.vektis_bytes import Ha305
from tests.scenarios.vektis_bytes import refs as refs_in
from tests.scenarios.world import NL, World

ANN = Actor(name="ann", role="finance")


def both(world: World, *, answered: bool = True) -> tuple[str, str, str]:
    """A credit of 0.91 that VGZ may still net, and a file of twice 0.91; the credit, its file, the other file."""
    credited, credit_file = vgz_credit(world)
    world.at(datetime(2024, 1, 20, 8, tzinfo=UTC))
    return credited, credit_file, vgz_batch(world, answered=answered)


def entry(world: World) -> Row:
    """The entry of nothing that stands for the specification."""
    (row,) = [row for row in world.payments(NL) if not row["amount_minor"]]
    return row


def outstanding(world: World, number: str) -> list[int]:
    return sorted(view.money.outstanding.minor for view in world.claims(NL).values() if view.invoice_number == number)


def test_what_adds_up_to_nothing_is_netted_without_a_booking(world: World) -> None:
    credited, credit_file, number = both(world)
    rows = (
        ("900001", number, "1,82", "900000", credit_file, "-0,91", ""),
        ("", "", "", "", "", "-0,91", "Salderen voorschot"),
    )
    assert specify(world, csv(*rows)) == inbounds.PROCESSED
    assert (outstanding(world, number), outstanding(world, credit_file)) == ([0, 0], [0])
    assert world.claims(NL)[credited].money.netted.minor == -91
    row = entry(world)
    assert (row["matched"], row["tier"], row["evidence"]["code"]) == ("posted", "T2", "specification")
    assert (stored(world), world.tasks(NL, "specification_differs"), world.conservation(NL)) == ([], [], [])
    before = (world.counts(NL), world.payments(NL))
    world.settle(NL)
    assert specify(world, csv(*reversed(rows)), "again.csv") == inbounds.DUPLICATE
    assert (world.counts(NL) | {"inbound": 0}, world.payments(NL)) == (before[0] | {"inbound": 0}, before[1])

    by_hand.undo(world.hub, NL, row["id"], ANN, reason="the payer took it back")
    assert (outstanding(world, number), outstanding(world, credit_file)) == ([91, 91], [-91])
    world.settle(NL)
    assert outstanding(world, number) == [91, 91], "what a person took back stays so"
    assert world.conservation(NL) == []


@pytest.mark.parametrize("beside", [True, False], ids=["netted with it", "among what is paid"])
def test_what_is_over_is_carried_over_to_the_next_specification(world: World, *, beside: bool) -> None:
    credited, credit_file, number = both(world)
    refs = sorted(view.ref for view in world.claims(NL).values() if view.invoice_number == number)
    lump(world, "1.42", "onbekend")  # 0.40 of the two lines stays open
    wanted = [Wanted(claim=refs[0]), Wanted(claim=refs[1], amount="0.51")]
    by_hand.allocate(world.hub, NL, last(world)["id"], wanted, ANN, reason="they wrote")
    assert outstanding(world, number) == [0, 40]
    netting = ("900001", number, "0,40", "900000", credit_file, "-0,91", "")
    among = (("900001", number, "0,40", "", "", "", ""), ("900000", credit_file, "-0,91", "", "", "", ""))
    specify(world, csv(*((netting,) if beside else among)))
    assert (outstanding(world, number), outstanding(world, credit_file)) == ([0, 0], [-51])
    assert world.claims(NL)[credited].money.netted.minor == -40
    assert ["carried over", "-0.51 EUR", ""] in entry(world)["evidence"]["evidence"]
    assert (stored(world), world.conservation(NL)) == ([], [])


def test_with_nothing_to_net_everything_is_carried_over(world: World) -> None:
    _, credit_file, number = both(world)
    specify(world, csv(("", "", "", "900000", credit_file, "-0,91", "")))
    assert (outstanding(world, credit_file), stored(world)) == ([-91], [])
    specify(world, csv(("900001", number, "1,82", "900000", credit_file, "-0,91", "")), "next.csv")
    lump(world, "0.91")
    assert (last(world)["matched"], outstanding(world, number), outstanding(world, credit_file)) == (
        "posted",
        [0, 0],
        [0],
    )
    assert world.conservation(NL) == []


def test_a_netting_that_is_not_ours_to_net_is_for_a_person_until_it_is(world: World) -> None:
    _, credit_file, number = both(world, answered=False)
    specify(
        world,
        csv(
            ("900001", number, "1,82", "900000", credit_file, "-0,91", ""),
            ("", "", "", "", "", "-0,91", "Salderen voorschot"),
        ),
    )
    (task,) = world.tasks(NL, "specification_differs")
    assert "amount differs (1.82 EUR, here 0.00 EUR)" in task["text"]["en"]
    assert (entry(world)["matched"], stored(world), outstanding(world, credit_file)) == ("review", ["held"], [-91])
    (sent,) = [data for data in world.sent("vgz") if len(refs_in(data)) == 2]
    world.answer(NL, Ha305(sent=sent).bytes(), name="grant-late")
    world.settle(NL)
    assert (entry(world)["matched"], stored(world), outstanding(world, number)) == ("posted", [], [0, 0])
    assert world.tasks(NL, "specification_differs") == []


def test_a_person_nets_what_the_payer_cannot_explain(world: World) -> None:
    credited, credit_file, number = both(world)
    specify(world, csv(("900001", number, "0,91", "", "", "", ""), ("", "", "", "", "", "-0,91", "Diversen")))
    assert (entry(world)["matched"], stored(world)) == ("review", ["held"])
    ref = min(view.ref for view in world.claims(NL).values() if view.invoice_number == number)
    wanted = [Wanted(claim=ref), Wanted(claim=credited)]
    by_hand.allocate(world.hub, NL, entry(world)["id"], wanted, ANN, reason="letter of 3 February")
    world.settle(NL)
    assert (outstanding(world, number), outstanding(world, credit_file)) == ([0, 91], [0])
    assert (stored(world), world.tasks(NL, "specification_differs"), world.conservation(NL)) == ([], [], [])


def test_a_booking_that_does_not_come_is_asked_for_until_it_comes(world: World) -> None:
    number = vgz_batch(world)
    world.at(datetime(2024, 2, 5, 8, tzinfo=UTC))  # a Monday
    specify(world, csv(("900001", number, "1,82", "", "", "", "")))
    world.at(datetime(2024, 2, 19, 20, tzinfo=UTC))
    world.settle(NL)
    assert world.tasks(NL, "specification_unpaid") == [], "ten working days end with this day"
    world.at(datetime(2024, 2, 20, 8, tzinfo=UTC))
    world.settle(NL)
    world.settle(NL)
    (task,) = world.tasks(NL, "specification_unpaid")
    assert (task["amount_minor"], task["currency"]) == (182, "EUR")
    assert "1.82 EUR" in task["text"]["nl"]
    assert "2024-02-19" in task["text"]["nl"]
    lump(world, "1.82")
    assert (last(world)["matched"], world.tasks(NL, "specification_unpaid")) == ("posted", [])


def test_a_booking_a_person_decided_about_is_not_asked_for(world: World) -> None:
    number = vgz_batch(world)
    specify(world, csv(("900001", number, "1,82", "", "", "", "")))
    lump(world, "1.72", f"VGZ {number}")
    refs = sorted(view.ref for view in world.claims(NL).values() if view.invoice_number == number)
    wanted = [Wanted(claim=refs[0]), Wanted(claim=refs[1], amount="0.81")]
    by_hand.allocate(world.hub, NL, last(world)["id"], wanted, ANN, reason="0.10 follows")
    world.at(datetime(2024, 6, 3, 8, tzinfo=UTC))
    world.settle(NL)
    assert (stored(world), world.tasks(NL, "specification_unpaid")) == ([], [])
