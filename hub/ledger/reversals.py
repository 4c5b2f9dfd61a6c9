"""A payment is taken back by the bank: its effects are mirrored, never removed (decisions 20 and 21).

The reversal is a booking of its own with a negative amount. It takes first what was never allocated, then the
allocations, the latest first; netting made with the payment is undone when the last of it goes back.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from hub.errors import ContentError
from hub.ledger.accounts import Account, LedgerLine, NoClaim, Posting
from hub.ledger.balances import payment_money
from hub.ledger.entry import Entry, Move, PaymentFacts, rows_of
from hub.ledger.postings import without_claim
from hub.model.money import Money

_Flow = dict[LedgerLine, int]


def reversed_(
    original: Sequence[Posting],
    reversal: PaymentFacts,
    *,
    undecided: Collection[str] = (),
    at: datetime,
    source: str,
) -> tuple[Posting, ...]:
    """The rows that undo a payment: `original` is every row with its payment id, `reversal` the booking against it.

    `undecided` are the lines on which no payer has decided: a grant that rested on this payment alone goes with it.
    The booking of the reversal itself is `payment_booked(reversal)`.
    """
    payment_id = next((row.payment_id for row in original), "")
    back = -reversal.amount
    left, loose = _standing(original, payment_id, reversal)
    if back.minor == left:
        moves = _back(original, _paid(original), _flow(original, Account.NETTED, Account.DUE), undecided, back)
        aside = _aside_back(original, replace(reversal, id=payment_id), at=at, source=reversal.id)
    else:
        moves = _back(original, _undone(original, back.minor - _nearest(loose, back.minor)), {}, undecided, back)
        aside = ()
    moves.append(Move(Account.UNALLOCATED, Account.RETURNED, back, payment_id=payment_id))
    moves.append(Move(Account.UNALLOCATED, Account.RETURNED, -back, payment_id=reversal.id))
    group = f"reversal:{payment_id}:{reversal.id}"
    entry = Entry(reversal.tenant, group, at, source, "reversed", reversal.payee, reversal.payer)
    return rows_of(entry, moves) + aside


def undone(
    original: Sequence[Posting],
    payment: PaymentFacts,
    *,
    lines: Collection[str] = (),
    undecided: Collection[str] = (),
    at: datetime,
    source: str,
) -> tuple[Posting, ...]:
    """The rows that take allocations of a payment back, so that its money is free again: all, or those on `lines`.

    What was netted, and what belonged to no claim, goes with all of them only: what made up the payment together.
    """
    paid = _paid(original)
    netted = _flow(original, Account.NETTED, Account.DUE)
    if lines and any(netted.values()):
        raise ContentError("credits were netted with this payment", hint="undo all of it, then allocate it anew")
    chosen = {line: minor for line, minor in paid.items() if not lines or line.line_id in lines}
    moves = _back(original, chosen, netted, undecided, payment.amount)
    entry = Entry(payment.tenant, f"undo:{payment.id}:{source}", at, source, "undone", payment.payee, payment.payer)
    return rows_of(entry, moves) + (() if lines else _aside_back(original, payment, at=at, source=source))


def _aside_back(
    original: Sequence[Posting], payment: PaymentFacts, *, at: datetime, source: str
) -> tuple[Posting, ...]:
    """What belonged to no claim, back under the reason it had, so that the reason's own sum is right."""
    sums: dict[str, Money] = {}
    for row in original:
        if Account.NO_CLAIM in row.pair:
            sums[row.reason] = sums.get(row.reason, Money(0, row.amount.currency)) - row.into(Account.NO_CLAIM)
    source = f"undo:{source}"
    back = [without_claim(payment, -sum_, at=at, source=source, reason=NoClaim(name)) for name, sum_ in sums.items()]
    return tuple(row for rows in back for row in rows)


def _paid(original: Sequence[Posting]) -> _Flow:
    return _flow(original, Account.UNALLOCATED, Account.DUE)


def _back(
    original: Sequence[Posting], paid: _Flow, netted: _Flow, undecided: Collection[str], like: Money
) -> list[Move]:
    """Allocations, nettings and the grants that rested on them, the other way round."""
    payment_id = next((row.payment_id for row in original), "")
    moves = [Move(Account.DUE, Account.UNALLOCATED, _of(m, like), line, payment_id) for line, m in paid.items()]
    moves += [Move(Account.DUE, Account.NETTED, _of(m, like), line, payment_id) for line, m in netted.items()]
    settled = {line: paid.get(line, 0) + netted.get(line, 0) for line in paid | netted}
    for line, grant in _flow(original, Account.DUE, Account.OPEN).items():
        if line.line_id in undecided:
            lost = _nearest(grant, settled.get(line, 0))
            moves.append(Move(Account.OPEN, Account.DUE, _of(lost, like), line, payment_id))
    return moves


def _standing(original: Sequence[Posting], payment_id: str, reversal: PaymentFacts) -> tuple[int, int]:
    """What the payment still has with us, and how much of that is unallocated (minor units)."""
    stands = payment_money(original).get(payment_id)
    if stands is None or stands.booked.currency != reversal.amount.currency:
        raise ContentError(f"reversal {reversal.id} fits no booked payment {payment_id!r}")
    left = (stands.booked - stands.returned - stands.paid_out).minor
    back = -reversal.amount.minor
    if back * left <= 0 or abs(back) > abs(left):
        raise ContentError(f"reversal {reversal.id} of {reversal.amount} exceeds what is left of {payment_id}")
    return left, stands.unallocated.minor


def _undone(original: Sequence[Posting], wanted: int) -> _Flow:
    """Allocations to undo, the latest line first, until the wanted amount is free again."""
    undone: _Flow = {}
    for line, amount in reversed(_paid(original).items()):
        part = _nearest(amount, wanted)
        if part:
            undone[line], wanted = part, wanted - part
    if wanted:
        raise ContentError("the payment's allocations do not cover its reversal", hint="check the journal")
    return undone


def _flow(rows: Sequence[Posting], into: Account, out_of: Account) -> _Flow:
    """Net signed money per line that moved between two accounts."""
    flow: _Flow = {}
    pair = frozenset((into, out_of))
    for row in rows:
        if row.claim_line_id and row.pair == pair:
            line = _line(row)
            flow[line] = flow.get(line, 0) + row.into(into).minor
    return flow


def _line(row: Posting) -> LedgerLine:
    return LedgerLine(
        tenant=row.tenant,
        line_id=row.claim_line_id,
        claim_id=row.claim_id,
        claimed=Money(0, row.amount.currency),
        practice=row.practice,
        payee=row.payee,
        payer=row.payer,
    )


def _nearest(available: int, wanted: int) -> int:
    """As much of the wanted amount as is available, zero when they point different ways."""
    if available * wanted <= 0:
        return 0
    return available if abs(available) < abs(wanted) else wanted


def _of(minor: int, like: Money) -> Money:
    return Money(minor, like.currency)
