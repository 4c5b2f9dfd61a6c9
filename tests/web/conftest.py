"""A played demo per session, a console per test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import databases
from tests.conftest import absent
from tests.web.browsers import CHROMIUM, Site, a_site
from tests.web.consoles import Console, copy_of, play_demo


def pytest_configure(config: pytest.Config) -> None:
    """Offer the database fixtures; whoever comes second finds them registered."""
    if not config.pluginmanager.is_registered(databases):
        config.pluginmanager.register(databases)


@pytest.fixture(scope="session")
def played_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both stories, played once per process."""
    home = tmp_path_factory.mktemp("console") / "hub"
    play_demo(home)
    return home


@pytest.fixture
def console(played_home: Path, tmp_path: Path) -> Iterator[Console]:
    """A console of its own."""
    made = Console.on(copy_of(played_home, tmp_path / "hub"))
    yield made
    made.close()


@pytest.fixture
def site(played_home: Path, tmp_path: Path) -> Iterator[Site]:
    """A console of its own, served to a real browser."""
    if CHROMIUM is None:
        absent("chromium")
    with a_site(copy_of(played_home, tmp_path / "hub")) as made:
        yield made


@pytest.fixture(scope="module")
def stories(played_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One console and one browser for all stories of a module: each story works with things of its own."""
    if CHROMIUM is None:
        absent("chromium")
    with a_site(copy_of(played_home, tmp_path_factory.mktemp("stories") / "hub")) as made:
        yield made
