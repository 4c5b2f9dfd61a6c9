"""A node that has lost the database, and its locks with it, while it lives and still reaches its partners.

The database takes a session for dead when it ends itself, or when the network between them does; a second node gets the
locks then and takes over. What the first one has not begun by that moment it must leave alone, also when it slept
through all of it; what it has under way is asked about, and not sent again before the partner had time to finish.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from tests.crash import servers
from tests.crash.networks import DATABASE, PARTNERS, Network, network
from tests.crash.nursery import Nursery, Worker
from tests.crash.remote import Remote
from tests.crash.setting import (
    HOUR,
    MORNING,
    TENANT,
    Opened,
    Setting,
    counted,
    open_setting,
    prepare,
    second_node,
    setting,
)
from tests.databases import Database

_CLIENT = {"keepalives_idle": "1", "keepalives_interval": "1", "keepalives_count": "1", "tcp_user_timeout": "2000"}
_SERVER = "-c tcp_keepalives_idle=2 -c tcp_keepalives_interval=1 -c tcp_keepalives_count=3 -c tcp_user_timeout=5000"
"""As the hub has it, with shorter times: the node notices before the database does."""
_LATER = timedelta(seconds=2 * HOUR.delay_s)
_MANY = 8


@dataclass(slots=True)
class Held:
    """A partner that lets one request wait: `inside` says that it came, `go_on` lets it go."""

    key: str
    inside: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)

    def __call__(self, key: str) -> None:
        if key == self.key and not self.inside.is_set():
            self.inside.set()
            self.go_on.wait(60)


@dataclass(frozen=True, slots=True)
class Two:
    """Two nodes on one database: the first may be far away, the second is where we are."""

    server: servers.Postgres
    far: Nursery
    near: Nursery
    first: Setting
    second: Setting
    one: Opened
    remote: Remote
    net: Network | None = None

    def agree(self, partner: str) -> str:
        """Our agreement with a partner both nodes reach."""
        host = self.net.here(PARTNERS) if self.net else "127.0.0.1"
        return counted(self.one, self.remote, partner, endpoint=f"http://{host}:{self.remote.server.port}")

    def begin(self, held: Held) -> Worker:
        """The first node sends, and is at the held one."""
        worker = self.far.start("send_once", setting=self.first.arguments)
        assert held.inside.wait(30)
        return worker

    def locks(self) -> int:
        """How many effects are locked, as the database sees it."""
        with psycopg.connect(host=str(self.server.folder), user="admin", dbname="postgres") as connection:
            found = connection.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'").fetchone()
        return int(found[0]) if found else 0

    def lose_locks(self) -> None:
        """The first node loses the database and its locks: the network is cut, or the database is restarted."""
        assert self.locks() > 0
        if self.net is None:
            self.server.restart()
        else:
            self.net.cut(DATABASE)
        until = time.monotonic() + 30
        while self.locks() and time.monotonic() < until:
            time.sleep(0.05)
        assert self.locks() == 0

    def mend(self) -> None:
        """The first node reaches the database again."""
        if self.net is not None:
            self.net.mend(DATABASE)

    def send(self, *, after: timedelta = timedelta()) -> dict[str, str]:
        """One round of the second node, at once or later."""
        moment = datetime.fromisoformat(str(self.second.now)) + after
        states: dict[str, str] = self.near.run("send_once", setting=self.second.at(moment).arguments)
        return states


@contextmanager
def two_nodes(folder: Path, near: Nursery, net: Network | None) -> Iterator[Two]:
    """Both nodes and the database between them."""
    host = net.here(DATABASE) if net else ""
    with (
        servers.a_folder() as place,
        servers.postgres(place, host=host) as server,
        Nursery(net.enter if net else ()) as far,
        Remote(host=net.here(PARTNERS) if net else "127.0.0.1") as remote,
    ):
        database: Database = servers.a_database(server)
        second = setting(folder / "hub", database.url, now=MORNING)
        opened = open_setting(second)
        url = servers.over_tcp(server, database, **_CLIENT, options=_SERVER) if net else database.url
        first = replace(second_node(second), url=url)
        try:
            yield Two(server, far, near, first, second, opened, remote, net)
        finally:
            opened.close()


@pytest.fixture(params=["restart", "partition"])
def two(request: pytest.FixtureRequest, tmp_path: Path, nursery: Nursery) -> Iterator[Two]:
    """Two nodes of which the first loses the database in either way."""
    if request.param == "restart":
        with two_nodes(tmp_path, nursery, None) as made:
            yield made
    else:
        with network() as net, two_nodes(tmp_path, nursery, net) as made:
            yield made


pytestmark = pytest.mark.postgres


def _key(partner: str, name: str) -> str:
    return f"{TENANT}:{partner}:{name}"


def test_a_partner_that_cannot_be_asked_gets_it_once_and_a_person_is_told(two: Two) -> None:
    (only,) = prepare(two.one, "deaf", two.agree("deaf"), ["a"])
    held = two.remote.on_deliver = Held(_key("deaf", "a"))
    worker = two.begin(held)
    two.lose_locks()
    assert two.send() == {only: "in_doubt"}
    held.go_on.set()
    two.mend()
    worker.wait_gone()
    two.send(after=_LATER)
    assert two.remote.copies() == {_key("deaf", "a"): 1}
    assert [task["exchange_id"] for task in two.one.tasks("in_doubt")] in ([only], [])
    assert two.one.row(only)["state"] in ("in_doubt", "sent")


@pytest.mark.parametrize("sleeps", [False, True], ids=["awake", "frozen"])
def test_what_it_has_not_begun_when_the_locks_are_lost_it_leaves_alone(two: Two, sleeps: bool) -> None:
    """The intents of many were committed together: the second node asks about each, hears no, and sends them."""
    names = [f"{number}" for number in range(_MANY)]
    prepare(two.one, "askable", two.agree("askable"), names)
    held = two.remote.on_stored = Held(_key("askable", "1"))
    worker = two.begin(held)
    if sleeps:
        worker.signal(signal.SIGSTOP)
    two.lose_locks()
    for rounds in range(3):
        two.send(after=rounds * _LATER)
    assert {row["state"] for row in two.one.rows()} == {"sent"}
    held.go_on.set()
    two.mend()
    worker.signal(signal.SIGCONT)
    worker.wait_gone()
    assert two.remote.copies() == {_key("askable", name): 1 for name in names}
    assert {row["state"] for row in two.one.rows()} == {"sent"}


def test_what_is_under_way_is_not_sent_again_before_the_partner_had_time_to_finish(two: Two) -> None:
    """Asked while it still thinks, a partner says that it has not got it."""
    (only,) = prepare(two.one, "askable", two.agree("askable"), ["a"])
    held = two.remote.on_deliver = Held(_key("askable", "a"))
    worker = two.begin(held)
    two.lose_locks()
    assert two.send() == {only: "sending"}
    held.go_on.set()
    two.mend()
    worker.wait_gone()
    assert two.send(after=_LATER) in ({only: "sent"}, {})
    assert two.remote.copies() == {_key("askable", "a"): 1}
    assert two.one.row(only)["state"] == "sent"
