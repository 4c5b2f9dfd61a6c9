"""What payments are matched against and what matching says: values only.

Amounts are signed and of one currency per item; a credit has negative amounts. What is made by the hundred thousand is
a named tuple, like a `Payment`: a changed copy is `one._replace(...)`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from hub.model.claim import ClaimKind
from hub.model.money import Money

_NONE: Mapping[str, tuple[str, ...]] = MappingProxyType({})
_MODES: Mapping[str, str] = MappingProxyType({})
_FEES: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenLine:
    """A line's money that a payment may settle.

    `outstanding` is granted and not yet settled. `undecided` is open money a payment may grant by itself (Norway,
    decision 19); zero where only a decision grants (Netherlands).
    """

    line_id: str
    outstanding: Money
    undecided: Money
    number: int = 1

    @property
    def payable(self) -> Money:
        """What a payment may settle on this line."""
        return self.outstanding + self.undecided


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenItem:
    """A claim as payments see it; settled claims stay in, with nothing payable, to recognise a second payment.

    `payer_accounts` are the accounts the payer is known to pay from, `account` ours it must pay to (empty: any),
    `claimant` who is owed. `kid` holds a KID or an RF reference, `batch` the file's number the claim travelled under,
    `references` other numbers the payer may name it by. The payer's own number of a file is a reference of its claims.
    """

    claim_id: str
    ref: str
    invoice_number: str = ""
    kid: str = ""
    payer: str
    payer_accounts: tuple[str, ...] = ()
    claimant: str = ""
    account: str = ""
    currency: str
    lines: tuple[OpenLine, ...]
    kind: ClaimKind = ClaimKind.DEBIT
    batch: str = ""
    references: tuple[str, ...] = ()
    issue_date: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchRules:
    """How carefully to match: `modes` maps a payer to `strict` or `balanced`, `mode` holds for everybody else.

    `remittance_patterns` are regular expressions per payer over the payment's text; group `number` (or 1) is the
    number of a declaration or invoice. `fees` are what a payer's bank may keep of a payment that names one claim
    (minor units). `typical_days` from claim to payment and `subset_lines` only rank and bound suggestions. In the
    currencies of `wait_for_decision` only what was granted is posted (decision 19, the Netherlands).
    """

    mode: str = "strict"
    modes: Mapping[str, str] = field(default_factory=lambda: _MODES)
    remittance_patterns: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: _NONE)
    fees: Mapping[str, int] = field(default_factory=lambda: _FEES)
    typical_days: int = 21
    subset_lines: int = 10
    wait_for_decision: frozenset[str] = frozenset()

    def strict(self, payer: str) -> bool:
        """Whether a payer's payments are matched strictly."""
        return self.modes.get(payer, self.mode) != "balanced"


class Tier(StrEnum):
    """On what ground a payment was matched: T1 to T4 may post, suggestions and reversals never do."""

    STRUCTURED = "T1"
    BATCH = "T2"
    DOCUMENTS = "T3"
    TEXT = "T4"
    SUGGESTION = "T5"
    REVERSAL = "T6"
    NONE = "T0"


class Action(StrEnum):
    """What to do: post the allocations, ask a person, or nothing."""

    POST = "post"
    REVIEW = "review"
    IGNORE = "ignore"


class Allocation(NamedTuple):
    """Money on one line: `amount` from the payment, `netted` against credits (negative on the credit itself).

    `grants` is the part of both that rests on undecided money, so that the payment grants it (decision 19).
    """

    line_id: str
    claim_id: str
    amount: Money
    netted: Money
    grants: Money


class Evidence(NamedTuple):
    """Why: which field of the payment said what, and which claim that points at."""

    field: str
    value: str
    claim_id: str = ""


class Alternative(NamedTuple):
    """Another claim the payment might have been for, best first, and why it is only that; a `group` goes together."""

    claim_id: str
    reason: str
    group: int = 0


class Suggestion(NamedTuple):
    """What a payment may be for: signed minor units by claim, how likely (0 to 100), and why (a code)."""

    allocations: tuple[tuple[str, int], ...]
    score: int
    why: str


class Match(NamedTuple):
    """What a payment is for. `remainder` is what no allocation takes; `undoes` the payment a reversal takes back.

    With REVIEW nothing is allocated: `suggestions`, best first, are for a person, `code` says what to look at.
    `rejected` are claims that came close and why they were passed over.
    """

    payment_id: str
    tier: Tier
    action: Action
    remainder: Money
    code: str
    allocations: tuple[Allocation, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    suggestions: tuple[Suggestion, ...] = ()
    rejected: tuple[Alternative, ...] = ()
    undoes: str = ""
    ruleset: str = "kvitt-matching-2"

    @property
    def alternatives(self) -> tuple[Alternative, ...]:
        """The claims of all suggestions, best first; those of one suggestion of several share a group."""
        found: dict[tuple[str, int], Alternative] = {}
        for number, each in enumerate(self.suggestions, start=1):
            group = number if len(each.allocations) > 1 else 0
            for claim_id, _ in each.allocations:
                found.setdefault((claim_id, group), Alternative(claim_id=claim_id, reason=each.why, group=group))
        return tuple(found.values())
