"""A list is judged and sealed before its transaction; whatever is stored meanwhile still decides what becomes of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date

import pytest

from hub.pipeline import portal
from hub.pipeline.intake import IntakeRequest, Judged, ahead, telling
from hub.store import claims, parties, subjects
from hub.store.unit import Unit
from tests.scenarios.world import NL, OTHER_PRACTICE, PRACTICE, World, nl_list, rows_of

LIST = nl_list()
SOMEBODY = "999911247"
"""On line 3 of the list."""
Meanwhile = Callable[[Callable[[], object]], None]


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Meanwhile:
    """Does something once, after the next list was judged and sealed and before its transaction begins."""

    def arrange(happens: Callable[[], object]) -> None:
        seal, left = ahead.seal, [happens]

        def between(unit: Unit, judged: Judged) -> object:
            ready = seal(unit, judged)
            if left:
                left.pop()()
            return ready

        monkeypatch.setattr(ahead, "seal", between)

    return arrange


@contextmanager
def judged_anew(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[object]]:
    """What was judged within the transaction after all."""
    found: list[object] = []
    judge = ahead.judge

    def seen(*given: object) -> Judged:
        found.append(given)
        return judge(*given)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(ahead, "judge", seen)
        yield found


def refs(world: World) -> list[str]:
    """What would be claimed now, by reference."""
    return sorted(ref for ref, view in world.claims(NL).items() if view.transport == "ready")


def people(world: World) -> list[str]:
    """The numbers of everybody who has a claim that stands, opened."""
    with world.reading(NL) as unit:
        rows = [row for row in claims.find(unit) if row["hold_code"] != "WITHDRAWN"]
        return sorted(claim.person.bsn for claim in claims.load(unit, rows))


def test_a_list_nobody_disturbs_is_judged_once_and_before_its_transaction(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with judged_anew(monkeypatch) as again:
        result = world.hand_in(LIST)
    assert (result.status, again) == ("accepted", [])
    assert len(refs(world)) == result.counts()["claims"] == 11


def test_the_same_bytes_handed_in_twice_at_once_are_one_declaration(world: World, meanwhile: Meanwhile) -> None:
    meanwhile(lambda: world.hand_in(LIST))
    late = world.hand_in(LIST)
    assert late.status == "already_received"
    assert len(world.declarations(NL)) == 1
    assert len(refs(world)) == 11


def test_a_person_another_practice_claimed_meanwhile_is_not_claimed_twice(
    world: World, meanwhile: Meanwhile, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = rows_of(LIST, 3).replace(PRACTICE.encode(), OTHER_PRACTICE.encode())
    meanwhile(lambda: world.hand_in(theirs, practice=OTHER_PRACTICE))
    with judged_anew(monkeypatch) as again:
        result = world.hand_in(rows_of(LIST, 3, 4, 5))
    assert len(again) == 1
    assert result.counts()["codes"]["CLAIMED_ELSEWHERE"] == 1
    assert people(world).count(SOMEBODY) == 1


def test_a_correction_of_what_was_sent_meanwhile_claims_nothing(world: World, meanwhile: Meanwhile) -> None:
    world.hand_in(rows_of(LIST, 2, 3, 4))
    meanwhile(lambda: world.submit(NL))
    late = world.hand_in(rows_of(LIST, 2, 3, 7))
    assert (late.status, late.code) == ("held", "ALREADY_SUBMITTED")
    assert refs(world) == []


def test_a_correction_that_came_meanwhile_is_the_one_that_is_replaced(world: World, meanwhile: Meanwhile) -> None:
    world.hand_in(rows_of(LIST, 2, 3, 4))
    meanwhile(lambda: world.hand_in(rows_of(LIST, 2, 3)))
    late = world.hand_in(rows_of(LIST, 2, 5))
    assert (late.status, late.facts["kept"], late.facts["withdrawn"]) == ("replaced", 1, 1)
    assert [row["state"] for row in world.declarations(NL)].count("current") == 1


def test_consent_withdrawn_meanwhile_counts(world: World, meanwhile: Meanwhile) -> None:
    def withdraw() -> None:
        with world.unit(NL) as unit:
            practice = parties.organisation(unit, PRACTICE)
            papers = parties.participations(unit, practice.id)["PMO"]
            parties.put_participation(unit, practice.id, replace(papers, consent_withdrawn=date(2023, 12, 1)))

    meanwhile(withdraw)
    late = world.hand_in(LIST)
    assert refs(world) == []
    assert "NO_CONSENT" in {late.code, *late.counts()["codes"]}


def test_somebody_erased_meanwhile_is_a_new_person_whose_claim_opens(world: World, meanwhile: Meanwhile) -> None:
    with world.unit(NL) as unit:
        (known,) = subjects.ensure(unit, "bsn", [SOMEBODY]).values()

    def erase() -> None:
        with world.unit(NL) as unit:
            subjects.erase(unit, known)

    meanwhile(erase)
    assert world.hand_in(rows_of(LIST, 3)).status == "accepted"
    assert people(world) == [SOMEBODY]


def test_somebody_stored_meanwhile_is_one_person(world: World, meanwhile: Meanwhile) -> None:
    known: list[str] = []

    def store() -> None:
        with world.unit(NL) as unit:
            known.extend(subjects.ensure(unit, "bsn", [SOMEBODY]).values())

    meanwhile(store)
    assert world.hand_in(rows_of(LIST, 3)).status == "accepted"
    with world.reading(NL) as unit:
        assert [row["subject_id"] for row in claims.find(unit)] == known


def test_a_rehearsal_waits_for_no_writer(world: World) -> None:
    request = IntakeRequest(
        programme="module-quarter", organisation=PRACTICE, module="PMO", period="2024Q1", name="l.csv"
    )
    found: list[portal.Rehearsal] = []
    with world.unit(NL):
        trying = threading.Thread(target=lambda: found.append(portal.rehearse(world.hub, NL, request, LIST)))
        trying.start()
        trying.join(20)
        assert not trying.is_alive()
    assert (found[0].status, found[0].ready) == ("ready", 11)
    assert world.declarations(NL) == []


def test_a_list_that_cannot_be_stored_leaves_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_given: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(telling, "tell", breaks)
        with pytest.raises(ZeroDivisionError):
            world.hand_in(LIST)
    counts = world.counts(NL)
    assert (counts["declaration"], counts["declaration_row"], counts["claim"], counts["subject"]) == (0, 0, 0, 0)
    assert world.hand_in(LIST).counts()["claims"] == 11
