"""The sending threads: a pile is worked off in one go, in turns, and nobody spins where somebody else is at it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from hub.cli.boot import assemble
from hub.clock import SystemClock
from hub.model.exchange import Message
from hub.model.partner import Agreement
from hub.pipeline.context import Hub
from hub.pipeline.send import Place, places_due
from hub.security.keys import create_keys
from hub.settings import default_settings
from hub.store import exchanges, parties, pauses
from hub.store.exchanges import NewExchange
from hub.store.locks import effect_locks
from hub.store.unit import Store
from scheduler import worker
from tests.databases import Database

TENANT = "pile-nl"
PILE = 23


@pytest.fixture
def hub(database: Database, tmp_path: Path) -> Iterator[Hub]:
    """A hub with two folders to deliver to and a pile of messages for the first."""
    settings = default_settings(tmp_path)
    made = assemble(settings, Store(database.url, create_keys(settings.keys), SystemClock()), SystemClock())
    made.store.add_tenant(TENANT, "Pile (EXAMPLE)", "NL", "en")
    for partner, count in (("menzis", PILE), ("vgz", 1)):
        (tmp_path / partner).mkdir()
        with made.store.unit(TENANT) as unit:
            agreement = Agreement(
                id="",
                tenant=TENANT,
                partner=partner,
                valid_from=date(2020, 1, 1),
                channel="folder",
                settings={"outbox": str(tmp_path / partner)},
            )
            agreement_id = parties.put_agreement(unit, agreement)
            exchanges.add_all(unit, [_new(partner, agreement_id, number) for number in range(count)])
    yield made
    made.store.close()


def _new(partner: str, agreement_id: str, number: int) -> NewExchange:
    key = f"{partner}:{number:03d}"
    message = Message(key=key, kind="test", name=f"{number}.txt", payload=key.encode())
    return NewExchange(
        partner=partner,
        agreement_id=agreement_id,
        channel="folder",
        message=message,
        invoice_number=str(number),
        sha256="",
        stage="sandbox",
    )


def _files(hub: Hub, partner: str = "menzis") -> int:
    return len(list((hub.home / partner).iterdir()))


def _serve(hub: Hub, stop: threading.Event, idle_s: float) -> threading.Thread:
    thread = threading.Thread(target=worker.serve, args=(hub, stop, 2, idle_s))
    thread.start()
    return thread


def _until(holds: Callable[[], bool], seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while not holds() and time.monotonic() < until:
        time.sleep(0.02)


def test_a_pile_is_worked_off_without_waiting_for_the_next_look(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Turns of five, lists of ten: what is left, and what a look left out, goes on at once."""
    monkeypatch.setattr(worker, "_TURN", 5)
    monkeypatch.setattr(worker, "MOST", 10)
    stop = threading.Event()
    thread = _serve(hub, stop, idle_s=3600)
    _until(lambda: _files(hub) == PILE and _files(hub, "vgz") == 1)
    stop.set()
    monkeypatch.undo()
    # The loop itself waits for its next look; being told to stop ends that.
    thread.join(10)
    assert not thread.is_alive()
    assert (_files(hub), _files(hub, "vgz")) == (PILE, 1)
    assert places_due(hub, TENANT) == []


def test_where_another_process_is_at_everything_nobody_spins(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    turns: list[str] = []
    take = worker.take_turn

    def counted(one: Hub, tenant: str, place: Place, stop: threading.Event) -> list[str]:
        turns.append(place.name)
        return take(one, tenant, place, stop)

    monkeypatch.setattr(worker, "take_turn", counted)
    ids = [each for place in places_due(hub, TENANT) for each in place.ids]
    stop = threading.Event()
    with effect_locks(hub.store.engine, hub.home / "locks", ids):
        thread = _serve(hub, stop, idle_s=0.3)
        time.sleep(1.0)
        stop.set()
        thread.join(10)
    assert _files(hub) == 0
    assert len(turns) <= 2 * 5, "one turn a look at each of two places"


def test_a_look_at_the_first_few_never_hides_the_rest_behind_what_is_paused(hub: Hub) -> None:
    assert [len(place.ids) for place in places_due(hub, TENANT, 4)] == [4, 1]
    until = datetime(2999, 1, 1, tzinfo=UTC)
    with hub.store.unit(TENANT) as unit:
        for number in range(6):
            pauses.pause(unit, pauses.BATCH, f"menzis:{number:03d}", reason="test", by="test", until=until)
    (pile,) = [place for place in places_due(hub, TENANT, 4) if len(place.ids) > 1]
    assert len(pile.ids) == PILE - 6


def test_what_a_turn_left_goes_on_in_its_order() -> None:
    place = Place(name="p", ids=("a", "b", "c"), trial=True)
    assert worker.rest(place, ["a"]) == Place(name="p", ids=("b", "c"))
    assert worker.rest(place, ["a", "b", "c"]) is None
