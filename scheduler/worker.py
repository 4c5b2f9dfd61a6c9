"""Threads that send what is due: polling the database, a turn per place, nobody kept waiting by another's pile.

What is due stands in SQL; this loop only looks often. Several nodes may run it, and a node that dies leaves nothing
behind that another would not find.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import zip_longest

from sqlalchemy.exc import SQLAlchemyError

from hub import log
from hub.errors import HubError
from hub.pipeline.context import Hub
from hub.pipeline.send import Place, places_due, send_to

THREADS = 4
IDLE_S = 2.0
_TURN = 20
"""So many exchanges of one place before it is another one's turn."""


def serve(hub: Hub, stop: threading.Event, threads: int = THREADS, idle_s: float = IDLE_S) -> None:
    """Send until `stop` is set; what is under way then is finished, nothing new is begun."""
    busy: set[tuple[str, str]] = set()
    with ThreadPoolExecutor(threads, thread_name_prefix="send") as pool:
        while not stop.is_set():
            for tenant, place in found(hub):
                key = (tenant, place.name)
                if key not in busy:
                    busy.add(key)
                    turn = pool.submit(take_turn, hub, tenant, place, stop)
                    turn.add_done_callback(lambda _, key=key: busy.discard(key))  # type: ignore[misc]
            stop.wait(idle_s)


def found(hub: Hub) -> list[tuple[str, Place]]:
    """What is due; nothing while the database does not answer, which is said once a look and outlived."""
    try:
        return list(in_turn(hub))
    except (HubError, SQLAlchemyError) as error:
        log.event("cannot look", error=type(error).__name__)
        return []


def in_turn(hub: Hub) -> Iterator[tuple[str, Place]]:
    """What is due, one place of every tenant after another: a tenant with many places does not go first with all."""
    due = [[(tenant["id"], place) for place in places_due(hub, tenant["id"])] for tenant in hub.store.tenants()]
    for layer in zip_longest(*due):
        yield from (each for each in layer if each is not None)


def take_turn(hub: Hub, tenant: str, place: Place, stop: threading.Event) -> list[str]:
    """One turn at one place; whatever breaks here ends this turn only, and is found again by the next one."""
    try:
        return send_to(hub, tenant, place, _TURN, stop.is_set)
    except Exception as error:  # noqa: BLE001 -- a thread's last boundary: the loop must outlive a turn
        log.event("turn broke", tenant=tenant, error=type(error).__name__)
        return []
