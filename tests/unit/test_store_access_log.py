"""The access log: a chain per month, closed by a signed head when the next month begins (decision 26)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from hub.clock import MovableClock
from hub.security.keys import create_keys
from hub.store import access, migrate
from hub.store.unit import Store, Unit


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock(datetime(2026, 1, 30, 12, tzinfo=UTC))


@pytest.fixture
def store(tmp_path: Path, clock: MovableClock) -> Iterator[Store]:
    opened = Store(f"sqlite:///{tmp_path / 'x.db'}", create_keys(tmp_path / "keys"), clock)
    migrate.upgrade(opened.engine)
    opened.add_tenant("t", "T", "NL", "nl")
    yield opened
    opened.close()


def _look(unit: Unit, what: str) -> None:
    access.record(unit, actor="anna", role="support", action="view", object_=what)


def _two_months(store: Store, clock: MovableClock) -> None:
    with store.unit("t") as unit:
        _look(unit, "claim/1")
        _look(unit, "claim/2")
    clock.move_to(datetime(2026, 2, 2, 12, tzinfo=UTC))
    with store.unit("t") as unit:
        _look(unit, "claim/3")


def test_january_is_closed_when_february_begins(store: Store, clock: MovableClock) -> None:
    _two_months(store, clock)
    with store.reading("t") as unit:
        assert access.verify(unit) == {"2026-01": None, "2026-02": None}
        assert access.count(unit) == 3


@pytest.mark.parametrize(
    ("tamper", "position"),
    [
        ("UPDATE access_log SET object = 'claim/9' WHERE seq = 1 AND month = '2026-01'", 0),
        ("DELETE FROM access_log WHERE seq = 2 AND month = '2026-01'", 1),
        ("DELETE FROM access_log WHERE month = '2026-01'", 0),
        ("UPDATE access_head SET events = 1", 2),
    ],
)
def test_what_was_changed_or_taken_away_shows(store: Store, clock: MovableClock, tamper: str, position: int) -> None:
    """Whoever gets past the triggers still cannot make the chain and its signed head fit."""
    _two_months(store, clock)
    with store.engine.begin() as connection:
        for name in ("access_log_no_update", "access_log_no_delete", "access_head_no_update"):
            connection.execute(text(f"DROP TRIGGER {name}"))
        connection.execute(text(tamper))
    with store.reading("t") as unit:
        assert access.verify(unit)["2026-01"] == position
