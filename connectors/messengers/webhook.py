"""Calling a URL with a signed JSON body.

`X-Kvitt-Signature` is `t=<seconds since 1970>,v1=<hex>`: HMAC-SHA256 with the shared secret over the time, a full stop
and the body. While a secret is changed there is a second `v1` with the one before it. Whoever is called refuses old
times and wrong signatures, and knows a repeated call by `X-Kvitt-Delivery`.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from connectors.channels.http import Call, HttpSettings, open_session, request
from connectors.messengers.outside import confine
from hub.errors import ConfigurationError, OutcomeUnknown, RefusedError, TransientError

_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_OK, _TOO_MANY, _TIMEOUT, _SERVER = range(200, 300), 429, 408, 500
_MOST = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """A URL with the secret that signs calls of it."""

    url: str
    secret: str = field(repr=False)
    former: str = field(default="", repr=False)
    """The secret before it, which signs too while the other side changes over."""
    outside: bool = False
    """Whether it must be on the open internet: for URLs that are not the operator's own."""
    ca_file: str = ""
    connect_timeout: float = 5.0
    read_timeout: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """One call; `id` stays the same when it is tried again."""

    id: str
    data: Mapping[str, Any]
    at: datetime


def is_url(text: str) -> bool:
    """Whether it may be called: https, or http on this machine; no password inside."""
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    safe = parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)
    return bool(safe and host and not parts.username and not parts.password)


def sign(secret: str, at: datetime, body: bytes) -> str:
    """The signature header for a body."""
    moment = int(at.timestamp())
    digest = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={moment},v1={digest}"


def signatures(hook: Hook, at: datetime, body: bytes) -> str:
    """The signature header of a call; while a secret changes there are two `v1`, and either will do."""
    signed = sign(hook.secret, at, body)
    return f"{signed},{sign(hook.former, at, body).partition(',')[2]}" if hook.former else signed


def call(hook: Hook, news: News) -> None:
    """Call once; raises what it means when the URL did not say yes (then it counts as not told)."""
    if not is_url(hook.url):
        raise ConfigurationError("a webhook needs an https address", hint="https://...")
    settings = HttpSettings(
        ca_file=hook.ca_file,
        connect_timeout=hook.connect_timeout,
        read_timeout=hook.read_timeout,
        total_timeout=hook.connect_timeout + 2 * hook.read_timeout,
        max_answer=_MOST,
    )
    body = json.dumps(news.data, ensure_ascii=False, sort_keys=True, default=str).encode()
    headers = {
        "Content-Type": "application/json",
        "X-Kvitt-Delivery": news.id,
        "X-Kvitt-Signature": signatures(hook, news.at, body),
    }
    with open_session(settings) as session:
        if hook.outside:
            confine(session)
        made = Call(method="POST", url=hook.url, sending=True, body=body, headers=headers)  # its status is the answer
        try:
            answer = request(session, settings, made)
        except OutcomeUnknown as error:  # telling twice does no harm
            raise TransientError(f"no answer: {error.message}", where=error.where) from error
    if answer.status in _OK:
        return
    where = urlsplit(hook.url).hostname or ""
    if answer.status in (_TOO_MANY, _TIMEOUT) or answer.status >= _SERVER:
        raise TransientError(f"the webhook does not take it now ({answer.status})", where=where)
    raise RefusedError(f"the webhook refuses it ({answer.status})", where=where, code=str(answer.status))
