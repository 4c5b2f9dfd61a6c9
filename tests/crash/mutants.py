"""A pytest plugin that takes one safety step of the send loop away: `-p tests.crash.mutants --without lock`.

Whatever step is gone, the suite must fail; `test_every_safety_step_is_needed` holds that.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from hub.model.exchange import ExchangeState
from hub.pipeline import attempts, outcomes, send
from hub.store import exchanges, locks
from hub.store.locks import Held


def _without_intent() -> None:
    """What is done outside is not written down before it is done."""
    effects = send._effects

    def blind(begun: Sequence[attempts.Attempt], still_mine: Callable[[], bool]) -> Any:
        for attempt in begun:
            with _STORES[-1].unit(attempt.tenant) as unit:
                exchanges.force(unit, attempt.row["id"], ExchangeState.PREPARED, text="", attempts=attempt.number)
        return effects(begun, still_mine)

    begin = send._begin_together

    def remembering(hub: Any, tenant: str, ids: Sequence[str]) -> Any:
        _STORES.append(hub.store)
        return begin(hub, tenant, ids)

    send._begin_together, send._effects = remembering, blind


VARIABLE = "KVITT_TEST_WITHOUT"
_STORES: list[Any] = []


def _without_lookup() -> None:
    """Whatever an earlier attempt came to, it is sent again."""
    attempts.make = attempts._deliver


def _without_lock() -> None:
    """Everybody thinks that it is alone."""

    @contextmanager
    def all_mine(_engine: object, _folder: object, names: Sequence[str]) -> Iterator[Held]:
        yield Held(frozenset(names))

    send.effect_locks = all_mine


def _without_look() -> None:
    """Whoever got a lock takes it for its own for ever."""
    locks._still = lambda _connection: True


def _without_rest() -> None:
    """A partner that has not got it is taken at its word, however short ago the last attempt ended."""
    make = attempts.make
    attempts.make = lambda attempt: make(replace(attempt, died=False))


def _without_fence() -> None:
    """Whoever comes late writes over what is newer."""
    record = outcomes.record

    def unfenced(unit: Any, attempt: attempts.Attempt, outcome: attempts.Outcome) -> None:
        row = exchanges.get(unit, attempt.row["id"])
        record(unit, replace(attempt, number=row["attempts"]), outcome)

    outcomes.record = send.record = unfenced


def _without_key() -> None:
    """What a message is called is its row's own id: made anew for the same claims, it is another one."""
    exchanges.key_of = lambda unit, row: f"{unit.tenant}:{row['id']}"


STEPS: dict[str, Callable[[], None]] = {
    "intent": _without_intent,
    "lookup": _without_lookup,
    "lock": _without_lock,
    "look": _without_look,
    "rest": _without_rest,
    "fence": _without_fence,
    "key": _without_key,
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Which step to take away."""
    parser.addoption("--without", choices=sorted(STEPS))


def pytest_configure(config: pytest.Config) -> None:
    """Take it away, in this process and in those it starts."""
    os.environ[VARIABLE] = config.getoption("--without")
    take_away()


def take_away() -> None:
    """Take away what the environment says; nothing otherwise."""
    step = os.environ.get(VARIABLE)
    if step:
        STEPS[step]()
