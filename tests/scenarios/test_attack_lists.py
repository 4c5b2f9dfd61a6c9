"""Lists corrected again and again, taken back, refused and mended, and people on two practices' lists."""

from __future__ import annotations

from dataclasses import replace

from hub.pipeline import release
from hub.store import parties
from tests.scenarios.world import NL, OTHER_PRACTICE, PRACTICE, SUPPORT, World, nl_list, rows_of

LIST = nl_list()


def ready(world: World) -> list[str]:
    """What would be claimed now."""
    return sorted(ref for ref, view in world.claims(NL).items() if view.transport == "ready")


def test_a_second_correction_takes_back_what_the_first_list_claimed(world: World) -> None:
    world.hand_in(rows_of(LIST, 2, 3, 4))
    world.hand_in(rows_of(LIST, 2, 3, 4, 5))
    third = world.hand_in(rows_of(LIST, 5, 7))
    assert third.facts["kept"] == 1
    assert third.facts["withdrawn"] == 3
    assert len(ready(world)) == third.counts()["claims"]


def test_claims_a_correction_kept_still_count_as_submitted(world: World) -> None:
    world.hand_in(rows_of(LIST, 2, 3, 4))
    world.hand_in(rows_of(LIST, 2, 3))
    world.submit(NL)
    later = world.hand_in(rows_of(LIST, 2, 7))
    assert (later.status, later.code) == ("held", "ALREADY_SUBMITTED")
    assert (later.facts["added"], later.facts["removed"]) == (1, 1)
    assert ready(world) == [], "nothing of it is claimed before a person has decided"


def test_going_back_to_the_first_version_is_a_correction_too(world: World) -> None:
    first, second = rows_of(LIST, 2, 3), rows_of(LIST, 4)
    world.hand_in(first)
    world.hand_in(second)
    back = world.hand_in(first)
    assert back.status == "replaced"
    assert len(ready(world)) == 2
    assert world.hand_in(first).status == "already_received"


def test_a_list_refused_for_a_missing_paper_is_taken_once_the_paper_is_there(world: World) -> None:
    with world.unit(NL) as unit:
        practice = parties.organisation(unit, PRACTICE)
        papers = parties.participations(unit, practice.id)["PMO"]
        parties.put_participation(unit, practice.id, replace(papers, agreement_date=None))
    assert world.hand_in(LIST).status == "refused"
    assert world.hand_in(LIST).status == "already_received"
    assert world.counts(NL)["declaration"] == 1
    with world.unit(NL) as unit:
        parties.put_participation(unit, practice.id, papers)
    assert world.hand_in(LIST).status == "accepted"
    assert ready(world)


def test_a_list_that_suddenly_is_much_shorter_says_so(world: World) -> None:
    assert world.hand_in(LIST).findings == ()
    torn = world.hand_in(rows_of(LIST, 2, 3))
    assert [finding.code for finding in torn.findings] == ["WARN_ROWS_CHANGED"]
    assert torn.counts()["findings"][0]["code"] == "WARN_ROWS_CHANGED"
    assert torn.facts["withdrawn"] == 9


def test_a_person_on_two_lists_is_claimed_by_neither_and_both_are_told(world: World) -> None:
    """S34: neither practice learns the other's name."""
    world.hand_in(rows_of(LIST, 2, 3))
    other = world.hand_in(rows_of(LIST, 2).replace(PRACTICE.encode(), OTHER_PRACTICE.encode()), practice=OTHER_PRACTICE)
    assert other.counts()["codes"] == {"CLAIMED_ELSEWHERE": 1}
    (task,) = world.tasks(NL, "held")
    said = " ".join([*task["text"].values(), *task["action"].values()])
    assert PRACTICE not in said
    assert OTHER_PRACTICE not in said
    assert len(ready(world)) == 1

    release.release(world.hub, NL, task["claim_ref"], SUPPORT)
    assert task["claim_ref"] in ready(world)
    assert world.tasks(NL, "held") == []


def test_a_person_who_was_claimed_already_holds_only_the_second_row(world: World) -> None:
    world.hand_in(rows_of(LIST, 2))
    world.submit(NL)
    other = world.hand_in(rows_of(LIST, 2).replace(PRACTICE.encode(), OTHER_PRACTICE.encode()), practice=OTHER_PRACTICE)
    assert other.counts()["held"] == 1
    assert {view.hold for view in world.claims(NL).values()} == {""}
