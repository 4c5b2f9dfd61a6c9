"""A payer's specification meets the claims it names: every line explained, or every difference told.

A line pays what is open of a file or claim, no less and no more. What is netted is taken from credits of ours, oldest
line first and only as far as the payer says, or stands on the account of its reason where it names no claim.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from hub.matching.allocation import Due, allocate
from hub.matching.items import Allocation, OpenItem
from hub.model.money import Money
from hub.model.specification import PayerSpecification, SpecifiedLine


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Where a specification and our claims do not agree: its line, a code, what it says and what we have."""

    line: int
    code: str
    said: Money
    found: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """What the payer netted with no claim of ours, and why."""

    line: int
    reason: str
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """A lump sum taken apart; nothing may be posted where there are differences."""

    allocations: tuple[Allocation, ...] = ()
    asides: tuple[Aside, ...] = ()
    differences: tuple[Difference, ...] = ()


def explain(
    told: PayerSpecification, items: Iterable[OpenItem], amount: Money, reasons: Sequence[tuple[str, str]] = ()
) -> Explained:
    """Take a booking of `amount` apart by a specification, over the payer's claims; `reasons` read remarks."""
    if amount.currency != told.currency or told.total.minor != amount.minor:
        return Explained(differences=(Difference(line=0, code="total", said=told.total, found=amount),))
    run = _Run({}, {}, [], [], _by_number(items), reasons, told.currency)
    for line in told.lines:
        run.pay(line)
    for line in told.lines:
        run.net(line)
    if run.differences:
        return Explained(differences=tuple(run.differences))
    cash = amount.minor - sum(each.amount.minor for each in run.asides)
    made, _ = allocate(list(run.taken.values()), cash, told.currency)
    return Explained(allocations=made, asides=tuple(run.asides))


def _by_number(items: Iterable[OpenItem]) -> Mapping[str, list[OpenItem]]:
    found: dict[str, list[OpenItem]] = {}
    for item in items:
        for number in {item.batch, item.invoice_number, item.ref, *item.references}:
            if number:
                found.setdefault(_same(number), []).append(item)
    return found


def _same(number: str) -> str:
    """A number as compared: capitals, without blanks."""
    return "".join(number.split()).upper()


@dataclass(slots=True)
class _Run:
    """One specification being worked through: what is left on each line of ours, and what is taken of it."""

    state: dict[str, Due]
    taken: dict[str, Due]
    asides: list[Aside]
    differences: list[Difference]
    numbers: Mapping[str, list[OpenItem]]
    reasons: Sequence[tuple[str, str]]
    currency: str

    def pay(self, line: SpecifiedLine) -> None:
        """What is paid must be what is open there."""
        if not line.amount:
            return
        dues = self._open(line.own_reference, line.payer_reference)
        payable = sum(due.payable for due in dues)
        if payable != line.amount.minor:
            code = "amount_differs" if dues else "unknown_number"
            self._differ(line, code, line.amount, payable)
            return
        for due in dues:
            self._take(due, due.payable)

    def net(self, line: SpecifiedLine) -> None:
        """What is netted comes from a credit of ours, or is said to be about no claim."""
        if not line.netting:
            return
        if not (line.netted_own_reference or line.netted_payer_reference):
            self._aside(line)
            return
        dues = self._open(line.netted_own_reference, line.netted_payer_reference)
        credits_ = [due for due in dues if due.payable < 0]
        owed = sum(due.payable for due in credits_)
        if owed > line.netting.minor:
            self._differ(line, "netting_too_much" if dues else "unknown_number", line.netting, owed)
            return
        left = line.netting.minor
        for due in credits_:
            part = max(left, due.payable)
            self._take(due, part)
            left -= part

    def _aside(self, line: SpecifiedLine) -> None:
        reason = next((reason for pattern, reason in self.reasons if re.search(pattern, line.remark)), "")
        if reason:
            self.asides.append(Aside(line=line.line, reason=reason, amount=line.netting))
        else:
            self._differ(line, "remark_unknown", line.netting, 0)

    def _open(self, *numbers: str) -> list[Due]:
        """The lines of what the first number that we know names."""
        for number in numbers:
            items = self.numbers.get(_same(number), ()) if number else ()
            if items:
                return [self._due(item, at) for item in items for at in range(len(item.lines))]
        return []

    def _due(self, item: OpenItem, at: int) -> Due:
        line = sorted(item.lines, key=lambda one: (one.number, one.line_id))[at]
        fresh = Due(line.line_id, item.claim_id, line.outstanding.minor, line.undecided.minor)
        return self.state.setdefault(line.line_id, fresh)

    def _take(self, due: Due, part: int) -> None:
        granted = due.take(part)
        before = self.taken.setdefault(due.line_id, Due(due.line_id, due.claim_id, 0, 0))
        before.outstanding += part - granted
        before.undecided += granted

    def _differ(self, line: SpecifiedLine, code: str, said: Money, found: int) -> None:
        self.differences.append(Difference(line=line.line, code=code, said=said, found=Money(found, self.currency)))
