"""The hub on its own: runs that are won once, caught up or missed, pauses, places that are away, and quotas.

S18 (a portal that is away all night), S20 (daylight saving, in test_scheduler_plan), S42 (run now while it runs).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

import scheduler.run as clockwork
from hub.clock import MovableClock
from hub.errors import ConfigurationError, HubError, TransientError
from hub.model.exchange import Collected, Message, Probe, Receipt
from hub.model.partner import Agreement
from hub.pipeline import exchanges as people
from hub.pipeline import send
from hub.pipeline.attempts import Attempt, Outcome
from hub.pipeline.context import Actor, Hub
from hub.pipeline.metered import metered
from hub.pipeline.outcomes import record, take_back
from hub.ports import Channel
from hub.sandbox.server import Fault, Trouble
from hub.store import circuits, exchanges, jobs, pauses, schema
from hub.store.unit import Row
from scheduler.plan import Job
from scheduler.worker import in_turn, serve
from tests.crash.remote import Remote
from tests.crash.setting import TENANT, Opened, agree, counted, open_setting, prepare, setting
from tests.databases import Database

START = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
SUPPORT = Actor(name="s.de.vries", role="support")
NIGHTLY = Job(name="nightly", step="submit", hour=1, minute=30, late=timedelta(hours=6))


@pytest.fixture
def one(database: Database, tmp_path: Path) -> Iterator[Opened]:
    opened = open_setting(setting(tmp_path / "hub", database.url, now=START))
    opened.hub.store.add_tenant(TENANT, "Crash (EXAMPLE)", "NL", "en")
    yield opened
    opened.close()


@pytest.fixture
def remote() -> Iterator[Remote]:
    with Remote() as server:
        yield server


def later(one: Opened, **delta: float) -> None:
    assert isinstance(one.clock, MovableClock)
    one.clock.move_to(one.clock.now() + timedelta(**delta))


def states(one: Opened) -> list[str]:
    return [row["state"] for row in one.rows()]


def runs(one: Opened) -> list[tuple[str, str]]:
    with one.hub.store.reading(TENANT) as unit:
        return [(row["business_key"], row["result"]) for row in reversed(jobs.runs(unit))]


def a_run_before(one: Opened) -> None:
    """The hub is not new: something ran here once."""
    with one.hub.store.unit(TENANT) as unit:
        row: Row = {
            "job": "other",
            "business_key": "x",
            "started_at": unit.now,
            "finished_at": unit.now,
            "result": "ok",
        }
        unit.insert(schema.job_run, [row])


# --- runs ---------------------------------------------------------------------------------------------------------


def test_a_new_hub_begins_with_the_next_time(one: Opened) -> None:
    assert clockwork.tick(one.hub, (NIGHTLY,)) == []
    later(one, hours=22)
    assert [str(ran) for ran in clockwork.tick(one.hub, (NIGHTLY,))] == ["nightly 2026-03-03: ok"]
    assert clockwork.tick(one.hub, (NIGHTLY,)) == []
    assert one.tasks() == []


def test_a_hub_that_slept_catches_up_once_when_it_is_not_too_late(one: Opened) -> None:
    a_run_before(one)
    assert [ran.key for ran in clockwork.tick(one.hub, (NIGHTLY,))] == ["2026-03-02"]  # 2.5 hours late of 6
    later(one, days=3)
    assert [ran.key for ran in clockwork.tick(one.hub, (NIGHTLY,))] == ["2026-03-05"]


def test_too_late_is_written_down_as_missed_and_told_once(one: Opened) -> None:
    a_run_before(one)
    later(one, hours=5)
    for _ in range(3):
        assert clockwork.tick(one.hub, (NIGHTLY,)) == []
    assert ("2026-03-02", jobs.MISSED) in runs(one)
    assert [row["kind"] for row in one.tasks()] == ["job_missed"]
    later(one, hours=17)
    clockwork.tick(one.hub, (NIGHTLY,))
    assert one.tasks() == []


def test_of_many_nodes_that_tick_at_once_one_runs_it(one: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    a_run_before(one)
    calls: list[str] = []
    monkeypatch.setattr(clockwork, "STEPS", {"submit": lambda _hub, tenant: calls.append(tenant)})
    with ThreadPoolExecutor(6) as pool:
        ran = [each for done in pool.map(lambda _: clockwork.tick(one.hub, (NIGHTLY,)), range(6)) for each in done]
    assert calls == [TENANT]
    assert sum(each.ran for each in ran) == 1


@pytest.mark.scenario("S42")
def test_a_run_whose_process_died_is_taken_up_and_one_that_is_at_it_is_not(
    one: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S42: while it works a second one does not start, and is told since when."""
    a_run_before(one)
    gate, inside = threading.Event(), threading.Event()

    def slow(_hub: Hub, _tenant: str) -> None:
        inside.set()
        assert gate.wait(10)

    monkeypatch.setattr(clockwork, "STEPS", {"submit": slow})
    tenant = one.hub.store.tenants()[0]
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(clockwork.tick, one.hub, (NIGHTLY,))
        assert inside.wait(10)
        second = clockwork.run_now(one.hub, tenant, NIGHTLY, "s.de.vries")
        assert not second.ran
        assert second.result.startswith("already running since 2026-03-02 03:00:00 UTC (")
        gate.set()
        assert [each.ran for each in first.result(10)] == [True]
    with one.hub.store.unit(TENANT) as unit:  # as a process leaves it that was killed half-way
        unit.connection.execute(schema.job_run.update().values(finished_at=None, result=""))
    monkeypatch.setattr(clockwork, "STEPS", {"submit": lambda _hub, _tenant: None})
    assert [str(each) for each in clockwork.tick(one.hub, (NIGHTLY,))] == ["nightly 2026-03-02: ok"]
    with one.hub.store.reading(TENANT) as unit:
        row = jobs.get(unit, "nightly", "2026-03-02")
    assert row is not None
    assert row["starts"] == 2


def test_run_now_is_the_run_of_the_clock_and_another_one_after_it(one: Opened) -> None:
    tenant = one.hub.store.tenants()[0]
    assert clockwork.run_now(one.hub, tenant, NIGHTLY, "me").key == "2026-03-02"
    assert clockwork.tick(one.hub, (NIGHTLY,)) == []
    assert clockwork.run_now(one.hub, tenant, NIGHTLY, "me").key == "2026-03-02+030000"
    later(one, minutes=1)
    assert clockwork.run_now(one.hub, tenant, NIGHTLY, "me").ran


def test_a_step_that_fails_ends_its_run_with_the_reason_and_stops_no_other(
    one: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_run_before(one)

    def broken(_hub: Hub, _tenant: str) -> None:
        raise HubError("the disk is full")

    monkeypatch.setattr(clockwork, "STEPS", {"submit": broken, "settle": lambda _hub, _tenant: None})
    second = replace(NIGHTLY, name="second", step="settle")
    done = clockwork.tick(one.hub, (NIGHTLY, second))
    assert [each.result for each in done] == ["failed: the disk is full", "ok"]


def test_a_paused_job_waits_and_is_caught_up_when_it_goes_on(one: Opened) -> None:
    a_run_before(one)
    with one.hub.store.unit(TENANT) as unit:
        assert pauses.pause(unit, pauses.JOB, "nightly", reason="inspection", by="me")
        assert not pauses.pause(unit, pauses.JOB, "nightly", reason="again", by="me")
    assert clockwork.tick(one.hub, (NIGHTLY,)) == []
    with one.hub.store.unit(TENANT) as unit:
        assert pauses.resume(unit, pauses.JOB, "nightly", by="me")
    assert [each.key for each in clockwork.tick(one.hub, (NIGHTLY,))] == ["2026-03-02"]


def test_overdue_is_said_of_a_job_that_should_have_run_and_of_one_that_runs_too_long(one: Opened) -> None:
    names = {state.job.name: state.overdue for state in clockwork.states(one.hub)}
    assert set(names.values()) == {""}
    clockwork.tick(one.hub)
    later(one, hours=26)
    said = {state.job.name: state.overdue for state in clockwork.states(one.hub) if state.last}
    assert said == {}  # a new hub's first tick starts nothing
    clockwork.tick(one.hub)
    later(one, hours=26)
    said = {state.job.name: state.overdue for state in clockwork.states(one.hub) if state.last and state.overdue}
    assert all(text.startswith("should have run at 2026-03-0") for text in said.values())
    assert "submit-nightly" in said
    with one.hub.store.unit(TENANT) as unit:
        unit.connection.execute(schema.job_run.update().values(finished_at=None))
    assert "runs since" in {state.job.name: state.overdue for state in clockwork.states(one.hub)}["submit-nightly"]


# --- pauses -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "target"),
    [
        (pauses.OUTBOUND, ""),
        (pauses.PARTNER, "deaf"),
        (pauses.BATCH, "deaf:a"),
        (pauses.PRACTICE, "01054321"),
    ],
)
def test_what_is_paused_does_not_go_out_until_it_is_resumed(
    one: Opened, remote: Remote, kind: str, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (first,) = prepare(one, "deaf", counted(one, remote), ["a"])
    monkeypatch.setattr(send.claims, "providers_of", lambda _unit, _id: ("01054321",))
    key = one.row(first)["business_key"] if kind == pauses.BATCH else target
    with one.hub.store.unit(TENANT) as unit:
        pauses.pause(unit, kind, key, reason="wrong tariff", by="me")
    assert send.send_due(one.hub, TENANT) == {}
    assert send.send(one.hub, TENANT, first) == "prepared"  # also not when it is named
    assert remote.copies().total() == 0
    with one.hub.store.unit(TENANT) as unit:
        assert pauses.resume(unit, kind, key, by="me")
        assert not pauses.resume(unit, kind, key, by="me")
    assert list(send.send_due(one.hub, TENANT).values()) == ["sent"]


def test_a_pause_with_an_end_ends_by_itself_and_stops_nobody_else(one: Opened, remote: Remote) -> None:
    prepare(one, "deaf", counted(one, remote), ["a"])
    prepare(one, "third", counted(one, remote, "third"), ["b"])
    with one.hub.store.unit(TENANT) as unit:
        pauses.pause(unit, pauses.PARTNER, "deaf", reason="x", by="me", until=unit.now + timedelta(hours=1))
    assert list(send.send_due(one.hub, TENANT).values()) == ["sent"]
    later(one, hours=1)
    assert list(send.send_due(one.hub, TENANT).values()) == ["sent"]


# --- a place that is away -----------------------------------------------------------------------------------------


def test_what_is_stored_while_a_place_is_away_waits_with_the_rest_and_one_message_tries_first(one: Opened) -> None:
    """S18: no attempt for each new message, one trial when the time has come, all in order after it."""
    place = _Away()
    hub = replace(one.hub, open_channel=lambda _partner, _agreement: place)
    one.hub.store.add_tenant(TENANT, "Crash (EXAMPLE)", "NL", "en")
    with hub.store.unit(TENANT) as unit:
        agreement = agree(unit, "deaf", settings={"endpoint": "x", "asks": "no"})
    prepare(one, "deaf", agreement, [f"n{number}" for number in range(6)])
    send.send_due(hub, TENANT)
    assert len(place.calls) == 4
    prepare(one, "deaf", agreement, ["new1", "new2"])
    assert send.send_due(hub, TENANT) == {}
    assert len(place.calls) == 4
    with hub.store.reading(TENANT) as unit:
        (away,) = circuits.open_ones(unit).values()
    assert (away["partner"], away["since"], away["reason"]) == ("deaf", START, "nobody there")
    later(one, hours=2)
    send.send_due(hub, TENANT)
    assert len(place.calls) == 5  # one trial, not four
    place.away = False
    later(one, hours=2)
    done = send.send_due(hub, TENANT)
    assert set(done.values()) == {"sent"}
    assert place.calls[5:] == [f"{TENANT}:{row['business_key']}" for row in one.rows()]
    with hub.store.reading(TENANT) as unit:
        assert circuits.open_ones(unit) | circuits.half_open(unit) == {}


def test_nobody_is_called_in_its_maintenance_window(one: Opened) -> None:
    """2026-03-02 is a Monday, 04:00 in Amsterdam; a window that cannot be read stops this partner only, and is told."""
    place = _Away()
    place.away = False
    hub = replace(one.hub, open_channel=lambda _partner, agreement: _opened(place, agreement, one))
    with hub.store.unit(TENANT) as unit:
        shut = agree(unit, "deaf", settings={"endpoint": "x", "asks": "no", "maintenance": "mon 03:30-05:00"})
        wrong = agree(unit, "third", settings={"endpoint": "y", "asks": "no", "maintenance": "mondays"})
    (first,) = prepare(one, "deaf", shut, ["a"])
    (second,) = prepare(one, "third", wrong, ["b"])
    send.send_due(hub, TENANT)
    assert (place.calls, one.row(first)["state"]) == ([], "prepared")
    assert "no maintenance window" in one.row(second)["note"]
    assert [row["kind"] for row in one.tasks()] == ["configuration"]
    later(one, hours=1)
    send.send_due(hub, TENANT)
    assert place.calls == [f"{TENANT}:{one.row(first)['business_key']}"]


def _opened(place: _Silent, agreement: Agreement, one: Opened) -> Channel:
    return metered(place, "counted", agreement.settings, one.hub.store, one.clock)


# --- the fence ----------------------------------------------------------------------------------------------------


def test_an_attempt_that_was_overtaken_writes_nothing_over_the_newer_one(one: Opened, remote: Remote) -> None:
    """A frozen sender whose lock went (a partition) wakes up: its failure must not put the newer intent back."""
    (first,) = prepare(one, "deaf", counted(one, remote), ["a"])
    row = one.row(first)
    partner = one.hub.registry.partners["deaf"]
    with one.hub.store.unit(TENANT) as unit:
        message = exchanges.message(unit, row)
        exchanges.force(unit, first, exchanges.ExchangeState.SENDING, text="the newer one", attempts=2)
    stale = Attempt(
        tenant=TENANT,
        row=row,
        message=message,
        partner=partner,
        channel=_Silent(),
        first=True,
        number=1,
    )
    with one.hub.store.unit(TENANT) as unit:
        record(unit, stale, Outcome(state=exchanges.ExchangeState.PREPARED, text="late news", retry=True))
        take_back(unit, stale)
    assert one.row(first)["state"] == "sending"
    with one.hub.store.reading(TENANT) as unit:
        assert exchanges.history(unit, first)[-1]["text"] == "late news"


# --- quotas -------------------------------------------------------------------------------------------------------


class _Silent:
    """A channel that counts its calls."""

    def __init__(self) -> None:
        self.can_lookup = True
        self.calls: list[str] = []

    def deliver(self, message: Message) -> Receipt:
        self.calls.append("deliver")
        return Receipt(remote_id=message.key, state=exchanges.ExchangeState.SENT)

    def lookup(self, key: str) -> Receipt | None:
        self.calls.append("lookup")
        del key

    def collect(self) -> Iterator[Collected]:
        self.calls.append("collect")
        for number in range(5):
            yield Collected(remote_id=str(number), name=str(number), payload=b"x")

    def confirm(self, remote_id: str) -> None:
        self.calls.append(f"confirm {remote_id}")

    def probe(self) -> Probe:
        return Probe(ok=True, text="here")


class _Away(_Silent):
    """A place nobody is at, for a while."""

    def __init__(self) -> None:
        super().__init__()
        self.away = True

    def deliver(self, message: Message) -> Receipt:
        self.calls.append(message.key)
        if self.away:
            raise TransientError("nobody there")
        return Receipt(remote_id=message.key, state=exchanges.ExchangeState.SENT)


def test_a_partners_quota_is_counted_for_all_nodes_together(one: Opened) -> None:
    clock = one.clock
    assert isinstance(clock, MovableClock)
    plain = [_Silent() for _ in range(4)]
    nodes = [
        metered(each, "vecozo", {"endpoint": "https://a", "per_minute": "10"}, one.hub.store, clock) for each in plain
    ]
    with ThreadPoolExecutor(4) as pool:
        ok = list(pool.map(lambda number: _allowed(lambda: nodes[number % 4].lookup("k")), range(40)))
    assert sum(ok) == 10
    assert sum(len(each.calls) for each in plain) == 10
    with pytest.raises(TransientError, match="10 calls a minute") as error:
        nodes[0].lookup("k")
    assert 1 <= (error.value.retry_after or 0) <= 61
    clock.move_to(clock.now() + timedelta(seconds=error.value.retry_after or 0))
    nodes[0].lookup("k")


def _allowed(call: Callable[[], object]) -> bool:
    try:
        call()
    except TransientError:
        return False
    return True


def test_a_collection_stops_at_the_quota_and_goes_on_the_next_time(one: Opened) -> None:
    channel = metered(_Silent(), "vecozo", {"per_minute": "3"}, one.hub.store, one.clock)
    assert [item.name for item in channel.collect()] == ["0", "1", "2"]
    with pytest.raises(TransientError):
        channel.confirm("0")
    assert channel.probe().ok
    assert channel.can_lookup


def test_another_account_has_a_quota_of_its_own_and_nonsense_is_refused(one: Opened) -> None:
    for name in ("a", "b"):
        metered(_Silent(), "vecozo", {"endpoint": name, "per_minute": "1"}, one.hub.store, one.clock).lookup("k")
    plain = _Silent()
    assert metered(plain, "vecozo", {}, one.hub.store, one.clock) is plain
    for wrong in ("0", "-1", "many", "1.5"):
        with pytest.raises(ConfigurationError, match="whole number"):
            metered(plain, "vecozo", {"per_minute": wrong}, one.hub.store, one.clock)


# --- the sending threads ------------------------------------------------------------------------------------------


def test_the_threads_send_what_is_due_and_what_comes_later_and_stop_when_told(one: Opened, remote: Remote) -> None:
    agreement = counted(one, remote)
    prepare(one, "deaf", agreement, ["a", "b"])
    stop = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        served = pool.submit(serve, one.hub, stop, 2, 0.02)
        _wait(lambda: remote.copies().total() == 2)
        prepare(one, "deaf", agreement, ["c"])
        _wait(lambda: remote.copies().total() == 3)
        stop.set()
        served.result(10)
    assert states(one) == ["sent"] * 3


def _wait(until: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not until():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_tenants_take_turns(one: Opened, remote: Remote) -> None:
    """One with many places does not go first with all of them."""
    one.hub.store.add_tenant("other-nl", "Other (EXAMPLE)", "NL", "en")
    url = remote.server.url
    with one.hub.store.unit(TENANT) as unit:
        many = [agree(unit, name, settings={"endpoint": f"{url}/{name}"}) for name in ("deaf", "third", "askable")]
    for name, agreement in zip(("deaf", "third", "askable"), many, strict=True):
        prepare(one, name, agreement, [name])
    with one.hub.store.reading(TENANT) as unit:
        agreed, row = unit.one(select(schema.agreement).limit(1)), unit.one(select(schema.exchange).limit(1))
    assert agreed is not None
    assert row is not None
    with one.hub.store.unit("other-nl") as unit:
        unit.insert(schema.agreement, [{**agreed, "id": "ag-o", "settings": {"endpoint": url}}])
        unit.insert(schema.exchange, [{**row, "id": "o1", "agreement_id": "ag-o", "business_key": "o:1"}])
    assert [tenant for tenant, _ in in_turn(one.hub)].index("other-nl") <= 1


# --- by hand ------------------------------------------------------------------------------------------------------


def test_a_doubt_is_settled_with_evidence_and_a_dead_one_starts_again(one: Opened, remote: Remote) -> None:
    (first,) = prepare(one, "deaf", counted(one, remote), ["a"])
    remote.server.misbehave(Fault(trouble=Trouble.CLOSE_AFTER_PROCESSING, method="POST"))
    send.send_due(one.hub, TENANT)
    key = one.row(first)["business_key"]
    assert people.retry(one.hub, TENANT, key, SUPPORT) == "in_doubt"  # nobody can be asked: a person must find out
    with pytest.raises(ConfigurationError, match="how do you know"):
        people.resolve(one.hub, TENANT, key, SUPPORT, delivered=True, evidence=" ")
    people.resolve(one.hub, TENANT, key, SUPPORT, delivered=True, evidence="seen in the portal at 10:15")
    with one.hub.store.unit(TENANT) as unit:
        shown = people.shown(unit, key, SUPPORT)
    assert shown["state"] == "sent"
    assert shown["history"][-1]["text"] == "a person: it arrived: seen in the portal at 10:15"
    assert remote.copies().total() == 1
    with pytest.raises(ConfigurationError, match="not in doubt"):
        people.resolve(one.hub, TENANT, key, SUPPORT, delivered=True, evidence="x")
    with pytest.raises(ConfigurationError, match="nothing to try"):
        people.retry(one.hub, TENANT, key, SUPPORT)


def test_retry_now_does_not_wait_and_a_dead_one_is_redriven(one: Opened, remote: Remote) -> None:
    (first,) = prepare(one, "deaf", counted(one, remote), ["a"])
    remote.server.misbehave(Fault(trouble=Trouble.TOO_MANY, times=1))
    send.send_due(one.hub, TENANT)
    key = one.row(first)["business_key"]
    assert send.send_due(one.hub, TENANT) == {}
    assert people.retry(one.hub, TENANT, key, SUPPORT) == "sent"
    later(one, hours=1)
    (second,) = prepare(one, "deaf", counted(one, remote), ["b"])
    with one.hub.store.unit(TENANT) as unit:
        exchanges.force(unit, second, exchanges.ExchangeState.FAILED, text="gave up", note="gave up")
        (dead,) = people.dead(unit)
        assert [row["state"] for row in people.listed(unit, state="failed")] == ["failed"]
        assert people.in_doubt(unit) == []
    assert people.redrive(one.hub, TENANT, dead, SUPPORT).endswith("goes out with the next submission")
    assert list(send.send_due(one.hub, TENANT).values()) == ["sent"]
    with pytest.raises(ConfigurationError, match="no exchange is called"), one.hub.store.reading(TENANT) as unit:
        people.one(unit, "nobody")
