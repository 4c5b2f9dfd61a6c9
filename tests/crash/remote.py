"""A partner that keeps a timeline of everything that reached it, and misbehaves as told or by a seeded random number.

It runs over HTTP or TLS in the process of the test, so that no kill of a worker loses anything it saw. `key` is never refused
for being known unless `dedupes` says so: whatever is sent twice is counted twice. What it does to the n-th request about a
key follows from the seed, the key and n alone, however the senders' processes come to be scheduled.
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
from hub.sandbox.server import Request, Response, Route, SandboxServer, TlsFiles, Trouble, json_response
from hub.sandbox.server_messages import Fault

KIND = "counted"


@dataclass(frozen=True, slots=True)
class Habits:
    """How often (0 to 1) the partner does what; `slow` is the longest time it thinks before it stores."""

    refuses: float = 0
    away: float = 0
    too_many: float = 0
    loses_answer: float = 0
    will_not_say: float = 0
    slow: float = 0
    kills: float = 0
    """How often it kills whoever is talking to it: before it stores, after, and while being asked."""
    too_late: float = 0
    """How often its answer comes when nobody waits any more: half of the time it has stored by then, else it does so later."""
    patience: float = 1
    """So long those who send here wait for an answer."""


class Remote:
    """Runs between `with` and its end.

    `seen` holds (what, key) in order: begun (a delivery came in), stored, known (a second copy recognised), refused,
    later (429: nothing taken over); none and asked (whether a question found it).
    """

    def __init__(
        self,
        habits: Habits = Habits(),
        *,
        dedupes: bool = False,
        seed: int = 1,
        tls: TlsFiles | None = None,
        host: str = "127.0.0.1",
    ) -> None:
        self.habits = habits
        self.dedupes = dedupes
        self.kills = 0
        self.too_late = 0
        self.seen: list[tuple[str, str]] = []
        self.poison: Callable[[str], bool] = lambda _key: False
        self.on_deliver: Callable[[str], Response | None] = lambda _key: None
        self.on_stored: Callable[[str], None] = lambda _key: None
        self._seed = seed
        self._requests: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._bodies: dict[str, bytes] = {}
        routes = [Route("POST", "/deliver/{key}", self._deliver), Route("GET", "/lookup/{key}", self._lookup)]
        self.server = SandboxServer(routes, tls=tls, host=host)

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

    def _dice(self, about: str) -> random.Random:
        """What decides about one request: the seed, what it is about, and how many there were before."""
        with self._lock:
            self._requests[about] += 1
            return random.Random(f"{self._seed}:{about}:{self._requests[about]}")

    def _perhaps_kill(self, call: Request, dice: random.Random, share: float) -> None:
        if dice.random() < share:
            with self._lock:
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
        dice = self._dice(f"deliver {key}")
        if dice.random() < habits.away:
            return json_response({}, 503)
        if dice.random() < habits.too_many:
            self._note("later", key)
            return json_response({}, 429, {"Retry-After": "1"})
        if dice.random() < habits.refuses:
            self._note("refused", key)
            return json_response({}, 422)
        self._perhaps_kill(call, dice, habits.kills / 2)
        too_late = dice.random() < habits.too_late
        before = too_late and dice.random() < 1 / 2
        self.server.pause(dice.random() * habits.slow + (habits.patience + dice.random() / 2 if before else 0))
        stored = self._store(key, call.body)
        self.on_stored(key)
        self._perhaps_kill(call, dice, habits.kills / 2)
        if too_late:
            with self._lock:
                self.too_late += 1
            self.server.pause(0 if before else habits.patience + dice.random() / 2)
        elif stored and dice.random() < habits.loses_answer:
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
        dice = self._dice(f"lookup {key}")
        self._perhaps_kill(call, dice, self.habits.kills / 4)
        if dice.random() < self.habits.will_not_say:
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
    patience = float(settings.get("read_timeout", "10"))
    http = HttpSettings(connect_timeout=5, read_timeout=patience, ca_file=settings.get("ca_file", ""))
    return CountedChannel(endpoint=settings["endpoint"], can_lookup=settings["asks"] == "yes", http=http)
