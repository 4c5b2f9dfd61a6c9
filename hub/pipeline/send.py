"""The send loop: never twice, never lost, sometimes in doubt.

The intent `sending` is committed before the effect. On every later attempt the partner is asked first (`lookup`); where
it cannot be asked the exchange is `in_doubt` and a person decides. An effect lock that dies with the process keeps a
second sender away, also one that was frozen and wakes up. Attempts are counted when they begin: a message that ends its
sender's process every time is not sent for ever. A partner that is away is no reason to give up: it is tried again at
ever longer intervals, with one task for all that waits.
"""

from __future__ import annotations

import hashlib
import re
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from hub import log, texts
from hub.errors import (
    ConfigurationError,
    ContentError,
    ExchangeError,
    HubError,
    OutcomeUnknown,
    RefusedError,
    TransientError,
)
from hub.model.exchange import ExchangeState, Message, Receipt
from hub.model.partner import ErrorClass, Partner, RetryPolicy
from hub.pipeline.context import ZONES, Hub
from hub.policy import workdays
from hub.ports import Channel
from hub.store import exchanges, parties, tasks
from hub.store.locks import effect_lock
from hub.store.tasks import NewTask
from hub.store.unit import Row, Unit

_PLACE = ("endpoint", "host", "port")
_IN_A_ROW = 3
"""So many exchanges that meet nobody at one place, and the newest there too: the rest waits with them."""
_LONGEST_WAIT_S = 7 * 24 * 3600
_WAITING = ("CONFIGURATION", "GAVE_UP", "IN_DOUBT")
"""Tasks about an agreement as a whole: one for everything that waits, closed by the first message that arrives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt at one exchange. `first` is True when no earlier attempt can have reached the partner.

    `ask_only` is True when too many attempts ended with their process: the partner is asked, nothing is sent.
    """

    tenant: str
    row: Row
    message: Message
    partner: Partner
    channel: Channel
    first: bool
    number: int
    ask_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What an attempt came to: a state to record, with the receipt or the reason.

    `away`: the partner was not there or took nothing over, which says nothing about this message.
    """

    state: ExchangeState
    text: str = ""
    receipt: Receipt | None = None
    retry: bool = False
    retry_after: int | None = None
    configuration: bool = False
    away: bool = False


def send_due(hub: Hub, tenant: str) -> dict[str, ExchangeState]:
    """Try every exchange that is due; one that fails never stops the next, a partner that is away only its own."""
    with hub.store.reading(tenant) as unit:
        due = exchanges.to_send(unit)
        places = _by_place(unit, due)
    tried = [exchange_id for ids in places for exchange_id in _send_to(hub, tenant, ids)]
    with hub.store.reading(tenant) as unit:
        return {exchange_id: ExchangeState(exchanges.get(unit, exchange_id)["state"]) for exchange_id in tried}


def _by_place(unit: Unit, due: Sequence[Row]) -> list[list[str]]:
    """What is due, oldest first, by the place it goes to: several partners may be reached through one."""
    agreed = {each.id: each for each in parties.agreements(unit)}
    found: dict[tuple[str, ...], list[str]] = {}
    for row in due:
        settings = agreed[row["agreement_id"]].settings if row["agreement_id"] in agreed else {}
        named = tuple(settings[name] for name in _PLACE if settings.get(name))
        found.setdefault((row["channel"], *(named or (row["agreement_id"],))), []).append(row["id"])
    return list(found.values())


def _send_to(hub: Hub, tenant: str, ids: Iterable[str]) -> list[str]:
    """Try one place's exchanges in order; when it is away the rest waits with those that were tried."""
    left, tried = deque(ids), []
    in_a_row = 0
    while left:
        # Three that fail may be the messages' own fault: before the rest has to wait, the newest is tried too.
        exchange_id = left.pop() if in_a_row == _IN_A_ROW else left.popleft()
        outcome = _attempt(hub, tenant, exchange_id)
        tried.append(exchange_id)
        in_a_row = in_a_row + 1 if outcome is not None and (outcome.away or outcome.configuration) else 0
        if in_a_row > _IN_A_ROW or (outcome is not None and outcome.retry_after):
            with hub.store.unit(tenant) as unit:
                exchanges.wait_together(unit, tried, list(left))
            break
    return [*tried, *left]


def send(hub: Hub, tenant: str, exchange_id: str) -> ExchangeState:
    """Try one exchange if it is due; gives the state it has afterwards."""
    _attempt(hub, tenant, exchange_id)
    with hub.store.reading(tenant) as unit:
        return ExchangeState(exchanges.get(unit, exchange_id)["state"])


def _attempt(hub: Hub, tenant: str, exchange_id: str) -> Outcome | None:
    """One attempt under the exchange's effect lock; None when somebody else is at it or there is nothing to do."""
    with effect_lock(hub.store.engine, hub.home / "locks", exchange_id) as mine:
        attempt = _begin(hub, tenant, exchange_id) if mine else None
        if attempt is None:
            return None
        outcome = _try(attempt)
        _record(hub, attempt, outcome)
        return outcome


def _begin(hub: Hub, tenant: str, exchange_id: str) -> Attempt | None:
    """Commit the intent to send; None when there is nothing to do (any more) or the channel cannot be opened."""
    with hub.store.unit(tenant) as unit:
        row = exchanges.get(unit, exchange_id, lock=True)
        if not exchanges.is_due(unit, row):
            return None
        partner = hub.registry.partners.get(row["partner"])
        try:
            channel = _open(hub, unit, row, partner)
            message = exchanges.message(unit, row)
        except (ConfigurationError, ContentError) as error:
            _cannot_begin(unit, row, partner, error)
            return None
        state = ExchangeState(row["state"])
        if partner is None or (state is ExchangeState.IN_DOUBT and not channel.can_lookup):
            return None
        # No next try while one is under way: whoever finds none at an open intent knows that its process ended.
        exchanges.change(
            unit, exchange_id, ExchangeState.SENDING, attempts=row["attempts"] + 1, next_try_at=None, note=""
        )
    first = state is ExchangeState.PREPARED
    died = not first and row["next_try_at"] is None
    return Attempt(
        tenant=tenant,
        row=row,
        message=message,
        partner=partner,
        channel=channel,
        first=first,
        number=row["attempts"] + 1,
        ask_only=died and row["attempts"] >= partner.retry.attempts,
    )


def _open(hub: Hub, unit: Unit, row: Row, partner: Partner | None) -> Channel:
    if partner is None:
        raise ConfigurationError("the partner's folder is gone")
    return hub.open_channel(partner, parties.agreement_by_id(unit, row["agreement_id"]))


def _cannot_begin(unit: Unit, row: Row, partner: Partner | None, error: HubError) -> None:
    """Nothing was tried: wait for a person, with one task for all that waits and one line of history."""
    wait, reason = (partner.retry if partner else RetryPolicy()).cap_s, str(error)
    exchanges.wait_until(unit, row["id"], unit.now + timedelta(seconds=wait), reason)
    if row["note"] != reason:
        exchanges.log(unit, row["id"], "note", reason)
    tell = _task if isinstance(error, ContentError) else _agreement_task
    tell(unit, row, "CONFIGURATION", partner=partner.title if partner else row["partner"], reason=reason)


def _try(attempt: Attempt) -> Outcome:
    """Ask first where something may have arrived; deliver only what provably has not."""
    if not attempt.first:
        known = _ask(attempt, "an earlier attempt may have arrived")
        if known.receipt is not None or known.state is not ExchangeState.SENDING:
            return known
        if attempt.ask_only:
            return Outcome(state=ExchangeState.IN_DOUBT, text=f"{attempt.number - 1} attempts ended with their process")
    return _deliver(attempt)


def _deliver(attempt: Attempt) -> Outcome:
    try:
        receipt = attempt.channel.deliver(attempt.message)
    except OutcomeUnknown as error:
        known = _ask(attempt, str(error))
        return replace(known, away=known.receipt is None)
    except (ConfigurationError, ExchangeError) as error:
        return _judge(attempt, error)
    except ContentError as error:
        back = ExchangeState.PREPARED if attempt.first else ExchangeState.SENDING
        return Outcome(state=back, text=f"the channel cannot carry it: {error}")
    except Exception as error:  # noqa: BLE001 -- the boundary to a connector: its own mistake may follow the last byte
        return _ask(attempt, f"the channel broke ({type(error).__name__})")
    return Outcome(state=receipt.state, receipt=receipt, text=receipt.text)


def _ask(attempt: Attempt, reason: str) -> Outcome:
    """The message may have arrived: ask at once; without an answer it stays an open intent."""
    if not attempt.channel.can_lookup:
        return Outcome(state=ExchangeState.IN_DOUBT, text=reason)
    try:
        receipt = attempt.channel.lookup(attempt.message.key)
    except ConfigurationError as error:
        text = f"{reason}; asking failed: {error}"
        return Outcome(state=ExchangeState.IN_DOUBT, text=text, retry=True, configuration=True)
    except ExchangeError as error:
        after = error.retry_after if isinstance(error, TransientError) else None
        text = f"{reason}; asking failed: {error}"
        return Outcome(state=ExchangeState.IN_DOUBT, text=text, retry=True, retry_after=after, away=True)
    except Exception as error:  # noqa: BLE001 -- the boundary to a connector, as above
        text = f"{reason}; asking broke ({type(error).__name__})"
        return Outcome(state=ExchangeState.IN_DOUBT, text=text, retry=True)
    if receipt is None:
        return Outcome(state=ExchangeState.SENDING, text=f"{reason}; the partner has not got it", retry=True)
    return Outcome(state=receipt.state, receipt=receipt, text=receipt.text)


def _judge(attempt: Attempt, error: ConfigurationError | ExchangeError) -> Outcome:
    """Sort an error by the partner's own table first, then by its class."""
    back = ExchangeState.PREPARED if attempt.first else ExchangeState.SENDING
    if isinstance(error, ConfigurationError):
        return Outcome(state=back, text=str(error), retry=True, configuration=True)
    wanted = _partner_says(attempt.partner, error)
    if wanted is ErrorClass.DUPLICATE_OK:
        return Outcome(state=ExchangeState.SENT, text=f"the partner has it already: {error}")
    if wanted is ErrorClass.IN_DOUBT:
        return _ask(attempt, str(error))
    if wanted is ErrorClass.TERMINAL or (wanted is None and isinstance(error, RefusedError)):
        return Outcome(state=ExchangeState.REFUSED, text=str(error))
    after = error.retry_after if isinstance(error, TransientError) else None
    away = isinstance(error, TransientError)
    return Outcome(state=back, text=str(error), retry=True, retry_after=after, away=away)


def _partner_says(partner: Partner, error: ExchangeError) -> ErrorClass | None:
    code = error.code if isinstance(error, RefusedError) else ""
    said = f"{error} {error.raw[:2000].decode('utf-8', 'replace')}"
    for rule in partner.errors:
        fits_code = not rule.code or rule.code == code
        fits_status = rule.status is None or str(rule.status) == code
        fits_text = not rule.pattern or re.search(rule.pattern, said) is not None
        if fits_code and fits_status and fits_text:
            return rule.outcome
    return None


def _record(hub: Hub, attempt: Attempt, outcome: Outcome) -> None:
    """Commit what an attempt came to, with the task a person needs, if any."""
    outcome = replace(outcome, text=log.clean_text(outcome.text))  # a partner's words may name a person's number
    log.event(
        "attempt",
        tenant=attempt.tenant,
        exchange=attempt.row["id"],
        partner=attempt.partner.name,
        attempt=attempt.number,
        state=outcome.state.value,
    )
    goes_on = outcome.away or outcome.configuration or attempt.number < attempt.partner.retry.attempts
    with hub.store.unit(attempt.tenant) as unit:
        if outcome.receipt is not None or outcome.state is ExchangeState.SENT:
            _arrived(unit, attempt, outcome)
        elif not exchanges.is_open(exchanges.get(unit, attempt.row["id"], lock=True)):
            # An answer, or a person, knew more while we were at it: our own failure takes nothing of that back.
            exchanges.log(unit, attempt.row["id"], "note", outcome.text)
        elif outcome.state is ExchangeState.REFUSED:
            refused(unit, attempt.row, attempt.partner.title, outcome.text)
        elif outcome.retry and goes_on:
            _again(unit, attempt, outcome)
        else:
            _stop(unit, attempt, outcome)


def _arrived(unit: Unit, attempt: Attempt, outcome: Outcome) -> None:
    state = outcome.state
    if state is ExchangeState.PREPARED:
        _person_uploads(unit, attempt, outcome)
        return
    if state is ExchangeState.REFUSED:
        refused(unit, attempt.row, attempt.partner.title, outcome.text)
        return
    receipt = outcome.receipt
    exchanges.change(
        unit,
        attempt.row["id"],
        ExchangeState.SENT if state is ExchangeState.SENDING else state,
        text=outcome.text,
        remote_id=receipt.remote_id if receipt else attempt.row["remote_id"],
        sent_at=unit.now,
        reply_due=reply_due(unit, attempt.partner),
        next_try_at=None,
        note="",
    )
    tasks.done_all(unit, attempt.row["id"], {"state": state.value})
    for code in _WAITING:
        tasks.done(unit, _agreement_key(attempt.row, code), {"arrived": attempt.row["name"]})


def reply_due(unit: Unit, partner: Partner) -> object:
    """The working day by whose end this partner normally has answered, or None."""
    within = partner.reply_within
    if within is None:
        return None
    zone = ZONES.get(partner.country, ZONES["NL"])
    return workdays.due(unit.now.astimezone(zone).date(), within.working_days, within.calendar)


def refused(unit: Unit, row: Row, title: str, reason: str) -> None:
    """The partner or the network refused a message for good: a person must look."""
    exchanges.change(unit, row["id"], ExchangeState.REFUSED, text=reason, note=reason, next_try_at=None)
    _task(unit, row, "REFUSED_BY_NETWORK", partner=title, reason=reason)


def _again(unit: Unit, attempt: Attempt, outcome: Outcome) -> None:
    """Wait for the next try. When the attempts are used up, a person is told once per agreement, and it goes on."""
    spent = attempt.number >= attempt.partner.retry.attempts
    state = ExchangeState.IN_DOUBT if spent and outcome.state is ExchangeState.SENDING else outcome.state
    when = unit.now + timedelta(seconds=_wait(attempt, outcome))
    values = {"note": outcome.text, "next_try_at": when}
    exchanges.force(unit, attempt.row["id"], state, text=outcome.text, **values)
    title = attempt.partner.title
    if outcome.configuration:
        _agreement_task(unit, attempt.row, "CONFIGURATION", partner=title, reason=outcome.text)
    elif spent:
        code = "GAVE_UP" if state is ExchangeState.PREPARED else "IN_DOUBT"
        _agreement_task(unit, attempt.row, code, partner=title, attempts=attempt.number, reason=outcome.text)


def _wait(attempt: Attempt, outcome: Outcome) -> int:
    """Seconds until the next try: what the partner said (bounded), else ever longer, and a little less than that.

    How much less depends on agreement and attempt: hubs that lost the same partner do not come back at one moment.
    """
    if outcome.retry_after:
        return min(outcome.retry_after, _LONGEST_WAIT_S)
    retry = attempt.partner.retry
    grown = retry.delay_s * retry.factor ** min(attempt.number - 1, 32)
    delay = retry.cap_s if outcome.configuration else min(grown, retry.cap_s)
    spread = hashlib.sha256(f"{attempt.tenant}:{attempt.row['agreement_id']}:{attempt.number}".encode()).digest()[0]
    return delay - delay * spread // 2560


def _stop(unit: Unit, attempt: Attempt, outcome: Outcome) -> None:
    """Out of attempts: an open intent ends in doubt (never "retry dead" into a second sending), else it failed."""
    row = attempt.row
    title = attempt.partner.title
    if outcome.state is ExchangeState.PREPARED:
        exchanges.force(unit, row["id"], ExchangeState.FAILED, text=outcome.text, note=outcome.text)
        _task(unit, row, "GAVE_UP", partner=title, attempts=attempt.number, reason=outcome.text)
        return
    # One that could be asked was asked: from here on a person decides, and nothing happens by itself.
    values = {"note": outcome.text, "released": not attempt.channel.can_lookup}
    exchanges.force(unit, row["id"], ExchangeState.IN_DOUBT, text=outcome.text, **values)
    _task(unit, row, "IN_DOUBT", partner=title)


def _person_uploads(unit: Unit, attempt: Attempt, outcome: Outcome) -> None:
    """A channel that only prepares (portal, folder by hand): wait for a person to say that it was uploaded."""
    values = {"note": outcome.text, "released": False}
    exchanges.force(unit, attempt.row["id"], ExchangeState.PREPARED, text=outcome.text, **values)
    _task(unit, attempt.row, "PERSON_UPLOADS", partner=attempt.partner.title)


def _task(unit: Unit, row: Row, code: str, **values: object) -> None:
    _add_task(unit, row, f"exchange:{row['business_key']}:{code}", code, values)


def _agreement_task(unit: Unit, row: Row, code: str, **values: object) -> None:
    """One task for everything that waits for the same partner, named after the exchange that met it first."""
    _add_task(unit, row, _agreement_key(row, code), code, values)


def _agreement_key(row: Row, code: str) -> str:
    return f"agreement:{row['agreement_id']}:{code}"


def _add_task(unit: Unit, row: Row, key: str, code: str, values: dict[str, object]) -> None:
    values |= {"name": row["name"], "key": row["invoice_number"]}
    tasks.add(
        unit,
        NewTask(
            key=key,
            kind=code.lower(),
            text=texts.text(code, **values),
            action=texts.action(code, **values),
            exchange_id=row["id"],
        ),
        reopen=True,
    )
