"""Files that were shown but not yet confirmed: kept in memory for half an hour, never on disk, never in the database.

A preview must save nothing (a medical column is not stored even for a moment), and a browser cannot be asked for the
same file again without asking the person. Whoever confirms too late, or at another process, hands in again.
"""

from __future__ import annotations

import secrets
import threading
import zlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

KEPT = timedelta(minutes=30)
MOST_BYTES = 256 * 1024 * 1024
"""Of all files together, packed (a list packs to a quarter); the oldest go first."""


@dataclass(frozen=True, slots=True)
class Staged:
    """One file and whose it is. Its repr shows nothing of it."""

    owner: str
    name: str
    data: bytes = field(repr=False)
    at: datetime


class Staging:
    """The files of one console."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now, self._lock, self._files = now, threading.Lock(), OrderedDict[str, Staged]()

    def keep(self, owner: str, name: str, data: bytes) -> str:
        """Keep a file for its owner (a session); gives the word it is asked for with."""
        word, packed = secrets.token_urlsafe(18), zlib.compress(data, 1)
        with self._lock:
            self._files[word] = Staged(owner, name, packed, self._now())
            self._forget()
        return word

    def take(self, owner: str, word: str) -> Staged | None:
        """Give a file back once, to its owner only."""
        with self._lock:
            self._forget()
            found = self._files.get(word)
            if found is None or found.owner != owner:
                return None
            del self._files[word]
        return replace(found, data=zlib.decompress(found.data))

    def _forget(self) -> None:
        for word, one in list(self._files.items()):
            if self._now() - one.at > KEPT:
                del self._files[word]
        while len(self._files) > 1 and sum(len(one.data) for one in self._files.values()) > MOST_BYTES:
            self._files.popitem(last=False)
