"""What a list leaves counts from when it is stored, however long it was judged: nothing comes before what was read."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hub.pipeline.intake import Judged, ahead
from hub.store import keyset, money, schema
from hub.store.unit import Row, Unit
from tests.scenarios.world import NL, OTHER_PRACTICE, PRACTICE, World, nl_list, rows_of

LIST = nl_list()
OTHERS = rows_of(LIST, 3).replace(PRACTICE.encode(), OTHER_PRACTICE.encode())
MINUTE = timedelta(minutes=1)


def _claims(world: World, after: tuple[object, ...]) -> tuple[list[Row], tuple[object, ...]]:
    """What a program that keeps its place reads, and its next place."""
    with world.reading(NL) as unit:
        rows = keyset.claims(unit, after, 200)
    return rows, (rows[-1]["created_at"], rows[-1]["id"]) if rows else after


@pytest.fixture
def read_meanwhile(world: World, monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """While the list is sealed, which takes a minute, another practice's comes in and a program reads to the end."""
    seal, places = ahead.seal, list[tuple[object, ...]]()

    def between(unit: Unit, judged: Judged) -> object:
        ready = seal(unit, judged)
        if not places:
            places.append(())
            world.at(world.clock.now() + MINUTE)
            world.hand_in(OTHERS, practice=OTHER_PRACTICE)
            rows, places[0] = _claims(world, ())
            assert len(rows) == 1
            world.at(world.clock.now() + MINUTE)
        return ready

    monkeypatch.setattr(ahead, "seal", between)
    return places


def test_a_program_that_kept_its_place_finds_the_claims_of_a_list_that_took_long(
    world: World, read_meanwhile: list[tuple[object, ...]]
) -> None:
    result = world.hand_in(rows_of(LIST, 2, 4, 5))
    assert result.counts()["claims"] == 3
    rows, _ = _claims(world, read_meanwhile[0])
    assert len(rows) == 3
    assert {row["created_at"] for row in rows} == {result.received_at}


def test_its_money_and_its_persons_are_of_that_moment_too(
    world: World, read_meanwhile: list[tuple[object, ...]]
) -> None:
    result = world.hand_in(rows_of(LIST, 2, 4, 5))
    assert read_meanwhile
    with world.reading(NL) as unit:
        source = f"declaration:{result.declaration_id}"
        booked = {row.at for row in money.postings(unit) if row.source == source}
        known = {row["created_at"] for row in unit.rows(unit.mine(schema.subject))}
    assert booked == {result.received_at}
    assert known == {result.received_at, result.received_at - MINUTE}
