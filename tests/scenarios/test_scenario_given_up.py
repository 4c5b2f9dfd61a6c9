"""Money is given up by one person up to a limit and by two above it, however it is called and however it is cut up."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy.exc import DBAPIError

from hub.errors import ConfigurationError, ContentError
from hub.ledger.accounts import NoClaim
from hub.model.money import Money
from hub.pipeline import approvals, by_hand, write_offs
from hub.pipeline.context import Actor
from hub.pipeline.wanted import Wanted
from hub.store import access, money, schema
from tests.scenarios.bank_bytes import Paid, camt053, camt054
from tests.scenarios.test_scenario_money_nl import new_file
from tests.scenarios.test_scenario_money_no import NORD, invoiced, standing
from tests.scenarios.test_scenario_payments_by_hand import free, settled_again, unreferenced
from tests.scenarios.vektis_bytes import Ha305, refs
from tests.scenarios.world import NL, NO, World, nl_list

ANN, BEA = Actor(name="ann", role="finance"), Actor(name="bea", role="approver")


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


@pytest.fixture
def granted(world: World) -> list[str]:
    """Lines Menzis granted and has not paid, of 1.05 each; one person may give up 1.00 alone."""
    world.hand_in(nl_list())
    world.submit(NL)
    batch = new_file(world, "3332", set())
    world.answer(NL, Ha305(sent=batch).bytes())
    assert approvals.set_limit(world.hub, NL, eur(100), ANN, reason="careful") is None, "lower counts at once"
    return sorted(refs(batch).values())


def waiting(world: World, tenant: str = NL) -> list[tuple[int, str, int, str]]:
    with world.reading(tenant) as unit:
        rows = approvals.listed(unit)
    return [(row["number"], row["what"], row["amount_minor"], row["about"]) for row in rows]


def written_off(world: World, ref: str) -> int:
    return world.claims(NL)[ref].money.written_off.minor


def test_a_large_write_off_waits_for_a_second_person(world: World, granted: list[str]) -> None:
    (ref, *_) = granted
    asked = write_offs.write_off(world.hub, NL, ref, ANN, reason="not worth the letter")
    assert (asked.amount, asked.waits, written_off(world, ref)) == (eur(105), 1, 0)
    assert write_offs.write_off(world.hub, NL, ref, ANN, reason="again").waits == 1, "asked twice is one question"
    assert waiting(world) == [(1, "write_off", 105, ref)]
    (task,) = world.tasks(NL, "approval_waits")
    assert "ann" in task["text"]["nl"]
    assert "1.05 EUR" in task["text"]["nl"]
    for name in ("ann", "ANN ", "аnn"):  # the last one begins with a Cyrillic letter
        with pytest.raises(ConfigurationError, match="cannot approve"):
            approvals.approve(world.hub, NL, 1, Actor(name=name, role="approver"))
    assert written_off(world, ref) == 0

    done = approvals.approve(world.hub, NL, 1, BEA)
    assert (done.state, done.decided_by, written_off(world, ref)) == ("approved", "bea", 105)
    assert (waiting(world), world.tasks(NL, "approval_waits")) == ([], [])
    with pytest.raises(ConfigurationError, match="request 1 is approved"):
        approvals.approve(world.hub, NL, 1, BEA)
    with pytest.raises(ConfigurationError, match="request 1 is approved"):
        approvals.reject(world.hub, NL, 1, "no", BEA)
    with world.reading(NL) as unit:
        events = [(event["actor"], event["action"], event["outcome"]) for event in access.events(unit)]
    assert ("ann", "ask_write_off", "ok") in events
    assert ("ann", "approve", "refused") in events
    assert ("bea", "approve", "approved") in events


def test_many_small_ones_are_no_way_round(world: World, granted: list[str]) -> None:
    first, second, *_ = granted
    assert not write_offs.write_off(world.hub, NL, first, ANN, reason="small", amount=eur(60)).waits
    assert write_offs.write_off(world.hub, NL, second, ANN, reason="small", amount=eur(60)).waits == 1
    assert not write_offs.write_off(world.hub, NL, second, BEA, reason="small", amount=eur(60)).waits, "another person"
    assert approvals.approve(world.hub, NL, 1, BEA).state == "void", "0.45 is left of it"
    world.at(world.clock.now() + timedelta(hours=25))
    assert not write_offs.write_off(world.hub, NL, second, ANN, reason="small").waits, "another day"
    assert (written_off(world, first), written_off(world, second)) == (60, 105)


def test_a_higher_limit_takes_two_persons_and_a_lower_one_does_not(world: World, granted: list[str]) -> None:
    raised = approvals.set_limit(world.hub, NL, eur(10_000), ANN, reason="less work")
    assert raised is not None
    assert write_offs.write_off(world.hub, NL, granted[0], ANN, reason="x").waits == 2, "the limit did not move yet"
    with pytest.raises(ConfigurationError, match="cannot approve"):
        approvals.approve(world.hub, NL, raised.number, ANN)
    approvals.approve(world.hub, NL, raised.number, BEA)
    with world.reading(NL) as unit:
        assert approvals.limit(unit, "EUR") == eur(10_000)
        assert approvals.limit(unit, "NOK") == Money(50_000, "NOK"), "each currency has its own"
        assert approvals.limit(unit, "SEK") == Money(0, "SEK"), "where nobody said anything everything waits"
    with world.reading(NO) as unit:
        assert approvals.limit(unit, "EUR") == eur(5000), "and each tenant"
    assert not write_offs.write_off(world.hub, NL, granted[1], ANN, reason="x").waits
    with pytest.raises(ConfigurationError, match="0 or more"):
        approvals.set_limit(world.hub, NL, eur(-1), ANN, reason="x")
    with pytest.raises(ConfigurationError, match="say why"):
        approvals.set_limit(world.hub, NL, eur(1), ANN, reason=" ")


def test_what_was_paid_meanwhile_is_not_given_up(world: World, granted: list[str]) -> None:
    (ref, *_) = granted
    number = world.claims(NL)[ref].invoice_number
    write_offs.write_off(world.hub, NL, ref, ANN, reason="old")
    world.bank(NL, "a.xml", camt053(Paid(amount="5.25", text=f"factuur {number}"), currency="EUR", message="A"))
    (payment,) = world.payments(NL)
    by_hand.allocate(world.hub, NL, payment["id"], [Wanted(claim=ref)], ANN)
    done = approvals.approve(world.hub, NL, 1, BEA)
    assert (done.state, written_off(world, ref)) == ("void", 0)
    assert "not owed" in done.note
    assert waiting(world) == []


def test_a_request_is_refused_or_taken_back_with_a_reason(world: World, granted: list[str]) -> None:
    write_offs.write_off(world.hub, NL, granted[0], ANN, reason="old")
    with pytest.raises(ConfigurationError, match="say why"):
        approvals.reject(world.hub, NL, 1, " ", BEA)
    done = approvals.reject(world.hub, NL, 1, "ask them first", BEA)
    assert (done.state, done.note, written_off(world, granted[0])) == ("refused", "ask them first", 0)
    with world.reading(NL) as unit:
        (kept,) = approvals.listed(unit, ())
        assert approvals.shown(unit, 1)["body"]["claim"] == granted[0]
    assert (kept["state"], kept["decided_by"]) == ("refused", "bea")
    with pytest.raises(ConfigurationError, match="number 7"):
        approvals.approve(world.hub, NL, 7, BEA)
    with pytest.raises(ContentError, match="say why"):
        write_offs.write_off(world.hub, NL, granted[0], ANN, reason=" ")


def test_nobody_changes_what_waits_and_two_at_once_approve_once(world: World, granted: list[str]) -> None:
    write_offs.write_off(world.hub, NL, granted[0], ANN, reason="old")
    with pytest.raises(DBAPIError, match="append-only"), world.unit(NL) as unit:
        unit.connection.execute(schema.resolution.update().values(amount_minor=1))

    def approve(_number: int) -> str:
        try:
            return approvals.approve(world.hub, NL, 1, BEA).state
        except ConfigurationError:
            return "too late"

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(approve, range(4))) == ["approved", "too late", "too late", "too late"]
    assert written_off(world, granted[0]) == 105


@pytest.mark.parametrize("how", ["aside", "kept back", "leave"])
def test_other_words_for_giving_up_wait_as_well(world: World, how: str) -> None:
    """640.00 and more, where 500.00 is the limit nobody had to set."""
    invoiced(world, 3, 4, 13)  # 6TST1: 2 x 640.00; 6TST4: 890.00
    ref, other = world.case("6TST1").ref, world.case("6TST4").ref
    payment = unreferenced(world, "640.00")
    hub, of = world.hub, payment["id"]
    if how == "aside":
        done = by_hand.allocate(hub, NO, of, [], ANN, aside=(NoClaim.OTHER, None), reason="theirs")
    elif how == "kept back":  # a claim of 1280.00 settled with 640.00: the rest would be nobody's
        aside = (NoClaim.OTHER, Money(-64000, "NOK"))
        done = by_hand.allocate(hub, NO, of, [Wanted(claim=ref)], ANN, aside=aside, reason="they keep it back")
    else:
        done = by_hand.leave(hub, NO, of, ANN, reason="a gift")
    assert (done.waits, free(world, of), standing(world, "6TST1")[2]) == (1, 64000, 0)
    assert len(world.tasks(NO, "payment_review")) == 1, "it stays a question until then"
    settled_again(world)
    assert approvals.approve(hub, NO, 1, BEA).state == "approved"
    assert world.tasks(NO) == []
    if how == "kept back":
        assert standing(world, "6TST1") == (128000, 128000, 128000, 0)
    if how == "leave":
        assert free(world, of) == 64000
        assert not by_hand.allocate(hub, NO, of, [Wanted(claim=other, amount="640.00")], ANN).waits
    settled_again(world)


def test_what_cannot_be_done_any_more_is_void_and_nothing_of_it_is_done(world: World) -> None:
    invoiced(world, 3, 4, 13)
    ref = world.case("6TST1").ref
    payment = unreferenced(world, "640.00")
    aside = (NoClaim.OTHER, Money(-64000, "NOK"))
    by_hand.allocate(world.hub, NO, payment["id"], [Wanted(claim=ref)], ANN, aside=aside, reason="kept back")
    by_hand.leave(world.hub, NO, payment["id"], ANN, reason="a gift")
    assert [each[:2] for each in waiting(world, NO)] == [(1, "allocate"), (2, "leave")]
    by_hand.allocate(world.hub, NO, payment["id"], [Wanted(claim=f"{ref}", line=1)], ANN, reason="it pays this")
    before = (world.counts(NO) | {"resolution": 0}, standing(world, "6TST1"))
    assert approvals.approve(world.hub, NO, 1, BEA).state == "void"
    assert approvals.approve(world.hub, NO, 2, BEA).state == "void"
    after = (world.counts(NO) | {"resolution": 0}, standing(world, "6TST1"))
    assert after[1] == before[1] == (128000, 64000, 64000, 64000)
    assert after[0].get("posting") == before[0].get("posting")


def test_small_amounts_go_by_one_person(world: World) -> None:
    invoiced(world)
    world.bank(NO, "x.xml", camt054(Paid(amount="1537.00", text="takk", account=NORD), message="X"))
    (payment,) = world.payments(NO)
    ref = world.case("6TST4").ref
    aside = (NoClaim.ROUNDING, None)
    done = by_hand.allocate(world.hub, NO, payment["id"], [Wanted(claim=ref)], ANN, aside=aside, reason="rounding")
    assert (done.waits, free(world, payment["id"])) == (0, 0)
    with world.reading(NO) as unit:
        assert money.allocations(unit, payment["id"])
