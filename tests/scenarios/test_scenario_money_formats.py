"""One truth in every kind of bank file: the same money ends on the same claims, and is taken back the same way."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest

from hub.model.money import Money
from hub.pipeline import by_hand
from hub.pipeline.context import Actor
from hub.sandbox.bank import Booking, camt053_file, camt054_file, mt940_file, ocr_file
from hub.sandbox.example import PAYER_ACCOUNTS
from tests.scenarios.bank_bytes import CLINIC_ACCOUNT, GROUP_ACCOUNT
from tests.scenarios.test_scenario_money_nl import granted_before, new_file, number_of
from tests.scenarios.test_scenario_money_no import NORD, invoiced, kid_of, standing, the_only
from tests.scenarios.vektis_bytes import Ha305, refs
from tests.scenarios.world import NL, NO, World, nl_list

ANN = Actor(name="ann", role="finance")
Write = Callable[[Booking], bytes]
NOON = datetime(2026, 4, 28, 12, tzinfo=UTC)
NORWEGIAN: dict[str, Write] = {
    "ocr": lambda one: ocr_file([one], created=one.booked),
    "camt054": lambda one: camt054_file([one], message=f"N-{one.id}", created=NOON),
    "camt053": lambda one: camt053_file([one], message=f"S-{one.id}", created=NOON),
}
DUTCH: dict[str, Write] = {
    "camt053": lambda one: camt053_file([one], message=f"S-{one.id}", created=NOON),
    "mt940": lambda one: mt940_file([one], reference=f"R{one.id}", created=one.booked),
}


def paid(minor: int, kid: str, day: int, *, reversal: bool = False) -> Booking:
    """A KID payment to the clinic in April 2026, or the bank taking one back."""
    return Booking(
        id=str(day),
        amount=Money(minor, "NOK"),
        booked=date(2026, 4, day),
        account=CLINIC_ACCOUNT,
        payer_account=NORD,
        reference=kid,
        reversal=reversal,
    )


@pytest.mark.scenario("S12")
@pytest.mark.parametrize("form", NORWEGIAN)
def test_in_part_in_full_and_once_too_often(world: World, form: str) -> None:
    invoiced(world, 3, 4, 13)
    kid = kid_of(world, "6TST1")
    expected = [(64000, 64000), (128000, 0), (128000, 0)]
    for day, (received, left) in zip((21, 22, 23), expected, strict=True):
        world.bank(NO, f"{day}", NORWEGIAN[form](paid(64000, kid, day)))
        assert standing(world, "6TST1")[2:] == (received, left)
    over = the_only([row for row in world.payments(NO) if row["matched"] == "review"])
    assert over["evidence"]["code"] == "already_paid"
    by_hand.give_back(world.hub, NO, over["id"], ANN, reason="paid three times")
    assert [task["kind"] for task in world.tasks(NO)] == ["payment_return"]
    assert standing(world, "6TST4") == (89000, 0, 0, 89000)


@pytest.mark.parametrize("form", NORWEGIAN)
def test_a_reversal_is_proposed_and_undone_by_a_person(world: World, form: str) -> None:
    invoiced(world, 3, 4, 13)
    kid = kid_of(world, "6TST1")
    world.bank(NO, "a", NORWEGIAN[form](paid(128000, kid, 21)))
    assert standing(world, "6TST1") == (128000, 128000, 128000, 0)
    world.bank(NO, "b", NORWEGIAN[form](paid(-128000, kid, 23, reversal=True)))
    back = the_only([row for row in world.payments(NO) if row["matched"] == "review"])
    assert the_only(world.tasks(NO, "payment_reversed"))
    by_hand.undo_by(world.hub, NO, "", back["id"], ANN, reason="the bank says so")
    assert standing(world, "6TST1") == (128000, 0, 0, 128000)
    assert world.tasks(NO) == []
    before = (world.payments(NO), world.counts(NO))
    world.settle(NO)
    assert (world.payments(NO), world.counts(NO)) == before


@pytest.mark.scenario("S11")
@pytest.mark.parametrize("form", DUTCH)
def test_a_batch_less_an_older_credit_settles_both(world: World, form: str) -> None:
    credited = granted_before(world)
    known = set(world.sent("menzis"))
    world.at(datetime(2024, 1, 20, 8, tzinfo=UTC))
    world.hand_in(nl_list())
    world.submit(NL)
    batch = new_file(world, "3332", known)
    world.answer(NL, Ha305(sent=batch).bytes(), name="grant-2024")
    mine = [*refs(batch).values(), credited]
    owed = sum(world.claims(NL)[ref].money.outstanding.minor for ref in mine)
    booking = Booking(
        id="5",
        amount=Money(owed, "EUR"),
        booked=date(2024, 2, 5),
        account=GROUP_ACCOUNT,
        payer_account=PAYER_ACCOUNTS["menzis"],
        text=f"afrekening {number_of(world, mine[0])}",
    )
    world.at(datetime(2024, 2, 6, 8, tzinfo=UTC))
    world.bank(NL, "feb", DUTCH[form](booking))
    views = world.claims(NL)
    assert {views[ref].money.outstanding.minor for ref in mine} == {0}, "difference 0.00"
    assert views[credited].money.netted.minor == -105
    assert world.tasks(NL, "payment_review") == []
