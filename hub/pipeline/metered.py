"""What a partner allows: a quota of calls, counted for all nodes and tenants together, and hours without any.

A call beyond the quota is a TransientError with the time to wait: nothing was called, nothing was taken over.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from hub.errors import ConfigurationError, TransientError
from hub.model.exchange import Collected, Message, Probe, Receipt
from hub.model.partner import Agreement, Partner
from hub.pipeline.context import ZONES, Hub
from hub.policy.windows import in_maintenance, read_windows
from hub.ports import Channel, Clock
from hub.store import quotas
from hub.store.unit import Store

SETTING = "per_minute"
"""The channel setting that says how many calls a minute a partner takes; without it none are counted."""
WINDOWS = "maintenance"
"""The channel setting with the hours a partner is not to be called in, such as `sun 02:00-06:00`."""
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


def in_window(hub: Hub, partner: Partner | None, agreement: Agreement | None) -> bool:
    """Whether a partner is not to be called now: its maintenance windows (`maintenance`), in its own local time.

    A setting that cannot be read stops nobody else here: it is told when the channel is opened.
    """
    settings = {**(partner.channel.settings if partner else {}), **(agreement.settings if agreement else {})}
    country = partner.country if partner and partner.country in ZONES else "NL"
    try:
        return in_maintenance(settings.get(WINDOWS, ""), hub.local(country))
    except ConfigurationError:
        return False


def metered(channel: Channel, kind: str, settings: Mapping[str, str], store: Store, clock: Clock) -> Channel:
    """The channel itself, or behind its quota where its settings name one; what cannot be read in them is told."""
    read_windows(settings.get(WINDOWS, ""))
    wished = settings.get(SETTING, "")
    if not wished:
        return channel
    if not (wished.isascii() and wished.isdigit() and int(wished) > 0):
        hint = f"kvitt org agreement ... --set {SETTING}=60"
        raise ConfigurationError(f"{SETTING} must be a whole number above 0", hint=hint)
    named = "|".join([kind, *(settings.get(name, "") for name in _ACCOUNT)])
    return Metered(channel, store, clock, hashlib.sha256(named.encode()).hexdigest(), int(wished), channel.can_lookup)
