"""A partner with a real OpenSSH server behind a wire that breaks; it takes files over and answers each one.

It moves what it took over to its archive a while after it came, and puts an answer into the inbox: at once or late, now
and then twice under two names, and never in the order of what it answers.
"""

from __future__ import annotations

import contextlib
import random
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from connectors.channels import naming
from tests.crash.wire import Breaks, Wire
from tests.openssh import OpenSsh, serving

ROUGH = Breaks(refused=0.05, cut=0.15, still=0.05)
_TAKES, _TWICE = 0.8, 0.1
"""Most files are taken over, one answer in ten is given twice."""
_LATE = (0, 0, 0, 50, 200)
"""So many tenths of a second an answer is held back."""


class Drop:
    """The partner's side of the server."""

    def __init__(self, server: OpenSsh, wire: Wire, seed: int) -> None:
        self.restarts = 0
        self.wire = wire
        self._server = server
        self._seed = seed
        self._home = server.home
        self._lock = threading.Lock()
        self._looks = 0
        self._taken: set[str] = set()
        self._waiting: dict[str, tuple[int, bytes]] = {}
        self._calm = False
        self.answered: set[str] = set()
        self._stop = threading.Event()
        for folder in ("archive", "making"):
            (self._home / folder).mkdir()

    @property
    def settings(self) -> dict[str, str]:
        """For the agreement: through the wire."""
        key = self._home / "client_key"
        if not key.exists():
            key.write_text(self._server.settings["private_key"])
            key.chmod(0o600)
        told = {name: value for name, value in self._server.settings.items() if name != "private_key"}
        times = {"connect_timeout": "5", "banner_timeout": "5", "auth_timeout": "5", "channel_timeout": "2"}
        archive = str(self._home / "archive")
        return told | times | {"port": str(self.wire.port), "private_key_file": str(key), "archive": archive}

    def files(self) -> list[tuple[str, bytes]]:
        """Everything that came under a final name, taken over or not."""
        places = [Path(self._server.settings["outbox"]), self._home / "archive"]
        found = [path for place in places for path in place.iterdir() if naming.is_ready(path.name)]
        return [(path.name, path.read_bytes()) for path in found]

    def offered(self) -> list[str]:
        """Answers that nobody has collected and confirmed yet, those still held back included."""
        inbox = Path(self._server.settings["inbox"])
        with self._lock:
            return [*self._waiting, *(path.name for path in inbox.iterdir() if path.is_file())]

    def restart(self) -> None:
        """The server is killed and started again, as after a power cut."""
        self._server.stop(hard=True)
        self._server.start()
        self.restarts += 1

    def calm(self) -> None:
        """No trouble any more, and all answers at once."""
        self.wire.breaks = Breaks()
        self._calm = True

    def live(self) -> None:
        """Take over and answer until stopped."""
        while not self._stop.wait(0.1):
            with self._lock:
                self._looks += 1
                self._take_over()
                self._answer()

    def stop(self) -> None:
        """Take nothing over any more."""
        self._stop.set()

    def _take_over(self) -> None:
        for path in sorted(Path(self._server.settings["outbox"]).iterdir()):
            dice = random.Random(f"{self._seed}:{path.name}")
            if naming.is_ready(path.name) and path.name not in self._taken and dice.random() < _TAKES:
                self._taken.add(path.name)
                with contextlib.suppress(FileNotFoundError):
                    path.rename(self._home / "archive" / path.name)
                for copy in range(2 if dice.random() < _TWICE else 1):
                    due = self._looks + dice.choice(_LATE)
                    self._waiting[f"answer-{copy}-{path.name}"] = (due, b"no format, about " + path.name.encode())

    def _answer(self) -> None:
        """What is due, the newest first."""
        for name in sorted(self._waiting, reverse=True):
            due, data = self._waiting[name]
            if due <= self._looks or self._calm:
                made = self._home / "making" / name
                made.write_bytes(data)
                made.rename(Path(self._server.settings["inbox"]) / name)
                self.answered.add(name)
                del self._waiting[name]

    def twice(self) -> list[str]:
        """Contents that lie under more than one name: must be empty, always."""
        copies = Counter(data for _, data in self.files())
        return [data.decode() for data, count in copies.items() if count > 1]


@contextlib.contextmanager
def drop(folder: Path, seed: int) -> Iterator[Drop]:
    """The partner, alive."""
    with serving(folder) as server, Wire(int(server.settings["port"]), ROUGH, seed=seed) as wire:
        one = Drop(server, wire, seed)
        thread = threading.Thread(target=one.live, daemon=True)
        thread.start()
        try:
            yield one
        finally:
            one.stop()
            thread.join()
