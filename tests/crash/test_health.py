"""A dead hub is noticed: signs, endpoints, heartbeat, and `kvitt run` from start to a graceful stop."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests

from hub.clock import MovableClock
from hub.sandbox.server import Request, Response, Route, SandboxServer, json_response
from hub.store import circuits, exchanges, pauses, schema
from hub.store.unit import Row
from scheduler import endpoints, health, heartbeat
from scheduler.plan import NIGHT
from scheduler.run import run_now
from tests.commands import KVITT, environment, kvitt
from tests.conftest import ROOT
from tests.crash.remote import Remote
from tests.crash.setting import TENANT, Opened, counted, open_setting, prepare, setting
from tests.databases import Database

START = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)


@pytest.fixture
def one(database: Database, tmp_path: Path) -> Iterator[Opened]:
    opened = open_setting(setting(tmp_path / "hub", database.url, now=START))
    opened.hub.store.add_tenant(TENANT, "Crash (EXAMPLE)", "NL", "en")
    yield opened
    opened.close()


def later(one: Opened, **delta: float) -> None:
    assert isinstance(one.clock, MovableClock)
    one.clock.move_to(one.clock.now() + timedelta(**delta))


def found(one: Opened) -> list[tuple[int, str]]:
    return [(sign.level, sign.code) for sign in health.signs(one.hub)]


def test_a_new_hub_is_well_and_one_whose_clock_stopped_is_dead(one: Opened) -> None:
    assert found(one) == []
    run_now(one.hub, one.hub.store.tenants()[0], NIGHT[0], "me")
    assert found(one) == []
    later(one, hours=3)
    assert (health.CRITICAL, "SILENT") in found(one)


def test_everything_a_person_should_know_is_a_sign_without_names(one: Opened) -> None:
    with Remote() as remote:
        agreement = counted(one, remote)
        first, second, _third = prepare(one, "deaf", agreement, ["a", "b", "c"])
    with one.hub.store.unit(TENANT) as unit:
        exchanges.force(unit, first, exchanges.ExchangeState.IN_DOUBT, text="x")
        exchanges.force(unit, second, exchanges.ExchangeState.FAILED, text="x")
    assert found(one) == [(1, "IN_DOUBT"), (1, "DEAD")]
    later(one, hours=3)
    assert found(one)[0] == (2, "NOT_SENDING")
    with one.hub.store.unit(TENANT) as unit:
        circuits.break_(unit, "p", partner="deaf", reason="nobody there", until=unit.now + timedelta(hours=1))
        pauses.pause(unit, pauses.PARTNER, "vgz", reason="new certificate", by="me")
    assert found(one) == [(1, "IN_DOUBT"), (1, "DEAD"), (1, "AWAY"), (1, "PAUSED")]
    for _ in range(3):  # tried again and again, and still nobody there
        later(one, hours=9)
        with one.hub.store.unit(TENANT) as unit:
            circuits.break_(unit, "p", partner="deaf", reason="still", until=unit.now + timedelta(hours=1))
    assert found(one)[0] == (2, "AWAY")
    (count,) = health.counts(one.hub)
    assert (count.due, count.exchanges["prepared"], len(count.away)) == (1, 1, 1)


def test_a_place_nothing_waits_for_any_more_is_away_no_longer(one: Opened) -> None:
    """Its address changed, or what waited was settled in another way: nobody will ever try it again."""
    with one.hub.store.unit(TENANT) as unit:
        circuits.break_(unit, "p", partner="deaf", reason="nobody there", until=unit.now + timedelta(hours=1))
    later(one, hours=12)
    assert found(one) == [(1, "AWAY")]
    later(one, hours=2)
    assert found(one) == []
    with one.hub.store.unit(TENANT) as unit:
        circuits.break_(unit, "p", partner="deaf", reason="again", until=unit.now + timedelta(hours=1))
        (row,) = circuits.open_ones(unit).values()
        assert row["since"] == unit.now


def test_a_database_that_does_not_answer_is_critical(one: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    from hub.errors import TransientError

    def gone() -> list[Row]:
        raise TransientError("the database does not answer")

    monkeypatch.setattr(one.hub.store, "tenants", gone)
    assert found(one) == [(2, "DATABASE")]


def test_the_endpoints_say_alive_ready_and_how_many(one: Opened) -> None:
    with endpoints.served(one.hub, "127.0.0.1:0") as port:
        at = f"http://127.0.0.1:{port}"
        assert requests.get(f"{at}/health/live", timeout=5).text == "alive\n"
        assert requests.get(f"{at}/health/ready", timeout=5).status_code == 200
        assert requests.get(f"{at}/nothing", timeout=5).status_code == 404
        with Remote() as remote:
            prepare(one, "deaf", counted(one, remote), ["a"])
        text = requests.get(f"{at}/metrics", timeout=5).text
        assert f'kvitt_exchanges{{state="prepared",tenant="{TENANT}"}} 1.0' in text
        assert f'kvitt_due{{tenant="{TENANT}"}} 1.0' in text
        assert f'kvitt_job_overdue{{job="submit-nightly",tenant="{TENANT}"}} 0.0' in text
        later(one, hours=3)
        answer = requests.get(f"{at}/health/ready", timeout=5)
        assert (answer.status_code, answer.text.split()[0]) == (503, "NOT_SENDING")


@pytest.mark.parametrize("listen", ["nowhere", "127.0.0.1:x", "256.0.0.1:80"])
def test_an_address_that_is_none_is_refused(one: Opened, listen: str) -> None:
    from hub.errors import ConfigurationError

    with pytest.raises(ConfigurationError), endpoints.served(one.hub, listen):
        pass


def test_the_heart_beats_while_the_hub_is_well_and_stops_when_it_is_not(one: Opened) -> None:
    beats: list[str] = []

    def beat(call: Request) -> Response:
        beats.append(call.method)
        return json_response({})

    with SandboxServer([Route("GET", "/beat", beat)]) as server:
        assert heartbeat.beat(one.hub, f"{server.url}/beat")
        assert not heartbeat.beat(one.hub, f"{server.url}/elsewhere")
        with one.hub.store.unit(TENANT) as unit:
            row: Row = {
                "job": "x",
                "business_key": "x",
                "started_at": unit.now,
                "finished_at": unit.now,
                "result": "ok",
            }
            unit.insert(schema.job_run, [row])
        later(one, hours=3)
        assert not heartbeat.beat(one.hub, f"{server.url}/beat")
    assert beats == ["GET"]
    with one.hub.store.unit(TENANT) as unit:
        unit.connection.execute(schema.job_run.update().values(started_at=unit.now))
    assert not heartbeat.beat(one.hub, f"{server.url}/beat")  # nobody there is no error


def test_kvitt_run_ticks_sends_serves_and_stops_gracefully(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert kvitt(home, "init").code == 0
    process = subprocess.Popen(
        [*KVITT, "run", "--listen", "127.0.0.1:0", "--web", "127.0.0.1:0"],
        cwd=ROOT,
        env=environment(home, PYTHONUNBUFFERED="1"),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        port = process.stdout.readline().split()[-1]
        console = process.stdout.readline().split()[-1]
        assert "jobs planned" in process.stdout.readline()
        assert "kvitt.css" in requests.get(f"{console}/login", timeout=10).text
        assert requests.get(f"http://127.0.0.1:{port}/health/live", timeout=10).ok
        assert requests.get(f"http://127.0.0.1:{port}/metrics", timeout=10).ok
        time.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=30)[0].endswith("stopped\n")
        assert process.returncode == 0
    finally:
        process.kill()
        process.stdout.close()
        process.wait()
    said = kvitt(home, "health", "--json")
    assert (said.code, said.body()["level"]) == (0, "OK")
    assert kvitt(tmp_path / "none", "health").code == 3
