"""Programs are told what happens: news is read from what is stored, written down under its key, and called out.

Looking and writing happen in one write transaction of the tenant, where no other writer is half-way; so what a webhook
was told up to is a moment, and nothing before it can still appear. What is looked at is inside the fence of the
webhook's organisation. A call that does not come through is tried again under the same id, ever more rarely, for three
days; then a person is told, and may have it told again (`redeliver`).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from connectors.messengers import webhook
from hub import log, texts
from hub.errors import ConfigurationError, HubError, RefusedError
from hub.pipeline.context import Actor, Hub
from hub.security import tokens
from hub.settings import Stage
from hub.store import access, keyset, parties, schema, standing, tasks, webhooks
from hub.store.keyset import Place
from hub.store.locks import effect_lock
from hub.store.tasks import NewTask
from hub.store.unit import Row, Unit, new_id
from hub.store.webhooks import News

DECLARED, DECIDED, MOVED, PAID = "declaration.judged", "claim.decided", "exchange.state", "payment.matched"
EVENTS: Mapping[str, str] = MappingProxyType(
    {
        DECLARED: "a list or log was judged",
        DECIDED: "a payer decided on a line of a claim",
        MOVED: "something happened to a message",
        PAID: "money of a booking was put on a line, or taken off it",
    }
)
"""What a webhook can be told."""
Fence = frozenset[str] | None
_A_PAGE, _A_TURN = 500, 100
_SKEW = timedelta(minutes=2)
"""The clocks of two nodes may differ by so much."""
_FIRST, _LONGEST, _TRIED_FOR = timedelta(seconds=30), timedelta(hours=6), timedelta(days=3)
_TOLD_IN_VAIN = 5
_BOTH_SECRETS = timedelta(days=1)
_LONGEST_URL, _MOST = 500, 20
_PATIENCE_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """What one look came to: news told, and calls that wait for another attempt."""

    told: int = 0
    waiting: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A webhook as somebody asks for it. `organisation` is a code; of the same seed there is one webhook only."""

    url: str
    events: Sequence[str]
    organisation: str = ""
    seed: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooked:
    """A webhook that was made, or got another secret; the secret is shown only now."""

    id: str
    secret: str = field(repr=False)


# --- who is called ------------------------------------------------------------------------------------------------


def add(hub: Hub, tenant: str, wanted: Wanted, actor: Actor, *, within: Fence = None) -> Hooked:
    """Call a URL about some events from now on; whoever is fenced does so for what is inside."""
    _check(hub, wanted.url, wanted.events)
    made = _made(wanted.seed)
    with hub.store.unit(tenant, within=within) as unit:
        if webhooks.get(unit, made.id) is not None:
            return made
        if len(webhooks.webhooks(unit)) >= _MOST:
            raise ConfigurationError(f"there are {_MOST} webhooks already", hint="remove one that nobody needs")
        owner = parties.organisation(unit, wanted.organisation).id if wanted.organisation else None
        new = webhooks.NewWebhook(
            id=made.id, url=wanted.url, events=wanted.events, secret=made.secret, organisation_id=owner
        )
        webhooks.add(unit, new, by=actor.name[:120])
        _log(unit, actor, "webhook-add", made.id)
    return made


def _made(seed: str, hook_id: str = "") -> Hooked:
    """Id and secret: of a seed always the same, so that what is done twice makes one."""
    name = hook_id or (str(uuid.uuid5(uuid.NAMESPACE_URL, f"id:{seed}")) if seed else new_id())
    return Hooked(id=name, secret=tokens.digest(f"secret:{seed}") if seed else tokens.new_secret())


def _check(hub: Hub, url: str, events: Sequence[str]) -> None:
    inside = hub.stage == Stage.SANDBOX.value
    if len(url) > _LONGEST_URL or not url.isprintable() or not webhook.is_url(url):
        raise ConfigurationError("a webhook needs an https address", hint="https://...")
    if not inside and not url.lower().startswith("https://"):
        raise ConfigurationError("a webhook needs an https address", hint="https://...")
    unknown = [each for each in events if each not in EVENTS]
    if unknown or not events:
        said = f"no event {unknown[0]!r}" if unknown else "a webhook needs an event"
        raise ConfigurationError(said, hint=f"one or more of: {', '.join(EVENTS)}")


def rotate(hub: Hub, tenant: str, hook_id: str, actor: Actor, *, within: Fence = None, seed: str = "") -> Hooked | None:
    """Another secret; the one before signs too for a day. None where there is no such webhook."""
    made = _made(seed, hook_id)
    with hub.store.unit(tenant, within=within) as unit:
        row = webhooks.get(unit, hook_id)
        if row is not None and made.secret != webhooks.secrets(unit, row)[0]:
            webhooks.rotate(unit, row, made.secret, unit.now + _BOTH_SECRETS)
        _log(unit, actor, "webhook-secret", hook_id, "ok" if row else "absent")
    return made if row else None


def stop(hub: Hub, tenant: str, hook_id: str, actor: Actor, *, within: Fence = None) -> bool:
    """Call it no more until somebody resumes it; what happens meanwhile is written down for it."""
    return _changed(hub, tenant, hook_id, actor, within, "webhook-stop", lambda unit: {"stopped_at": unit.now})


def resume(hub: Hub, tenant: str, hook_id: str, actor: Actor, *, within: Fence = None) -> bool:
    """Call it again, first about what happened meanwhile."""
    return _changed(hub, tenant, hook_id, actor, within, "webhook-resume", lambda _unit: {"stopped_at": None})


def _changed(
    hub: Hub, tenant: str, hook_id: str, actor: Actor, within: Fence, action: str, values: Callable[[Unit], Row]
) -> bool:
    with hub.store.unit(tenant, within=within) as unit:
        found = webhooks.get(unit, hook_id) is not None
        if found:
            webhooks.change(unit, hook_id, **values(unit), stopped_by=actor.name[:120])
        _log(unit, actor, action, hook_id, "ok" if found else "absent")
    return found


def remove(hub: Hub, tenant: str, hook_id: str, actor: Actor, *, within: Fence = None) -> bool:
    """Tell it nothing any more."""
    with hub.store.unit(tenant, within=within) as unit:
        found = webhooks.get(unit, hook_id) is not None
        if found:
            with unit.whole() as whole:
                webhooks.remove(whole, hook_id)
                tasks.done(whole, _vain_key(hook_id), {"removed": True})
        _log(unit, actor, "webhook-remove", hook_id, "ok" if found else "absent")
    return found


def redeliver(
    hub: Hub, tenant: str, hook_id: str, delivery_id: str, actor: Actor, *, within: Fence = None
) -> Row | None:
    """Tell one piece of news again, under the same id; None where there is none of it."""
    with hub.store.unit(tenant, within=within) as unit:
        found = webhooks.get(unit, hook_id) and webhooks.delivery(unit, hook_id, delivery_id)
        if found:
            webhooks.again(unit, delivery_id)
            found = webhooks.delivery(unit, hook_id, delivery_id)
        _log(unit, actor, "webhook-redeliver", f"{hook_id}/{delivery_id}", "ok" if found else "absent")
    return found or None


def _log(unit: Unit, actor: Actor, action: str, what: str, outcome: str = "ok") -> None:
    access.record(
        unit,
        actor=actor.name[:120],
        role=actor.role,
        action=action,
        object_=f"webhook/{what[:100]}",
        outcome=outcome,
    )


# --- what happened ------------------------------------------------------------------------------------------------


def call_webhooks(hub: Hub, tenant: str) -> Called:
    """Look for news, and call whoever is to be told."""
    with hub.store.reading(tenant) as unit:
        hooks = webhooks.webhooks(unit)
    told = waiting = 0
    for row in hooks:
        look(hub, tenant, row)
        if row["stopped_at"] is None:
            done = _call_one(hub, tenant, row)
            told, waiting = told + done.told, waiting + done.waiting
    return Called(told=told, waiting=waiting)


def look(hub: Hub, tenant: str, row: Row) -> int:
    """Write down what happened since the last look; says how much was new."""
    with hub.store.reading(tenant) as unit:
        within = parties.codes_below(unit, row["organisation"]) if row["organisation"] else None
    with hub.store.reading(tenant, within=within) as unit:
        since = row["looked_at"] - _SKEW
        if not any(next(_pages(unit, row, event, since), None) for event in row["events"]):
            return 0
    made = 0
    with hub.store.unit(tenant, within=within) as unit:
        current = webhooks.get(unit, row["id"])
        if current is None:
            return 0
        since = current["looked_at"] - _SKEW
        for event in current["events"]:
            for page in _pages(unit, current, event, since):
                with unit.whole() as whole:
                    made += webhooks.write(whole, row["id"], page)
        webhooks.change(unit, row["id"], looked_at=unit.now)
    return made


def _pages(unit: Unit, hook: Row, event: str, since: Any) -> Iterator[list[News]]:  # noqa: ANN401 -- a moment
    """News of one kind since a moment, in order; nothing from before there was a webhook."""
    source = _SOURCES[event]
    begin = max(since, hook["created_at"])
    after: Place = ()
    while True:
        where = [source.table.c[source.moment] >= begin]
        rows = source.read(unit, after, _A_PAGE, where)
        if rows:
            yield [source.news(row) for row in rows]
        if len(rows) < _A_PAGE:
            return
        after = (rows[-1][source.moment], rows[-1]["id"])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """Where one kind of news stands, and how it is told."""

    table: Any
    moment: str
    read: Callable[[Unit, Place, int, Sequence[Any]], list[Row]]
    news: Callable[[Row], News]


def _declared(row: Row) -> News:
    data = {name: row[name] for name in ("organisation", "programme", "module", "period", "state")}
    data |= {"declaration": row["id"], "code": row["summary"].get("code", "")}
    return News(key=f"{DECLARED}:{row['id']}", event=DECLARED, at=row["received_at"], data=data)


def _decided(row: Row) -> News:
    names = ("claim", "line", "verdict", "granted_minor", "patient_minor", "currency")
    data = {name: row[name] for name in names} | {"reply": row["id"]}
    return News(key=f"{DECIDED}:{row['id']}", event=DECIDED, at=row["at"], data=data)


def _moved(row: Row) -> News:
    data = {"exchange": row["exchange_id"], "what": row["kind"], "partner": row["exchange_partner"]}
    data |= {"invoice_number": row["exchange_invoice_number"]}
    return News(key=f"{MOVED}:{row['id']}", event=MOVED, at=row["at"], data=data)


def _paid(row: Row) -> News:
    data = {name: row[name] for name in ("claim", "line", "amount_minor", "netted_minor", "currency")}
    data |= {"payment": row["payment_id"], "allocation": row["id"]}
    return News(key=f"{PAID}:{row['id']}", event=PAID, at=row["at"], data=data)


_SOURCES: Mapping[str, _Source] = MappingProxyType(
    {
        DECLARED: _Source(table=schema.declaration, moment="received_at", read=keyset.declarations, news=_declared),
        DECIDED: _Source(table=schema.decision, moment="at", read=keyset.decisions, news=_decided),
        MOVED: _Source(table=schema.exchange_event, moment="at", read=keyset.exchange_events, news=_moved),
        PAID: _Source(table=schema.allocation, moment="at", read=keyset.allocations, news=_paid),
    }
)


# --- calling ------------------------------------------------------------------------------------------------------


def _call_one(hub: Hub, tenant: str, row: Row) -> Called:
    """A turn at one webhook, which nobody else has meanwhile; one that cannot be reached ends the turn."""
    told = 0
    with effect_lock(hub.store.engine, hub.home / "locks", f"webhook:{tenant}:{row['id']}") as mine:
        if not mine:
            return Called()
        with hub.store.reading(tenant) as unit:
            due = webhooks.due(unit, row["id"], _A_TURN)
        for each in due:
            hook = _still(hub, tenant, row["id"])
            if hook is None:
                break
            error = _call(hub, hook, each)
            with hub.store.unit(tenant) as unit:
                _note(unit, row, each, error)
            told += error is None
            if error is not None and not isinstance(error, RefusedError):
                break
    return Called(told=told, waiting=len(due) - told)


def _still(hub: Hub, tenant: str, hook_id: str) -> webhook.Hook | None:
    """Whom to call right now: somebody may have stopped or removed it, or changed its secret, a call ago."""
    with hub.store.reading(tenant) as unit:
        row = webhooks.get(unit, hook_id)
        return None if row is None or row["stopped_at"] is not None else _hook(hub, unit, row)


def _hook(hub: Hub, unit: Unit, row: Row) -> webhook.Hook:
    secret, *former = webhooks.secrets(unit, row)
    return webhook.Hook(
        url=row["url"],
        secret=secret,
        former=former[0] if former else "",
        outside=hub.stage != Stage.SANDBOX.value,
        connect_timeout=_PATIENCE_S,
        read_timeout=_PATIENCE_S,
    )


def _call(hub: Hub, hook: webhook.Hook, row: Row) -> HubError | None:
    body = {"id": row["id"], "event": row["event"], "at": row["happened_at"].isoformat(), "data": row["data"]}
    try:
        webhook.call(hook, webhook.News(id=row["id"], data=body, at=hub.clock.now()))
    except HubError as error:
        return error
    return None


def _note(unit: Unit, hook: Row, row: Row, error: HubError | None) -> None:
    attempts = row["attempts"] + 1
    if error is None:
        told: Row = {"state": webhooks.TOLD, "told_at": unit.now, "next_try_at": None, "note": ""}
        webhooks.tried(unit, row["id"], attempts=attempts, **told)
        tasks.done(unit, _vain_key(hook["id"]), {"told": row["id"]})
        return
    log.event("webhook not told", tenant=unit.tenant, webhook=hook["id"], error=type(error).__name__)
    note = log.clean_text(error.message)[:300]
    if unit.now - row["made_at"] >= _TRIED_FOR and attempts > 1:
        webhooks.tried(unit, row["id"], attempts=attempts, note=note, state=webhooks.GIVEN_UP, next_try_at=None)
    else:
        wait = min(_FIRST * 2 ** min(attempts - 1, 20), _LONGEST)
        webhooks.tried(unit, row["id"], attempts=attempts, note=note, next_try_at=unit.now + wait)
    if attempts >= _TOLD_IN_VAIN:
        _ask(unit, hook, attempts, note)


def _vain_key(hook_id: str) -> str:
    return f"webhook:{hook_id}"


def _ask(unit: Unit, hook: Row, attempts: int, note: str) -> None:
    values = {"url": hook["url"].partition("?")[0], "reason": note, "attempts": attempts}
    text, action = texts.text("WEBHOOK_FAILED", **values), texts.action("WEBHOOK_FAILED", **values)
    standing.keep(unit, NewTask(key=_vain_key(hook["id"]), kind="webhook_failed", text=text, action=action))
