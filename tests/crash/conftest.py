"""The same databases as everywhere, a nursery of worker processes, and counterparts that misbehave."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from hub.sandbox.pki import Pki, make_pki
from tests import databases
from tests.crash.nursery import Nursery


def pytest_configure(config: pytest.Config) -> None:
    """Offer the database fixtures; whoever comes second finds them registered."""
    if not config.pluginmanager.is_registered(databases):
        config.pluginmanager.register(databases)


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """Forks worker processes in milliseconds; every one that is left at the end is killed."""
    with Nursery() as made:
        yield made


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    """Certificates for mutual TLS on loopback."""
    return make_pki(tmp_path_factory.mktemp("pki"), now=datetime.now(UTC))
