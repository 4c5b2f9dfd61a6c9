"""What the sandbox's VECOZO keeps: messages it received and answers that wait, in memory or in a folder.

With a folder everything survives a restart of either side. A message exists once its JSON file is there: payload first,
then the JSON under another name, then a rename.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A message somebody pushed: its metadata as received, where it stands, and any notices (code, text)."""

    traceer: str
    account: str
    metadata: dict[str, Any]
    payload: bytes
    state: str
    received_at: str
    changed_at: str
    notices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """An answer for somebody: in line once it is available, gone once its receipt is confirmed."""

    traceer: str
    account: str
    answers: str
    metadata: dict[str, Any]
    payload: bytes
    number: int
    available_at: str = ""
    confirmed: bool = False


_Item = TypeVar("_Item", Received, Queued)


@dataclass(slots=True)
class VecozoStore:
    """Both boxes behind one lock; `folder` None keeps them in memory only."""

    folder: Path | None = None
    received: dict[str, Received] = field(default_factory=dict)
    queued: dict[str, Queued] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        if self.folder is not None:
            self.received = {item.traceer: item for item in _load(self.folder / "received", Received)}
            self.queued = {item.traceer: item for item in _load(self.folder / "queued", Queued)}

    def keep_received(self, item: Received) -> None:
        """Add a message or replace it by its newer state."""
        with self.lock:
            _save(self.folder, "received", item)
            self.received[item.traceer] = item

    def keep_queued(self, item: Queued) -> None:
        """Add an answer or replace it by its newer state."""
        with self.lock:
            _save(self.folder, "queued", item)
            self.queued[item.traceer] = item

    def release(self, answering: Iterable[str] | None, now: str) -> int:
        """Put held answers in line (all, or those to these messages, in that order); how many."""
        with self.lock:
            held = sorted((item for item in self.queued.values() if not item.available_at), key=lambda one: one.number)
            chosen = (
                held
                if answering is None
                else [item for traceer in answering for item in held if item.answers == traceer]
            )
            for place, item in enumerate(chosen):
                self.keep_queued(replace(item, available_at=now, number=self.next_number() + place))
            return len(chosen)

    def next_number(self) -> int:
        """A number after all others in the queue."""
        with self.lock:
            return 1 + max((item.number for item in self.queued.values()), default=0)

    def in_line(self, account: str) -> list[Queued]:
        """What this account can fetch now, oldest first."""
        with self.lock:
            ready = (one for one in self.queued.values() if one.available_at and not one.confirmed)
            return sorted((one for one in ready if one.account == account), key=lambda one: one.number)


def _save(folder: Path | None, box: str, item: Received | Queued) -> None:
    if folder is None:
        return
    place = folder / box
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    payload = place / f"{item.traceer}.bin"
    if not payload.exists():
        _replace(payload, item.payload)
    facts = {name: value for name, value in asdict(item).items() if name != "payload"}
    _replace(place / f"{item.traceer}.json", json.dumps(facts, indent=1).encode())


def _replace(path: Path, data: bytes) -> None:
    fresh = path.with_suffix(path.suffix + ".new")
    fresh.write_bytes(data)
    fresh.replace(path)


def _load(place: Path, kind: type[_Item]) -> list[_Item]:
    items: list[_Item] = []
    for path in sorted(place.glob("*.json")):
        facts = json.loads(path.read_bytes())
        if "notices" in facts:
            facts["notices"] = tuple((code, text) for code, text in facts["notices"])
        items.append(kind(payload=path.with_suffix(".bin").read_bytes(), **facts))
    return items
