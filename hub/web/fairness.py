"""Long work of the console in turn: one list at a time, organisations one after another, and the way there is shown.

A list of a hundred thousand people keeps a processor busy for a minute. Fifty practices that hand in at once therefore
stand in one queue: each organisation's next list goes before another's second one, whoever looks at pages never waits
for a free thread, and memory holds one list that is being read, whatever their number. What an errand leaves is the
finished answer, small, for the session that asked for it and nobody else.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from fastapi import Response

from hub.errors import ContentError

EACH = 4
"""Lists of one organisation that may wait at the same time."""
_KEPT = 30 * 60
_MOST_ENDED = 400
_IDLE = 2.0
_BREATH = 0.2
"""Between two errands, so that whoever waits to write gets in."""
_PATIENCE = 8.0
_PATIENT = 8
"""Requests that may keep their thread while they wait for their own errand, of the forty there are."""
_USUAL = 1_000.0
"""Rows a second, until a list has shown how fast it goes here."""


@dataclass(slots=True)
class Errand:
    """One list on its way. `ahead` lists go before it; `share` of it is done as far as can be told."""

    word: str
    owner: str
    organisation: str
    rows: int
    work: Callable[[], Response] | None = field(repr=False)
    put: float
    begun: float | None = None
    ended: float | None = None
    answer: Response | None = field(default=None, repr=False)
    error: Exception | None = None
    over: threading.Event = field(default_factory=threading.Event, repr=False)

    def result(self) -> Response:
        """What came of it; raises what it raised."""
        if self.error is not None:
            raise self.error
        if self.answer is None:
            raise ContentError("this list is not ready yet", hint="wait a moment")
        return self.answer


@dataclass(frozen=True, slots=True)
class Way:
    """How far an errand is: lists before it, whether it is being worked on, and the seconds it may still take."""

    ahead: int
    begun: bool
    seconds: int
    share: int


class Desk:
    """The queue of one console and whoever works through it."""

    def __init__(self, at_once: int = 1, patience: float = _PATIENCE) -> None:
        self._at_once, self._wait = at_once, patience
        self._workers, self._patient, self._pace = 0, 0, _USUAL
        self._lock = threading.Condition()
        self._waiting: OrderedDict[str, deque[Errand]] = OrderedDict()
        self._known: OrderedDict[str, Errand] = OrderedDict()

    def put(self, owner: str, organisation: str, rows: int, work: Callable[[], Response]) -> Errand:
        """Stand in the queue; ContentError when this organisation has too many lists there already."""
        made = Errand(secrets.token_urlsafe(18), owner, organisation, rows, work, time.monotonic())
        with self._lock:
            queue = self._waiting.setdefault(organisation, deque())
            if len(queue) >= EACH:
                said = f"{EACH} lists of this organisation are waiting already"
                raise ContentError(said, hint="wait until they are done and try again")
            queue.append(made)
            self._known[made.word] = made
            self._forget()
            if self._workers < self._at_once:
                self._workers += 1
                threading.Thread(target=self._work, name="desk", daemon=True).start()
            self._lock.notify()
        return made

    def find(self, owner: str, word: str) -> Errand | None:
        """An errand by its word, for the session that put it only."""
        with self._lock:
            found = self._known.get(word)
        return found if found is not None and found.owner == owner else None

    def wait(self, errand: Errand) -> bool:
        """Wait a little for it, where threads are left for others; whether it is over."""
        with self._patience() as seconds:
            return errand.over.wait(seconds)

    def way(self, errand: Errand) -> Way:
        """How far it is, and about how long it will be."""
        now = time.monotonic()
        with self._lock:
            pace = self._pace
            if errand.begun is None:
                before = self._before(errand)
                rows = sum(one.rows for one in before) + errand.rows
                return Way(len(before), begun=False, seconds=_rounded(rows / pace), share=0)
        whole = max(errand.rows / pace, 1.0)
        gone = (errand.ended or now) - errand.begun
        share = 100 if errand.over.is_set() else min(99, int(100 * gone / whole))
        return Way(0, begun=True, seconds=_rounded(max(whole - gone, 1.0)), share=share)

    def _before(self, errand: Errand) -> list[Errand]:
        """Who goes first, as the turns stand now: one of each organisation, then the next of each."""
        found = [one for one in self._known.values() if one.begun is not None and one.ended is None]
        depth = max((len(queue) for queue in self._waiting.values()), default=0)
        for turn in range(depth):
            for queue in self._waiting.values():
                if turn < len(queue):
                    if queue[turn] is errand:
                        return found
                    found.append(queue[turn])
        return found

    @contextmanager
    def _patience(self) -> Iterator[float]:
        with self._lock:
            self._patient += 1
            seconds = self._wait if self._patient <= _PATIENT else 0.0
        try:
            yield seconds
        finally:
            with self._lock:
                self._patient -= 1

    def _work(self) -> None:
        while (errand := self._next()) is not None:
            self._run(errand)
            time.sleep(_BREATH)

    def _next(self) -> Errand | None:
        """The first of the organisation whose turn it is; that organisation goes to the end. None: nothing for long."""
        with self._lock:
            if not self._waiting:
                self._lock.wait(_IDLE)
            if not self._waiting:
                self._workers -= 1
                return None
            organisation, queue = self._waiting.popitem(last=False)
            errand = queue.popleft()
            if queue:
                self._waiting[organisation] = queue
            errand.begun = time.monotonic()
            return errand

    def _run(self, errand: Errand) -> None:
        work, errand.work = errand.work, None  # the file goes with it
        try:
            errand.answer = work() if work is not None else None
        except Exception as error:  # noqa: BLE001 -- raised again where it was asked for, by `result`
            errand.error = error
        with self._lock:
            errand.ended = time.monotonic()
            took = errand.ended - (errand.begun or errand.ended)
            if errand.rows and took > 0:
                self._pace += (errand.rows / took - self._pace) / 4
        errand.over.set()

    def _forget(self) -> None:
        now = time.monotonic()
        ended = [one for one in self._known.values() if one.ended is not None]
        for place, one in enumerate(ended):
            if now - (one.ended or now) > _KEPT or len(ended) - place > _MOST_ENDED:
                del self._known[one.word]


def _rounded(seconds: float) -> int:
    """Nobody is told 83 seconds: whole tens from ten on."""
    return max(1, int(seconds)) if seconds < 10 else 10 * round(seconds / 10)
