"""Payments on claims: what a payment may still settle, and putting it there or taking it back, all of it or nothing.

Whoever decides (the night, a payer's specification, a person), money moves here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from hub.ledger.accounts import Account, LedgerLine, Posting
from hub.ledger.balances import LineMoney, PaymentMoney, line_money, no_money, payment_money
from hub.ledger.entry import PaymentFacts
from hub.ledger.postings import allocated, granted_by_payment, netted
from hub.matching.items import Allocation, OpenItem, OpenLine
from hub.model.claim import ClaimKind
from hub.model.money import Money
from hub.pipeline.answers import ledger_line
from hub.pipeline.replacements import TAKES_BACK
from hub.store import claims, money, parties
from hub.store.money import NewAllocation, NewDecision
from hub.store.unit import Row, Unit

UNDECIDED = ("open", "presumed_ok")
BY_MATCH = "match"
_BY_PAYMENT = "payment:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Who puts money where: tier and name for the allocation, and the `source` that tells it from any other."""

    tier: str
    by: str = "hub"
    source: str = BY_MATCH


def facts(unit: Unit, row: Row) -> PaymentFacts:
    """A stored booking as the journal knows it."""
    amount = Money(row["amount_minor"], row["currency"])
    return PaymentFacts(tenant=unit.tenant, id=row["id"], amount=amount, payee=row["account"])


def standing(unit: Unit, row: Row) -> PaymentMoney:
    """Where the money of one booking is."""
    nothing = Money(0, row["currency"])
    empty = PaymentMoney(
        booked=nothing, allocated=nothing, returned=nothing, paid_out=nothing, no_claim=nothing, unallocated=nothing
    )
    return payment_money(money.postings(unit, payment_id=row["id"])).get(row["id"], empty)


def open_items(unit: Unit) -> list[OpenItem]:
    """Every claim that was ever sent, with what a payment may still settle on it."""
    return items(unit, claims.find(unit, claims.payable(unit)))


def items(unit: Unit, rows: Sequence[Row]) -> list[OpenItem]:
    """Some claims as payments see them."""
    lines = claims.lines(unit, [row["id"] for row in rows])
    money_of = line_money(money.postings(unit, line_ids=[line["id"] for line in lines]))
    payer_refs = _payer_refs(unit)
    accounts = payer_accounts(unit)
    ours = {each.code: each.party.account for each in parties.organisations(unit)}
    by_claim: dict[str, list[Row]] = {}
    for line in lines:
        by_claim.setdefault(line["claim_id"], []).append(line)
    return [_item(row, by_claim.get(row["id"], []), money_of, payer_refs, accounts, ours) for row in rows]


def payer_accounts(unit: Unit) -> dict[str, tuple[str, ...]]:
    """The accounts each payer is known to pay from."""
    found: dict[str, tuple[str, ...]] = {}
    for agreement in parties.agreements(unit):
        found[agreement.partner] = tuple(dict.fromkeys((*found.get(agreement.partner, ()), *agreement.payer_accounts)))
    return found


def _payer_refs(unit: Unit) -> dict[str, set[str]]:
    """The payers' own numbers for what they decided, by line."""
    found: dict[str, set[str]] = {}
    for decision in money.decisions(unit):
        if decision["payer_ref"]:
            found.setdefault(decision["claim_line_id"], set()).add(decision["payer_ref"])
    return found


def _item(
    row: Row,
    lines: Sequence[Row],
    money_of: Mapping[str, LineMoney],
    payer_refs: Mapping[str, set[str]],
    accounts: Mapping[str, tuple[str, ...]],
    ours: Mapping[str, str],
) -> OpenItem:
    nothing = no_money(row["currency"])
    by_payment = row["country"] == "NO"
    references = sorted({ref for line in lines for ref in payer_refs.get(line["id"], ())})
    return OpenItem(
        claim_id=row["id"],
        ref=row["ref"],
        invoice_number=row["invoice_number"],
        kid=row["kid"],
        payer=row["payer"],
        payer_accounts=accounts.get(row["payer"], ()),
        claimant=row["claimant_code"],
        account=ours.get(row["claimant_code"], ""),
        currency=row["currency"],
        kind=ClaimKind(row["kind"]),
        batch=row["invoice_number"] if not by_payment else "",
        references=tuple(references),
        issue_date=row["issue_date"],
        lines=tuple(
            OpenLine(
                line_id=line["id"],
                outstanding=money_of.get(line["id"], nothing).outstanding,
                undecided=_undecided(line, money_of.get(line["id"], nothing), by_payment=by_payment),
                number=line["number"],
            )
            for line in lines
        ),
    )


def _undecided(line: Row, stands: LineMoney, *, by_payment: bool) -> Money:
    """Only in Norway does a payment grant by itself (decision 19); elsewhere money waits for the decision."""
    if by_payment and line["verdict"] in UNDECIDED:
        return stands.open
    return Money(0, line["currency"])


def put(unit: Unit, payment_id: str, made: Sequence[Allocation], ground: Ground) -> None:
    """Put a payment where it belongs: grants first (Norway), then what it pays, then what is netted."""
    rows = {row["id"]: row for row in claims.by_ids(unit, [each.claim_id for each in made])}
    for each in made:
        line = ledger_line(unit, rows[each.claim_id], each.line_id)
        if each.grants:
            _grant(unit, payment_id, each, line)
        if each.amount:
            money.post(unit, allocated(line, payment_id, each.amount, at=unit.now, source=ground.source))
    _net(unit, rows, payment_id, made, ground)
    rows_new = [_new(payment_id, each.line_id, each.amount, each.netted, ground) for each in made]
    money.add_allocations(unit, rows_new)


def _new(payment_id: str, line_id: str, amount: Money, netted_: Money, ground: Ground) -> NewAllocation:
    return NewAllocation(
        payment_id=payment_id, claim_line_id=line_id, amount=amount, netted=netted_, tier=ground.tier, by=ground.by
    )


def _grant(unit: Unit, payment_id: str, each: Allocation, line: LedgerLine) -> None:
    """The payment is the decision: what it pays of an undecided line is granted (decision 19)."""
    before = line_money(money.postings(unit, line_ids=[each.line_id]))[each.line_id]
    again = _again(unit, payment_id, each.line_id)
    money.post(unit, granted_by_payment(line, before, payment_id, each.grants, at=unit.now, again=again))
    _decide(unit, payment_id, line, before.granted + each.grants, again, "granted by payment")


def _again(unit: Unit, payment_id: str, line_id: str) -> str:
    """What tells a grant from what this payment granted on this line before."""
    source = f"{_BY_PAYMENT}{payment_id}"
    before = sum(row["source"].startswith(source) for row in money.decisions(unit, [line_id]))
    return f":{before}" if before else ""


def _decide(unit: Unit, payment_id: str, line: LedgerLine, granted: Money, again: str, text: str) -> None:
    new = NewDecision(
        claim_line_id=line.line_id,
        verdict="granted" if granted == line.claimed else "open",
        granted=granted,
        patient=Money(0, granted.currency),
        source=f"{_BY_PAYMENT}{payment_id}{again}",
        text=text,
    )
    money.add_decision(unit, new)


def _net(unit: Unit, rows: Mapping[str, Row], payment_id: str, made: Sequence[Allocation], ground: Ground) -> None:
    """Set credits off against what they were netted with; the sum over all lines is zero."""
    set_off = [each for each in made if each.netted]
    left = {each.line_id: each.netted.minor for each in set_off if each.netted.minor > 0}
    debits = {each.line_id: each for each in set_off if each.netted.minor > 0}
    source = payment_id if ground.source == BY_MATCH else ground.source
    for credit in (each for each in set_off if each.netted.minor < 0):
        line = ledger_line(unit, rows[credit.claim_id], credit.line_id)
        against = []
        for line_id, part in _shares(left, -credit.netted.minor):
            amount = Money(part, credit.netted.currency)
            against.append((ledger_line(unit, rows[debits[line_id].claim_id], line_id), amount))
        money.post(unit, netted(line, against, at=unit.now, source=source, payment_id=payment_id))


def _shares(left: dict[str, int], wanted: int) -> list[tuple[str, int]]:
    """Take `wanted` minor units from what is left on the lines, in their order."""
    shares: list[tuple[str, int]] = []
    for line_id, available in left.items():
        part = min(wanted, available)
        if part:
            left[line_id] = available - part
            wanted -= part
            shares.append((line_id, part))
    return shares


def undecided_lines(unit: Unit, postings: Iterable[Posting]) -> frozenset[str]:
    """The lines in these rows on which no payer has decided: a grant there rests on payments alone."""
    lines = {row.claim_line_id for row in postings if row.claim_line_id}
    decided = {
        row["claim_line_id"]
        for row in money.decisions(unit, sorted(lines))
        if not row["source"].startswith((_BY_PAYMENT, TAKES_BACK))
    }
    return frozenset(lines - decided)


def take_back(unit: Unit, row: Row, postings: Sequence[Posting], ground: Ground) -> None:
    """Carry out rows that undo allocations of a payment: in the journal, the allocations and the decisions."""
    lines = {each.claim_line_id: each for each in postings if each.claim_line_id}
    before = line_money(money.postings(unit, line_ids=list(lines)))
    money.post(unit, postings)
    new = []
    nothing = Money(0, row["currency"])
    for line_id, sample in lines.items():
        mine = [each for each in postings if each.claim_line_id == line_id]
        paid = sum((each.into(Account.UNALLOCATED) for each in mine), nothing)
        set_off = sum((each.into(Account.NETTED) for each in mine), nothing)
        new.append(_new(row["id"], line_id, paid, set_off, ground))
        lost = sum((each.into(Account.OPEN) for each in mine), nothing)
        if lost:
            (claim,) = claims.by_ids(unit, [sample.claim_id])
            line = ledger_line(unit, claim, line_id)
            again = _again(unit, row["id"], line_id)
            _decide(unit, row["id"], line, before[line_id].granted - lost, again, "its payment was taken back")
    money.add_allocations(unit, new)
