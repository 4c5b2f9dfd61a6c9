"""What a practice is told per quarter (requirements P09, M05, M07, M16, S36).

The lines are those of the quarter with their money as it stands. The account runs from the end of the statement before
to this one's: opening + share - costs - paid out = closing. It rests on journal rows recorded in between, so that a
closed statement computes to the same figures for ever, and the next version holds the difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from hub.ledger.accounts import Account, Posting
from hub.ledger.balances import LineMoney, line_money, no_money
from hub.ledger.positions import LineLabel, Owner, Position, no_position, owned, owner_of, positions
from hub.ledger.shares import Terms
from hub.model.money import Money, total


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The moments a statement's account covers: after `since` (None: from the start), up to and including `until`."""

    until: datetime
    since: datetime | None = None

    def holds(self, posting: Posting) -> bool:
        """Whether the hub recorded a row within the window."""
        return posting.at <= self.until and (self.since is None or self.since < posting.at)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementLine:
    """One line of the statement's period with its money as it stood at the statement's end."""

    line_id: str
    claim_id: str
    payer: str
    ref: str
    module: str
    money: LineMoney


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The lines of one payer and module added up."""

    payer: str
    module: str
    count: int
    money: LineMoney


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """One cost the practice was charged: what for, in which period, how much."""

    reason: str
    period: str
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """A practice's account over a window: closing = opening + share - costs - paid out.

    `settled` is what was received and netted, `of_other_periods` the part of it on lines of other periods, `share` the
    practice's part of `settled`, `held` what came in without an agreed share.
    """

    opening: Money
    settled: Money
    of_other_periods: Money
    share: Money
    costs: Money
    paid_out: Money
    held: Money

    @property
    def closing(self) -> Money:
        """What the practice is still owed, or owes when negative; it carries over."""
        return self.opening + self.share - self.costs - self.paid_out

    @property
    def empty(self) -> bool:
        """Whether nobody holds or held money for the practice."""
        return not any((self.opening, self.settled, self.share, self.costs, self.paid_out, self.held))


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What a practice is told about one period in one currency."""

    practice: str
    period: str
    until: datetime
    window: Window
    currency: str
    lines: tuple[StatementLine, ...]
    groups: tuple[Group, ...]
    totals: LineMoney
    charges: tuple[Charge, ...]
    balance: Balance


def statement(
    postings: Iterable[Posting],
    labels: Mapping[str, LineLabel],
    *,
    practice: str,
    period: str,
    currency: str,
    until: datetime,
    window: Window,
    terms: Terms,
    opening: Money | None = None,
) -> Statement:
    """A practice's statement of one period and currency: its lines as they stand at `until`, its account in a window.

    The two differ where a later statement has begun: the account ended there, while the lines still change. `opening`
    is what the statement before said is carried over; shares agreed anew for what was told then count as moved now.
    """
    own = [row for row in postings if (row.practice, row.amount.currency) == (practice, currency) and row.at <= until]
    lines = _lines(own, labels, period)
    account = [row for row in own if row.at <= window.until]
    told = None if window.since is None else opening
    return Statement(
        practice=practice,
        period=period,
        until=until,
        window=window,
        currency=currency,
        lines=lines,
        groups=_groups(lines, currency),
        totals=_sum([line.money for line in lines], currency),
        charges=_charges([row for row in account if window.holds(row)]),
        balance=_balance(account, labels, terms, period=period, currency=currency, since=window.since, opening=told),
    )


def _lines(rows: list[Posting], labels: Mapping[str, LineLabel], period: str) -> tuple[StatementLine, ...]:
    mine = [row for row in rows if row.claim_line_id in labels and labels[row.claim_line_id].period == period]
    owners = {row.claim_line_id: row for row in mine}
    found = [
        StatementLine(
            line_id=line,
            claim_id=owners[line].claim_id,
            payer=owners[line].payer,
            ref=labels[line].ref,
            module=labels[line].module,
            money=money,
        )
        for line, money in line_money(mine).items()
    ]
    return tuple(sorted(found, key=lambda line: (line.payer, line.module, line.ref, line.line_id)))


def _groups(lines: Sequence[StatementLine], currency: str) -> tuple[Group, ...]:
    found: dict[tuple[str, str], list[LineMoney]] = {}
    for line in lines:
        found.setdefault((line.payer, line.module), []).append(line.money)
    return tuple(
        Group(payer=payer, module=module, count=len(monies), money=_sum(monies, currency))
        for (payer, module), monies in found.items()
    )


def _sum(monies: Iterable[LineMoney], currency: str) -> LineMoney:
    result = no_money(currency)
    for money in monies:
        result += money
    return result


def _charges(rows: Iterable[Posting]) -> tuple[Charge, ...]:
    """Costs by what they are for; a correction is part of what it corrects."""
    found: dict[tuple[str, str], list[Money]] = {}
    for row in owned(rows):
        if Account.CHARGED in row.pair:
            found.setdefault((row.source, row.reason), []).append(row.into(Account.CHARGED))
    charges = (
        Charge(reason=reason, period=source, amount=total(amounts, amounts[0].currency))
        for (source, reason), amounts in sorted(found.items())
    )
    return tuple(charge for charge in charges if charge.amount)


def _balance(
    own: Sequence[Posting],
    labels: Mapping[str, LineLabel],
    terms: Terms,
    *,
    period: str,
    currency: str,
    since: datetime | None,
    opening: Money | None,
) -> Balance:
    owners = {owner_of(row) for row in owned(own)}
    now = positions(own, labels, terms)
    before = {} if since is None else positions(own, labels, terms, until=since)
    pairs = [(now[owner], before.get(owner) or no_position(owner)) for owner in sorted(owners)]

    def moved(name: str) -> Money:
        return total([getattr(new, name) - getattr(old, name) for new, old in pairs], currency)

    elsewhere = [_outside(new, period) - _outside(old, period) for new, old in pairs]
    counted = total([old.balance for _, old in pairs], currency)
    begins = counted if opening is None else opening
    return Balance(
        opening=begins,
        settled=moved("settled"),
        of_other_periods=total(elsewhere, currency),
        share=moved("share") + counted - begins,
        costs=moved("costs"),
        paid_out=moved("paid_out"),
        held=moved("held"),
    )


def _outside(position: Position, period: str) -> Money:
    return total([part.settled for part in position.parts if part.period != period], position.owner.currency)


def difference(older: Statement, newer: Statement) -> tuple[StatementLine, ...]:
    """What changed per line between two versions of a statement: money newer less older, unchanged lines left out."""
    before = {line.line_id: line.money for line in older.lines}
    changed = []
    for line in newer.lines:
        money = line.money - before.get(line.line_id, no_money(newer.currency))
        if money:
            changed.append(
                StatementLine(
                    line_id=line.line_id,
                    claim_id=line.claim_id,
                    payer=line.payer,
                    ref=line.ref,
                    module=line.module,
                    money=money,
                )
            )
    return tuple(changed)


def currencies(postings: Iterable[Posting], practice: str, *, until: datetime) -> tuple[str, ...]:
    """The currencies a practice has money in."""
    return tuple(sorted({row.amount.currency for row in postings if row.practice == practice and row.at <= until}))


__all__ = [
    "Balance",
    "Charge",
    "Group",
    "LineLabel",
    "Owner",
    "Statement",
    "StatementLine",
    "Window",
    "currencies",
    "difference",
    "statement",
]
