"""A wire to a server that breaks: connections are refused, cut or held still after so many bytes, as a seed has it.

It knows nothing of what goes over it, so that the server behind it can be a real one, encrypted and all.
"""

from __future__ import annotations

import contextlib
import random
import selectors
import socket
import struct
import threading
import time
from collections import Counter
from dataclasses import dataclass
from types import TracebackType
from typing import Self

_PIECE = 16 * 1024
_RESET = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaks:
    """How often (0 to 1) a connection is refused, cut or held still, and within how many bytes that happens."""

    refused: float = 0
    cut: float = 0
    still: float = 0
    within: int = 9_000
    seconds: float = 3
    """So long a wire is held still before it is cut: longer than anybody waits."""


class Wire:
    """Runs between `with` and its end; `port` leads to the target. What becomes of connection n follows from the seed."""

    def __init__(self, target: int, breaks: Breaks, *, seed: int) -> None:
        self.breaks = breaks
        self.done: Counter[str] = Counter()
        self._target = target
        self._seed = seed
        self._count = 0
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    @property
    def port(self) -> int:
        """Where it begins."""
        return int(self._listener.getsockname()[1])

    def __enter__(self) -> Self:
        self._listener.settimeout(0.1)
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(5)
        self._listener.close()

    def _accept(self) -> None:
        while not self._stop.is_set():
            try:
                client, _ = self._listener.accept()
            except TimeoutError:
                continue
            self._count += 1
            dice = random.Random(f"{self._seed}:{self._count}")
            thread = threading.Thread(target=self._serve, args=(client, dice), daemon=True)
            self._threads = [each for each in self._threads if each.is_alive()] + [thread]
            thread.start()

    def _serve(self, client: socket.socket, dice: random.Random) -> None:
        breaks, share, left = self.breaks, dice.random(), dice.randrange(self.breaks.within)
        with client:
            if share < breaks.refused:
                self.done["refused"] += 1
                _reset(client)
                return
            broken = share < breaks.refused + breaks.cut + breaks.still
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._target), 5) as server:
                if self._carry(client, server, left if broken else None):
                    return
                held = share >= breaks.refused + breaks.cut
                self.done["held still" if held else "cut"] += 1
                if held:
                    self._stop.wait(breaks.seconds)
                _reset(client)
                _reset(server)

    def _carry(self, client: socket.socket, server: socket.socket, left: int | None) -> bool:
        """Carry bytes both ways until one side ends (True) or as many have passed as were left (False)."""
        with selectors.DefaultSelector() as selector:
            selector.register(client, selectors.EVENT_READ, server)
            selector.register(server, selectors.EVENT_READ, client)
            until = time.monotonic() + 60
            while not self._stop.is_set() and time.monotonic() < until:
                for key, _ in selector.select(0.2):
                    piece = key.fileobj.recv(_PIECE if left is None else min(_PIECE, left + 1))  # type: ignore[union-attr]
                    if not piece:
                        return True
                    if left is not None:
                        if len(piece) > left:
                            key.data.sendall(piece[:left])
                            return False
                        left -= len(piece)
                    key.data.sendall(piece)
        return True


def _reset(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
