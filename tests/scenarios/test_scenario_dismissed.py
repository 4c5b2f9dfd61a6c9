"""What a person set aside is set aside as it came then: the same bytes from where they count are taken in."""

from __future__ import annotations

import pytest

from hub.pipeline import drop, inbound
from hub.pipeline.context import Actor
from hub.pipeline.drop import Box, Whose
from hub.sandbox import example
from hub.store import inbounds
from tests.scenarios.bank_bytes import Paid, camt053
from tests.scenarios.world import NL, World

SUPPORT = Actor(name="anna", role="support")
STATEMENT = camt053(
    Paid(amount="12.34", text="voor u", account=example.PAYER_ACCOUNTS["menzis"], booked="2024-01-16"), currency="EUR"
)


def _dismissed(world: World) -> str:
    """A bank file that a payer's place gave, and that nobody wanted from there."""
    world.drop("menzis", "statement.xml", STATEMENT)
    (came,) = world.collect(NL)
    assert came.state == inbounds.TRIAGE
    with world.unit(NL) as unit:
        inbound.dismiss(unit, came.inbound_id, "a payer is not our bank", SUPPORT)
    return came.inbound_id


def _amounts(world: World) -> list[int]:
    return [row["amount_minor"] for row in world.payments(NL)]


def test_a_bank_file_dismissed_from_a_payer_counts_when_the_bank_sends_it(world: World) -> None:
    first = _dismissed(world)
    assert _amounts(world) == []
    (came,) = world.bank(NL, "statement.xml", STATEMENT)
    assert came.state == inbounds.PROCESSED
    assert _amounts(world) == [1234]
    inbound.read_again(world.hub, NL, first, SUPPORT)
    assert _amounts(world) == [1234], "once"


@pytest.mark.parametrize("dismissed_first", [True, False])
def test_a_bank_file_that_waits_because_a_payer_sent_it_first_is_not_lost_with_its_dismissal(
    world: World, *, dismissed_first: bool
) -> None:
    world.drop("menzis", "statement.xml", STATEMENT)
    (came,) = world.collect(NL)
    if dismissed_first:
        _dismiss(world, came.inbound_id)
    world.bank(NL, "statement.xml", STATEMENT)
    if not dismissed_first:
        _dismiss(world, came.inbound_id)
    assert _amounts(world) == [1234]
    assert world.tasks(NL, "unknown_answer") == []


def _dismiss(world: World, inbound_id: str) -> None:
    with world.unit(NL) as unit:
        inbound.dismiss(unit, inbound_id, "a payer is not our bank", SUPPORT)


def test_what_was_dismissed_is_taken_when_somebody_hands_it_in_after_all(world: World) -> None:
    _dismissed(world)
    box = Box(hub=world.hub, tenant=NL, country="NL")
    (seen,) = drop.look(box, "statement.xml", STATEMENT, Whose())
    assert ("already", {}) not in seen.would
    assert drop.take(box, "statement.xml", STATEMENT, Whose(), SUPPORT) == [inbounds.PROCESSED]
    assert _amounts(world) == [1234]
    (again,) = drop.look(box, "statement.xml", STATEMENT, Whose())
    assert list(again.would) == [("already", {})]


@pytest.mark.parametrize("dismissed", [True, False])
def test_the_same_from_the_same_place_is_asked_about_once(world: World, *, dismissed: bool) -> None:
    world.drop("menzis", "one.xml", STATEMENT)
    (first,) = world.collect(NL)
    if dismissed:
        _dismiss(world, first.inbound_id)
    world.drop("menzis", "two.xml", STATEMENT)
    assert [came.state for came in world.collect(NL)] == [inbounds.DUPLICATE]
    assert len(world.tasks(NL, "unknown_answer")) == (0 if dismissed else 1)
    assert _amounts(world) == []
    world.bank(NL, "statement.xml", STATEMENT)
    assert _amounts(world) == [1234], "a copy that was never read stands for nothing either"
