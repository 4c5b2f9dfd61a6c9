"""The send loop: never twice, never lost, sometimes in doubt.

The exchange is its own job row: it is enqueued by being stored, in the transaction that makes it, and claimed by the
transaction that commits the intent `sending` before the effect. On every later attempt the partner is asked first
(`lookup`); where it cannot be asked the exchange is `in_doubt` and a person decides. An effect lock that dies with the
process keeps a second sender away, also one that was frozen and wakes up; what it writes after that is fenced by the
attempt's number. Attempts are counted when they begin: a message that ends its sender's process every time is not sent
for ever. A partner that is away is no reason to give up: after three failures in a row its place is left alone by all
nodes for ever longer intervals, with one task for all that waits.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import accumulate

from hub.errors import ConfigurationError, ContentError
from hub.model.exchange import ExchangeState
from hub.model.partner import Agreement, Partner, RetryPolicy
from hub.pipeline import attempts
from hub.pipeline.attempts import Attempt, Outcome, Together
from hub.pipeline.context import Hub
from hub.pipeline.metered import in_window
from hub.pipeline.outcomes import cannot_begin, record, record_arrived, take_back
from hub.ports import Channel
from hub.store import blobs, circuits, claims, exchanges, parties, pauses
from hub.store.exchanges import Change
from hub.store.locks import effect_locks
from hub.store.unit import Row, Unit

_PLACE = ("endpoint", "host", "port")
_TOGETHER = 25
"""So many new exchanges share the transactions of their intents and outcomes, where their partner can be asked."""
_BYTES = 32 * 2**20
"""So many bytes of them may be in memory at once."""
_IN_A_ROW = 3
"""So many exchanges that meet nobody at one place, and the newest there too: the rest waits with them."""
ALL = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where several exchanges go; `ids` are those that are due, oldest first.

    `trial` is True for a place that was away: one message is tried before the rest.
    """

    name: str
    ids: tuple[str, ...]
    trial: bool = False


def send_due(hub: Hub, tenant: str) -> dict[str, ExchangeState]:
    """Try every exchange that is due; one that fails never stops the next, a partner that is away only its own."""
    tried = [exchange_id for place in places_due(hub, tenant) for exchange_id in send_to(hub, tenant, place)]
    with hub.store.reading(tenant) as unit:
        known = exchanges.states(unit, tried)
    return {exchange_id: known[exchange_id] for exchange_id in tried}


def places_due(hub: Hub, tenant: str, most: int = 0) -> list[Place]:
    """What is due by the place it goes to (several partners may be reached through one), without what is paused.

    With `most` it is the first so many of each agreement, unless something is paused that might stand before the rest.
    """
    with hub.store.reading(tenant) as unit:
        stopped = pauses.in_force(unit)
        if stopped.of(pauses.OUTBOUND, ""):
            return []
        away, trial = circuits.open_ones(unit), circuits.half_open(unit)
        agreed = {each.id: each for each in parties.agreements(unit)}
        found: dict[str, list[str]] = {}
        for name, row in _placed(exchanges.to_send(unit, 0 if stopped.rows else most), agreed):
            partner = hub.registry.partners.get(row["partner"])
            if name in away or in_window(hub, partner, agreed.get(row["agreement_id"])):
                continue
            if not stopped.stops(row, _practices(unit, row, stopped)):
                found.setdefault(name, []).append(row["id"])
    return [Place(name=name, ids=tuple(ids), trial=name in trial) for name, ids in found.items()]


def _placed(due: Sequence[Row], agreed: Mapping[str, Agreement]) -> Iterator[tuple[str, Row]]:
    for row in due:
        settings = agreed[row["agreement_id"]].settings if row["agreement_id"] in agreed else {}
        named = tuple(settings[name] for name in _PLACE if settings.get(name)) or (row["agreement_id"],)
        yield hashlib.sha256("|".join((row["channel"], *named)).encode()).hexdigest(), row


def _practices(unit: Unit, row: Row, stopped: pauses.Pauses) -> tuple[str, ...]:
    """The practices an exchange speaks for; asked only while one is paused."""
    return claims.providers_of(unit, row["id"]) if any(p["kind"] == pauses.PRACTICE for p in stopped.rows) else ()


def _never() -> bool:
    return False


def send_to(hub: Hub, tenant: str, place: Place, most: int = ALL, stop: Callable[[], bool] = _never) -> list[str]:
    """Try one place's exchanges in order; when it is away the rest waits with those that were tried.

    Several nodes may be at one place: each exchange has its own lock, so a node that freezes here holds up only the
    one it is at. `most` bounds one turn, so that a place with much to send does not keep the others waiting; `stop` is
    asked between two exchanges.
    """
    left = deque(place.ids)
    tried: list[str] = []
    in_a_row = _IN_A_ROW if place.trial else 0
    while left and len(tried) < most and not stop():
        together = _next(left, min(_TOGETHER, most - len(tried)), in_a_row, trial=place.trial)
        for exchange_id, outcome in _attempt(hub, tenant, together):
            tried.append(exchange_id)
            failed = outcome is not None and (outcome.away or outcome.configuration)
            in_a_row = in_a_row + 1 if failed else 0
            if in_a_row > _IN_A_ROW or (outcome is not None and outcome.retry_after):
                left.extendleft(reversed([each for each in together if each not in tried]))
                _leave_alone(hub, tenant, place, tried, list(left), outcome)
                return [*tried, *left]
        left.extendleft(reversed([each for each in together if each not in tried]))
        if place.trial and in_a_row == 0:
            _answers_again(hub, tenant, place)
    return tried


def _next(left: deque[str], most: int, in_a_row: int, *, trial: bool) -> list[str]:
    """What is tried next: several together while all goes well, else one.

    Three that fail may be the messages' own fault: before the rest has to wait, the newest is tried too.
    """
    if in_a_row == _IN_A_ROW and not trial:
        return [left.pop()]
    return [left.popleft() for _ in range(min(most, len(left)) if in_a_row == 0 else 1)]


def _leave_alone(
    hub: Hub, tenant: str, place: Place, tried: Sequence[str], left: Sequence[str], outcome: Outcome | None
) -> None:
    """The place is away: everything for it waits together, and what is stored meanwhile waits with it."""
    with hub.store.unit(tenant) as unit:
        until = exchanges.wait_together(unit, tried, left)
        if until is not None and until > unit.now:
            partner = exchanges.get(unit, tried[-1])["partner"]
            circuits.break_(unit, place.name, partner=partner, reason=outcome.text if outcome else "", until=until)


def _answers_again(hub: Hub, tenant: str, place: Place) -> None:
    with hub.store.unit(tenant) as unit:
        circuits.close(unit, place.name)


def send(hub: Hub, tenant: str, exchange_id: str) -> ExchangeState:
    """Try one exchange if it is due; gives the state it has afterwards."""
    _attempt(hub, tenant, [exchange_id])
    with hub.store.reading(tenant) as unit:
        return ExchangeState(exchanges.get(unit, exchange_id)["state"])


def _attempt(hub: Hub, tenant: str, ids: Sequence[str]) -> list[tuple[str, Outcome | None]]:
    """One attempt each, under the exchanges' effect locks: intents in one transaction, effects, outcomes in one.

    Several only share a transaction while each is new and its partner can be asked: should this process die, every
    open intent is asked about. The outcome is None where somebody else is at it or there is nothing to do; ids that
    must wait for a turn of their own, or were not reached because the partner went away, are left out.
    """
    with effect_locks(hub.store.engine, hub.home / "locks", ids) as mine:
        if not mine:
            return [(each, None) for each in ids]
        begun, idle = _begin_together(hub, tenant, [each for each in ids if each in mine])
        done = _effects(begun, mine.still)
        with hub.store.unit(tenant) as unit:
            for attempt, outcome in record_arrived(unit, done):
                record(unit, attempt, outcome)
            for attempt in begun[len(done) :]:
                take_back(unit, attempt)
    others = [(each, None) for each in ids if each in idle or each not in mine]
    return [*((attempt.row["id"], outcome) for attempt, outcome in done), *others]


def _effects(begun: Sequence[Attempt], still_mine: Callable[[], bool]) -> list[tuple[Attempt, Outcome]]:
    """What each attempt came to, until one says that the partner is away, or the locks were lost."""
    done: list[tuple[Attempt, Outcome]] = []
    for attempt, outcome in _made(begun, still_mine):
        done.append((attempt, outcome))
        if outcome.away or outcome.configuration or outcome.retry_after:
            break
    return done


def _made(begun: Sequence[Attempt], still_mine: Callable[[], bool]) -> Iterator[tuple[Attempt, Outcome]]:
    """Each is asked for right before it happens: a node that lost its locks meanwhile may have been taken over from."""
    channel = begun[0].channel if len(begun) > 1 else None
    if isinstance(channel, Together) and all(attempt.first for attempt in begun):
        yield from attempts.make_all(channel, begun) if still_mine() else ()
        return
    for attempt in begun:
        if not still_mine():
            return
        yield attempt, attempts.make(attempt)


def _begin_together(hub: Hub, tenant: str, ids: Sequence[str]) -> tuple[list[Attempt], set[str]]:
    """Commit the intents to send, and which of the ids need nothing; ids after the first unlike one are in neither."""
    begun: list[Attempt] = []
    idle: set[str] = set()
    with hub.store.unit(tenant) as unit:
        rows = exchanges.get_all(unit, ids, lock=True)
        desk = _desk(hub, unit, list(rows.values()))
        for exchange_id in ids:
            row = rows[exchange_id]
            if begun and not (_together(begun[0], row) and row["blob_address"] in desk.sealed):
                break
            attempt = _begin(desk, row)
            if attempt is None:
                idle.add(exchange_id)
            else:
                begun.append(attempt)
        exchanges.change_all(unit, [_intent(attempt) for attempt in begun])
    return begun, idle


@dataclass(frozen=True, slots=True, kw_only=True)
class _Desk:
    """What the intents of one transaction have in common; `sealed` holds the bytes of the first ones that fit."""

    hub: Hub
    unit: Unit
    stopped: pauses.Pauses
    agreed: Mapping[str, Agreement]
    sealed: Mapping[str, Row]
    channels: dict[tuple[str, str], Channel] = field(default_factory=dict)


def _desk(hub: Hub, unit: Unit, rows: Sequence[Row]) -> _Desk:
    return _Desk(
        hub=hub,
        unit=unit,
        stopped=pauses.in_force(unit),
        agreed={each.id: each for each in parties.agreements(unit)},
        sealed=blobs.sealed(unit, _fitting(unit, [row["blob_address"] for row in rows])),
    )


def _fitting(unit: Unit, addresses: Sequence[str]) -> list[str]:
    """The first of these contents, as many as may be in memory together; one that is too large is there alone."""
    sizes = blobs.sizes(unit, addresses)
    total = accumulate(sizes.get(where, 0) for where in addresses)
    return [
        where for number, (where, sum_) in enumerate(zip(addresses, total, strict=True)) if not number or sum_ <= _BYTES
    ]


def _intent(attempt: Attempt) -> Change:
    # No next try while one is under way: whoever finds none at an open intent knows that its process ended.
    values = {"attempts": attempt.number, "next_try_at": None, "note": ""}
    return Change(row=attempt.row, state=ExchangeState.SENDING, values=values)


def _together(first: Attempt, row: Row) -> bool:
    """Whether an exchange may share its transaction: both new, one agreement, and what may have arrived can be asked.

    One that was tried before goes alone: should it be what ends its processes, it takes no other one's attempts along.
    """
    new = first.number == 1 and row["attempts"] == 0
    return new and row["agreement_id"] == first.row["agreement_id"] and first.channel.can_lookup


def _begin(desk: _Desk, row: Row) -> Attempt | None:
    """What is to be tried; None when there is nothing to do (any more) or the channel cannot be opened."""
    unit = desk.unit
    if not exchanges.is_due(unit, row) or desk.stopped.stops(row, _practices(unit, row, desk.stopped)):
        return None
    partner = desk.hub.registry.partners.get(row["partner"])
    try:
        channel = _open(desk, row, partner)
        message = exchanges.message(unit, row, desk.sealed if row["blob_address"] in desk.sealed else None)
    except (ConfigurationError, ContentError) as error:
        cannot_begin(unit, row, partner, error)
        return None
    state = ExchangeState(row["state"])
    if partner is None or (state is ExchangeState.IN_DOUBT and not channel.can_lookup):
        look_again = (partner.retry if partner else RetryPolicy()).cap_s
        exchanges.wait_until(unit, row["id"], unit.now + timedelta(seconds=look_again), row["note"])
        return None
    first = state is ExchangeState.PREPARED
    died = not first and row["next_try_at"] is None
    return Attempt(
        tenant=unit.tenant,
        row=row,
        message=message,
        partner=partner,
        channel=channel,
        first=first,
        number=row["attempts"] + 1,
        died=died,
        ask_only=died and row["attempts"] >= partner.retry.attempts,
    )


def _open(desk: _Desk, row: Row, partner: Partner | None) -> Channel:
    """The channel of its agreement, one for all of these exchanges."""
    if partner is None:
        raise ConfigurationError("the partner's folder is gone")
    key = (partner.name, row["agreement_id"])
    if key not in desk.channels:
        agreement = desk.agreed.get(row["agreement_id"]) or parties.agreement_by_id(desk.unit, row["agreement_id"])
        desk.channels[key] = desk.hub.open_channel(partner, agreement)
    return desk.channels[key]
