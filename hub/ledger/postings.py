"""What happens to money, as journal rows (decisions 19-21): every builder returns rows with deterministic keys.

A builder's rows share one group and are written together; a group that stands already is skipped as a whole (`fresh`),
so that running anything twice changes nothing. News about a line posts the difference to what stood before. A grant
presumed from silence posts nothing: it counts as open.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from hub.errors import ContentError
from hub.ledger.accounts import Account, LedgerLine, NoClaim, Posting
from hub.ledger.balances import LineMoney, verdict_amounts
from hub.ledger.entry import Entry, Move, PaymentFacts, rows_of
from hub.model.money import Money, total
from hub.model.reply import Decision, Verdict

_UNDECIDED = (Verdict.OPEN, Verdict.PRESUMED_OK)


def fresh(known_keys: Collection[str], postings: Iterable[Posting]) -> tuple[Posting, ...]:
    """The postings whose group does not stand in the journal yet; a group counts as known by any of its keys."""
    groups = {key.rpartition("#")[0] for key in known_keys}
    return tuple(posting for posting in postings if posting.group not in groups)


def claim_raised(*lines: LedgerLine, at: datetime, source: str) -> tuple[Posting, ...]:
    """Each line asks for its amount: it is claimed and open."""
    rows: list[Posting] = []
    for line in lines:
        entry = Entry(line.tenant, f"raise:{line.line_id}", at, source, "raised")
        rows.extend(rows_of(entry, [Move(Account.OPEN, Account.CLAIMED, line.claimed, line)]))
    return tuple(rows)


def decided(
    line: LedgerLine, before: LineMoney, decision: Decision, *, at: datetime, source: str
) -> tuple[Posting, ...]:
    """The payer's verdict, as the difference to `before`; it replaces payment grants and withdrawals of the line."""
    if decision.verdict in _UNDECIDED:
        return ()
    parts = verdict_amounts(line.claimed, decision)
    entry = Entry(line.tenant, f"decision:{line.line_id}:{source}", at, source, f"decision {decision.verdict}")
    return rows_of(
        entry,
        [
            Move(Account.DUE, Account.OPEN, parts.granted - before.granted, line),
            Move(Account.REFUSED, Account.OPEN, parts.refused - before.refused, line),
            Move(Account.PATIENT, Account.OPEN, parts.patient - before.patient, line),
            Move(Account.WITHDRAWN, Account.OPEN, -before.withdrawn, line),
        ],
    )


def withdrawn(line: LedgerLine, before: LineMoney, *, at: datetime, source: str, reason: str) -> tuple[Posting, ...]:
    """We take back what is still open of a line (a bad line out of a refused file)."""
    entry = Entry(line.tenant, f"withdrawal:{line.line_id}:{source}", at, source, reason)
    return rows_of(entry, [Move(Account.WITHDRAWN, Account.OPEN, before.open, line)])


def payment_booked(payment: PaymentFacts, *, at: datetime, source: str) -> tuple[Posting, ...]:
    """A bank booking, in or (negative) out: it is unallocated until matched."""
    entry = Entry(payment.tenant, f"booking:{payment.id}", at, source, "booked", payment.payee, payment.payer)
    return rows_of(entry, [Move(Account.BANK, Account.UNALLOCATED, payment.amount, payment_id=payment.id)])


def granted_by_payment(
    line: LedgerLine, before: LineMoney, payment_id: str, amount: Money, *, at: datetime, again: str = ""
) -> tuple[Posting, ...]:
    """A posted payment on an undecided line grants that much of it, never more than is open.

    `again` tells a later grant of the same payment on the same line from the first one.
    """
    if abs(amount.minor) > abs(before.open.minor) or amount.minor * before.open.minor < 0:
        raise ContentError(f"payment {payment_id} would grant {amount} on line {line.line_id}, open is {before.open}")
    entry = Entry(line.tenant, f"grant:{payment_id}:{line.line_id}{again}", at, payment_id, "granted by payment")
    return rows_of(entry, [Move(Account.DUE, Account.OPEN, amount, line, payment_id)])


def allocated(
    line: LedgerLine, payment_id: str, amount: Money, *, at: datetime, source: str = "match"
) -> tuple[Posting, ...]:
    """Part of a payment belongs to a line; `source` tells an automatic allocation from later ones by a person."""
    entry = Entry(line.tenant, f"allocation:{payment_id}:{line.line_id}:{source}", at, source, "allocated")
    return rows_of(entry, [Move(Account.UNALLOCATED, Account.DUE, amount, line, payment_id)])


def netted(
    credit: LedgerLine,
    against: Sequence[tuple[LedgerLine, Money]],
    *,
    at: datetime,
    source: str,
    payment_id: str = "",
) -> tuple[Posting, ...]:
    """A granted credit is set off against other lines of the same payer; the sum over all of them is zero."""
    if not against:
        return ()
    strangers = [line for line, _ in against if (line.payer, line.payee) != (credit.payer, credit.payee)]
    if strangers:
        raise ContentError(f"credit line {credit.line_id} cannot be netted with another payer's or payee's lines")
    entry = Entry(credit.tenant, f"netting:{credit.line_id}:{source}", at, source, "netted")
    used = total([amount for _, amount in against], credit.claimed.currency)
    moves = [Move(Account.NETTED, Account.DUE, -used, credit, payment_id)]
    moves += [Move(Account.NETTED, Account.DUE, amount, line, payment_id) for line, amount in against]
    return rows_of(entry, moves)


def written_off(line: LedgerLine, amount: Money, *, at: datetime, source: str, reason: str) -> tuple[Posting, ...]:
    """We give up an outstanding amount, for a stated reason."""
    if not reason:
        raise ContentError(f"a write-off of line {line.line_id} needs a reason")
    entry = Entry(line.tenant, f"write-off:{line.line_id}:{source}", at, source, reason)
    return rows_of(entry, [Move(Account.WRITTEN_OFF, Account.DUE, amount, line)])


def returned(
    original: PaymentFacts, return_id: str, amount: Money, *, at: datetime, source: str
) -> tuple[Posting, ...]:
    """Unallocated money of a payment went back to its payer with the booking `return_id`; the two cancel out."""
    group = f"return:{original.id}:{return_id}"
    entry = Entry(original.tenant, group, at, source, "returned", original.payee, original.payer)
    return rows_of(
        entry,
        [
            Move(Account.UNALLOCATED, Account.RETURNED, amount, payment_id=original.id),
            Move(Account.UNALLOCATED, Account.RETURNED, -amount, payment_id=return_id),
        ],
    )


def without_claim(
    payment: PaymentFacts, amount: Money, *, at: datetime, source: str, reason: NoClaim
) -> tuple[Posting, ...]:
    """Money of a payment that belongs to no claim; negative where the payer kept money back for such a thing."""
    group = f"no-claim:{payment.id}:{reason}:{source}"
    entry = Entry(payment.tenant, group, at, source, reason.value, payment.payee, payment.payer)
    return rows_of(entry, [Move(Account.UNALLOCATED, Account.NO_CLAIM, amount, payment_id=payment.id)])


def told_twice(payment: PaymentFacts, *, at: datetime, source: str, again: bool = False) -> tuple[Posting, ...]:
    """What was booked as a payment is another one told again: its booking is taken back, or `again` stands."""
    group = f"told-twice:{payment.id}:{source}"
    entry = Entry(payment.tenant, group, at, source, "told twice", payment.payee, payment.payer)
    amount = -payment.amount if again else payment.amount
    return rows_of(entry, [Move(Account.UNALLOCATED, Account.BANK, amount, payment_id=payment.id)])


def paid_out(
    tenant: str, practice: str, payout_id: str, amount: Money, *, at: datetime, payee: str = "", again: str = ""
) -> tuple[Posting, ...]:
    """A released payout to a practice was handed to the bank; `again` tells what was taken for failed and left."""
    if amount.minor <= 0:
        raise ContentError(f"payout {payout_id} of {amount}: only positive amounts are paid out")
    entry = Entry(tenant, f"payout:{payout_id}{again}", at, payout_id, "paid out", payee, "", practice)
    return rows_of(entry, [Move(Account.PAID_OUT, Account.IN_TRANSIT, amount)])


def payout_settled(payment: PaymentFacts, payout_id: str, *, at: datetime) -> tuple[Posting, ...]:
    """The bank's own booking of a payout (negative) clears the money in transit."""
    entry = Entry(payment.tenant, f"payout-booking:{payout_id}:{payment.id}", at, payout_id, "payout booked")
    return rows_of(entry, [Move(Account.UNALLOCATED, Account.IN_TRANSIT, payment.amount, payment_id=payment.id)])


def payout_failed(
    tenant: str,
    practice: str,
    payout_id: str,
    amount: Money,
    *,
    at: datetime,
    source: str,
    payee: str = "",
    again: str = "",
) -> tuple[Posting, ...]:
    """The bank refused a payout or it came back: the money is the practice's again and to be paid.

    `again` tells a booking that came back from a refusal before it.
    """
    entry = Entry(tenant, f"payout-failed:{payout_id}{again}", at, source, "payout failed", payee, "", practice)
    return rows_of(entry, [Move(Account.PAID_OUT, Account.IN_TRANSIT, -amount)])


def charged(
    tenant: str, practice: str, charge: str, amount: Money, *, at: datetime, period: str, reason: str, payee: str
) -> tuple[Posting, ...]:
    """A cost of a period the practice is charged (negative: taken back); `charge` tells it from every other one."""
    entry = Entry(tenant, f"charge:{charge}", at, period, reason, payee, "", practice)
    return rows_of(entry, [Move(Account.CHARGED, Account.COSTS, amount)])
