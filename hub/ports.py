"""What the pipeline needs from the outside world, as Protocols. Implementations live in connectors and hub.store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable

from hub.model.exchange import Collected, Message, Probe, Receipt


class Clock(Protocol):
    """Where the time comes from; always aware (UTC)."""

    def now(self) -> datetime:
        """The current moment, UTC."""
        ...


@runtime_checkable
class Channel(Protocol):
    """How bytes travel to and from one partner under one agreement.

    Every method may raise `ConfigurationError` or an `ExchangeError`: `TransientError` (nothing was taken over),
    `RefusedError` (same bytes will be refused again), `OutcomeUnknown` (may have arrived). Time-outs everywhere.
    """

    can_lookup: bool
    """Whether `lookup` can answer for a message that may have arrived."""

    def deliver(self, message: Message) -> Receipt:
        """Hand over the message once; the remote id derives from `message.key`, never from the payload."""
        ...

    def lookup(self, key: str) -> Receipt | None:
        """Ask the partner what became of the message with this key; None when it never arrived."""
        ...

    def collect(self) -> Iterator[Collected]:
        """Fetch what is ready for us, oldest first, without removing it there."""
        ...

    def confirm(self, remote_id: str) -> None:
        """Tell the partner that we have stored it; called only after our commit; harmless when repeated."""
        ...

    def probe(self) -> Probe:
        """Look without sending: reachable, credentials valid."""
        ...


class Coverage(StrEnum):
    """A coverage check's answer for one person on one date."""

    INSURED = "insured"
    NOT_INSURED = "not_insured"
    DOUBLE = "double"
    NO_ANSWER = "no_answer"
    TOO_OLD = "too_old"


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageAnswer:
    """COV's answer: state and, when insured, the UZOVI on that date."""

    coverage: Coverage
    uzovi: str = ""
    insured_number: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CoverageQuestion:
    """COV's question: one person, one date. Its repr shows nothing personal."""

    bsn: str
    birth_date: date | None
    reference_date: date


class CoverageCheck(Protocol):
    """COV (VZ801/802) or a table that stands in for it."""

    def check(self, questions: Sequence[CoverageQuestion]) -> list[CoverageAnswer]:
        """One answer per question, in order; NO_ANSWER where the service says nothing usable."""
        ...
