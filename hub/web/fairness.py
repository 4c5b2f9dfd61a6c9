"""Every file that comes in, in turn: one at a time, organisations one after another, and the way there is shown.

A list of a hundred thousand people keeps a processor busy for a minute. Fifty practices that hand in at once therefore
stand in one queue, whichever door they came through (a page or the API): each organisation's next file goes before
another's second one, whoever looks at pages never waits for a free thread, and memory holds one list that is being
read, whatever their number. What an errand leaves is the finished answer, small, for the session or token that asked
for it and nobody else.
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
from hub.pipeline.cases import RefusedError

EACH = 4
"""Lists of one organisation that may wait at the same time."""
MOST_BYTES = 512 * 1024 * 1024
"""Of all files together that wait."""
FULL, BUSY = "QUEUE_FULL", "QUEUE_BUSY"
"""Why nothing more may stand in the queue: this organisation's files, everybody's."""
_KEPT = 30 * 60
_MOST_ENDED = 400
_IDLE = 2.0
_BREATH = 0.2
"""Between two errands, so that whoever waits to write gets in."""
_PATIENCE = 8.0
_PATIENT = 8
"""Requests that may keep their thread while they wait for their own errand, of the forty there are."""
_PACKED_ROW = 20
_USUAL = 1_000.0
"""Rows a second, until a list has shown how fast it goes here."""


@dataclass(slots=True)
class Errand:
    """One file on its way. `owner` may ask for its answer: a session or a token; `person` is whose session it is."""

    word: str
    owner: str
    organisation: str
    rows: int
    work: Callable[[], Response] | None = field(repr=False)
    size: int = 0
    person: str = ""
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
        """Stand in the queue; RefusedError when too much is there already."""
        return self.stand(Errand(secrets.token_urlsafe(18), owner, organisation, rows, work))

    def stand(self, made: Errand) -> Errand:
        """Stand in the queue with this; what stands there under the same word already is given back instead."""
        with self._lock:
            known = self._known.get(made.word)
            if known is not None and known.owner == made.owner:
                return known
            self._check_room(made)
            self._waiting.setdefault(made.organisation, deque()).append(made)
            self._known[made.word] = made
            self._forget()
            if self._workers < self._at_once:
                self._workers += 1
                threading.Thread(target=self._work, name="desk", daemon=True).start()
            self._lock.notify()
        return made

    def _check_room(self, made: Errand) -> None:
        if len(self._waiting.get(made.organisation, ())) >= EACH:
            raise RefusedError(FULL, count=EACH)
        waiting = sum(one.size for queue in self._waiting.values() for one in queue)
        if waiting and waiting + made.size > MOST_BYTES:
            raise RefusedError(BUSY)

    def find(self, owner: str, word: str) -> Errand | None:
        """An errand by its word, for the session that put it only."""
        with self._lock:
            found = self._known.get(word)
        return found if found is not None and found.owner == owner else None

    def whose(self, word: str) -> str:
        """The person who put an errand; empty when there is none of this word."""
        with self._lock:
            found = self._known.get(word)
        return found.person if found is not None else ""

    def forget(self, errand: Errand) -> None:
        """Its answer was given: the same word is another errand from now on."""
        with self._lock:
            if self._known.get(errand.word) is errand and errand.ended is not None:
                del self._known[errand.word]

    def wait(self, errand: Errand, worked_on: float = 0.0) -> bool:
        """Wait a little for it, where threads are left for others; longer while it is worked on. Whether it is over."""
        with self._patience() as seconds:
            over = errand.over.wait(seconds)
        return over or (errand.begun is not None and errand.over.wait(worked_on))

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
        served = {one.organisation for one in found}
        queues = sorted(self._waiting.items(), key=lambda each: each[0] in served)
        depth = max((len(queue) for queue in self._waiting.values()), default=0)
        for turn in range(depth):
            for _, queue in queues:
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
        """The first of the organisation whose turn it is. None: nothing for long."""
        with self._lock:
            if not self._waiting:
                self._lock.wait(_IDLE)
            if not self._waiting:
                self._workers -= 1
                return None
            organisation, queue = next(iter(self._waiting.items()))
            errand = queue.popleft()
            if not queue:
                del self._waiting[organisation]
            errand.begun = time.monotonic()
            return errand

    def _run(self, errand: Errand) -> None:
        work, errand.work = errand.work, None  # the file goes with it
        try:
            errand.answer = work() if work is not None else None
        except Exception as error:  # noqa: BLE001 -- raised again where it was asked for, by `result`
            errand.error = error
        with self._lock:
            if errand.organisation in self._waiting:  # now, not when it began: whoever came meanwhile goes before it
                self._waiting.move_to_end(errand.organisation)
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


def rows_of(data: bytes) -> int:
    """About how many rows a file has, without reading it: a packed one holds a row in some twenty bytes."""
    return len(data) // _PACKED_ROW if data.startswith((b"PK\x03\x04", b"\x1f\x8b")) else data.count(b"\n")


def _rounded(seconds: float) -> int:
    """Nobody is told 83 seconds: whole tens from ten on."""
    return max(1, int(seconds)) if seconds < 10 else 10 * round(seconds / 10)
