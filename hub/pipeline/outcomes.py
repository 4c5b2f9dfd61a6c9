"""What an attempt came to is written down: state, history, the next try, and the task a person needs, if any.

The write is fenced: it counts only while the attempt is still the newest one of its exchange. A process that was frozen
and wakes up after somebody else took over leaves a note and changes nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from hub import log, texts
from hub.errors import ContentError, HubError
from hub.model.exchange import ExchangeState
from hub.model.partner import Partner, RetryPolicy
from hub.pipeline.attempts import Attempt, Outcome
from hub.pipeline.cases import cause_of
from hub.pipeline.context import ZONES
from hub.policy import workdays
from hub.store import exchanges, tasks
from hub.store.exchanges import Change
from hub.store.tasks import NewTask
from hub.store.unit import Row, Unit

_LONGEST_WAIT_S = 7 * 24 * 3600
_WAITING = ("CONFIGURATION", "GAVE_UP", "IN_DOUBT")
"""Tasks about an agreement as a whole: one for everything that waits, closed by the first message that arrives."""


def cannot_begin(unit: Unit, row: Row, partner: Partner | None, error: HubError) -> None:
    """Nothing was tried: wait for a person, with one task for all that waits and one line of history."""
    wait, reason = (partner.retry if partner else RetryPolicy()).cap_s, str(error)
    exchanges.wait_until(unit, row["id"], unit.now + timedelta(seconds=wait), reason)
    if row["note"] != reason:
        exchanges.log(unit, row["id"], "note", reason)
    tell = exchange_task if isinstance(error, ContentError) else _agreement_task
    tell(unit, row, "CONFIGURATION", partner=partner.title if partner else row["partner"], reason=reason)


def take_back(unit: Unit, attempt: Attempt) -> None:
    """An intent nothing was done about, because the partner or our locks went away before its turn.

    It is as if it had not been begun; one that an earlier attempt stands behind stays open, and is asked about.
    """
    if not attempt.first:
        return
    row = exchanges.get(unit, attempt.row["id"], lock=True)
    if row["state"] == ExchangeState.SENDING.value and row["attempts"] == attempt.number:
        values = {"attempts": attempt.number - 1, "next_try_at": attempt.row["next_try_at"]}
        text = "not tried: the partner or the database went away before its turn"
        exchanges.force(unit, attempt.row["id"], ExchangeState.PREPARED, text=text, **values)


def record(unit: Unit, attempt: Attempt, outcome: Outcome) -> None:
    """Write down what an attempt came to, with the task a person needs, if any."""
    outcome = _told(attempt, outcome)
    not_its_fault = outcome.away or outcome.configuration or outcome.settling
    goes_on = not_its_fault or attempt.number < attempt.partner.retry.attempts
    now = exchanges.get(unit, attempt.row["id"], lock=True)
    if outcome.receipt is not None or outcome.state is ExchangeState.SENT:
        _arrived(unit, attempt, outcome, now)
    elif not exchanges.is_open(now) or now["attempts"] != attempt.number:
        # An answer, a person, or a newer attempt knew more while we were at it: our own failure takes nothing of
        # that back. (What arrived is news whoever brings it: it is never fenced off.)
        exchanges.log(unit, attempt.row["id"], "note", outcome.text)
    elif outcome.state is ExchangeState.REFUSED:
        refused(unit, attempt.row, attempt.partner.title, outcome.text)
    elif outcome.retry and goes_on:
        _again(unit, attempt, outcome)
    else:
        _stop(unit, attempt, outcome)


def record_arrived(unit: Unit, done: Sequence[tuple[Attempt, Outcome]]) -> list[tuple[Attempt, Outcome]]:
    """Write down together what simply arrived, and give back the rest for `record`.

    What arrived is news whoever brings it: it is not fenced.
    """
    told = [(attempt, _told(attempt, outcome)) for attempt, outcome in done if _simply_arrived(outcome)]
    if told:
        rows = exchanges.get_all(unit, [attempt.row["id"] for attempt, _ in told], lock=True)
        _arrived_all(unit, [(attempt, outcome, rows[attempt.row["id"]]) for attempt, outcome in told])
    return [(attempt, outcome) for attempt, outcome in done if not _simply_arrived(outcome)]


def _simply_arrived(outcome: Outcome) -> bool:
    arrived = outcome.receipt is not None or outcome.state is ExchangeState.SENT
    return arrived and outcome.state not in (ExchangeState.PREPARED, ExchangeState.REFUSED)


def _told(attempt: Attempt, outcome: Outcome) -> Outcome:
    """Logged, and without a person's number that a partner's words may name."""
    log.event(
        "attempt",
        tenant=attempt.tenant,
        exchange=attempt.row["id"],
        partner=attempt.partner.name,
        attempt=attempt.number,
        state=outcome.state.value,
    )
    return replace(outcome, text=log.clean_text(outcome.text))


def _arrived(unit: Unit, attempt: Attempt, outcome: Outcome, now: Row) -> None:
    state = outcome.state
    if state is ExchangeState.PREPARED:
        _person_uploads(unit, attempt, outcome)
        return
    if state is ExchangeState.REFUSED:
        refused(unit, attempt.row, attempt.partner.title, outcome.text)
        return
    _arrived_all(unit, [(attempt, outcome, now)])


def _arrived_all(unit: Unit, arrived: Sequence[tuple[Attempt, Outcome, Row]]) -> None:
    due = {attempt.partner.name: reply_due(unit, attempt.partner) for attempt, _, _ in arrived}
    exchanges.change_all(
        unit, [_sent(unit, attempt, outcome, now, due[attempt.partner.name]) for attempt, outcome, now in arrived]
    )
    ids = [attempt.row["id"] for attempt, _, _ in arrived]
    waiting = {attempt.row["id"]: [_agreement_key(attempt.row, code) for code in _WAITING] for attempt, _, _ in arrived}
    if tasks.any_with(unit, ids, sorted({key for keys in waiting.values() for key in keys})):
        for attempt, outcome, _ in arrived:
            evidence = {"state": outcome.state.value, "arrived": attempt.row["name"]}
            tasks.done_with(unit, attempt.row["id"], waiting[attempt.row["id"]], evidence)


def _sent(unit: Unit, attempt: Attempt, outcome: Outcome, now: Row, due: object) -> Change:
    receipt = outcome.receipt
    return Change(
        row=now,
        state=ExchangeState.SENT if outcome.state is ExchangeState.SENDING else outcome.state,
        text=outcome.text,
        values={
            "remote_id": receipt.remote_id if receipt else attempt.row["remote_id"],
            "sent_at": unit.now,
            "received_at": receipt.at if receipt else None,
            "reply_due": due,
            "next_try_at": None,
            "note": "",
        },
    )


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
    exchange_task(unit, row, "REFUSED_BY_NETWORK", partner=title, reason=reason)


def _again(unit: Unit, attempt: Attempt, outcome: Outcome) -> None:
    """Wait for the next try. When the attempts are used up, a person is told once per agreement, and it goes on."""
    spent = attempt.number >= attempt.partner.retry.attempts and not outcome.settling
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
    if outcome.settling:
        return min(retry.delay_s, retry.cap_s)
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
        exchange_task(unit, row, "GAVE_UP", partner=title, attempts=attempt.number, reason=outcome.text)
        return
    # One that could be asked was asked: from here on a person decides, and nothing happens by itself.
    values = {"note": outcome.text, "released": not attempt.channel.can_lookup}
    exchanges.force(unit, row["id"], ExchangeState.IN_DOUBT, text=outcome.text, **values)
    exchange_task(unit, row, "IN_DOUBT", partner=title)


def _person_uploads(unit: Unit, attempt: Attempt, outcome: Outcome) -> None:
    """A channel that only prepares (portal, folder by hand): wait for a person to say that it was uploaded."""
    values = {"note": outcome.text, "released": False}
    exchanges.force(unit, attempt.row["id"], ExchangeState.PREPARED, text=outcome.text, **values)
    exchange_task(unit, attempt.row, "PERSON_UPLOADS", partner=attempt.partner.title)


def exchange_task(unit: Unit, row: Row, code: str, **values: object) -> None:
    """One task of a kind for one exchange."""
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
            cause=cause_of((), str(values.get("reason", ""))),
        ),
        reopen=True,
    )
