"""What a person does with a payment: allocate it, take that back, send money back, or leave it knowingly.

Every decision is written down with who, when and why before any money moves, and rests on it by its id. A payment a
person has decided about is `by_hand` and never looked at by `settle` again; only `another` hands it back to matching.
Money put on no claim, and money left where it is, waits for a second person above what one may give up (`limits`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hub import log, texts
from hub.errors import ContentError
from hub.ledger.accounts import NoClaim
from hub.ledger.postings import told_twice, without_claim
from hub.ledger.reversals import reversed_, undone
from hub.log import clean_text
from hub.matching.allocation import Due
from hub.matching.allocation import allocate as spread
from hub.matching.book import bank_account
from hub.matching.items import Allocation
from hub.model.money import Money
from hub.pipeline import allocations, limits, payment_cases, payout_news
from hub.pipeline.allocations import Ground
from hub.pipeline.context import Actor, Hub
from hub.pipeline.payment_cases import named
from hub.pipeline.returns import promised, unpromised, went_back
from hub.pipeline.wanted import Wanted, claim_named, dues_of
from hub.store import access, claims, money, resolutions
from hub.store.approvals import Request
from hub.store.resolutions import NewResolution
from hub.store.unit import Row, Unit, short_id

BY_HAND, SAME, REVERSED = "by_hand", "same", "reversed"
TIER = "hand"
_CLOSED = {
    SAME: "is another booking told again",
    REVERSED: "was taken back by the bank",
    "payout": "is a pay-out to a practice",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What a decision came to: the booking, what was done, and what of it is still unallocated.

    Nothing is done yet where a request `waits` for a second person.
    """

    payment: str
    kind: str
    amount: Money
    unallocated: Money
    waits: int = 0


@dataclass(frozen=True, slots=True)
class _Deciding:
    """One decision about one booking inside its transaction."""

    unit: Unit
    row: Row
    actor: Actor
    reason: str
    request: Request | None = None

    def _new(self, kind: str, amount: Money, detail: Mapping[str, object]) -> NewResolution:
        return NewResolution(
            kind=kind,
            amount=amount,
            reason=clean_text(self.reason),
            by=self.actor.name,
            role=self.actor.role,
            payment_id=self.row["id"],
            detail=detail,
        )

    def recorded(self, kind: str, amount: Money, **detail: object) -> Ground:
        """Write the decision down; gives the ground everything that follows from it rests on."""
        approved = {"request": self.request.number} if self.request else {}
        id_ = resolutions.add(self.unit, self._new(kind, amount, detail | approved))
        _log(self.unit, self.actor, f"payment_{kind}", f"payment/{self.row['id']}")
        return Ground(tier=TIER, by=self.actor.name, source=f"resolution:{id_}")

    def alone(self, given_up: Money) -> bool:
        """Whether this person may give up so much of it, or a second one approved."""
        return self.request is not None or not limits.too_much(self.unit, given_up, self.actor)

    def asked(self, kind: str, amount: Money, **body: object) -> Decided:
        """Ask a second person for it; nothing is done until then."""
        request = limits.ask(self.unit, kind, self._new(kind, amount, body), about=short_id(self.row["id"]))
        left = allocations.standing(self.unit, self.row).unallocated
        return Decided(payment=self.row["id"], kind=kind, amount=amount, unallocated=left, waits=request.number)

    def done(self, kind: str, amount: Money, state: str = BY_HAND) -> Decided:
        """Mark the booking as decided about and close its cases; money that is left over stays a case."""
        row = self.row
        tier = row["tier"] if row["matched"] == "posted" else TIER
        money.mark_payment(self.unit, row["id"], state, tier, row["evidence"] | {"decided": kind})
        said = {"by": self.actor.name, "decided": kind}
        payment_cases.answered(self.unit, row["id"], said)
        payout_news.answered(self.unit, row["id"], money.payment_of(self.unit, row), said)
        left = allocations.standing(self.unit, row).unallocated
        return Decided(payment=row["id"], kind=kind, amount=amount, unallocated=left)


def _log(unit: Unit, actor: Actor, action: str, object_: str) -> None:
    access.record(unit, actor=actor.name, role=actor.role, action=action, object_=object_)


def _begin(unit: Unit, ref: str, actor: Actor, reason: str, request: Request | None = None) -> _Deciding:
    """The booking a decision is about; only booked money that is still somebody's question can be decided about."""
    row, _ = named(unit, ref)
    if row["state"] != "booked":
        raise ContentError(f"payment {short_id(row['id'])} is {row['state']}: only booked money can be allocated")
    if row["matched"] in _CLOSED:
        raise ContentError(f"payment {short_id(row['id'])} {_CLOSED[row['matched']]}: nothing is left to decide")
    return _Deciding(unit, row, actor, reason, request)


def available(unit: Unit, row: Row) -> Money:
    """What of a booking is free: not allocated, not set aside, not promised back to its payer."""
    return allocations.standing(unit, row).unallocated - promised(unit, row)


def allocate(
    hub: Hub,
    tenant: str,
    ref: str,
    wanted: Sequence[Wanted],
    actor: Actor,
    *,
    reason: str = "",
    aside: tuple[NoClaim, Money | None] | None = None,
    whole: bool = False,
) -> Decided:
    """Put a payment on claims, and with `aside` some of it on the account of a reason; nothing is taken too far.

    `whole` refuses to leave anything over.
    """
    with hub.store.unit(tenant) as unit:
        done = _allocate(_begin(unit, ref, actor, reason), wanted, aside, whole=whole)
    log.event("payment_allocate_asked" if done.waits else "payment_allocated", tenant=tenant, payment=done.payment)
    return done


def _allocate(
    deciding: _Deciding, wanted: Sequence[Wanted], aside: tuple[NoClaim, Money | None] | None, *, whole: bool
) -> Decided:
    unit, row = deciding.unit, deciding.row
    free = available(unit, row)
    dues = dues_of(unit, row, wanted)
    made, total = _made(dues, free)
    rest = _rest(aside, free - total)
    _within(row, free, total + rest, whole=whole)
    if not made and not rest:
        raise ContentError("nothing to allocate", hint="name a claim, or --no-claim REASON")
    if aside and not deciding.alone(rest):
        body = {"wanted": _exactly(unit, dues), "aside": [aside[0].value, rest.minor]}
        return deciding.asked(limits.ALLOCATE, rest, **body)
    named_ = [[each.claim_id, each.line_id, (each.amount + each.netted).minor] for each in made]
    ground = deciding.recorded("allocate", total + rest, allocations=named_, aside=rest.minor)
    allocations.put(unit, row["id"], made, ground)
    if aside and rest:
        payment = allocations.facts(unit, row)
        money.post(unit, without_claim(payment, rest, at=unit.now, source=ground.source, reason=aside[0]))
    done = deciding.done("allocate", total + rest)
    _ask_about_rest(unit, row)
    return done


def _exactly(unit: Unit, dues: Sequence[Due]) -> list[list[object]]:
    """What was wanted, line by line with its amount: a second person approves this and nothing that is open later."""
    refs = {row["id"]: row["ref"] for row in claims.by_ids(unit, [due.claim_id for due in dues])}
    numbers = {line["id"]: line["number"] for line in claims.lines(unit, list(refs))}
    return [[refs[due.claim_id], numbers[due.line_id], due.payable] for due in dues]


def carry_out(unit: Unit, request: Request) -> None:
    """Do what a second person approved, exactly as it was asked; ContentError when that cannot be done any more."""
    asker = Actor(name=request.asked_by, role=request.role)
    deciding = _begin(unit, request.payment_id or "", asker, request.reason, request)
    if request.what == limits.LEAVE:
        _leave(deciding, request.amount)
        return
    currency = request.amount.currency
    wanted = [
        Wanted(claim=ref, line=line, amount=f"{Money(minor, currency).decimal():f}")
        for ref, line, minor in request.body["wanted"]
    ]
    name, minor = request.body["aside"]
    _allocate(deciding, wanted, (NoClaim(name), Money(minor, currency)), whole=False)


def _made(dues: Sequence[Due], free: Money) -> tuple[tuple[Allocation, ...], Money]:
    """Allocations for exactly what was wanted of each line, credits set off against the first of the others."""
    total = sum(due.payable for due in dues)
    made, _ = spread(dues, total or (1 if free.minor > 0 else -1), free.currency)
    return made, Money(sum(each.amount.minor for each in made), free.currency)


def _rest(aside: tuple[NoClaim, Money | None] | None, left: Money) -> Money:
    if aside is None:
        return Money(0, left.currency)
    return left if aside[1] is None else aside[1]


def _within(row: Row, free: Money, taken: Money, *, whole: bool) -> None:
    """Refuse more than there is, and the other direction."""
    name = short_id(row["id"])
    if taken.minor * free.minor < 0 or (taken and not free):
        raise ContentError(f"payment {name}: {taken} against {free} that is free", hint="check the sign")
    if abs(taken.minor) > abs(free.minor):
        raise ContentError(f"payment {name} has {free} free, {taken} is too much", hint="kvitt payment show " + name)
    if whole and taken != free:
        raise ContentError(f"payment {name}: {free - taken} of {free} would be left over", hint="add claims or amounts")


def _ask_about_rest(unit: Unit, row: Row) -> None:
    left = available(unit, row)
    if left:
        payment_cases.ask(unit, row, payment_cases.OVERPAID, reopen=True, amount=left, remainder=left)


def undo(hub: Hub, tenant: str, ref: str, actor: Actor, *, reason: str, claim_refs: Sequence[str] = ()) -> Decided:
    """Take back what was allocated, all of it or that of some claims, and what was promised to its payer.

    The payment is a question again.
    """
    with hub.store.unit(tenant) as unit:
        row, _ = named(unit, ref)
        if row["matched"] == SAME:
            done = _not_the_same(unit, row, actor, reason)
        else:
            done = _undo(_begin(unit, ref, actor, reason), claim_refs)
        _ask_again(unit, row)
    log.event("payment_undone", tenant=tenant, payment=done.payment)
    return done


def _undo(deciding: _Deciding, claim_refs: Sequence[str]) -> Decided:
    unit, row = deciding.unit, deciding.row
    original = money.postings(unit, payment_id=row["id"])
    chosen = [claim_named(unit, each)["id"] for each in claim_refs]
    lines = [line["id"] for line in claims.lines(unit, chosen)]
    kept = promised(unit, row)
    if kept and not claim_refs:
        deciding.recorded("keep", -kept)
        payment_cases.answered(unit, row["id"], {"by": deciding.actor.name}, payment_cases.RETURN)
    ground = deciding.recorded("undo", Money(0, row["currency"]), claims=list(claim_refs))
    rows = undone(
        original,
        allocations.facts(unit, row),
        lines=lines,
        undecided=allocations.undecided_lines(unit, original),
        at=unit.now,
        source=ground.source,
    )
    if not rows and not kept:
        raise ContentError(f"nothing of payment {short_id(row['id'])} is allocated there")
    allocations.take_back(unit, row, rows, ground)
    return deciding.done("undo", allocations.standing(unit, row).unallocated)


def _not_the_same(unit: Unit, row: Row, actor: Actor, reason: str) -> Decided:
    """It was a payment of its own after all: its booking stands again."""
    deciding = _Deciding(unit, row, actor, reason)
    facts = allocations.facts(unit, row)
    ground = deciding.recorded("undo", facts.amount)
    money.post(unit, told_twice(facts, at=unit.now, source=ground.source, again=True))
    return deciding.done("undo", facts.amount)


def _ask_again(unit: Unit, row: Row) -> None:
    payment_cases.ask(unit, row, payment_cases.REVIEW, reopen=True, reason=texts.text("UNDONE_BY_HAND"), suggestion="-")


def undo_by(hub: Hub, tenant: str, ref: str, by: str, actor: Actor, *, reason: str = "") -> Decided:
    """The bank took a payment back: what it paid is open again, and both bookings cancel out.

    `ref` may be empty where the booking itself says which one it takes back.
    """
    with hub.store.unit(tenant) as unit:
        back = _begin(unit, by, actor, reason).row
        original = _begin(unit, ref or _undoes(back), actor, reason)
        _fits(unit, original.row, back)
        before = money.postings(unit, payment_id=original.row["id"])
        facts = allocations.facts(unit, back)
        ground = original.recorded("undo", facts.amount, by=back["id"])
        rows = reversed_(
            before,
            facts,
            undecided=allocations.undecided_lines(unit, before),
            at=unit.now,
            source=ground.source,
        )
        allocations.take_back(unit, original.row, rows, ground)
        _Deciding(unit, back, actor, reason).done("undo", facts.amount, REVERSED)
        left = allocations.standing(unit, original.row)
        gone = left.booked == left.returned
        done = original.done("undo", facts.amount, REVERSED if gone else BY_HAND)
        if not promised(unit, original.row):  # the bank has taken back what somebody was to give back
            payment_cases.answered(unit, original.row["id"], {"reversed_by": back["id"]}, payment_cases.RETURN)
    log.event("payment_reversed", tenant=tenant, payment=done.payment)
    return done


def _undoes(back: Row) -> str:
    found = back["evidence"].get("undoes", "")
    if not found:
        hint = "kvitt payment undo PAYMENT --by REVERSAL"
        raise ContentError(f"booking {short_id(back['id'])} does not say which payment it takes back", hint=hint)
    return str(found)


def _fits(unit: Unit, original: Row, back: Row) -> None:
    """A booking takes back what lies on the same account, in the same currency, and only once."""
    if back["amount_minor"] * original["amount_minor"] >= 0:
        raise ContentError("both bookings go the same way: neither takes the other back")
    if back["currency"] != original["currency"]:
        raise ContentError(f"{back['currency']} does not take back {original['currency']}")
    if bank_account(back["account"]) != bank_account(original["account"]):
        raise ContentError("the two bookings are on different accounts of ours")
    if allocations.standing(unit, back).unallocated.minor != back["amount_minor"]:
        raise ContentError(f"booking {short_id(back['id'])} was used already")


def give_back(
    hub: Hub, tenant: str, ref: str, actor: Actor, *, reason: str, amount: Money | None = None, by: str = ""
) -> Decided:
    """Money goes back to its payer: first it is promised, then the booking that took it there settles it."""
    with hub.store.unit(tenant) as unit:
        deciding = _begin(unit, ref, actor, reason)
        done = _went_back(deciding, by) if by else _promise(deciding, amount)
    log.event("payment_return", tenant=tenant, payment=done.payment)
    return done


def _promise(deciding: _Deciding, amount: Money | None) -> Decided:
    unit, row = deciding.unit, deciding.row
    free = available(unit, row)
    wanted = free if amount is None else amount
    if not wanted:
        raise ContentError(f"nothing of payment {short_id(row['id'])} is free to go back")
    _within(row, free, wanted, whole=False)
    deciding.recorded("return", wanted, unpromised=unpromised(unit, row))
    done = deciding.done("return", wanted)
    account = row["payer_account"] or "?"
    left = promised(unit, row)
    payment_cases.ask(unit, row, payment_cases.RETURN, reopen=True, amount=left, remainder=left, account=account)
    _ask_about_rest(unit, row)
    return done


def _went_back(deciding: _Deciding, by: str) -> Decided:
    unit, row = deciding.unit, deciding.row
    back = _begin(unit, by, deciding.actor, deciding.reason).row
    _fits(unit, row, back)
    amount = Money(-back["amount_minor"], back["currency"])
    free = allocations.standing(unit, row).unallocated
    _within(row, free, amount, whole=False)
    ground = deciding.recorded("returned", amount, by=back["id"])
    went_back(unit, row, back, ground.source)
    _Deciding(unit, back, deciding.actor, deciding.reason).done("returned", -amount)
    return deciding.done("returned", amount)


def leave(hub: Hub, tenant: str, ref: str, actor: Actor, *, reason: str) -> Decided:
    """Close what is asked about a payment, knowingly: its money stays where it is."""
    _said_why(reason)
    with hub.store.unit(tenant) as unit:
        deciding = _begin(unit, ref, actor, reason)
        left = available(unit, deciding.row)
        return _leave(deciding, left) if deciding.alone(left) else deciding.asked(limits.LEAVE, left)


def _leave(deciding: _Deciding, left: Money) -> Decided:
    if available(deciding.unit, deciding.row) != left:
        raise ContentError(f"payment {short_id(deciding.row['id'])} has not {left} free any more")
    deciding.recorded("leave", left)
    return deciding.done("leave", left)


def same(hub: Hub, tenant: str, ref: str, other: str, actor: Actor, *, reason: str) -> Decided:
    """A booking is another one told again by another file: it is no money, and its booking is taken back.

    The other may be settled in any way: a pay-out, or what the bank took back, is told again like any payment.
    """
    with hub.store.unit(tenant) as unit:
        deciding = _begin(unit, ref, actor, reason)
        (first, _), row = named(unit, other), deciding.row
        facts = allocations.facts(unit, row)
        alike = ("amount_minor", "currency", "state")
        if first["id"] == row["id"] or first["matched"] == SAME or any(first[name] != row[name] for name in alike):
            raise ContentError(f"{short_id(row['id'])} and {short_id(first['id'])} are not one booking of one amount")
        if bank_account(first["account"]) != bank_account(row["account"]):
            raise ContentError("the two bookings are on different accounts of ours")
        if available(unit, row) != facts.amount:
            raise ContentError(f"payment {short_id(row['id'])} is allocated, or to go back", hint="undo that first")
        ground = deciding.recorded("same", facts.amount, other=first["id"])
        money.post(unit, told_twice(facts, at=unit.now, source=ground.source))
        return deciding.done("same", facts.amount, SAME)


def another(hub: Hub, tenant: str, ref: str, actor: Actor, *, reason: str = "") -> Decided:
    """It is a payment of its own: matching may have it, and does not ask that question again."""
    with hub.store.unit(tenant) as unit:
        deciding = _begin(unit, ref, actor, reason)
        if deciding.row["matched"] not in ("new", "review"):
            raise ContentError(f"payment {short_id(deciding.row['id'])} waits for nobody")
        amount = allocations.facts(unit, deciding.row).amount
        deciding.recorded("another", amount)
        return deciding.done("another", amount, "new")


def _said_why(reason: str) -> None:
    if not reason.strip():
        raise ContentError("say why: --reason TEXT")
