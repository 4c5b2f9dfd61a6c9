"""One attempt at one exchange: ask first where something may have arrived, deliver only what provably has not.

Nothing here touches the database; what an attempt came to is an `Outcome`, which `hub.pipeline.outcomes` writes down.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

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
from hub.model.partner import ErrorClass, Partner
from hub.ports import Channel
from hub.store.unit import Row
from hub.tracing import span


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt at one exchange. `first` is True when no earlier attempt can have reached the partner.

    `died` is True when the one before ended with its process, or lost its lock: what that one sent may still be on its
    way. `ask_only` is True when too many ended so: the partner is asked, nothing is sent.
    """

    tenant: str
    row: Row
    message: Message
    partner: Partner
    channel: Channel
    first: bool
    number: int
    died: bool = False
    ask_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What an attempt came to: a state to record, with the receipt or the reason.

    `away`: the partner was not there or took nothing over, which says nothing about this message.
    `settling`: it has not got it, but may be at what an attempt sent that ended a moment ago; it is asked again first.
    """

    state: ExchangeState
    text: str = ""
    receipt: Receipt | None = None
    retry: bool = False
    retry_after: int | None = None
    configuration: bool = False
    away: bool = False
    settling: bool = False


def make(attempt: Attempt) -> Outcome:
    """Ask first where something may have arrived; deliver only what provably has not."""
    facts = {"key": attempt.row["business_key"], "partner": attempt.partner.name, "attempt": attempt.number}
    with span("deliver", **facts) as told:
        outcome = _made(attempt)
        told["state"] = outcome.state.value
    return outcome


def _made(attempt: Attempt) -> Outcome:
    if not attempt.first:
        known = _ask(attempt, "an earlier attempt may have arrived")
        if known.receipt is not None or known.state is not ExchangeState.SENDING:
            return known
        if attempt.ask_only:
            return Outcome(state=ExchangeState.IN_DOUBT, text=f"{attempt.number - 1} attempts ended with their process")
        if attempt.died:
            return replace(known, settling=True)
    return _deliver(attempt)


@runtime_checkable
class Together(Protocol):
    """A channel that takes several new messages at once for less than their sum."""

    def deliver_all(self, messages: Sequence[Message]) -> Sequence[Receipt | HubError]:
        """What `deliver` would have given or raised for each, in order; those after the last were not touched."""
        ...


def make_all(channel: Together, new: Sequence[Attempt]) -> list[tuple[Attempt, Outcome]]:
    """Deliver several that no earlier attempt can have reached the partner with, over their one channel."""
    keys = [each.row["business_key"] for each in new]
    try:
        with span("deliver", keys=keys, partner=new[0].partner.name):
            results = channel.deliver_all([each.message for each in new])
    except HubError as error:
        results = [error]
    except Exception as error:  # noqa: BLE001 -- the boundary to a connector: its own mistake may follow the last byte
        return [(each, _ask(each, f"the channel broke ({type(error).__name__})")) for each in new]
    return [(each, _deliver(each, _came_to(result))) for each, result in zip(new, results, strict=False)]


def _came_to(result: Receipt | HubError) -> Callable[[Message], Receipt]:
    def deliver(_message: Message) -> Receipt:
        if isinstance(result, HubError):
            raise result
        return result

    return deliver


def _deliver(attempt: Attempt, deliver: Callable[[Message], Receipt] | None = None) -> Outcome:
    try:
        receipt = (deliver or attempt.channel.deliver)(attempt.message)
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
