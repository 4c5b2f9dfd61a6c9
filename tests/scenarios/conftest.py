"""Every scenario runs on SQLite and on a real PostgreSQL, and ends with both money equations holding."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import databases
from tests.databases import Database
from tests.scenarios.world import NL, NO, World


def pytest_configure(config: pytest.Config) -> None:
    """Offer the database fixtures; whoever comes second finds them registered."""
    if not config.pluginmanager.is_registered(databases):
        config.pluginmanager.register(databases)


@pytest.fixture
def make_world(database: Database, tmp_path: Path) -> Iterator[Callable[..., World]]:
    """Makes the hub with the example organisations; keyword `partners` gives files of the user's own partners."""
    made: list[World] = []

    def make(partners: dict[str, str] | None = None) -> World:
        home = tmp_path / "hub"
        for name, text in (partners or {}).items():
            path = home / "partners" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        world = World.begin(database, home)
        made.append(world)
        return world

    yield make
    for world in made:
        conserved = {tenant: world.conservation(tenant) for tenant in (NL, NO)}
        world.hub.store.close()
        assert conserved == {NL: [], NO: []}


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    """A hub in which the two example organisations exist and nothing has happened yet."""
    return make_world()
