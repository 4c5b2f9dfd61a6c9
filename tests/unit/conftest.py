"""Real databases for the store's and the pipeline's tests, and a real mail server."""

from __future__ import annotations

import pytest

from tests import databases, mailservers


def pytest_configure(config: pytest.Config) -> None:
    """Offer the fixtures of both; whoever comes second finds them registered."""
    for module in (databases, mailservers):
        if not config.pluginmanager.is_registered(module):
            config.pluginmanager.register(module)
