"""A waiting row is filled in while COV answers slowly: whatever became of its list meanwhile decides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from hub.pipeline import completing
from hub.pipeline.cases import RefusedError
from hub.pipeline.intake import module_quarter
from hub.store import declarations, parties, subjects
from hub.store.privacy import claims_of
from tests.scenarios.world import NL, NO, PRACTICE, SPRING_2026, SUPPORT, World, nl_list, no_log, rows_of

SOMEBODY = "999937790"
"""On line 12, without an insurer."""
WITHOUT = "\n".join(line for line in nl_list().decode().splitlines() if SOMEBODY not in line).encode()


def _waiting(world: World) -> str:
    (result,) = [world.hand_in(nl_list())]
    with world.reading(NL) as unit:
        (row,) = [one for one in declarations.rows_of(unit, result.declaration_id) if one["line"] == 12]
    assert row["outcome"] == "hold"
    return str(row["id"])


def _claims(world: World) -> int:
    with world.reading(NL) as unit:
        subject = subjects.find(unit, "bsn", SOMEBODY)
        return 0 if subject is None else len(claims_of(unit, subject["id"]))


def _complete(world: World, row_id: str) -> completing.Completed:
    return completing.complete(world.hub, NL, row_id, {"uzovi": "3332"}, SUPPORT, ask_cov=True)


@pytest.fixture
def while_cov_answers(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Does something while COV is asked."""

    def arrange(happens: Callable[[], object]) -> None:
        ask = module_quarter.coverage_of

        def slowly(*given: Any) -> object:
            with monkeypatch.context() as once:
                once.setattr(module_quarter, "coverage_of", ask)
                happens()
            return ask(*given)

        monkeypatch.setattr(module_quarter, "coverage_of", slowly)

    return arrange


def test_a_row_whose_list_was_replaced_meanwhile_makes_no_claim(
    world: World, while_cov_answers: Callable[[Callable[[], object]], None]
) -> None:
    row_id = _waiting(world)
    while_cov_answers(lambda: world.hand_in(WITHOUT))
    with pytest.raises(RefusedError, match="no longer waiting"):
        _complete(world, row_id)
    assert _claims(world) == 0, "the practice's list in force has nobody of that number"


def test_consent_withdrawn_meanwhile_counts_for_a_row_too(
    world: World, while_cov_answers: Callable[[Callable[[], object]], None]
) -> None:
    def withdraw() -> None:
        with world.unit(NL) as unit:
            practice = parties.organisation(unit, PRACTICE)
            papers = parties.participations(unit, practice.id)["PMO"]
            parties.put_participation(unit, practice.id, replace(papers, consent_withdrawn=date(2023, 12, 1)))

    row_id = _waiting(world)
    while_cov_answers(withdraw)
    done = _complete(world, row_id)
    assert (done.outcome.code, _claims(world)) == ("NO_CONSENT", 0)


def test_a_row_nothing_happened_to_is_claimed_once(world: World) -> None:
    row_id = _waiting(world)
    assert _complete(world, row_id).outcome.outcome == "claim"
    assert _claims(world) == 1
    with pytest.raises(RefusedError):
        _complete(world, row_id)
    assert _claims(world) == 1


@pytest.mark.parametrize(
    ("own", "other", "code"),
    [("310000086", "310000027", "WRONG_CLINIC"), ("310000914", "310000922", "INSURER_MISMATCH")],
)
def test_what_the_log_itself_says_is_not_forgotten_when_a_row_is_completed(
    world: World, own: str, other: str, code: str
) -> None:
    world.at(SPRING_2026)
    header, first = rows_of(no_log(), 2).decode().splitlines()
    taken = world.log_in(f"{header}\n{first.replace(own, other)}\n".encode())
    assert [outcome.code for outcome in taken.outcomes] == [code]
    with world.reading(NO) as unit:
        (row,) = declarations.rows_of(unit, taken.declaration_id)
    done = completing.complete(world.hub, NO, row["id"], {"price": "891.00"}, SUPPORT)
    assert (done.outcome.code, done.ref) == (code, "")
    assert world.claims(NO) == {}
