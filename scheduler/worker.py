"""Threads that send what is due: polling the database, a turn per place, nobody kept waiting by another's pile.

What is due stands in SQL; this loop only looks often. Several nodes may run it, and a node that dies leaves nothing
behind that another would not find.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import zip_longest

from sqlalchemy.exc import SQLAlchemyError

from hub import log
from hub.errors import HubError
from hub.pipeline.context import Hub
from hub.pipeline.send import Place, places_due, send_to

THREADS = 4
IDLE_S = 2.0
MOST = 500
"""So many exchanges of one agreement are looked at together, however many wait."""
_TURN = 100
"""So many exchanges of one place before it is another one's turn."""
_TURN_S = 5.0
"""So long may it take, or at a slow place one exchange or the few that share a transaction."""
_LOOK_S = 5.0
"""How long what was found due is worked through before it is looked at anew: pauses, windows, places that are away."""


def serve(hub: Hub, stop: threading.Event, threads: int = THREADS, idle_s: float = IDLE_S) -> None:
    """Send until `stop` is set; what is under way then is finished, nothing new is begun."""
    with ThreadPoolExecutor(threads, thread_name_prefix="send") as pool:
        turns = _Turns(hub, stop, pool)
        while not stop.is_set():
            for tenant, place in found(hub):
                turns.begin(tenant, place)
            stop.wait(idle_s)


@dataclass(slots=True)
class _Turns:
    """One turn at a time at every place, one after another for as long as it gets anywhere."""

    hub: Hub
    stop: threading.Event
    pool: ThreadPoolExecutor
    busy: set[tuple[str, str]] = field(default_factory=set)

    def begin(self, tenant: str, place: Place) -> None:
        """Queue the first turn at a place that has none."""
        if (tenant, place.name) not in self.busy:
            self.busy.add((tenant, place.name))
            self.pool.submit(self._take, tenant, place, time.monotonic())

    def _take(self, tenant: str, place: Place, looked: float) -> None:
        tried = take_turn(self.hub, tenant, place, self.stop)
        if not self.stop.is_set():
            left = rest(place, tried)
            if tried and (left is None or time.monotonic() - looked > _LOOK_S):
                left, looked = again(self.hub, tenant, place, tried), time.monotonic()
            if tried and left is not None:
                with suppress(RuntimeError):  # the pool takes nothing more when it was stopped at this very moment
                    self.pool.submit(self._take, tenant, left, looked)
                    return
        self.busy.discard((tenant, place.name))


def rest(place: Place, tried: Sequence[str]) -> Place | None:
    """What a turn left for the next one at its place."""
    left = tuple(each for each in place.ids if each not in set(tried))
    return Place(name=place.name, ids=left) if left else None


def again(hub: Hub, tenant: str, place: Place, tried: Sequence[str]) -> Place | None:
    """What is due at a place after a turn; None also where others are at what was tried, or it waits for nothing."""
    try:
        now = next((each for each in places_due(hub, tenant, MOST) if each.name == place.name), None)
    except (HubError, SQLAlchemyError) as error:
        log.event("cannot look", error=type(error).__name__)
        return None
    return None if now is None or now.ids[0] in set(tried) else now


def found(hub: Hub) -> list[tuple[str, Place]]:
    """What is due; nothing while the database does not answer, which is said once a look and outlived."""
    try:
        return list(in_turn(hub))
    except (HubError, SQLAlchemyError) as error:
        log.event("cannot look", error=type(error).__name__)
        return []


def in_turn(hub: Hub) -> Iterator[tuple[str, Place]]:
    """What is due, one place of every tenant after another: a tenant with many places does not go first with all."""
    due = [[(tenant["id"], place) for place in places_due(hub, tenant["id"], MOST)] for tenant in hub.store.tenants()]
    for layer in zip_longest(*due):
        yield from (each for each in layer if each is not None)


def take_turn(hub: Hub, tenant: str, place: Place, stop: threading.Event) -> list[str]:
    """One turn at one place; whatever breaks here ends this turn only, and is found again by the next one."""
    try:
        until = time.monotonic() + _TURN_S
        return send_to(hub, tenant, place, _TURN, lambda: stop.is_set() or time.monotonic() > until)
    except Exception as error:  # noqa: BLE001 -- a thread's last boundary: the loop must outlive a turn
        log.event("turn broke", tenant=tenant, error=type(error).__name__)
        return []
