"""Insurers pay a batch in one amount, less what they are owed back (S11); what VECOZO refuses goes again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hub.model.money import Money
from hub.pipeline import credit, release, statements
from hub.sandbox.example import PAYER_ACCOUNTS
from hub.store import claims, schema
from tests.scenarios.bank_bytes import Paid, camt053
from tests.scenarios.vektis_bytes import Ha305, Line, refs
from tests.scenarios.world import NL, PRACTICE, SUPPORT, World, nl_list, rows_of

MENZIS = PAYER_ACCOUNTS["menzis"]


def new_file(world: World, uzovi: str, known: set[bytes]) -> bytes:
    """The one file of an insurer's number that was not there before."""
    (found,) = [data for data in world.sent("menzis") if data[26:30].decode() == uzovi and data not in known]
    return found


def number_of(world: World, ref: str) -> str:
    """The number of the file a claim went out in."""
    return world.claims(NL)[ref].invoice_number


def granted_before(world: World) -> str:
    """One line of 2023Q4 that Menzis granted and paid, and that is credited in full since; gives the credit's ref."""
    old = rows_of(nl_list(), 2).replace(b"01-01-2024", b"01-10-2023")
    world.hand_in(old, period="2023Q4")
    world.submit(NL)
    debit = new_file(world, "3332", set())
    world.answer(NL, Ha305(sent=debit).bytes(), name="grant-2023")
    (ref,) = refs(debit).values()
    paid = Paid(amount="1.05", text=f"declaratie {number_of(world, ref)}", account=MENZIS, booked="2024-01-16")
    world.bank(NL, "old.xml", camt053(paid, currency="EUR", message="OLD"))
    assert world.claims(NL)[ref].money.received == Money(105, "EUR")
    credited = credit.credit(world.hub, NL, ref)
    world.submit(NL)
    world.answer(NL, Ha305(sent=new_file(world, "3332", {debit})).bytes(), name="grant-credit")
    assert world.claims(NL)[credited].money.outstanding == Money(-105, "EUR")
    return credited


@pytest.mark.scenario("S11")
def test_a_batch_total_less_an_older_credit_settles_both_to_zero(world: World) -> None:
    credited = granted_before(world)
    known = set(world.sent("menzis"))
    world.at(datetime(2024, 1, 20, 8, tzinfo=UTC))
    world.hand_in(nl_list())
    world.submit(NL)
    batch = new_file(world, "3332", known)
    answer = Ha305(sent=batch, lines={"999931428": Line(0, [("0403", "101")]), "999932743": Line(55)})
    world.answer(NL, answer.bytes(), name="grant-2024")
    # 5 x 1.05, less one refused, less 0.50 on another = 3.70; less the credit of 1.05 = 2.65 in one amount
    number = number_of(world, refs(batch)["999931428"])

    world.at(datetime(2024, 2, 5, 8, tzinfo=UTC))
    paid = Paid(amount="2.65", text=f"declaratie {number}", account=MENZIS, booked="2024-02-05")
    world.bank(NL, "feb.xml", camt053(paid, currency="EUR", message="FEB"))

    mine = {ref: world.claims(NL)[ref] for ref in (*refs(batch).values(), credited)}
    assert {view.money.outstanding.minor for view in mine.values()} == {0}
    assert sum(view.money.received.minor for view in mine.values()) == 265
    assert mine[credited].money.netted.minor == -105
    assert sum(view.money.netted.minor for view in mine.values()) == 0
    assert {row["matched"] for row in world.payments(NL)} == {"posted"}
    assert world.tasks(NL, "payment_review") == []
    with world.reading(NL) as unit:
        told = {
            period: statements.standing(world.hub, unit, PRACTICE, period, "EUR") for period in ("2023Q4", "2024Q1")
        }
    old, new = told["2023Q4"], told["2024Q1"]
    netted = {line.ref: line.money.netted.minor for line in old.lines}
    assert netted[credited] == -105, "the practice sees the credit's line"
    assert sum(line.money.netted.minor for line in new.lines if line.payer == "menzis") == 105
    assert {line.money.outstanding.minor for line in (*old.lines, *new.lines)} == {0}, "difference 0.00"


@pytest.mark.scenario("S11")
def test_a_total_that_does_not_add_up_is_for_a_person_and_pays_nothing(world: World) -> None:
    world.hand_in(nl_list())
    world.submit(NL)
    batch = new_file(world, "3332", set())
    world.answer(NL, Ha305(sent=batch).bytes())
    (number,) = {number_of(world, ref) for ref in refs(batch).values()}
    paid = Paid(amount="5.24", text=f"declaratie {number}", account=MENZIS, booked="2024-01-16")
    world.bank(NL, "jan.xml", camt053(paid, currency="EUR"))
    assert {view.money.received.minor for view in world.claims(NL).values()} == {0}
    (payment,) = world.payments(NL)
    assert (payment["matched"], payment["evidence"]["code"]) == ("review", "batch_difference")
    (task,) = world.tasks(NL, "payment_review")
    assert set(refs(batch).values()) <= set(task["action"]["en"].replace(",", "").split())


def test_money_waits_for_the_decision_and_is_matched_when_it_comes(world: World) -> None:
    world.hand_in(nl_list())
    world.submit(NL)
    batch = new_file(world, "3332", set())
    (number,) = {number_of(world, ref) for ref in refs(batch).values()}
    paid = Paid(amount="5.25", text=f"declaratie {number}", account=MENZIS, booked="2024-01-16")
    world.bank(NL, "jan.xml", camt053(paid, currency="EUR"))
    assert {view.money.received.minor for view in world.claims(NL).values()} == {0}
    world.answer(NL, Ha305(sent=batch).bytes())
    world.settle(NL)
    mine = [world.claims(NL)[ref] for ref in refs(batch).values()]
    assert {(view.money.received.minor, view.money.outstanding.minor) for view in mine} == {(105, 0)}
    assert world.tasks(NL, "payment_review") == [], "the question is answered"


def test_a_file_vecozo_refused_goes_again_without_its_bad_line(world: World) -> None:
    """Decision 4: the companions of a bad line are no rejections, and references may be used again."""
    world.hand_in(nl_list())
    world.submit(NL)
    first = new_file(world, "3332", set())
    of = refs(first)
    bad = "999931428"
    verdicts = {bsn: Line(0, [("0413", "160")] if bsn == bad else ()) for bsn in of}
    (done,) = world.answer(NL, Ha305(sent=first, lines=verdicts).bytes(), meta={"sent_by": "clearing"})

    assert done.state == "processed"
    views = world.claims(NL)
    assert {views[ref].decision for ref in of.values()} == {"open"}, "nobody judged them"
    assert {bsn: views[ref].hold for bsn, ref in of.items()} == {
        bsn: "REFUSED_BY_CLEARING" if bsn == bad else "" for bsn in of
    }
    (task,) = world.tasks(NL, "take_out_bad_lines")
    assert "1 of 5" in task["text"]["en"]
    assert world.submit(NL) == [], "nothing goes by itself"

    release.release(world.hub, NL, views[of[bad]].invoice_number, SUPPORT)
    world.submit(NL)
    second = new_file(world, "3332", {first})
    assert refs(second) == {bsn: ref for bsn, ref in of.items() if bsn != bad}
    assert second[80:92] != first[80:92], "a new invoice number"
    assert world.tasks(NL, "take_out_bad_lines") == []
    world.answer(NL, Ha305(sent=second).bytes(), name="second")
    assert {bsn: world.claims(NL)[ref].decision for bsn, ref in of.items() if bsn != bad} == dict.fromkeys(
        set(of) - {bad}, "granted"
    )
    with world.reading(NL) as unit:
        (held,) = claims.find(unit, schema.claim.c.hold_code == "REFUSED_BY_CLEARING")
    assert held["ref"] == of[bad]
