"""A booking of the bank that a person says is a pay-out leaving or coming back, where it did not say so itself enough.

The bank booked another amount, booked it twice, gave it back before it said that it left, or named no EndToEndId. What
the bank booked is what the practice was paid: after a tie the journal has exactly that as paid out, so that nothing is
paid a second time and nothing stays in transit. A booking is a pay-out's that names it, or has its amount and account.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hub import log
from hub.errors import ContentError
from hub.ledger.accounts import Account
from hub.ledger.postings import paid_out, payout_failed, payout_settled
from hub.log import clean_text
from hub.matching.book import bank_account
from hub.model.money import Money
from hub.model.payment import Payment
from hub.pipeline import allocations, payment_cases, payout_news
from hub.pipeline.context import Actor, Hub
from hub.pipeline.payment_cases import named
from hub.pipeline.returns import promised
from hub.store import access, accounts, money, parties, payouts, resolutions, schema, tasks
from hub.store.resolutions import NewResolution
from hub.store.unit import Row, Unit, short_id

KIND = "payout"
"""The kind of the decision that ties a booking."""
_SAID = ("amount_minor", "reason", "by", "at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tied:
    """What a tie came to: the pay-out as it is now, the booking, and what its practice was paid by it in all."""

    payout: Row
    payment: str
    paid: Money


def tie(hub: Hub, tenant: str, number: int, booking: str, actor: Actor, *, reason: str) -> Tied:
    """Say that a booking is a pay-out leaving (or coming back); ContentError where that makes no sense."""
    if not reason.strip():
        raise ContentError("say why: --reason TEXT")
    with hub.store.unit(tenant) as unit:
        row = payouts.get(unit, number)
        booked, payment = named(unit, booking)
        _free(unit, booked)
        _fits(unit, row, booked, payment)
        done = _tie(unit, row, booked, actor, reason)
    log.event("payout_tied", tenant=tenant, number=number, payment=done.payment)
    return done


def _free(unit: Unit, booked: Row) -> None:
    """Only a booking that is nobody's yet can be a pay-out."""
    name = short_id(booked["id"])
    if booked["state"] != "booked":
        raise ContentError(f"booking {name} is {booked['state']}: only what the bank booked is paid")
    if booked["matched"] in (payout_news.MATCHED, "same", "reversed"):
        raise ContentError(f"booking {name} is a pay-out already, or was taken back", hint=f"kvitt payment show {name}")
    free = allocations.standing(unit, booked).unallocated - promised(unit, booked)
    if not free or free.minor != booked["amount_minor"]:
        raise ContentError(f"booking {name} is used for something else", hint=f"kvitt payment undo {name}")


def _fits(unit: Unit, row: Row, booked: Row, payment: Payment) -> None:
    """Refuse what cannot be this pay-out: another currency, account or id, another amount without the id."""
    number, name = row["number"], short_id(booked["id"])
    if booked["currency"] != row["currency"]:
        raise ContentError(f"pay-out {number} is in {row['currency']}, booking {name} in {booked['currency']}")
    other = payouts.by_end_to_end(unit, payment.end_to_end)
    if other is not None and other["id"] != row["id"]:
        raise ContentError(f"booking {name} names pay-out {other['number']}, not {number}")
    said = _booked(unit, row)
    after = said.minor - booked["amount_minor"]
    if other is None:
        _paid_from(unit, row, booked)
        _alike(row, booked, said)
    if after < 0 and (row["state"] != payouts.EXPORTED or said or -after != row["amount_minor"]):
        raise ContentError(f"booking {name} brings back more than the bank booked of pay-out {number} ({said})")


def _paid_from(unit: Unit, row: Row, booked: Row) -> None:
    """The account is one its payee pays from, or did."""
    payee = row["payee"]
    ours = [account for account, code in accounts.former(unit).items() if code == payee]
    ours += [parties.organisation(unit, payee).party.account]
    known = {bank_account(each) for each in ours if each}
    if booked["account"] and known and bank_account(booked["account"]) not in known:
        raise ContentError(f"booking {short_id(booked['id'])} is not on an account {payee} pays from")


def _alike(row: Row, booked: Row, said: Money) -> None:
    """A booking that names no pay-out is this one by amount and account, and once in each direction."""
    number, name = row["number"], short_id(booked["id"])
    hint = "only a booking with its EndToEndId may differ"
    if abs(booked["amount_minor"]) != row["amount_minor"]:
        raise ContentError(f"booking {name} is not of the amount of pay-out {number}", hint=hint)
    theirs = booked["payer_account"]
    if theirs and bank_account(theirs) != bank_account(row["account"]):
        raise ContentError(f"booking {name} is of another account than pay-out {number} went to", hint=hint)
    if (booked["amount_minor"] < 0) is (said.minor > 0):
        raise ContentError(f"the bank booked {said} of pay-out {number}: this cannot be it as well", hint=hint)


def _booked(unit: Unit, row: Row) -> Money:
    """What the bank's bookings of a pay-out add up to: what left, less what came back."""
    rows = money.postings(unit, group=f"payout-booking:{row['id']}:")
    return sum((each.into(Account.IN_TRANSIT) for each in rows), Money(0, row["currency"]))


def _tie(unit: Unit, row: Row, booked: Row, actor: Actor, reason: str) -> Tied:
    facts = allocations.facts(unit, booked)
    new = NewResolution(
        kind=KIND,
        amount=facts.amount,
        reason=clean_text(reason),
        by=actor.name,
        role=actor.role,
        payment_id=booked["id"],
        detail={"payout": row["number"], "was": row["state"]},
    )
    source = f"resolution:{resolutions.add(unit, new)}"
    access.record(unit, actor=actor.name, role=actor.role, action="tie", object_=f"payout/{row['number']}")
    money.post(unit, payout_settled(facts, row["id"], at=unit.now))
    left = _booked(unit, row)
    paid = left if left.minor > 0 else Money(0, row["currency"])
    _correct(unit, row, paid - payout_news.paid_by(unit, row), booked["id"], source)
    evidence = booked["evidence"] | {"payout": row["number"], "decided": KIND}
    money.mark_payment(unit, booked["id"], payout_news.MATCHED, "hand", evidence)
    said = {"tied": booked["id"], "by": actor.name}
    payment_cases.answered(unit, booked["id"], said)
    tasks.done(unit, f"payout:{row['id']}:contradicted:{booked['id']}", said)
    _now(unit, row, paid)
    return Tied(payout=payouts.get(unit, row["number"]), payment=booked["id"], paid=paid)


def _correct(unit: Unit, row: Row, more: Money, payment_id: str, source: str) -> None:
    """Bring what was paid out to what the bank says, as one more row."""
    again, payee = f":{payment_id}", row["payee"]
    key, practice = row["id"], row["practice"]
    if more.minor > 0:
        money.post(unit, paid_out(unit.tenant, practice, key, more, at=unit.now, payee=payee, again=again))
    elif more:
        post = payout_failed(unit.tenant, practice, key, -more, at=unit.now, source=source, payee=payee, again=again)
        money.post(unit, post)


def _now(unit: Unit, row: Row, paid: Money) -> None:
    """What the pay-out is after it: settled while something of it is paid, else failed, and to be paid again."""
    failed_key = f"payout:{row['id']}:failed"
    if paid:
        if row["state"] != payouts.SETTLED:
            payouts.change(unit, row, payouts.SETTLED, settled_at=unit.now)
        tasks.done(unit, failed_key, {"booked": True})
        tasks.done(unit, f"payout:{row['id']}:contradicted", {"booked": True})
    elif row["state"] != payouts.FAILED:
        payout_news.has_failed(unit, row, "returned")


def candidates(unit: Unit, row: Row) -> list[int]:
    """The pay-outs a booking without EndToEndId may be, by its amount and what the bank booked of them already."""
    if row["matched"] not in ("new", "review", "by_hand") or not row["amount_minor"]:
        return []
    table = schema.payout
    same = (table.c.amount_minor == abs(row["amount_minor"]), table.c.currency == row["currency"])
    state = payouts.EXPORTED if row["amount_minor"] < 0 else payouts.SETTLED
    found = payouts.find(unit, *same, table.c.state == state)
    theirs = bank_account(row["payer_account"]) if row["payer_account"] else ""
    return [each["number"] for each in found if theirs in ("", bank_account(each["account"]))]


def history(unit: Unit, row: Row) -> list[dict[str, Any]]:
    """What persons tied to a pay-out: which booking, how much, who, when and why."""
    found = [each for each in resolutions.of_kind(unit, KIND) if each["detail"].get("payout") == row["number"]]
    return [{"payment": short_id(each["payment_id"])} | {name: each[name] for name in _SAID} for each in found]
