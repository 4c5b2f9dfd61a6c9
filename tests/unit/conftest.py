"""Real databases for the store's and the pipeline's tests."""

from __future__ import annotations

import pytest

from tests import databases


def pytest_configure(config: pytest.Config) -> None:
    """Offer the database fixtures; whoever comes second finds them registered."""
    if not config.pluginmanager.is_registered(databases):
        config.pluginmanager.register(databases)
