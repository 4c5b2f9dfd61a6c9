"""Somebody who was erased holds nobody else up: lists, logs and files go on, and nothing says who it was."""

from __future__ import annotations

from hub.model.money import Money
from hub.pipeline import intake, privacy, receivables, retention
from hub.pipeline.context import Actor
from hub.pipeline.intake import IntakeRequest
from hub.pipeline.privacy import whom
from hub.store import claims, declarations, schema, subjects
from hub.store.unit import Unit
from tests.scenarios.test_scenario_gds import hand_in as performances
from tests.scenarios.test_scenario_gds import performances as example_of_performances
from tests.scenarios.vektis_bytes import Ha305, Line, refs
from tests.scenarios.world import NL, NO, PRACTICE, SUPPORT, World, nl_list, no_log

OFFICER = Actor(name="olga", role="privacy_officer")
SECOND = Actor(name="piet", role="privacy_officer")
FINANCE = Actor(name="finn", role="finance")
BSN = "999931428"
LIST = nl_list()
ZPM = example_of_performances()


def _erase(world: World) -> str:
    """Gives the blind index that was theirs."""
    with world.reading(NL) as unit:
        blind = subjects.blind(unit, "bsn", BSN)
    asked = privacy.ask_erasure(world.hub, NL, whom(BSN), "request", OFFICER, despite="told by phone")
    privacy.erase(world.hub, NL, "NL", asked["number"], SECOND)
    return blind


def _states(world: World) -> list[str]:
    return sorted(view.transport for view in world.claims(NL).values())


def test_what_was_not_sent_of_somebody_erased_is_taken_back_and_the_others_go_out(world: World) -> None:
    world.hand_in(LIST)
    _erase(world)
    assert world.submit(NL)
    assert _states(world) == [*["sent"] * 10, "withdrawn"]
    (gone,) = [view for view in world.claims(NL).values() if view.transport == "withdrawn"]
    assert (gone.money.open.minor, gone.money.withdrawn.minor) == (0, gone.money.claimed.minor)


def test_one_that_was_erased_unsent_in_an_earlier_release_does_not_hold_up_the_others(world: World) -> None:
    world.hand_in(LIST)
    with world.unit(NL) as unit:
        subject = subjects.find(unit, "bsn", BSN)
        assert subject is not None
        retention.forget(unit, [subject["id"]])
    assert world.submit(NL)
    assert _states(world) == ["ready", *["sent"] * 10]
    assert world.submit(NL) == []


def test_a_list_without_its_erased_person_is_still_corrected(world: World) -> None:
    world.hand_in(LIST)
    _erase(world)
    without = b"\n".join(line for line in LIST.splitlines() if BSN.encode() not in line)
    done = world.hand_in(without)
    assert (done.status, done.facts["kept"], done.facts["new"], done.facts["withdrawn"]) == ("replaced", 10, 0, 0)


def test_nobody_is_asked_to_take_back_the_claim_of_somebody_erased(world: World) -> None:
    world.hand_in(LIST)
    world.submit(NL)
    _erase(world)
    request = IntakeRequest(
        programme="module-quarter", organisation=PRACTICE, module="PMO", period="2024Q1", name="l.csv", delta=True
    )
    without = b"\n".join(line for line in LIST.splitlines() if BSN.encode() not in line)
    done = intake.take(world.hub, NL, request, without, SUPPORT)
    assert (done.status, done.facts["added"], done.facts["removed"]) == ("replaced", 0, 0)
    assert world.tasks(NL, "vanished_from_list") == []


def _names(unit: Unit, blind: str) -> list[str]:
    return [row["business_key"] for row in unit.rows(unit.mine(schema.claim)) if blind in row["business_key"]]


def test_no_key_of_a_claim_says_who_was_erased(world: World) -> None:
    world.hand_in(LIST)
    world.submit(NL)
    with world.reading(NL) as unit:
        assert len(_names(unit, subjects.blind(unit, "bsn", BSN))) == 1
    blind = _erase(world)
    with world.reading(NL) as unit:
        assert _names(unit, blind) == []


def test_a_practice_hands_in_performances_beside_a_held_one_of_somebody_forgotten(world: World) -> None:
    first = performances(world, ZPM)
    held = {one.line for one in first.outcomes if one.outcome == "hold"}
    with world.unit(NL) as unit:
        listed = declarations.rows_of(unit, first.declaration_id)
        gone = next(row["subject_id"] for row in listed if row["line"] in held)
        retention.forget(unit, [gone])
    again = performances(world, ZPM + b"\n")
    assert again.status == "accepted"
    assert len(again.outcomes) == len(first.outcomes)


def test_a_clinic_goes_on_when_one_of_its_patients_was_forgotten(world: World) -> None:
    world.log_in(no_log())
    with world.unit(NO) as unit:
        row = claims.find(unit)[0]
        retention.forget(unit, [row["subject_id"]])
    again = world.log_in(no_log() + b"\n")
    assert (again.status, again.counts()["claims"]) == ("accepted", 0), "what was invoiced is not invoiced again"


def test_names_for_what_patients_owe_are_given_beside_one_who_was_erased(world: World) -> None:
    world.hand_in(LIST)
    world.submit(NL)
    sent = next(data for data in world.sent("menzis") if data[26:30] == b"3332")
    mine, other = refs(sent)[BSN], next(ref for bsn, ref in refs(sent).items() if bsn != BSN)
    lines = {bsn: Line(0, [("0403", "101")]) for bsn, ref in refs(sent).items() if ref in (mine, other)}
    world.answer(NL, Ha305(sent=sent, lines=lines).bytes())
    for ref in (mine, other):
        receivables.to_patient(world.hub, NL, ref, Money(100, "EUR"), "own risk", FINANCE)
    _erase(world)
    found = {one.ref: one.name for one in receivables.patient_parts(world.hub, NL, FINANCE, names=True, reason="bills")}
    assert found[mine] == ""
    assert found[other]
