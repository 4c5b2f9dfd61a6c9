"""The journal goes to bookkeeping row by row once; what is owed is listed by payer and age, and what patients owe."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hub.errors import ConfigurationError
from hub.model.money import Money
from hub.pipeline import bookkeeping, receivables
from hub.store import access, money
from hub.store import bookkeeping as stored
from tests.scenarios.bank_bytes import Paid, camt054
from tests.scenarios.vektis_bytes import Ha305, Line
from tests.scenarios.world import NL, NO, PRACTICE, SPRING_2026, SUPPORT, World, nl_list, no_log


@pytest.fixture
def answered(world: World) -> World:
    """Menzis answered five lines: one refused, one granted in part."""
    world.hand_in(nl_list())
    world.submit(NL)
    (batch,) = [data for data in world.sent("menzis") if data[26:30] == b"3332"]
    lines = {"999931428": Line(0, [("0403", "101")]), "999932743": Line(55)}
    world.answer(NL, Ha305(sent=batch, lines=lines).bytes(), name="grant")
    return world


def test_each_journal_row_is_exported_once_and_an_export_is_the_same_for_ever(answered: World) -> None:
    first = bookkeeping.export(answered.hub, NL, "2024-01", SUPPORT)
    assert first is not None
    assert bookkeeping.export(answered.hub, NL, "2024Q1", SUPPORT) is None, "nothing that was not exported before"
    answered.at(datetime(2024, 2, 3, 8, tzinfo=UTC))
    (ref,) = [view.ref for view in answered.claims(NL).values() if view.decision == "changed"]
    receivables.to_patient(answered.hub, NL, ref, Money(50, "EUR"), "deductible", SUPPORT)
    second = bookkeeping.export(answered.hub, NL, "2024Q1", SUPPORT)
    assert second is not None
    assert (first.row["number"], second.row["number"]) == (1, 2)
    with answered.reading(NL) as unit:
        rows = money.postings(unit)
        assert stored.exported(unit) == {row.id for row in rows}
    assert first.row["count"] + second.row["count"] == len(rows)
    assert first.row["totals"]["EUR"] + second.row["totals"]["EUR"] == sum(row.amount.minor for row in rows)
    assert bookkeeping.again(answered.hub, NL, 1, SUPPORT).content == first.content
    with pytest.raises(ConfigurationError, match="no export 3"):
        bookkeeping.again(answered.hub, NL, 3, SUPPORT)


def test_what_payers_owe_by_age(answered: World) -> None:
    def ages() -> tuple[int, ...]:
        (one,) = receivables.overdue(answered.hub, NL)
        assert (one.payer, one.currency, one.total) == ("menzis", "EUR", 370)
        return one.amounts

    assert ages() == (370, 0, 0, 0, 0)
    for day, place in ((datetime(2024, 2, 15, tzinfo=UTC), 1), (datetime(2024, 3, 17, tzinfo=UTC), 2)):
        answered.at(day)
        assert ages()[place] == 370
    answered.at(datetime(2024, 4, 20, tzinfo=UTC))
    assert ages()[3] == 370
    answered.at(datetime(2024, 6, 20, tzinfo=UTC))
    assert ages()[4] == 370
    (one,) = receivables.overdue(answered.hub, NL, term=365)
    assert (one.overdue, one.oldest) == (0, None)


def test_an_invoice_is_due_on_its_own_day_also_before_anybody_decided(world: World) -> None:
    world.at(SPRING_2026)
    world.log_in(no_log())
    world.submit(NO)
    before = receivables.overdue(world.hub, NO)
    assert sum(one.overdue for one in before) == 0
    first = world.case("6TST2")
    kid = next(row["kid"] for row in claim_rows(world) if row["ref"] == first.ref)
    world.bank(NO, "half.xml", camt054(Paid(amount="1.00", kid=kid, booked="2026-04-20")))
    world.at(datetime(2026, 6, 1, tzinfo=UTC))
    after = receivables.overdue(world.hub, NO)
    assert sum(one.overdue for one in after) == sum(one.total for one in before) - 100
    assert all(one.oldest is not None for one in after)


def claim_rows(world: World) -> list[dict]:
    from hub.store import claims

    with world.reading(NO) as unit:
        return claims.find(unit)


def test_the_patients_part_is_listed_without_a_name_unless_asked_with_a_reason(answered: World) -> None:
    (ref,) = [view.ref for view in answered.claims(NL).values() if view.decision == "changed"]
    receivables.to_patient(answered.hub, NL, ref, Money(30, "EUR"), "deductible", SUPPORT)
    (part,) = receivables.patient_parts(answered.hub, NL, SUPPORT, practice=PRACTICE)
    assert (part.ref, part.amount, part.name) == (ref, Money(30, "EUR"), "")
    with pytest.raises(ConfigurationError, match="for a reason"):
        receivables.patient_parts(answered.hub, NL, SUPPORT, names=True)
    receivables.patient_parts(answered.hub, NL, SUPPORT, names=True, reason="bill the patient")
    with answered.reading(NL) as unit:
        seen = [event for event in access.events(unit) if event["object"].endswith("bill the patient")]
    assert [(event["action"], bool(event["subject"])) for event in seen] == [("view", True)]
    view = answered.claims(NL)[ref]
    assert (view.money.granted.minor, view.money.patient.minor, view.money.refused.minor) == (55, 30, 20)


def test_an_undecided_line_is_the_patients_as_a_whole_or_not_at_all(answered: World) -> None:
    view = next(view for view in answered.claims(NL).values() if view.decision == "open")
    with pytest.raises(ConfigurationError, match="not decided"):
        receivables.to_patient(answered.hub, NL, view.ref, Money(1, "EUR"), "not insured for this", SUPPORT)
    asked = view.money.claimed
    receivables.to_patient(answered.hub, NL, view.ref, asked, "not insured for this", SUPPORT)
    now = answered.claims(NL)[view.ref]
    assert (now.decision, now.money.patient, now.money.open.minor) == ("refused", asked, 0)
