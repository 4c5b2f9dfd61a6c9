"""What worker processes do. Arguments and results are JSON; every job opens the hub for itself.

Some die by their own hand at a chosen point: SIGKILL, so that nothing of Python's own clearing up is run.
"""

from __future__ import annotations

import importlib
import logging
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Connection, Engine, event, select

from connectors.channels import known_channels
from hub import formats
from hub.cli import boot
from hub.model.exchange import Collected, Message, Receipt
from hub.pipeline import intake, receive, send, submit, track
from hub.pipeline.context import Actor
from hub.pipeline.intake import IntakeRequest
from hub.ports import Channel, Probe
from hub.store.engine import READ_ONLY
from tests.crash import mutants
from tests.crash.setting import TENANT, Opened, Setting, open_setting

mutants.take_away()


def warm(arguments: dict[str, Any]) -> None:
    """Read the partners' folders before the fork: a worker that is killed after 50 ms shall have done something."""
    logging.getLogger("paramiko").setLevel(logging.CRITICAL)  # a wire that breaks is what this is about
    known_channels()
    formats.recognise(b"warm", "warm")
    if "broker" in arguments:
        importlib.import_module("scheduler.many_nodes")
    if "setting" in arguments:
        boot.registry(Path(arguments["setting"]["home"]))


def _open(setting: dict[str, Any]) -> Opened:
    return open_setting(Setting(**(setting | {"retry": tuple(setting["retry"])})))


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(60)


def _ask_about_some() -> None:
    """Collecting begins by asking about everything that is on its way; here about a few each time, or it never gets on.

    Nobody lives long enough for a thousand questions, and no answer here ends the asking.
    """
    find = track.exchanges.find

    def some(unit: Any, *where: Any) -> Any:
        found = find(unit, *where)
        return random.sample(found, min(_QUESTIONS, len(found)))

    track.exchanges = SimpleNamespace(**(vars(track.exchanges) | {"find": some}))  # type: ignore[assignment]


_QUESTIONS = 5


def loop(setting: dict[str, Any], stop: str, tenant: str = TENANT, *, collects: bool = False) -> int:
    """Send (and collect) again and again until the file `stop` is there; how many rounds."""
    _ask_about_some()
    one = _open(setting)
    rounds = 0
    while not Path(stop).exists():
        send.send_due(one.hub, tenant)
        if collects:
            receive.collect(one.hub, tenant)
        rounds += 1
        time.sleep(0.02)
    one.close()
    return rounds


def collecting(setting: dict[str, Any], stop: str, tenant: str = TENANT) -> int:
    """Only collect, again and again until the file `stop` is there; how many rounds."""
    _ask_about_some()
    one = _open(setting)
    rounds = 0
    while not Path(stop).exists():
        receive.collect(one.hub, tenant)
        rounds += 1
        time.sleep(0.02)
    one.close()
    return rounds


def turns(setting: dict[str, Any], broker: str) -> None:
    """Be a worker of a hub on many nodes until killed."""
    from scheduler import many_nodes

    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # the nursery is told process ids there
    many_nodes.serve_turns(many_nodes.open_queue(broker), lambda: _open(setting).hub, 1)


def send_once(setting: dict[str, Any], tenant: str = TENANT) -> dict[str, str]:
    """One round of sending."""
    one = _open(setting)
    done = send.send_due(one.hub, tenant)
    one.close()
    return {key: state.value for key, state in done.items()}


def submit_once(setting: dict[str, Any], tenant: str, start: str) -> list[str]:
    """Wait for the file `start`, then submit at that very moment."""
    one = _open(setting)
    _connect(one, tenant)
    _wait_for(start)
    made = submit.submit(one.hub, tenant)
    one.close()
    return made


def take_once(setting: dict[str, Any], tenant: str, practice: str, file: str, start: str) -> str:
    """Wait for the file `start`, then hand a list in at that very moment; gives the receipt's status."""
    one = _open(setting)
    _wait_for(start)
    request = IntakeRequest(
        programme="module-quarter", organisation=practice, module="PMO", period="2024Q1", name="list.csv"
    )
    result = intake.take(one.hub, tenant, request, Path(file).read_bytes(), Actor(name="crash", role="support"))
    one.close()
    return result.status


def _connect(one: Opened, tenant: str) -> None:
    """Make the first connection to the database now: whoever had to do so at the start would come late."""
    with one.hub.store.reading(tenant) as unit:
        unit.connection.execute(select(1))


def _wait_for(start: str) -> None:
    while not Path(start).exists():
        time.sleep(0.0005)


def night(setting: dict[str, Any], tenant: str, die_at: int = 0) -> int:
    """Submit and collect, dying at the n-th point where the world outside or the database changes; how many there are."""
    one = _open(setting)
    points = _Points(die_at)
    _watch_commits(one.hub.store.engine, points)
    opener = one.hub.open_channel
    one.hub = replace(one.hub, open_channel=lambda partner, agreement: _Watched(opener(partner, agreement), points))
    submit.submit(one.hub, tenant)
    receive.collect(one.hub, tenant)
    one.close()
    return points.passed


class _Points:
    """Counts the points passed and dies at the chosen one."""

    def __init__(self, die_at: int) -> None:
        self.passed = 0
        self._die_at = die_at

    def pass_(self) -> None:
        self.passed += 1
        if self.passed == self._die_at:
            _die()


def _watch_commits(engine: Engine, points: _Points) -> None:
    """The moment right after a commit, when the connection goes back into the pool.

    Right before one is no point of its own: what is rolled back is as it was after the one before.
    """
    writing: list[bool] = []

    def before(connection: Connection) -> None:
        if not connection.get_execution_options().get(READ_ONLY, False):
            writing.append(True)

    def after(_connection: object, _record: object) -> None:
        if writing:
            writing.clear()
            points.pass_()

    event.listen(engine, "commit", before)
    event.listen(engine, "checkin", after)


class _Watched:
    """A channel with a point before and after everything that reaches the partner."""

    def __init__(self, channel: Channel, points: _Points) -> None:
        self._channel = channel
        self._points = points
        self.can_lookup = channel.can_lookup

    def deliver(self, message: Message) -> Receipt:
        return self._around(lambda: self._channel.deliver(message))

    def lookup(self, key: str) -> Receipt | None:
        return self._around(lambda: self._channel.lookup(key))

    def collect(self) -> Iterator[Collected]:
        for item in self._channel.collect():
            self._points.pass_()
            yield item

    def confirm(self, remote_id: str) -> None:
        self._around(lambda: self._channel.confirm(remote_id))

    def probe(self) -> Probe:
        return self._channel.probe()

    def _around(self, call: Callable[[], Any]) -> Any:
        self._points.pass_()
        result = call()
        self._points.pass_()
        return result


def read_poison(setting: dict[str, Any], tenant: str = TENANT) -> list[str]:
    """Collect with a reader that kills the process when it meets the word POISON."""
    one = _open(setting)
    reading = receive.formats.read

    def read(payload: bytes, context: Any) -> Any:
        if b"POISON" in payload:
            _die()
        return reading(payload, context)

    receive.formats.read = read
    done = [each.state for each in receive.collect(one.hub, tenant)]
    one.close()
    return done
