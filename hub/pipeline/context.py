"""What every step of the pipe gets handed: the hub, put together once at the edge."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from hub.model.partner import Agreement, Partner
from hub.ports import Channel, Clock, CoverageCheck
from hub.registry import Registry
from hub.store.unit import Store

ZONES = {"NL": ZoneInfo("Europe/Amsterdam"), "NO": ZoneInfo("Europe/Oslo")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who is behind a step: a person or the night."""

    name: str = "hub"
    role: str = "system"


NIGHT = Actor()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """One hub, put together. `open_channel` gives the channel of an agreement; `coverage` the COV of a tenant.

    `address` is where people reach the console, `virus_scan` where a virus scanner answers; both may be empty.
    """

    home: Path
    stage: str
    store: Store
    registry: Registry
    clock: Clock
    open_channel: Callable[[Partner, Agreement], Channel]
    coverage: Callable[[str], CoverageCheck | None]
    address: str = ""
    virus_scan: str = ""

    def today(self, country: str) -> date:
        """The local date of a country's business day."""
        return self.local(country).date()

    def local(self, country: str) -> datetime:
        """The local time of a country."""
        return self.clock.now().astimezone(ZONES[country])

    @property
    def is_test(self) -> bool:
        """Whether what leaves must be marked as a test."""
        return self.stage != "production"


def content_id(name: str, data: bytes) -> str:
    """How a file from disk is remembered: by its name and content, so that the same file again is recognised."""
    return f"{name}#{hashlib.sha256(data).hexdigest()[:32]}"
