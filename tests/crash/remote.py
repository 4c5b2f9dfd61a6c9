"""A partner that keeps a timeline of everything that reached it, and misbehaves as told or by a seeded random number.

It runs over plain HTTP in the process of the test, so that no kill of a worker loses anything it saw. `key` is never
refused for being known unless `dedupes` says so: whatever is sent twice is counted twice.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import quote

from connectors.channels.http import Call, HttpSettings, judge, open_session, request
from hub.errors import OutcomeUnknown
from hub.model.exchange import Collected, ExchangeState, Message, Probe, Receipt
from hub.sandbox.server import Request, Response, Route, SandboxServer, Trouble, json_response
from hub.sandbox.server_messages import Fault

KIND = "counted"


@dataclass(frozen=True, slots=True)
class Habits:
    """How often (0 to 1) the partner does what; `slow` is the longest time it thinks before it stores."""

    refuses: float = 0
    away: float = 0
    too_many: float = 0
    loses_answer: float = 0
    cuts_before: float = 0
    will_not_say: float = 0
    slow: float = 0
    kills: float = 0
    """How often it kills whoever is talking to it: before it stores, after, and while being asked."""


class Remote:
    """Runs between `with` and its end.

    `seen` holds (what, key) in order: begun (a delivery came in), stored, known (a second copy recognised), refused,
    later (429: nothing taken over); none and asked (whether a question found it).
    """

    def __init__(self, habits: Habits = Habits(), *, dedupes: bool = False, seed: int = 1) -> None:
        self.habits = habits
        self.dedupes = dedupes
        self.kills = 0
        self.seen: list[tuple[str, str]] = []
        self.poison: Callable[[str], bool] = lambda _key: False
        self.on_deliver: Callable[[str], Response | None] = lambda _key: None
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self._bodies: dict[str, bytes] = {}
        routes = [Route("POST", "/deliver/{key}", self._deliver), Route("GET", "/lookup/{key}", self._lookup)]
        self.server = SandboxServer(routes)

    def __enter__(self) -> Self:
        self.server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.server.stop()

    def copies(self) -> Counter[str]:
        """How many times each key was taken over."""
        with self._lock:
            return Counter(key for what, key in self.seen if what == "stored")

    def body(self, key: str) -> bytes:
        """What lies under a key."""
        return self._bodies[key]

    def reached(self, key: str = "") -> list[str]:
        """What happened here, in order; of one key when one is named."""
        with self._lock:
            return [what for what, other in self.seen if key in ("", other)]

    def blind_sends(self) -> list[str]:
        """Keys that came in again although nobody had asked since the last time: must be empty, always."""
        with self._lock:
            seen = list(self.seen)
        asked: dict[str, bool] = {}
        blind: list[str] = []
        for what, key in seen:
            if what in ("none", "later"):
                asked[key] = True
            elif what == "begun":
                if not asked.get(key, True):
                    blind.append(key)
                asked[key] = False
        return blind

    def _chance(self, share: float) -> bool:
        with self._lock:
            return self._random.random() < share

    def _perhaps_kill(self, call: Request, share: float) -> None:
        if share and self._chance(share):
            self.kills += 1
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(call.headers["x-pid"]), signal.SIGKILL)

    def _note(self, what: str, key: str) -> None:
        with self._lock:
            self.seen.append((what, key))

    def _deliver(self, call: Request) -> Response:
        key = call.params["key"]
        habits = self.habits
        self._note("begun", key)
        if self.poison(key):
            os.kill(int(call.headers["x-pid"]), signal.SIGKILL)
            return Response(status=500)
        told = self.on_deliver(key)
        if told is not None:
            return told
        if self._chance(habits.away):
            return json_response({}, 503)
        if self._chance(habits.too_many):
            self._note("later", key)
            return json_response({}, 429, {"Retry-After": "1"})
        if self._chance(habits.refuses):
            self._note("refused", key)
            return json_response({}, 422)
        self._perhaps_kill(call, habits.kills / 2)
        if habits.slow:
            self.server.pause(self._random.random() * habits.slow)
        stored = self._store(key, call.body)
        self._perhaps_kill(call, habits.kills / 2)
        if stored and self._chance(habits.loses_answer):
            self.server.misbehave(
                Fault(trouble=Trouble.CLOSE_AFTER_PROCESSING, method="POST", path=quote(key, safe="") + "$")
            )
        return json_response({"id": key})

    def _store(self, key: str, body: bytes) -> bool:
        with self._lock:
            known = self.dedupes and key in self._bodies
            self.seen.append(("known" if known else "stored", key))
            self._bodies.setdefault(key, body)
            return not known

    def _lookup(self, call: Request) -> Response:
        key = call.params["key"]
        self._perhaps_kill(call, self.habits.kills / 4)
        if self._chance(self.habits.will_not_say):
            return json_response({}, 503)
        with self._lock:
            there = key in self._bodies
            self.seen.append(("asked" if there else "none", key))
        return json_response({"id": key}) if there else Response(status=204)


@dataclass(frozen=True, slots=True)
class CountedChannel:
    """How a worker talks to a `Remote`; `can_lookup` as the agreement's setting `asks` says."""

    endpoint: str
    can_lookup: bool
    http: HttpSettings

    def deliver(self, message: Message) -> Receipt:
        """Hand over once; 422 is a refusal, everything unclear is unknown."""
        call = Call(
            method="POST",
            url=f"{self.endpoint}/deliver/{quote(message.key, safe='')}",
            sending=True,
            body=message.payload,
            headers=_who(),
        )
        with open_session(self.http) as session:
            judge(request(session, self.http, call), self.http, call)
        return Receipt(remote_id=message.key, state=ExchangeState.SENT, text="taken over")

    def lookup(self, key: str) -> Receipt | None:
        """Whether the remote has the key."""
        if not self.can_lookup:
            raise OutcomeUnknown("this partner cannot be asked")
        call = Call(method="GET", url=f"{self.endpoint}/lookup/{quote(key, safe='')}", headers=_who())
        with open_session(self.http) as session:
            answer = judge(request(session, self.http, call), self.http, call)
        return Receipt(remote_id=key, state=ExchangeState.SENT, text="it is there") if answer.status == 200 else None

    def collect(self) -> list[Collected]:
        """Nothing ever comes back."""
        return []

    def confirm(self, remote_id: str) -> None:
        """Nothing to confirm."""

    def probe(self) -> Probe:
        """Always there."""
        return Probe(ok=True, text=self.endpoint)


def _who() -> dict[str, str]:
    """Whom to kill."""
    return {"X-Pid": str(os.getpid())}


def open_counted(settings: Mapping[str, str]) -> CountedChannel:
    """The channel of an agreement."""
    http = HttpSettings(connect_timeout=5, read_timeout=float(settings.get("read_timeout", "10")))
    return CountedChannel(endpoint=settings["endpoint"], can_lookup=settings["asks"] == "yes", http=http)
