"""A channel that keeps to the partner's quota: every call is counted for all nodes and tenants before it is made.

A call beyond the quota is a TransientError with the time to wait: nothing was called, nothing was taken over.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from hub.errors import ConfigurationError, TransientError
from hub.model.exchange import Collected, Message, Probe, Receipt
from hub.ports import Channel, Clock
from hub.store import quotas
from hub.store.unit import Store

SETTING = "per_minute"
"""The channel setting that says how many calls a minute a partner takes; without it none are counted."""
_ACCOUNT = ("endpoint", "host", "port", "username", "client_cert", "token")


@dataclass(slots=True)
class Metered:
    """A channel behind a quota of `limit` calls a minute at `place`."""

    channel: Channel
    store: Store
    clock: Clock
    place: str
    limit: int
    can_lookup: bool

    def deliver(self, message: Message) -> Receipt:
        """Hand over the message, counted."""
        self._count()
        return self.channel.deliver(message)

    def lookup(self, key: str) -> Receipt | None:
        """Ask, counted."""
        self._count()
        return self.channel.lookup(key)

    def collect(self) -> Iterator[Collected]:
        """Fetch, with the list and each thing in it counted; what the quota leaves out comes the next time."""
        self._count()
        for each in self.channel.collect():
            yield each
            if self._wait():
                return

    def confirm(self, remote_id: str) -> None:
        """Confirm, counted."""
        self._count()
        self.channel.confirm(remote_id)

    def probe(self) -> Probe:
        """Look; a person's look is not held back."""
        return self.channel.probe()

    def _wait(self) -> int:
        return quotas.take(self.store.engine, self.place, self.limit, self.clock.now())

    def _count(self) -> None:
        wait = self._wait()
        if wait:
            raise TransientError(
                f"{self.limit} calls a minute are allowed, and made", hint="it goes on by itself", retry_after=wait
            )


def metered(channel: Channel, kind: str, settings: Mapping[str, str], store: Store, clock: Clock) -> Channel:
    """The channel itself, or behind its quota where its settings name one."""
    wished = settings.get(SETTING, "")
    if not wished:
        return channel
    if not (wished.isascii() and wished.isdigit() and int(wished) > 0):
        hint = f"kvitt org agreement ... --set {SETTING}=60"
        raise ConfigurationError(f"{SETTING} must be a whole number above 0", hint=hint)
    named = "|".join([kind, *(settings.get(name, "") for name in _ACCOUNT)])
    return Metered(channel, store, clock, hashlib.sha256(named.encode()).hexdigest(), int(wished), channel.can_lookup)
