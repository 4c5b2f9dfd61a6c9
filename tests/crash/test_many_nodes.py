"""Many nodes on PostgreSQL with Celery and RabbitMQ: hints may be lost, doubled or purged; nothing else is."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.store import pauses
from scheduler import many_nodes
from tests.brokers import broker  # noqa: F401 -- a fixture
from tests.crash.nursery import Nursery
from tests.crash.remote import Remote
from tests.crash.setting import AT_ONCE, TENANT, Opened, counted, open_setting, prepare, setting
from tests.databases import Database

pytestmark = [
    pytest.mark.rabbitmq,
    pytest.mark.postgres,
    pytest.mark.parametrize("database", ["postgres"], indirect=True),
]


@pytest.fixture
def one(database: Database, tmp_path: Path) -> Iterator[Opened]:
    opened = open_setting(setting(tmp_path / "hub", database.url, retry=AT_ONCE))
    opened.hub.store.add_tenant(TENANT, "Crash (EXAMPLE)", "NL", "en")
    yield opened
    opened.close()


@pytest.fixture
def remote() -> Iterator[Remote]:
    with Remote() as server:
        yield server


def test_workers_send_what_is_announced_and_a_hint_about_nothing_does_nothing(
    one: Opened,
    remote: Remote,
    broker: str,  # noqa: F811
    nursery: Nursery,
    tmp_path: Path,
    database: Database,
) -> None:
    place = setting(tmp_path / "hub", database.url, retry=AT_ONCE)
    prepare(one, "deaf", counted(one, remote), [f"n{number}" for number in range(45)])  # more than two turns
    app = many_nodes.open_queue(broker)
    app.control.purge()
    many_nodes.hint(app, TENANT, "a place nobody knows")
    workers = [nursery.start("turns", setting=place.arguments, broker=broker) for _ in range(2)]
    stop = threading.Event()
    announcer = threading.Thread(target=many_nodes.announce, args=(one.hub, app, stop, 0.1))
    announcer.start()
    until = time.monotonic() + 60
    while remote.copies().total() < 45 and time.monotonic() < until:
        time.sleep(0.05)
    stop.set()
    announcer.join()
    for worker in workers:
        worker.kill()
    app.close()
    assert set(remote.copies().values()) == {1}
    assert len(remote.copies()) == 45


def test_a_turn_says_whether_more_is_left(one: Opened, remote: Remote, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scheduler.worker._TURN", 20)
    prepare(one, "deaf", counted(one, remote), [f"n{number}" for number in range(25)])
    (place,) = many_nodes.places_due(one.hub, TENANT)
    stop = threading.Event()
    assert many_nodes.turn(one.hub, TENANT, place.name, stop)
    assert remote.copies().total() == 20
    assert not many_nodes.turn(one.hub, TENANT, place.name, stop)
    assert not many_nodes.turn(one.hub, TENANT, place.name, stop)
    assert remote.copies().total() == 25


def test_what_is_paused_is_not_announced(one: Opened, remote: Remote) -> None:
    prepare(one, "deaf", counted(one, remote), ["a"])
    with one.hub.store.unit(TENANT) as unit:
        pauses.pause(unit, pauses.OUTBOUND, "", reason="restored", by="me")
    assert many_nodes.places_due(one.hub, TENANT) == []
