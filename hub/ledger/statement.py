"""What a practice is told and paid per quarter (requirements P09, M05, M16, S36).

A practice is owed what was received and netted on its lines: netting one practice's credit against another practice's
lines thus comes out right for both. A period's movement is what the journal recorded after `since` up to and including
`until`: a closed statement computes to the same figures for ever, and its next version holds the difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from hub.ledger.accounts import Account, Posting
from hub.ledger.balances import LineMoney, line_money, no_money
from hub.model.money import Money

_SETTLING = (frozenset((Account.DUE, Account.UNALLOCATED)), frozenset((Account.DUE, Account.NETTED)))
Owner = tuple[str, str]
"""A practice and a currency: money is never summed across either."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The moments a statement or payout covers: after `since` (None: from the start), up to and including `until`."""

    until: datetime
    since: datetime | None = None

    def holds(self, posting: Posting) -> bool:
        """Whether the hub recorded a row within the window."""
        return posting.at <= self.until and (self.since is None or self.since < posting.at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the payee agreed with a practice: its share of the money, and a fee per period."""

    share: Decimal = Decimal(1)
    fee: Money | None = None

    def fee_in(self, currency: str) -> Money:
        """The fee, where it is in this currency."""
        return self.fee if self.fee is not None and self.fee.currency == currency else Money(0, currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineLabel:
    """How a line is shown: its own reference and period (`2024Q1`)."""

    ref: str
    period: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementLine:
    """One line of the statement's period with its money as it stood at the statement's end."""

    line_id: str
    claim_id: str
    payer: str
    ref: str
    money: LineMoney


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """A practice's account over a window: closing = opening + share - fee - paid out.

    `settled` is what was received and netted, `of_other_periods` the part of it on lines of other periods, `share` the
    practice's part of `settled`.
    """

    opening: Money
    settled: Money
    of_other_periods: Money
    share: Money
    fee: Money
    paid_out: Money

    @property
    def closing(self) -> Money:
        """What the practice is still owed, or owes when negative; it carries over."""
        return self.opening + self.share - self.fee - self.paid_out


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What a practice is told about one period in one currency."""

    practice: str
    period: str
    version: int
    window: Window
    currency: str
    lines: tuple[StatementLine, ...]
    totals: LineMoney
    balance: Balance


def statement(
    postings: Iterable[Posting],
    labels: Mapping[str, LineLabel],
    *,
    practice: str,
    period: str,
    window: Window,
    opening: Money,
    terms: Terms,
    version: int = 1,
) -> Statement:
    """A practice's statement in the currency of its opening balance."""
    own = [row for row in postings if row.practice == practice and row.amount.currency == opening.currency]
    lines = _lines([row for row in own if row.at <= window.until], labels, period)
    totals = no_money(opening.currency)
    for line in lines:
        totals += line.money
    here = {line.line_id for line in lines}
    elsewhere = settled([row for row in own if row.claim_line_id not in here], window)
    return Statement(
        practice=practice,
        period=period,
        version=version,
        window=window,
        currency=opening.currency,
        lines=lines,
        totals=totals,
        balance=_balance(
            opening,
            settled(own, window).get((practice, opening.currency)),
            elsewhere.get((practice, opening.currency)),
            paid(own, window).get((practice, opening.currency)),
            terms,
        ),
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
            money=money,
        )
        for line, money in line_money(mine).items()
    ]
    return tuple(sorted(found, key=lambda line: (line.payer, line.ref, line.line_id)))


def _balance(opening: Money, moved: Money | None, elsewhere: Money | None, out: Money | None, terms: Terms) -> Balance:
    nothing = Money(0, opening.currency)
    amount = moved or nothing
    return Balance(
        opening=opening,
        settled=amount,
        of_other_periods=elsewhere or nothing,
        share=amount.times(terms.share),
        fee=terms.fee_in(opening.currency),
        paid_out=out or nothing,
    )


def difference(older: Statement, newer: Statement) -> tuple[StatementLine, ...]:
    """What changed per line between two versions of a statement: money newer less older, unchanged lines left out."""
    before = {line.line_id: line.money for line in older.lines}
    changed = []
    for line in newer.lines:
        money = line.money - before.get(line.line_id, no_money(newer.currency))
        if money:
            changed.append(
                StatementLine(line_id=line.line_id, claim_id=line.claim_id, payer=line.payer, ref=line.ref, money=money)
            )
    return tuple(changed)


def settled(postings: Iterable[Posting], window: Window) -> dict[Owner, Money]:
    """What was received and netted on each practice's lines within a window."""
    sums: dict[Owner, Money] = {}
    for row in postings:
        if row.pair in _SETTLING and window.holds(row):
            owner = (row.practice, row.amount.currency)
            sums[owner] = sums.get(owner, Money(0, owner[1])) - row.into(Account.DUE)
    return sums


def paid(postings: Iterable[Posting], window: Window) -> dict[Owner, Money]:
    """What was handed to the bank for each practice within a window."""
    sums: dict[Owner, Money] = {}
    for row in postings:
        if Account.PAID_OUT in row.pair and window.holds(row):
            owner = (row.practice, row.amount.currency)
            sums[owner] = sums.get(owner, Money(0, owner[1])) + row.into(Account.PAID_OUT)
    return sums


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutProposal:
    """What may be paid to a practice now (`amount`, never negative) and what carries over instead.

    `held` says why nothing is proposed although money may be there (`no_terms`).
    """

    practice: str
    balance: Balance
    amount: Money
    carried: Money
    held: str = ""


def payout_proposal(
    postings: Iterable[Posting],
    *,
    window: Window,
    terms: Mapping[str, Terms],
    opening: Mapping[Owner, Money],
) -> tuple[PayoutProposal, ...]:
    """One proposal per practice and currency: only money received and netted counts, a negative balance is carried.

    `opening` is each practice's closing balance of the window before. A practice with a fee is listed even when no
    money moved (base rates are charged to everybody); one without terms is held, because its share is not known.
    """
    rows = list(postings)
    moved, out = settled(rows, window), paid(rows, window)
    feeing = {(practice, agreed.fee.currency) for practice, agreed in terms.items() if agreed.fee}
    owners = sorted({*moved, *out, *opening, *feeing} - {("", currency) for _, currency in moved})
    return tuple(
        _proposal(owner, opening.get(owner), moved.get(owner), out.get(owner), terms.get(owner[0])) for owner in owners
    )


def _proposal(
    owner: Owner, opening: Money | None, moved: Money | None, out: Money | None, terms: Terms | None
) -> PayoutProposal:
    nothing = Money(0, owner[1])
    balance = _balance(opening or nothing, moved, None, out, terms or Terms())
    pays = terms is not None and balance.closing.minor > 0
    return PayoutProposal(
        practice=owner[0],
        balance=balance,
        amount=balance.closing if pays else nothing,
        carried=nothing if pays else balance.closing,
        held="" if terms is not None else "no_terms",
    )
