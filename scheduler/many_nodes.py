"""Many nodes: Celery on RabbitMQ spreads the turns; SQL stays the truth (`kvitt[celery]`, PostgreSQL).

A queue message is only a hint that something may be due at a place: it carries no data, may be lost, doubled, late or
purged. The worker looks in SQL what is really due, wins each exchange there, and asks for another turn when more is
left. What was lost is announced again by every node's next look.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

from celery import Celery
from kombu.exceptions import OperationalError

from hub import log
from hub.errors import HubError
from hub.pipeline.context import Hub
from hub.pipeline.send import places_due
from scheduler.run import node
from scheduler.worker import MOST, again, found, rest, take_turn

QUEUE = "kvitt"
TURN = "kvitt.turn"
_HINT_LIVES_S = 60
"""A hint older than this is worth nothing: the place was announced again meanwhile."""
_ANNOUNCE_EVERY_S = 20.0


def open_queue(broker: str) -> Celery:
    """The queue of hints at a broker's URL; connecting is tried again for as long as it takes."""
    app = Celery("kvitt", broker=broker)
    app.conf.update(
        task_ignore_result=True,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_default_queue=QUEUE,
        task_serializer="json",
        accept_content=["json"],
        worker_prefetch_multiplier=1,
        worker_send_task_events=False,
        worker_hijack_root_logger=False,
        broker_connection_retry_on_startup=True,
        broker_transport_options={"confirm_publish": True},
        task_publish_retry=False,
    )
    return app


def hint(app: Celery, tenant: str, place: str) -> None:
    """Say that something may be due at a place."""
    app.send_task(TURN, args=[tenant, place], expires=_HINT_LIVES_S, ignore_result=True)


def announce(hub: Hub, app: Celery, stop: threading.Event, idle_s: float = 2.0) -> None:
    """Look in SQL and hint at what is due, until `stop`; a broker that is away is outlived."""
    said: dict[tuple[str, str], tuple[float, frozenset[str]]] = {}
    while not stop.is_set():
        now = time.monotonic()
        said = {key: (at, ids) for key, (at, ids) in said.items() if now - at < _ANNOUNCE_EVERY_S}
        for tenant, place in found(hub):
            _, known = said.get((tenant, place.name), (now, frozenset()))
            # Where one that was announced still waits, its hint does; what came since all of them went needs its own.
            if known.isdisjoint(place.ids) and _hinted(app, tenant, place.name):
                said[tenant, place.name] = (now, frozenset(place.ids))
        stop.wait(idle_s)


def _hinted(app: Celery, tenant: str, place: str) -> bool:
    try:
        hint(app, tenant, place)
    except OperationalError as error:
        log.event("cannot announce", error=type(error).__name__)
        return False
    return True


def serve_turns(app: Celery, open_hub: Callable[[], Hub], processes: int) -> None:
    """Take turns until stopped (SIGTERM finishes what is under way); each process opens the hub for itself."""
    opened: dict[int, Hub] = {}
    stop = threading.Event()

    def take(tenant: str, place: str) -> None:
        if os.getpid() not in opened:
            opened[os.getpid()] = open_hub()
        if turn(opened[os.getpid()], tenant, place, stop):
            hint(app, tenant, place)

    app.task(take, name=TURN)
    pool = "solo" if processes == 1 else "prefork"
    options = [
        f"--concurrency={processes}",
        f"--pool={pool}",
        f"--queues={QUEUE}",
        "--without-gossip",
        "--without-mingle",
    ]
    app.worker_main(["worker", "--loglevel=WARNING", f"-n={node()}@kvitt", *options])


def turn(hub: Hub, tenant: str, name: str, stop: threading.Event) -> bool:
    """One turn at a place; True when more is due there now. A hint about nothing does nothing."""
    try:
        due = next((place for place in places_due(hub, tenant, MOST) if place.name == name), None)
        if due is None:
            return False
        tried = take_turn(hub, tenant, due, stop)
        return bool(tried) and not stop.is_set() and (rest(due, tried) or again(hub, tenant, due, tried)) is not None
    except HubError as error:
        log.event("turn broke", tenant=tenant, error=type(error).__name__)
        return False
