"""After a backup was put back: nothing goes out before it is known what went out since.

What was sent after the backup was made is not in it, so a document that looks unsent may have arrived, and one that is
made anew (under the same business key) too. Outbound is stopped until a person resumes it. Meanwhile every open
exchange is asked about; where the partner cannot be asked it is in doubt. Answers we confirmed since are gone at the
partner: a task per partner says so. Numbers given since are given again, so a person must look at gap-free series.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from hub import log, texts
from hub.errors import ConfigurationError, ExchangeError
from hub.model.exchange import ExchangeState
from hub.pipeline.context import Actor, Hub
from hub.pipeline.notices import in_doubt_after_restore
from hub.pipeline.outcomes import exchange_task, reply_due
from hub.pipeline.submit import prepare
from hub.ports import Channel
from hub.store import access, exchanges, parties, pauses, schema, series, tasks
from hub.store.tasks import NewTask
from hub.store.unit import Row, Unit

_NL_GAP = 10_000
"""So many numbers are left out after a restore where gaps are allowed: none of them was given since."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """What asking came to: how many exchanges arrived, did not, are in doubt, or could not be asked about yet."""

    arrived: int
    not_arrived: int
    in_doubt: int
    unasked: int


def restored(hub: Hub, tenant: str, made_at: datetime, actor: Actor) -> None:
    """Stop everything that goes out, and say to people what a backup cannot know."""
    with hub.store.unit(tenant) as unit:
        reason = f"restored from the backup of {made_at:%Y-%m-%d %H:%M} UTC: kvitt reconcile first"
        pauses.pause(unit, pauses.OUTBOUND, "", reason=reason, by=actor.name)
        access.record(unit, actor=actor.name, role=actor.role, action="restore", object_=f"{made_at:%Y-%m-%dT%H:%MZ}")
        in_doubt_after_restore(unit)
        for agreement in parties.agreements(unit):
            _tell(unit, "RESTORED_ANSWERS", agreement.partner, made_at)
        country = next(row["country"] for row in hub.store.tenants() if row["id"] == tenant)
        if country == "NL":
            series.skip(unit, _NL_GAP)
        else:
            _tell(unit, "RESTORED_NUMBERS", tenant, made_at)


def _tell(unit: Unit, code: str, about: str, made_at: datetime) -> None:
    words = {"partner": about, "since": f"{made_at:%Y-%m-%d %H:%M} UTC"}
    text, action = texts.text(code, **words), texts.action(code, **words)
    tasks.add(
        unit, NewTask(key=f"restored:{made_at:%Y%m%d%H%M}:{code}:{about}", kind=code.lower(), text=text, action=action)
    )


def reconcile(hub: Hub, tenant: str) -> Reconciled:
    """Make what is ready (unsent), then ask about everything open; only while outbound is stopped."""
    with hub.store.reading(tenant) as unit:
        stopped = pauses.in_force(unit).of(pauses.OUTBOUND, "")
    if stopped is None:
        raise ConfigurationError("outbound is not stopped", hint="kvitt pause outbound --reason ... first")
    prepare(hub, tenant)
    with hub.store.reading(tenant) as unit:
        open_ = exchanges.find(unit, schema.exchange.c.state.in_(("prepared", "sending", "in_doubt")))
    came = Counter(_ask(hub, tenant, row) for row in open_)
    return Reconciled(
        arrived=came["arrived"], not_arrived=came["not_arrived"], in_doubt=came["in_doubt"], unasked=came["unasked"]
    )


def _ask(hub: Hub, tenant: str, row: Row) -> str:
    """What became of one open exchange: `arrived`, `not_arrived`, `in_doubt` or `unasked`."""
    partner = hub.registry.partners.get(row["partner"])
    try:
        with hub.store.reading(tenant) as unit:
            agreement = parties.agreement_by_id(unit, row["agreement_id"])
            key = exchanges.key_of(unit, row)
        if partner is None:
            return "unasked"
        channel: Channel = hub.open_channel(partner, agreement)
        if not channel.can_lookup:
            return _doubt(hub, tenant, row)
        receipt = channel.lookup(key)
    except (ConfigurationError, ExchangeError) as error:
        log.event("not reconciled", tenant=tenant, exchange=row["id"], error=type(error).__name__)
        return "unasked"
    if receipt is None:
        return "not_arrived"
    with hub.store.unit(tenant) as unit:
        exchanges.change(
            unit,
            row["id"],
            receipt.state,
            text=f"found after the restore: {receipt.text}",
            remote_id=receipt.remote_id,
            sent_at=unit.now,
            reply_due=reply_due(unit, partner),
            next_try_at=None,
        )
        tasks.done_all(unit, row["id"], {"restored": True})
    return "arrived"


def _doubt(hub: Hub, tenant: str, row: Row) -> str:
    if row["state"] == ExchangeState.IN_DOUBT.value:
        return "in_doubt"
    with hub.store.unit(tenant) as unit:
        text = "after the restore nobody can say whether it was sent since the backup"
        exchanges.force(unit, row["id"], ExchangeState.IN_DOUBT, text=text, note=text)
        exchange_task(unit, row, "IN_DOUBT", partner=row["partner"])
    return "in_doubt"


def unsettled(hub: Hub, tenant: str) -> Iterator[str]:
    """What still speaks against letting outbound go on."""
    with hub.store.reading(tenant) as unit:
        rows = exchanges.find(unit, schema.exchange.c.state == ExchangeState.IN_DOUBT.value)
    if rows:
        yield f"{len(rows)} exchanges are in doubt: kvitt in-doubt list"
