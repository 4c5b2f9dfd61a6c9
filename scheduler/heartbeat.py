"""Tell somebody outside that the hub is alive: a dead hub cannot say so, but its silence can be noticed.

The URL of a watching service is called once a minute while nothing is critical; the service raises the alarm when the
calls stop. Nothing but the call itself is sent.
"""

from __future__ import annotations

import requests

from hub import log
from hub.pipeline.context import Hub
from scheduler.health import CRITICAL, signs

_PATIENCE_S = 10


def beat(hub: Hub, url: str) -> bool:
    """Call the URL when the hub is well; False when it was not called or did not answer."""
    bad = [sign.code for sign in signs(hub) if sign.level == CRITICAL]
    if bad:
        log.event("no heartbeat", because=",".join(sorted(set(bad))))
        return False
    try:
        answer = requests.get(url, timeout=_PATIENCE_S, allow_redirects=False)
    except requests.RequestException as error:
        log.event("heartbeat failed", error=type(error).__name__)
        return False
    return answer.ok
