"""Real processes: frozen, killed inside the partner, and started at the same moment."""

from __future__ import annotations

import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from hub.paths import examples
from hub.pipeline import intake
from hub.pipeline.context import Actor
from hub.pipeline.intake import IntakeRequest
from hub.sandbox import example
from hub.store import claims, declarations, exchanges
from tests.crash.nursery import Nursery
from tests.crash.remote import Remote
from tests.crash.setting import HOUR, MORNING, Opened, Setting, counted, open_setting, prepare, setting
from tests.databases import Database

NL = example.NL_TENANT
PRACTICE = "01099901"
SUPPORT = Actor(name="crash", role="support")


@pytest.fixture
def place(database: Database, tmp_path: Path) -> Setting:
    """Where the hub lies, in January 2024."""
    return setting(tmp_path / "hub", database.url, now=MORNING)


@pytest.fixture
def one(place: Setting) -> Iterator[Opened]:
    """The hub as this process sees it."""
    opened = open_setting(place)
    yield opened
    opened.close()


@pytest.fixture
def remote() -> Iterator[Remote]:
    """A partner that takes everything, as often as it is sent."""
    with Remote() as server:
        yield server


# --- frozen -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("partner", ["deaf", "askable"])
def test_a_frozen_sender_that_wakes_up_has_not_been_overtaken(
    database: Database, place: Setting, one: Opened, remote: Remote, nursery: Nursery, partner: str
) -> None:
    """A lease would be over: only a lock that its holder keeps while it sends keeps the second one away.

    The server is told to end sessions that lie idle inside a transaction, as careful operators do.
    """
    if database.kind == "postgres":
        with database.engine(owner=True).connect() as connection:
            name = connection.engine.url.database
            connection.execute(text(f"ALTER DATABASE {name} SET idle_in_transaction_session_timeout = '2s'"))
            connection.commit()
        connection.engine.dispose()
    (first,) = prepare(one, partner, counted(one, remote, partner), ["a"])
    inside, go_on = threading.Event(), threading.Event()

    def thinks(_key: str) -> None:
        inside.set()
        go_on.wait(30)

    remote.on_deliver = thinks  # type: ignore[assignment]
    sleeper = nursery.start("send_once", setting=place.arguments)
    assert inside.wait(30)
    sleeper.signal(signal.SIGSTOP)
    threading.Event().wait(3)
    for _ in range(2):
        assert nursery.run("send_once", setting=place.arguments) == {first: "sending"}
    sleeper.signal(signal.SIGCONT)
    go_on.set()
    assert sleeper.result() == {first: "sent"}
    assert nursery.run("send_once", setting=place.arguments) == {}
    assert remote.reached() == ["begun", "stored"]


def test_the_lock_of_a_killed_sender_is_free_at_once(
    place: Setting, one: Opened, remote: Remote, nursery: Nursery
) -> None:
    (first,) = prepare(one, "askable", counted(one, remote, "askable"), ["a"])
    remote.poison = lambda _key: True
    nursery.start("send_once", setting=place.arguments).wait_gone()
    remote.poison = lambda _key: False
    assert nursery.run("send_once", setting=place.arguments) == {first: "sending"}
    rested = place.at(MORNING + timedelta(seconds=HOUR.delay_s))
    assert nursery.run("send_once", setting=rested.arguments) == {first: "sent"}
    assert remote.reached() == ["begun", "none", "none", "begun", "stored"]


def test_what_a_killed_sender_left_at_a_slow_partner_is_not_sent_a_second_time(
    place: Setting, one: Opened, remote: Remote, nursery: Nursery
) -> None:
    """Asked at once, a partner that is still at it says that it has not got it; it had time when it is asked again."""
    (first,) = prepare(one, "askable", counted(one, remote, "askable"), ["a"])
    inside, go_on = threading.Event(), threading.Event()

    def thinks(_key: str) -> None:
        inside.set()
        go_on.wait(30)

    remote.on_deliver = thinks  # type: ignore[assignment]
    sender = nursery.start("send_once", setting=place.arguments)
    assert inside.wait(30)
    sender.kill()
    assert nursery.run("send_once", setting=place.arguments) == {first: "sending"}
    go_on.set()
    _wait_until(lambda: remote.reached().count("stored") == 1)
    rested = place.at(MORNING + timedelta(seconds=HOUR.delay_s))
    assert nursery.run("send_once", setting=rested.arguments) == {first: "sent"}
    assert remote.reached() == ["begun", "none", "stored", "asked"]


def _wait_until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not holds() and time.monotonic() < until:
        time.sleep(0.01)
    assert holds()


# --- poison -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("partner", "deliveries"), [("askable", (HOUR.attempts + 1) // 2), ("deaf", 1)])
def test_a_message_that_kills_its_sender_is_not_sent_for_ever(
    place: Setting, one: Opened, remote: Remote, nursery: Nursery, partner: str, deliveries: int
) -> None:
    """Counted when an attempt begins (every second one only asks); the neighbours behind it get through."""
    agreement = counted(one, remote, partner)
    poison, good = prepare(one, partner, agreement, ["poison", "good"])
    remote.poison = lambda key: key.endswith(":poison")
    for hours in range(HOUR.attempts + 3):
        later = place.at(MORNING + timedelta(hours=hours))
        nursery.start("send_once", setting=later.arguments).wait_gone()
    seen = remote.reached(f"crash-nl:{partner}:poison")
    assert seen.count("begun") == deliveries
    assert one.row(good)["state"] == "sent"
    assert one.row(poison)["state"] == "in_doubt"
    assert [task["exchange_id"] for task in one.tasks()] == [poison]


# --- at the same moment -------------------------------------------------------------------------------------------


def _example(one: Opened) -> None:
    example.load_example(one.hub.store, one.hub.home, examples())


def _hand_in(one: Opened) -> None:
    request = IntakeRequest(
        programme="module-quarter", organisation=PRACTICE, module="PMO", period="2024Q1", name="list.csv"
    )
    intake.take(one.hub, NL, request, (examples() / "nl" / "nl_ion_export_2024Q1.csv").read_bytes(), SUPPORT)


def test_three_processes_that_submit_at_once_make_one_file_per_payer(
    place: Setting, one: Opened, nursery: Nursery, tmp_path: Path
) -> None:
    _example(one)
    _hand_in(one)
    start = tmp_path / "start"
    workers = [nursery.start("submit_once", setting=place.arguments, tenant=NL, start=str(start)) for _ in range(3)]
    threading.Event().wait(0.5)
    start.touch()
    for worker in workers:
        worker.result()
    with one.hub.store.reading(NL) as unit:
        made = exchanges.find(unit)
        every = claims.find(unit)
        groups = Counter(exchange["business_key"].rpartition(":")[0] for exchange in made)
    ready = [claim for claim in every if not claim["hold_code"]]
    assert ready
    assert all(claim["exchange_id"] for claim in ready)
    assert set(groups.values()) == {1}
    assert {claim["exchange_id"] for claim in ready} == {exchange["id"] for exchange in made}
    assert {exchange["state"] for exchange in made} == {"sent"}
    delivered = sum(
        len(list((one.hub.home / "outbox" / name).iterdir())) for name in ("menzis", "vgz", "cz", "zilveren-kruis")
    )
    assert delivered == len(made)


def test_the_same_list_handed_in_three_times_at_once_is_one_declaration(
    place: Setting, one: Opened, nursery: Nursery, tmp_path: Path
) -> None:
    _example(one)
    start = tmp_path / "start"
    facts = {
        "setting": place.arguments,
        "tenant": NL,
        "practice": PRACTICE,
        "file": str(examples() / "nl" / "nl_ion_export_2024Q1.csv"),
        "start": str(start),
    }
    workers = [nursery.start("take_once", **facts) for _ in range(3)]
    threading.Event().wait(0.5)
    start.touch()
    assert sorted(worker.result() for worker in workers) == ["accepted", "already_received", "already_received"]
    with one.hub.store.reading(NL) as unit:
        assert len(declarations.recent(unit)) == 1
        rows = claims.find(unit)
    assert len({row["blind"] for row in rows}) == len(rows)


def test_two_senders_in_one_round_send_everything_once(
    place: Setting, one: Opened, remote: Remote, nursery: Nursery
) -> None:
    prepare(one, "deaf", counted(one, remote), [f"{number:02d}" for number in range(25)])
    workers = [nursery.start("send_once", setting=place.arguments) for _ in range(4)]
    for worker in workers:
        worker.result()
    assert remote.reached().count("begun") == 25
    assert {row["state"] for row in one.rows()} == {"sent"}


def test_a_killed_nursery_job_is_told_from_one_that_ended(nursery: Nursery, place: Setting, one: Opened) -> None:
    """The counting itself counts."""
    one.hub.store.add_tenant("crash-nl", "Crash (EXAMPLE)", "NL", "en")
    assert nursery.run("send_once", setting=place.arguments) == {}
    stopped = nursery.start("loop", setting=place.arguments, stop="/nowhere")
    stopped.kill()
    assert stopped.result() is None
