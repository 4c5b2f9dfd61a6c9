"""What a story is played on: a hub, a clock moved by hand, a narrator, and a folder for what people read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from hub.clock import MovableClock
from hub.pipeline.context import Hub


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One play. `say` tells a person what happens (silent in JSON mode); `out` keeps files under readable names."""

    hub: Hub
    clock: MovableClock
    out: Path
    say: Callable[[str], None]

    def at(self, moment: datetime, what: str) -> None:
        """Move the clock and say what happens then."""
        self.clock.move_to(moment)
        self.say(f"{moment:%Y-%m-%d} {what}")

    def folder(self, name: str) -> Path:
        """A folder of the sandbox's own, beside the hub's data."""
        path = self.hub.home / "sandbox" / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    def keep(self, name: str, data: bytes) -> None:
        """Keep a file for people to look at; names never carry personal data."""
        path = self.out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
