"""A hub that processes share: where it lies, how a process opens it, and exchanges to send with it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from hub.cli import boot
from hub.clock import MovableClock, SystemClock
from hub.model.exchange import Message
from hub.model.partner import Agreement, ChannelSpec, Partner, RetryPolicy
from hub.pipeline.context import Hub
from hub.ports import Channel, Clock
from hub.registry import Registry
from hub.security.keys import create_keys
from hub.settings import default_settings
from hub.store import exchanges, parties, schema, tasks
from hub.store.exchanges import NewExchange
from hub.store.unit import Row, Store, Unit
from tests.crash import remote

TENANT = "crash-nl"
HOUR = RetryPolicy(attempts=5, delay_s=180, factor=2, cap_s=3600)
AT_ONCE = RetryPolicy(attempts=10_000, delay_s=0, factor=1, cap_s=30)
"""No wait between two tries; what is in doubt for a person is looked at again after half a minute."""


@dataclass(frozen=True, slots=True)
class Setting:
    """Everything a process must be told to open the hub; `now` None is real time."""

    home: str
    url: str
    now: str | None = None
    retry: tuple[int, int, int, int] = (HOUR.attempts, HOUR.delay_s, HOUR.factor, HOUR.cap_s)

    @property
    def arguments(self) -> dict[str, Any]:
        """As JSON for a worker."""
        return {"home": self.home, "url": self.url, "now": self.now, "retry": list(self.retry)}

    def at(self, moment: datetime) -> Setting:
        """The same hub at another time."""
        return replace(self, now=moment.isoformat())


def setting(home: Path, url: str, *, now: datetime | None = None, retry: RetryPolicy = HOUR) -> Setting:
    """Where a hub lies and when it is."""
    home.mkdir(parents=True, exist_ok=True)
    policy = (retry.attempts, retry.delay_s, retry.factor, retry.cap_s)
    return Setting(home=str(home), url=url, now=now.isoformat() if now else None, retry=policy)


@dataclass(slots=True)
class Opened:
    """A hub in this process, with its clock."""

    hub: Hub
    clock: Clock
    partners: dict[str, Partner] = field(default_factory=dict)

    def close(self) -> None:
        """Give the connections back."""
        self.hub.store.close()

    def rows(self, tenant: str = TENANT) -> list[Row]:
        """All exchanges, oldest first."""
        with self.hub.store.reading(tenant) as unit:
            return exchanges.find(unit)

    def row(self, exchange_id: str, tenant: str = TENANT) -> Row:
        """One exchange."""
        with self.hub.store.reading(tenant) as unit:
            return exchanges.get(unit, exchange_id)

    def tasks(self, kind: str = "", tenant: str = TENANT) -> list[Row]:
        """What waits for a person."""
        with self.hub.store.reading(tenant) as unit:
            return [row for row in tasks.open_tasks(unit) if kind in ("", row["kind"])]

    def inbound(self, tenant: str = TENANT) -> list[Row]:
        """Everything that came in."""
        with self.hub.store.reading(tenant) as unit:
            return unit.rows(unit.mine(schema.inbound).order_by(schema.inbound.c.received_at))


def open_setting(one: Setting) -> Opened:
    """Open the hub as a fresh process does; the channel kind `counted` is known on top, with partners that use it."""
    home = Path(one.home)
    clock: Clock = MovableClock(datetime.fromisoformat(one.now)) if one.now else SystemClock()
    settings = default_settings(home, keys=home.parent / f"{home.name}-keys")
    hub = boot.assemble(settings, Store(one.url, create_keys(settings.keys), clock), clock)
    retry = RetryPolicy(attempts=one.retry[0], delay_s=one.retry[1], factor=one.retry[2], cap_s=one.retry[3])
    partners = {name: replace(partner, retry=retry) for name, partner in hub.registry.partners.items()}
    partners |= {name: _counted(name, retry) for name in ("askable", "deaf", "third")}

    def channel(partner: Partner, agreement: Agreement) -> Channel:
        if agreement.channel == remote.KIND:
            return remote.open_counted(agreement.settings)  # type: ignore[return-value]
        return hub.open_channel(partner, agreement)

    partners["drop"] = replace(_counted("drop", retry), channel=ChannelSpec(kind="sftp"))
    return Opened(replace(hub, registry=Registry(partners), open_channel=channel), clock)


def _counted(name: str, retry: RetryPolicy) -> Partner:
    return Partner(
        name=name,
        title=name.title(),
        country="NL",
        kind="insurer",
        verified=True,
        channel=ChannelSpec(kind=remote.KIND),
        retry=retry,
    )


def agree(unit: Unit, partner: str, *, channel: str = remote.KIND, settings: Mapping[str, str]) -> str:
    """Make or change our agreement with a partner; gives its id."""
    return parties.put_agreement(
        unit,
        Agreement(
            id="",
            tenant=unit.tenant,
            partner=partner,
            valid_from=date(2023, 1, 1),
            channel=channel,
            settings=dict(settings),
        ),
    )


def counted(one: Opened, server: remote.Remote, partner: str = "deaf", **settings: str) -> str:
    """Our agreement with a counting partner: `askable` can be asked, every other one cannot."""
    one.hub.store.add_tenant(TENANT, "Crash (EXAMPLE)", "NL", "en")
    asks = "yes" if partner == "askable" else "no"
    with one.hub.store.unit(TENANT) as unit:
        return agree(unit, partner, settings={"endpoint": server.server.url, "asks": asks, **settings})


def second_node(one: Setting) -> Setting:
    """Another node of the same hub: a home of its own, the same database and the same keys."""
    first = Path(one.home)
    home = first.with_name(f"{first.name}-second")
    home.mkdir()
    home.with_name(f"{home.name}-keys").symlink_to(first.with_name(f"{first.name}-keys"))
    return replace(one, home=str(home))


def prepare(
    one: Opened, partner: str, agreement_id: str, names: Iterable[str], channel: str = remote.KIND
) -> list[str]:
    """Store exchanges that are ready to go out; gives their ids."""
    ids: list[str] = []
    for name in names:
        with one.hub.store.unit(TENANT) as unit:
            ids.append(exchanges.add(unit, _new(partner, agreement_id, name, channel)))
    return ids


def _new(partner: str, agreement_id: str, name: str, channel: str) -> NewExchange:
    payload = f"the file {name}".encode()
    meta = {"receiver": "3332", "receiver_role": "Zorgverzekeraar"}
    message = Message(key=f"{partner}:{name}", kind="test", name=f"{name}.txt", payload=payload, meta=meta)
    return NewExchange(
        partner=partner,
        agreement_id=agreement_id,
        channel=channel,
        message=message,
        invoice_number=name,
        sha256=hashlib.sha256(payload).hexdigest(),
        stage="sandbox",
    )


def key_of(row: Row) -> str:
    """What an exchange is called at its partner."""
    return f"{TENANT}:{row['business_key']}"


MORNING = datetime(2024, 1, 15, 8, tzinfo=UTC)
