"""What the bank says of pay-outs: a status report, its own booking of each, and money that comes back.

Everything is found by the EndToEndId, which is the pay-out's own and nobody else's. A refused or returned pay-out is
the practice's money again: the journal says so, and a person looks why before it is proposed anew.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from hub.ledger.accounts import Account
from hub.ledger.entry import PaymentFacts
from hub.ledger.postings import paid_out, payout_failed, payout_settled
from hub.log import clean_text
from hub.matching.book import bank_account
from hub.model.money import Money
from hub.model.payment import BookingState, Payment
from hub.pipeline.cases import About, raise_case
from hub.store import inbounds, money, parties, payouts, tasks
from hub.store.payouts import NewPayout
from hub.store.unit import Row, Unit
from schemas.banking.status import PaymentStatus

MATCHED = "payout"
"""What a booking of a pay-out is marked with: it pays no claim."""
_OURS = re.compile(r"KV[0-9a-f]{32}")
_HOLDER = "care_group"
"""Who holds money for practices is known by kind: the backup may know another account of it than the bank booked on."""
_MOST_PAYOUTS = 500
"""So many pay-outs of a practice are looked for when one is not known here: forty years of monthly ones."""
_FINAL_NO = frozenset({"RJCT", "CANC"})


def apply_status(unit: Unit, inbound: Row, said: PaymentStatus) -> str:
    """What a bank's status report says of one transfer, or of all of a message; news told again changes nothing."""
    rows = _meant(unit, said)
    if not rows:
        values = {"source": inbound["meta"]["name"] or inbound["source"], "reason": "payment status"}
        key = f"unknown:{inbound['id']}:payment status"
        raise_case(unit, "UNKNOWN_ANSWER", values, key=key, about=About(inbound_id=inbound["id"]), reopen=True)
        return inbounds.TRIAGE
    changed = [_status(unit, inbound, row, said) for row in rows]
    return inbounds.PROCESSED if any(changed) else inbounds.DUPLICATE


def _meant(unit: Unit, said: PaymentStatus) -> list[Row]:
    row = payouts.by_end_to_end(unit, said.end_to_end)
    if row is not None:
        return [row]
    file = payouts.export_by_message(unit, said.message) if said.message and not said.end_to_end else None
    return list(payouts.of_export(unit, file["id"])) if file else []


def _status(unit: Unit, inbound: Row, row: Row, said: PaymentStatus) -> bool:
    if row["state"] != payouts.EXPORTED:
        return _too_late(unit, inbound, row, said)
    if said.status not in _FINAL_NO:
        return False
    _failed(unit, row, clean_text(f"{said.reason} {said.text}".strip()), source=f"inbound:{inbound['id']}")
    return True


def _too_late(unit: Unit, inbound: Row, row: Row, said: PaymentStatus) -> bool:
    """A refusal of what the bank has booked already, or of what never went there, is for a person."""
    if said.status not in _FINAL_NO or row["state"] == payouts.FAILED:
        return False
    values = {"number": row["number"], "practice": row["practice"], "amount": payouts.amount(row)}
    about = About(inbound_id=inbound["id"], amount=payouts.amount(row))
    return raise_case(unit, "PAYOUT_CONTRADICTED", values, key=f"payout:{row['id']}:contradicted", about=about)


def paid_by(unit: Unit, row: Row) -> Money:
    """What the journal has as paid to the practice by this pay-out."""
    groups = (f"payout:{row['id']}", f"payout-failed:{row['id']}")
    rows = [each for group in groups for each in money.postings(unit, group=group)]
    return sum((each.into(Account.PAID_OUT) for each in rows), Money(0, row["currency"]))


def _failed(unit: Unit, row: Row, reason: str, *, source: str, again: str = "", amount: Money | None = None) -> None:
    post = payout_failed(
        unit.tenant,
        row["practice"],
        row["id"],
        payouts.amount(row) if amount is None else amount,
        at=unit.now,
        source=source[:80],
        payee=row["payee"],
        again=again,
    )
    money.post(unit, post)
    has_failed(unit, row, reason)


def has_failed(unit: Unit, row: Row, reason: str) -> None:
    """Mark a pay-out whose money is the practice's again, with a task to find out why."""
    payouts.change(unit, row, payouts.FAILED, note=reason)
    values = {"number": row["number"], "practice": row["practice"], "amount": payouts.amount(row)}
    key, about = f"payout:{row['id']}:failed", About(amount=payouts.amount(row))
    raise_case(unit, "PAYOUT_FAILED", values | {"reason": reason or "?"}, key=key, about=about, reopen=True)


def booked(unit: Unit, payment_id: str, payment: Payment) -> bool:
    """Whether a new booking is a pay-out leaving or coming back; then it is settled and no claim is looked for."""
    if payment.state is not BookingState.BOOKED or not payment.amount:
        return False
    leaves = payment.amount.minor < 0
    row = payouts.by_end_to_end(unit, payment.end_to_end) or (_recovered(unit, payment) if leaves else None)
    if row is None:
        return False
    fits = abs(payment.amount.minor) == row["amount_minor"] and payment.amount.currency == row["currency"]
    if not fits or (row["state"] == payouts.SETTLED) is leaves:
        _contradicted(unit, payment_id, payment, row)
        return True
    came_back = leaves and _came_back_before(unit, row)
    if leaves and not came_back:
        _left(unit, payment_id, payment, row)
    facts = PaymentFacts(tenant=unit.tenant, id=payment_id, amount=payment.amount, payee=payment.account)
    money.post(unit, payout_settled(facts, row["id"], at=unit.now))
    money.mark_payment(unit, payment_id, MATCHED, "", {"payout": row["number"]})
    if came_back:
        return True
    if leaves:
        payouts.change(unit, row, payouts.SETTLED, settled_at=unit.now)
        tasks.done(unit, f"payout:{row['id']}:contradicted", {"booked": payment_id})
    else:
        most = min(payment.amount, paid_by(unit, row))  # the bank may give back more than it says it took
        _failed(unit, row, "returned", source=f"payment:{payment_id}", again=f":{payment_id}", amount=most)
    return True


def _came_back_before(unit: Unit, row: Row) -> bool:
    """Whether a person tied the return before the bank said that the money left: this booking then completes it."""
    rows = money.postings(unit, group=f"payout-booking:{row['id']}:")
    return sum(each.into(Account.IN_TRANSIT).minor for each in rows) < 0


def _left(unit: Unit, payment_id: str, payment: Payment, row: Row) -> None:
    """The money is gone, whatever was said before: it is paid out, or it would be paid a second time.

    That stands already, unless the hub was put back to before it handed this over. What the bank refused, or nobody
    wanted any more, stands again, and a person asks the bank.
    """
    closed = row["state"] not in (payouts.EXPORTED, *payouts.WAITING)
    again = f":{payment_id}" if closed else ""
    amount, payee = -payment.amount, row["payee"]
    money.post(unit, paid_out(unit.tenant, row["practice"], row["id"], amount, at=unit.now, payee=payee, again=again))
    if closed:
        tasks.done(unit, f"payout:{row['id']}:failed", {"booked": payment_id})
        _ask(unit, payment_id, payment, row)


def _recovered(unit: Unit, payment: Payment) -> Row | None:
    """A pay-out this hub handed over before it was put back from a backup: the bank's booking brings it back.

    Its id says whose it was, because ids are counted per practice; any other booking is none of ours.
    """
    if not _OURS.fullmatch(payment.end_to_end):
        return None
    known = parties.organisations(unit)
    payees = [each.code for each in known if each.kind == _HOLDER or _is_on(each.party.account, payment.account)]
    for practice in (each for each in known if each.kind != _HOLDER):
        for payee in payees:
            key = _key(unit, payment, practice.code, payee)
            if key:
                new = NewPayout(
                    practice=practice.code,
                    payee=payee,
                    amount=-payment.amount,
                    name=practice.party.name,
                    account=payment.payer_account or practice.party.account,
                    until=unit.now,
                    basis={},
                )
                return payouts.recover(unit, key, new)
    return None


def _is_on(account: str, named: str) -> bool:
    return bool(account) and bank_account(account) == bank_account(named)


def _key(unit: Unit, payment: Payment, practice: str, payee: str) -> str:
    keys = (payouts.nth_id(unit, practice, payee, payment.amount.currency, n) for n in range(1, _MOST_PAYOUTS))
    return next((key for key in keys if payouts.end_to_end(key) == payment.end_to_end), "")


def _contradicted(unit: Unit, payment_id: str, payment: Payment, row: Row) -> None:
    """The bank booked another amount, or one twice, or back what it never booked: a person ties it."""
    money.mark_payment(unit, payment_id, "review", "", {"code": "payout_contradicted", "payout": row["number"]})
    _ask(unit, payment_id, payment, row)


def _ask(unit: Unit, payment_id: str, payment: Payment, row: Row) -> None:
    values = {"number": row["number"], "practice": row["practice"], "amount": payment.amount}
    key = _contradicted_key(row, payment_id)
    raise_case(unit, "PAYOUT_CONTRADICTED", values, key=key, about=About(amount=payment.amount))


def _contradicted_key(row: Row, payment_id: str) -> str:
    return f"payout:{row['id']}:contradicted:{payment_id}"


def answered(unit: Unit, payment_id: str, payment: Payment, evidence: Mapping[str, object]) -> None:
    """A person decided about a booking that names a pay-out and contradicts it: nothing is asked about it any more."""
    row = payouts.by_end_to_end(unit, payment.end_to_end)
    if row is not None:
        tasks.done(unit, _contradicted_key(row, payment_id), evidence)
