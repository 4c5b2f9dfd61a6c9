"""What the journal adds up to: the money of each line and each payment (decisions 19 and 20)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

from hub.errors import ContentError
from hub.ledger.accounts import Account, Posting
from hub.model.money import Money
from hub.model.reply import Decision, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class LineMoney:
    """Where a line's money stands, signed (negative on a credit line), in one currency."""

    claimed: Money
    granted: Money
    refused: Money
    patient: Money
    withdrawn: Money
    open: Money
    received: Money
    netted: Money
    written_off: Money
    outstanding: Money

    @property
    def decided_in_full(self) -> bool:
        """Claimed equals granted + refused + patient part + withdrawn + open."""
        return self.claimed == self.granted + self.refused + self.patient + self.withdrawn + self.open

    @property
    def settled_in_full(self) -> bool:
        """Granted equals received + netted + written off + outstanding."""
        return self.granted == self.received + self.netted + self.written_off + self.outstanding

    def __add__(self, other: LineMoney) -> LineMoney:
        return LineMoney(**{name: getattr(self, name) + getattr(other, name) for name in AMOUNTS})

    def __sub__(self, other: LineMoney) -> LineMoney:
        return LineMoney(**{name: getattr(self, name) - getattr(other, name) for name in AMOUNTS})

    def __bool__(self) -> bool:
        return any(getattr(self, name) for name in AMOUNTS)


AMOUNTS = tuple(field.name for field in fields(LineMoney))
"""The names of the amounts of a line, in the order of the two equations."""


def no_money(currency: str) -> LineMoney:
    """Nothing yet, in a currency."""
    return LineMoney(**dict.fromkeys(AMOUNTS, Money(0, currency)))


_BALANCE_OF = {
    Account.OPEN: ("open", 1),
    Account.DUE: ("outstanding", 1),
    Account.REFUSED: ("refused", 1),
    Account.PATIENT: ("patient", 1),
    Account.WITHDRAWN: ("withdrawn", 1),
    Account.NETTED: ("netted", 1),
    Account.WRITTEN_OFF: ("written_off", 1),
    Account.UNALLOCATED: ("received", 1),
    Account.CLAIMED: ("claimed", -1),
}
_GRANT = frozenset((Account.OPEN, Account.DUE))


def line_money(postings: Iterable[Posting]) -> dict[str, LineMoney]:
    """The money of every line that has postings, from the postings alone.

    Granted is the flow between OPEN and DUE and everything else a balance, so that a row between accounts that have
    no business with each other breaks an equation instead of hiding in it.
    """
    sums: dict[str, dict[str, int]] = {}
    currency: dict[str, str] = {}
    for row in postings:
        if row.claim_line_id:
            unit = currency.setdefault(row.claim_line_id, row.amount.currency)
            if unit != row.amount.currency:
                raise ContentError(f"line {row.claim_line_id} has postings in {unit} and {row.amount.currency}")
            _count(sums.setdefault(row.claim_line_id, dict.fromkeys(AMOUNTS, 0)), row)
    return {
        line: LineMoney(**{name: Money(minor, currency[line]) for name, minor in amounts.items()})
        for line, amounts in sums.items()
    }


def _count(amounts: dict[str, int], row: Posting) -> None:
    for account, sign in ((row.debit, 1), (row.credit, -1)):
        if account in _BALANCE_OF:
            name, side = _BALANCE_OF[account]
            amounts[name] += sign * side * row.amount.minor
    if row.pair == _GRANT:
        amounts["granted"] += row.into(Account.DUE).minor


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentMoney:
    """Where a payment's money stands: booked = allocated + returned + paid out + no claim + unallocated, signed."""

    booked: Money
    allocated: Money
    returned: Money
    paid_out: Money
    no_claim: Money
    unallocated: Money


_PAYMENT_FLOW = {
    Account.BANK: ("booked", 1),
    Account.DUE: ("allocated", -1),
    Account.RETURNED: ("returned", -1),
    Account.IN_TRANSIT: ("paid_out", -1),
    Account.NO_CLAIM: ("no_claim", -1),
}
_PAYMENT_AMOUNTS = tuple(field.name for field in fields(PaymentMoney))


def payment_money(postings: Iterable[Posting]) -> dict[str, PaymentMoney]:
    """The money of every payment that has postings on UNALLOCATED, from the postings alone."""
    sums: dict[str, dict[str, int]] = {}
    currency: dict[str, str] = {}
    for row in postings:
        if row.payment_id and Account.UNALLOCATED in row.pair:
            currency.setdefault(row.payment_id, row.amount.currency)
            amounts = sums.setdefault(row.payment_id, dict.fromkeys(_PAYMENT_AMOUNTS, 0))
            amounts["unallocated"] -= row.into(Account.UNALLOCATED).minor
            for account, (name, sign) in _PAYMENT_FLOW.items():
                amounts[name] += sign * row.into(account).minor
    return {
        payment: PaymentMoney(**{name: Money(minor, currency[payment]) for name, minor in amounts.items()})
        for payment, amounts in sums.items()
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdicts:
    """A decision's effect on a line in amounts: granted, patient part, refused (signed, adding up to claimed)."""

    granted: Money
    patient: Money
    refused: Money


def verdict_amounts(claimed: Money, decision: Decision) -> Verdicts:
    """The amounts a decision means; ContentError for an award the claim does not cover (matching holds those)."""
    nothing = Money(0, claimed.currency)
    if decision.verdict is Verdict.CHANGED and decision.granted is None:
        raise ContentError("a changed line without a granted amount", hint="hold the answer and ask the payer")
    as_said = claimed if decision.verdict is Verdict.GRANTED else nothing
    granted = as_said if decision.granted is None else decision.granted
    patient = decision.patient or nothing
    if decision.patient and decision.granted is None and decision.verdict is Verdict.GRANTED:
        granted = claimed - patient
    refused = claimed - granted - patient
    sign = -1 if claimed.minor < 0 else 1
    if any(sign * part.minor < 0 for part in (granted, patient, refused)):
        raise ContentError("the award lies outside the claim", hint="hold the answer and ask the payer")
    return Verdicts(granted=granted, patient=patient, refused=refused)


def expected_money(
    claimed: Money,
    decision: Decision | None,
    *,
    granted_by_payment: Money | None = None,
    received: Money | None = None,
    netted: Money | None = None,
    written_off: Money | None = None,
    withdrawn: Money | None = None,
) -> LineMoney:
    """A line's money computed from its decision in force and its allocations, without the journal.

    A payer's decision replaces a withdrawal and a grant that rested on a payment only.
    """
    nothing = Money(0, claimed.currency)
    parts = Verdicts(granted=granted_by_payment or nothing, patient=nothing, refused=nothing)
    gone = withdrawn or nothing
    if decision is not None and decision.verdict not in (Verdict.OPEN, Verdict.PRESUMED_OK):
        parts, gone = verdict_amounts(claimed, decision), nothing
    paid, credit, loss = received or nothing, netted or nothing, written_off or nothing
    return LineMoney(
        claimed=claimed,
        granted=parts.granted,
        refused=parts.refused,
        patient=parts.patient,
        withdrawn=gone,
        open=claimed - parts.granted - parts.refused - parts.patient - gone,
        received=paid,
        netted=credit,
        written_off=loss,
        outstanding=parts.granted - paid - credit - loss,
    )
