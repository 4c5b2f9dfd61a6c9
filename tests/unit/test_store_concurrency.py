"""Several at once on one database: numbers without gaps or doubles, nobody's work lost to a neighbour's."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.clock import MovableClock
from hub.errors import TransientError
from hub.model.exchange import Collected
from hub.security.keys import create_keys
from hub.store import access, blobs, engine, inbounds, series, subjects
from hub.store.locks import effect_lock
from hub.store.unit import Store, Unit
from tests.databases import Database

TENANT = "tenant-a"
AT_ONCE = 6


@pytest.fixture
def store(database: Database, tmp_path: Path) -> Iterator[Store]:
    made = Store(database.url, create_keys(tmp_path / "keys"), MovableClock(datetime(2024, 1, 15, 8, tzinfo=UTC)))
    made.add_tenant(TENANT, TENANT, "NL", "nl")
    yield made
    made.close()


def together(store: Store, work: Callable[[Unit, int], object]) -> list[object]:
    """The same work in several transactions that begin at one moment."""
    gate = threading.Barrier(AT_ONCE)

    def one(number: int) -> object:
        gate.wait()
        with store.unit(TENANT) as unit:
            return work(unit, number)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(one, range(AT_ONCE)))


def test_a_new_series_gives_every_taker_its_own_numbers(store: Store) -> None:
    taken = together(store, lambda unit, _number: series.take_many(unit, "invoice:1", 3, first=10001))
    assert sorted(taken, key=str) == [10001 + 3 * each for each in range(AT_ONCE)]


def test_a_number_is_given_back_when_its_transaction_fails(store: Store) -> None:
    with store.unit(TENANT) as unit:
        assert series.take(unit, "invoice:1", first=10001) == 10001
    with pytest.raises(ZeroDivisionError), store.unit(TENANT) as unit:
        1 // (series.take(unit, "invoice:1", first=10001) - 10002)  # the second number is taken, then it goes wrong
    with store.unit(TENANT) as unit:
        assert series.take(unit, "invoice:1", first=10001) == 10002


def test_the_access_log_stays_one_chain(store: Store) -> None:
    def work(unit: Unit, number: int) -> None:
        for _ in range(3):
            access.record(unit, actor=f"user-{number}", role="support", action="view", object_="claim/R1")

    together(store, work)
    with store.reading(TENANT) as unit:
        assert access.count(unit) == 3 * AT_ONCE
        assert access.verify(unit) == {"2024-01": None}


def test_the_same_person_and_the_same_bytes_become_one(store: Store) -> None:
    people = together(store, lambda unit, _number: tuple(subjects.ensure(unit, "bsn", ["999903883"]).values()))
    assert len(set(people)) == 1
    addresses = together(store, lambda unit, _number: blobs.put(unit, b"the same bytes"))
    assert len(set(addresses)) == 1


def test_one_answer_collected_twice_at_once_is_stored_as_one_and_its_copy(store: Store) -> None:
    def work(unit: Unit, number: int) -> str:
        item = Collected(remote_id=f"r{number}", name="a.txt", payload=b"answer")
        return str(inbounds.store(unit, "hand", item)["state"])

    states = together(store, work)
    assert sorted(map(str, states)) == [inbounds.DUPLICATE] * (AT_ONCE - 1) + [inbounds.STORED]


def test_an_effect_happens_under_one_lock_at_a_time(store: Store, tmp_path: Path) -> None:
    with effect_lock(store.engine, tmp_path, "exchange-1") as mine:
        assert mine
        with effect_lock(store.engine, tmp_path, "exchange-1") as second:
            assert not second
        with effect_lock(store.engine, tmp_path, "exchange-2") as other:
            assert other
    with effect_lock(store.engine, tmp_path, "exchange-1") as again:
        assert again


def test_a_reader_sees_one_moment_and_blocks_no_writer(store: Store) -> None:
    with store.reading(TENANT) as reader:
        before = access.count(reader)
        with store.unit(TENANT) as writer:
            access.record(writer, actor="ann", role="support", action="view", object_="claim/R1")
        assert access.count(reader) == before
    with store.reading(TENANT) as reader:
        assert access.count(reader) == before + 1


def test_two_tenants_never_wait_for_each_other_on_postgresql(store: Store) -> None:
    if store.engine.dialect.name != "postgresql":
        return  # SQLite has one writer for the whole file
    store.add_tenant("tenant-b", "b", "NL", "nl")
    with store.unit(TENANT) as one, store.unit("tenant-b") as other:
        assert series.take(one, "x", first=1) == series.take(other, "x", first=1) == 1


def test_who_waits_too_long_is_told_to_try_again(
    store: Store, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_PATIENCE_MS", 50)
    impatient = Store(database.url, store.keys, MovableClock(datetime(2024, 1, 15, 8, tzinfo=UTC)))
    try:
        with store.unit(TENANT) as busy:
            series.take(busy, "x", first=1)
            with pytest.raises(TransientError, match="the database does not answer"), impatient.unit(TENANT):
                pytest.fail("two writers at once")
        with impatient.unit(TENANT) as unit:
            assert series.take(unit, "x", first=1) == 2
    finally:
        impatient.close()
