"""What may be corrected in which state, and how (decision 5): a pure decision over what is known of one claim.

Sources: VGZ on credits (only what was granted, only in full, then a new debit), Zilveren Kruis on re-claim terms,
Behandlernettverk on credit notes (none after approval; after a rejection the mail says whether one is wanted).

| country | the payer said | way |
|-|-|-|
| any | nothing, it never left us or was refused on the way unseen | `REISSUE`: same numbers |
| NO | nothing, the network refused it after transport | `RENUMBER`, or `REISSUE` where the partner's folder says so |
| NO | no, and asks for a credit note (or always wants one) | `CREDIT_AND_REPLACE` |
| NO | no | `REPLACE` |
| NO | yes, or no remark in time | forbidden: a separate invoice |
| NL | no | `REPLACE` within the payer's term, never a credit |
| NL | yes, or another amount | `CREDIT_THEN_REPLACE`: the debit waits until the credit is accepted |
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from hub.model.claim import ClaimKind
from hub.model.exchange import ExchangeState
from hub.model.partner import DatedRule
from hub.model.reply import Verdict
from hub.policy.deadlines import Deadline, Purpose

WITHDRAWN = "WITHDRAWN"
"""The hold code of a claim that was taken back."""
ALWAYS, WHEN_ASKED, NEVER, FULL_CREDIT = (
    "credit_note_always",
    "credit_note_when_asked",
    "new_invoice_only",
    "full_credit_then_debit",
)
"""How a partner's folder says that claims are corrected with it (`correction`)."""


class Way(StrEnum):
    """How a claim is corrected."""

    REISSUE = "reissue"
    RENUMBER = "renumber"
    REPLACE = "replace"
    CREDIT_AND_REPLACE = "credit_and_replace"
    CREDIT_THEN_REPLACE = "credit_then_replace"
    CREDIT = "credit"


class Credited(StrEnum):
    """Whether a claim was credited already, and what the payer said of that."""

    NOT = "not"
    WAITING = "waiting"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    PARTLY = "partly"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What decides: the claim, where its message is, what the payer said, and what the partner's folder says.

    `transport` is None when there is no message (yet), `seen` is True when the payer itself has taken note of it.
    `paid` is True when money was granted or came for it, whatever is said of it now.
    `habit` is the partner's `correction`, `keeps_number` whether a number the network refused may be used again.
    """

    country: str
    kind: ClaimKind
    today: date
    finished: bool = False
    hold: str = ""
    transport: ExchangeState | None = None
    was_sent: bool = False
    seen: bool = False
    verdicts: frozenset[Verdict] = frozenset({Verdict.OPEN})
    paid: bool = False
    credit_asked: bool = False
    habit: str = ""
    keeps_number: bool = False
    credited: Credited = Credited.NOT
    terms: Mapping[Purpose, Deadline] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """The way a correction takes; `until` is the payer's last safe day for it, where one is known."""

    way: Way
    until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Forbidden:
    """Why a claim is not corrected now: a code of `hub/texts.toml`, and the day its sentence names."""

    code: str
    day: date | None = None


_REFUSED = frozenset({Verdict.REFUSED})
_AWARDED = frozenset({Verdict.GRANTED, Verdict.CHANGED})
_UNDECIDED = frozenset({Verdict.OPEN, Verdict.PRESUMED_OK})
_ARRIVED = (ExchangeState.SENT, ExchangeState.DELIVERED)


def correction(standing: Standing) -> Allowed | Forbidden:
    """How this claim is corrected, or why it is not."""
    barred = _barred(standing)
    if barred is not None:
        return barred
    if standing.verdicts <= _UNDECIDED:
        return _undecided(standing)
    return _norwegian(standing) if standing.country == "NO" else _dutch(standing)


def credit_alone(standing: Standing) -> Allowed | Forbidden:
    """Whether this claim may be credited without anything in its place."""
    found = correction(standing)
    if isinstance(found, Forbidden):
        return found
    if standing.country == "NO" and standing.verdicts == _REFUSED:
        known = standing.credited is not Credited.NOT
        return Forbidden(code="CORRECT_CREDITED") if known else Allowed(way=Way.CREDIT)
    if found.way is not Way.CREDIT_THEN_REPLACE:
        return Forbidden(code="CORRECT_CREDITED" if standing.credited is Credited.ACCEPTED else "CORRECT_NO_CREDIT")
    return Forbidden(code="CORRECT_CREDITED") if standing.credited is Credited.WAITING else Allowed(way=Way.CREDIT)


def _barred(standing: Standing) -> Forbidden | None:
    if standing.hold == WITHDRAWN:
        return Forbidden(code="CORRECT_WITHDRAWN")
    if standing.finished:
        return Forbidden(code="FINISHED_NEVER_REBUILT")
    return Forbidden(code="CORRECT_IS_CREDIT") if standing.kind is ClaimKind.CREDIT else None


def _undecided(standing: Standing) -> Allowed | Forbidden:
    """Nobody has judged it: what matters is whether the payer may have seen it."""
    if standing.paid:
        return Forbidden(code="CORRECT_APPROVED")
    if standing.transport is None:
        return Allowed(way=Way.REISSUE)
    if standing.transport is ExchangeState.REFUSED and standing.seen:
        return Forbidden(code="CORRECT_NOT_ANSWERED")
    if standing.transport is ExchangeState.REFUSED:
        sent = standing.country == "NO" and standing.was_sent and not standing.keeps_number
        return Allowed(way=Way.RENUMBER if sent else Way.REISSUE)
    if standing.transport not in _ARRIVED:
        return Forbidden(code="CORRECT_ON_ITS_WAY")
    presumed = standing.country == "NO" and standing.verdicts == {Verdict.PRESUMED_OK}
    return Forbidden(code="CORRECT_PRESUMED" if presumed else "CORRECT_NOT_ANSWERED")


def _norwegian(standing: Standing) -> Allowed | Forbidden:
    """A credit note only after a rejection: when the payer asks for it, otherwise as its folder says."""
    if standing.verdicts != _REFUSED:
        return Forbidden(code="CORRECT_APPROVED")
    if standing.paid:
        return Forbidden(code="CORRECT_PAID")
    if standing.credited is not Credited.NOT:
        return Allowed(way=Way.REPLACE)
    if standing.credit_asked or standing.habit in (ALWAYS, FULL_CREDIT):
        return Allowed(way=Way.CREDIT_AND_REPLACE)
    if standing.habit in (WHEN_ASKED, NEVER):
        return Allowed(way=Way.REPLACE)
    return Forbidden(code="CORRECT_NOT_CONFIGURED")


def _dutch(standing: Standing) -> Allowed | Forbidden:
    """A refusal uses the reference up and is claimed anew; an award is credited in full first."""
    if standing.verdicts == _REFUSED:
        return _in_time(standing, Purpose.RECLAIM, Way.REPLACE)
    if not standing.verdicts <= _AWARDED:
        return Forbidden(code="CORRECT_NOT_ANSWERED")
    if standing.credited is Credited.PARTLY:
        return Forbidden(code="CORRECT_CREDITED_PARTLY")
    taken_back = standing.credited is Credited.ACCEPTED
    return _in_time(standing, Purpose.CORRECTION, Way.REPLACE if taken_back else Way.CREDIT_THEN_REPLACE)


def _in_time(standing: Standing, purpose: Purpose, way: Way) -> Allowed | Forbidden:
    term = standing.terms.get(purpose)
    if term is not None and standing.today > term.last_outer:
        return Forbidden(code="CORRECT_TOO_LATE", day=term.last_outer)
    return Allowed(way=way, until=term.last_safe if term else None)


def reclaim_codes(rules: Sequence[DatedRule], term: Deadline | None) -> tuple[str, ...]:
    """The re-claim codes the payer's rule behind a term names; empty when it names none."""
    if term is None:
        return ()
    named = (rule for rule in rules if (rule.kind, rule.source) == (term.kind, term.source))
    return tuple(next((rule.settings.get("reclaim_codes", "") for rule in named), "").split())
