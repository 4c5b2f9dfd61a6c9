"""What is still needed is not destroyed: what was told again, who came again in between, what a person still asks."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hub.pipeline import by_hand, privacy, questions, retention, task_work
from hub.pipeline.context import Actor, Hub
from hub.pipeline.imports import import_list
from hub.pipeline.list_requests import watch_requests
from hub.pipeline.privacy import whom
from hub.store import claims, reference, schema, subjects, tasks
from hub.store import privacy as rows
from hub.store.unit import Row, Unit
from tests.scenarios.bank_bytes import Paid, camt054
from tests.scenarios.test_scenario_payments_by_hand import debit
from tests.scenarios.world import NL, NO, START, World, nl_list, rows_of

OFFICER = Actor(name="olga", role="privacy_officer")
SECOND = Actor(name="piet", role="privacy_officer")
NIGHT = Actor(name="night", role="operator")
FINANCE = Actor(name="finn", role="finance")
SUPPORT = Actor(name="anna", role="support")
PRACTITIONER = Actor(name="bea", role="practice")
SOMEBODY, INSURED = "999911247", b"bsn;reference_date;uzovi;insured\n999911247;;3332;yes\n"
"""On line 3 of the list."""
FIRST_DAY = datetime(2032, 1, 1, 12, tzinfo=UTC)


def _told(world: World, day: datetime) -> None:
    """The insurer's list, the same every time."""
    world.at(day)
    with world.unit(NL) as unit:
        import_list(unit, "coverage", INSURED, "list.csv", country="NL", actor=SUPPORT, dry=False)


def _kept(world: World) -> list[str]:
    with world.reading(NL) as unit:
        return [row.body["bsn"] for row in reference.rows_of(unit, "coverage") if row.body["bsn"] == SOMEBODY]


def test_what_the_last_list_still_told_is_not_over_because_an_earlier_one_told_the_same(world: World) -> None:
    _told(world, START)
    _told(world, datetime(2026, 1, 10, 12, tzinfo=UTC))
    world.at(datetime(2026, 2, 1, 12, tzinfo=UTC))
    retention.apply(world.hub, NL, "NL", NIGHT)
    assert _kept(world) == [SOMEBODY]
    world.at(datetime(2028, 2, 1, 12, tzinfo=UTC))
    retention.apply(world.hub, NL, "NL", NIGHT)
    assert _kept(world) == []


def test_somebody_whose_claim_came_while_the_night_worked_is_not_forgotten(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world.unit(NL) as unit:
        (known,) = subjects.ensure(unit, "bsn", [SOMEBODY]).values()
    world.at(FIRST_DAY)
    due = retention.due

    def then_a_list_comes(hub: Hub, unit: Unit, country: str) -> list[retention.Due]:
        found = due(hub, unit, country)
        assert [each.ids for each in found if each.kind == "person"] == [(known,)]
        assert world.hand_in(rows_of(nl_list(), 3)).counts()["claims"] == 1
        return found

    with monkeypatch.context() as patch:
        patch.setattr(retention, "due", then_a_list_comes)
        done = retention.apply(world.hub, NL, "NL", NIGHT)
    assert [each.count for each in done if each.kind == "person"] == [0]
    with world.reading(NL) as unit:
        (claim,) = claims.load(unit, claims.find(unit))
        assert [row for row in rows.disposals(unit) if row["kind"] == "person"] == []
    assert claim.person.bsn == SOMEBODY


def _asked(world: World) -> Row:
    """A claim of somebody about whom support asked and the practice answered, with the case of the answer."""
    with world.unit(NL) as unit:
        subject = subjects.find(unit, "bsn", SOMEBODY)
        assert subject is not None
        claim = rows.claims_of(unit, subject["id"])[0]
        question = questions.ask_about_claim(world.hub, unit, claim["ref"], "which day?", SUPPORT)
        questions.answer(unit, question, "the first", PRACTITIONER)
    return claim


def test_erasing_a_person_ends_the_case_of_an_answer_that_went_with_them(world: World) -> None:
    world.hand_in(rows_of(nl_list(), 3))
    _asked(world)
    (waits,) = world.tasks(NL, "question_answered")
    with world.reading(NL) as unit:
        assert task_work.obstacle(unit, waits) == task_work.ELSEWHERE, "while there is a question it ends there"
    asked = privacy.ask_erasure(world.hub, NL, whom(SOMEBODY), "request", OFFICER, despite="told by phone")
    privacy.erase(world.hub, NL, "NL", asked["number"], SECOND)
    assert world.tasks(NL, "question_answered") == []


def test_the_case_of_an_answer_that_is_gone_can_be_closed_by_hand(world: World) -> None:
    world.hand_in(rows_of(nl_list(), 3))
    _asked(world)
    (waits,) = world.tasks(NL, "question_answered")
    with world.unit(NL) as unit:
        unit.connection.execute(schema.question.delete())  # as forgetting a person left it in an earlier release
        task_work.close(unit, waits["id"], "its person was forgotten", SUPPORT)
    assert world.tasks(NL, "question_answered") == []


def test_an_answer_nobody_has_read_is_not_over(world: World) -> None:
    world.hand_in(rows_of(nl_list(), 3))
    _asked(world)
    world.at(datetime(2026, 2, 1, 12, tzinfo=UTC))
    retention.apply(world.hub, NL, "NL", NIGHT)
    (waits,) = world.tasks(NL, "question_answered")
    with world.unit(NL) as unit:
        questions.close(unit, waits["evidence"]["question"], SUPPORT)
    world.at(datetime(2028, 3, 1, 12, tzinfo=UTC))
    retention.apply(world.hub, NL, "NL", NIGHT)
    with world.reading(NL) as unit:
        assert unit.rows(unit.mine(schema.question)) == []


def _payers(world: World) -> dict[int, str]:
    return {row["amount_minor"]: row["payer_account"] for row in world.payments(NO)}


def test_to_whom_money_is_to_go_back_is_known_until_it_went(world: World) -> None:
    payer = "15030000002"
    world.bank(NO, "in.xml", camt054(Paid(amount="50.00", text="takk", account=payer, booked="2024-01-16")))
    (payment,) = world.payments(NO)
    by_hand.give_back(world.hub, NO, payment["id"], FINANCE, reason="of nobody here")
    assert world.tasks(NO, "payment_return")
    world.at(datetime(2030, 1, 2, 12, tzinfo=UTC))
    retention.apply(world.hub, NO, "NO", NIGHT)
    assert _payers(world) == {5000: payer}
    out = Paid(amount="50.00", account=payer, booked="2030-01-03")
    world.bank(NO, "out.xml", debit(camt054(out, message="OUT")))
    assert world.tasks(NO) == []
    retention.apply(world.hub, NO, "NO", NIGHT)
    assert _payers(world) == {5000: "", -5000: payer}


def _reminders(world: World) -> list[str]:
    with world.reading(NL) as unit:
        return [row["key"] for row in tasks.notifications(unit) if row["key"].startswith("expected:")]


def test_a_practice_is_not_reminded_again_once_the_proof_of_its_reminder_is_over(world: World) -> None:
    world.at(datetime(2024, 5, 2, 12, tzinfo=UTC))
    assert watch_requests(world.hub, NL)
    sent = _reminders(world)
    assert sent
    with world.unit(NL) as unit:
        unit.connection.execute(schema.notification.update().values(state="sent", sent_at=unit.now))
    world.at(datetime(2026, 6, 1, 12, tzinfo=UTC))
    retention.apply(world.hub, NL, "NL", NIGHT)
    assert _reminders(world) == []
    missing = {each.key for each in watch_requests(world.hub, NL)}
    assert set(sent) <= missing, "what never came is still missing"
    assert not set(sent) & set(_reminders(world))
