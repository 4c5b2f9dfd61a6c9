"""The hub and tenant a command works on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from hub.cli.boot import open_hub, settings_here
from hub.errors import ConfigurationError
from hub.log import open_log
from hub.pipeline.context import Hub
from hub.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """An opened hub with the tenant the command is about."""

    hub: Hub
    settings: Settings
    tenant: str
    country: str
    language: str


@contextmanager
def here(tenant: str = "") -> Iterator[Here]:
    """Open the hub the environment points at; with several tenants one must be named."""
    settings = settings_here()
    hub = open_hub(settings)
    log = open_log(settings.log)
    try:
        row = _tenant(hub, tenant)
        yield Here(hub=hub, settings=settings, tenant=row["id"], country=row["country"], language=settings.language)
    finally:
        log.close()
        hub.store.close()


@contextmanager
def opened() -> Iterator[Hub]:
    """Open the hub the environment points at, for commands that may look at several tenants."""
    settings = settings_here()
    hub = open_hub(settings)
    log = open_log(settings.log)
    try:
        yield hub
    finally:
        log.close()
        hub.store.close()


def tenants(hub: Hub, wished: str = "") -> list[str]:
    """The tenants a command works on: the one named, else all."""
    known = [row["id"] for row in hub.store.tenants()]
    if wished and wished not in known:
        raise ConfigurationError(f"no tenant {wished!r}", hint=f"known: {', '.join(known) or 'none yet'}")
    return [wished] if wished else known


def _tenant(hub: Hub, wished: str) -> dict[str, str]:
    rows = hub.store.tenants()
    named = [row for row in rows if row["id"] == wished] if wished else rows
    if len(named) == 1:
        return named[0]
    known = ", ".join(row["id"] for row in rows) or "none yet: kvitt org add --tenant NAME ..."
    raise ConfigurationError(f"no tenant {wished!r}" if wished else "name one tenant", hint=f"--tenant; known: {known}")
