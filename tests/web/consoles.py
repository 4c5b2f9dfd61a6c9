"""A console to look at: the demo played once, its home copied for every test, and people who log in."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response

from hub.cli import boot
from hub.clock import MovableClock
from hub.pipeline.context import Hub
from hub.sandbox import console_users, demo, example
from hub.sandbox.stage import Stage
from hub.security.keys import create_keys
from hub.settings import Settings, default_settings
from hub.store import schema
from hub.store.unit import Row
from hub.web.app import create_app
from hub.web.fairness import Desk

NL, NO = example.NL_TENANT, example.NO_TENANT
TENANT = {"NL": NL, "NO": NO}
PRACTICE, OTHER_PRACTICE = tuple(example.PRACTICES)
CLINIC = example.CLINIC
PASSWORD = "synthetic-and-long-enough"
LATER = datetime(2026, 7, 1, 8, tzinfo=UTC)
"""Where the clock stands when people look: after both stories."""
_SECRET = re.compile(r'name="csrf" value="([^"]+)"')


def settings_of(home: Path, database: str = "") -> Settings:
    """A home with the SQLite file in it, or a database by its URL, which may hold the tests' own password."""
    return default_settings(home, database="env:DB" if database else "", env={"DB": database})


def play_demo(home: Path, database: str = "") -> None:
    """Play both stories into a home, and let people of every role in; `database` is migrated already, else SQLite."""
    hub = _empty(home, database)
    stage = Stage(hub=hub, clock=_movable(hub), out=home / "out", say=lambda _text: None)
    demo.play(stage)
    console_users.enrol(hub, PASSWORD)
    hub.store.close()


def _empty(home: Path, database: str) -> Hub:
    """A hub in which nothing has happened. On PostgreSQL its role may make no tables: somebody else did."""
    settings, clock = settings_of(home, database), MovableClock(demo.START)
    if not database:
        return boot.create_hub(settings, clock)
    home.mkdir(mode=0o700)
    create_keys(settings.keys)
    return boot.open_hub(settings, clock)


def _movable(hub: Hub) -> MovableClock:
    assert isinstance(hub.clock, MovableClock)
    return hub.clock


@dataclass(slots=True)
class Person:
    """Somebody's browser without scripts."""

    client: TestClient
    tenant: str
    login: str

    def get(self, path: str, **more: Any) -> Response:
        """Open a page."""
        return self.client.get(path, **more)

    def see(self, path: str) -> str:
        """What a page says; it must be there."""
        answer = self.client.get(path)
        assert answer.status_code == 200, (path, answer.status_code, answer.text[:2000])
        return unescape(answer.text)

    def secret(self, path: str = "/account") -> str:
        """The secret that a page's forms carry."""
        found = _SECRET.search(self.client.get(path).text)
        assert found is not None, f"no form on {path}"
        return found.group(1)

    def send(self, path: str, data: dict[str, Any] | None = None, *, follow: bool = True, **more: Any) -> Response:
        """Fill in and send a form as one of our pages would."""
        body = {"csrf": self.secret()} | (data or {})
        return self.client.post(path, data=body, follow_redirects=follow, **more)


@dataclass(slots=True)
class Console:
    """One hub with its console; `clock` is moved by hand."""

    home: Path
    hub: Hub
    clock: MovableClock
    app: FastAPI
    clients: list[TestClient] = field(default_factory=list)

    @classmethod
    def on(cls, home: Path, database: str = "") -> Console:
        """The console of a home that was played before."""
        clock = MovableClock(LATER)
        hub = boot.open_hub(settings_of(home, database), clock)
        app = create_app(hub)
        app.state.desk = Desk(patience=120)  # a busy machine is no reason to be shown the queue
        return cls(home=home, hub=hub, clock=clock, app=app)

    def stranger(self) -> TestClient:
        """A browser in which nobody is logged in."""
        client = TestClient(self.app, base_url="http://testserver", follow_redirects=False)
        self.clients.append(client)
        return client

    def login(self, role: str, country: str = "NL", organisation: str = "") -> Person:
        """Somebody of a role, logged in by the login page; providers of an organisation by its code."""
        tenant = TENANT[country]
        who = next(
            one
            for one in console_users.people(self.hub)
            if one.tenant == tenant and one.role == role and (not organisation or one.organisation == organisation)
        )
        client = self.stranger()
        answer = client.post("/login", data={"login": who.login, "password": PASSWORD}, follow_redirects=False)
        assert answer.status_code == 303, answer.text[:2000]
        return Person(client=client, tenant=tenant, login=who.login)

    def rows(self, tenant: str, table: Any, *where: Any) -> list[Row]:
        """What is stored, seen without any fence."""
        with self.hub.store.reading(tenant) as unit:
            return unit.rows(unit.mine(table, *where))

    def looks(self, tenant: str) -> list[Row]:
        """The access log."""
        return self.rows(tenant, schema.access_log)

    def close(self) -> None:
        """Let go of everything."""
        for client in self.clients:
            client.close()
        self.hub.store.close()


def copy_of(played: Path, home: Path) -> Path:
    """A home of its own for one test."""
    shutil.copytree(played, home, symlinks=True, ignore=shutil.ignore_patterns("sandbox", "*.sock"))
    return home
