"""Payers' specifications: read by the column map of the payer's folder, kept once, and settled with their booking.

Whichever comes first waits for the other. A booking is explained when it is what the specification adds up to and every
line is what is open with us; anything else is held with the difference, and nothing of it is posted. What adds up to
nothing or less has no booking: it is netted by itself (`nettings`). A booking that does not come is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC

from hub.intake.specifications import find_map, read_specification
from hub.ledger.accounts import NoClaim
from hub.ledger.postings import without_claim
from hub.matching.book import bank_account
from hub.matching.items import OpenItem
from hub.matching.specifications import Difference, Explained
from hub.model.money import Money
from hub.model.payment import Payment
from hub.model.specification import PayerSpecification, SpecificationMap
from hub.pipeline import allocations, nettings, payment_cases
from hub.pipeline.allocations import Ground
from hub.pipeline.cases import About, raise_case
from hub.pipeline.context import ZONES, Hub
from hub.policy.workdays import due
from hub.store import inbounds, money, specifications, tasks
from hub.store.unit import Row, Unit

KIND = "payer-specification"
TIER = "T2"
_Stored = Sequence[tuple[Row, Payment]]
_Told = tuple[Row, PayerSpecification]
_NAMED = 5
BOOKING_WITHIN = 10
"""Working days after a specification within which its booking comes; a choice of ours, payers promise none."""


def maps(hub: Hub) -> dict[str, SpecificationMap]:
    """The column maps of all partners that have one."""
    return {name: each.specification for name, each in hub.registry.partners.items() if each.specification}


def take(hub: Hub, unit: Unit, row: Row, payload: bytes) -> bool:
    """Keep what arrived if it is a specification; False when it is something else.

    FormatError when it is one and cannot be read.
    """
    known = maps(hub)
    name = row["meta"]["name"]
    partner = find_map(payload, name, known)
    if not partner:
        return False
    told = read_specification(payload, name, partner, known[partner])
    new = specifications.add(unit, row["id"], told)
    if new and told.total.minor <= 0:
        nettings.book(hub, unit, new, row["id"], told)
    note = f"{len(told.lines)} lines, {told.total}" if new else "told before"
    inbounds.close(unit, row["id"], inbounds.PROCESSED if new else inbounds.DUPLICATE, kind=KIND, note=note)
    return True


@dataclass(frozen=True, slots=True)
class _Found:
    """A specification with the booking it is about."""

    spec: Row
    told: PayerSpecification
    row: Row
    payment: Payment


def explain_all(hub: Hub, unit: Unit, stored: _Stored) -> dict[str, bool]:
    """Settle every booking a specification explains: its id with True, with False where the two differ.

    Neither may be settled on another ground in this run.
    """
    told = [each for each in specifications.unexplained(unit) if not _decided_by_hand(unit, each[0], stored)]
    accounts = allocations.payer_accounts(unit)
    handled: dict[str, bool] = {}
    for spec, said in told:
        mine = [
            each
            for each in stored
            if each[0]["id"] not in handled and _from_payer(each[0], accounts.get(spec["partner"], ()))
        ]
        if said.total.minor > 0 and _agrees_already(unit, spec, said, mine):
            continue
        found = _booking(spec, said, mine, told) if said.total.minor > 0 else _netting(spec, said, stored)
        if found is not None:
            handled[found.row["id"]] = _settle(hub, unit, found)
        elif said.total.minor > 0 and spec["state"] == specifications.WAITING:
            _ask_for_booking(hub, unit, spec, said)
    return handled


def _decided_by_hand(unit: Unit, spec: Row, stored: _Stored) -> bool:
    """A person decided about the booking a specification was held against: it waits for nothing any more."""
    mine = {row["id"]: row["matched"] for row, _ in stored}
    decided = bool(mine.get(spec["payment_id"] or "") == "by_hand")
    if decided:
        specifications.mark(unit, spec["id"], specifications.EXPLAINED, spec["payment_id"])
    return decided


def _netting(spec: Row, said: PayerSpecification, stored: _Stored) -> _Found | None:
    """The entry of nothing that stands for a specification without a booking, while nobody has decided about it."""
    key = nettings.entry_id(spec)
    found = [(row, each) for row, each in stored if row["id"] == key and row["matched"] in ("new", "review")]
    return _Found(spec, said, *found[0]) if found else None


def _ask_for_booking(hub: Hub, unit: Unit, spec: Row, said: PayerSpecification) -> None:
    """A payer said that it pays, and no booking came within the term."""
    country = hub.registry.partners[spec["partner"]].country or "NL"
    last = due(spec["read_at"].astimezone(ZONES.get(country, UTC)).date(), BOOKING_WITHIN, country)
    if hub.today(country) > last:
        title = hub.registry.partners[spec["partner"]].title
        values = {"partner": title, "name": said.name, "amount": said.total, "day": last, "days": BOOKING_WITHIN}
        about = About(inbound_id=spec["inbound_id"], amount=said.total, due=last)
        raise_case(unit, "SPECIFICATION_UNPAID", values, key=_unpaid_key(spec), about=about)


def _unpaid_key(spec: Row) -> str:
    return f"specification:{spec['id']}:unpaid"


def _from_payer(row: Row, accounts: Sequence[str]) -> bool:
    known = {bank_account(each) for each in accounts}
    return row["state"] == "booked" and bool(row["payer_account"]) and bank_account(row["payer_account"]) in known


def _booking(spec: Row, said: PayerSpecification, mine: _Stored, told: Sequence[_Told]) -> _Found | None:
    """The one booking a specification is about: of its amount, else the one whose text names a number of it."""
    waiting = [(row, payment) for row, payment in mine if row["matched"] in ("new", "review")]
    same = [each for each in waiting if _amount(each[0]) == said.total]
    rivals = [other for row, other in told if row["partner"] == spec["partner"] and other.total == said.total]
    named = [each for each in waiting if _names(each[1], said)]
    alone = len(same) == len(rivals) == 1
    chosen = same if alone else [each for each in (same or waiting) if each in named]
    return _Found(spec, said, *chosen[0]) if len(chosen) == 1 else None


def _amount(row: Row) -> Money:
    return Money(row["amount_minor"], row["currency"])


def _names(payment: Payment, said: PayerSpecification) -> bool:
    """Whether a booking's text names something the specification pays."""
    text = f" {payment.text} {payment.reference} ".upper()
    numbers = {number for line in said.lines for number in (line.own_reference, line.payer_reference) if number}
    return any(re.search(rf"(?<![0-9A-Z]){re.escape(number.upper())}(?![0-9A-Z])", text) for number in numbers)


def _agrees_already(unit: Unit, spec: Row, said: PayerSpecification, mine: _Stored) -> bool:
    """A specification of what was settled on other grounds says the same: it stands beside it."""
    for row, payment in mine:
        if row["matched"] in ("posted", "by_hand") and _amount(row) == said.total and _names(payment, said):
            if specifications.of_payment(unit, row["id"]):
                continue
            specifications.mark(unit, spec["id"], specifications.EXPLAINED, row["id"])
            tasks.done(unit, _unpaid_key(spec), {"payment": row["id"]})
            return True
    return False


def _settle(hub: Hub, unit: Unit, found: _Found) -> bool:
    partner = hub.registry.partners[found.spec["partner"]]
    reasons = partner.specification.reasons if partner.specification else ()
    items = [item for item in allocations.open_items(unit) if _payable(item, found)]
    told = nettings.explained(found.told, items, _amount(found.row), reasons)
    by_claim = {item.claim_id: item for item in items}
    differences = told.differences or _across_payees(told, by_claim, _amount(found.row))
    if differences:
        _hold(unit, found, differences)
        return False
    _post(unit, found, told, by_claim)
    return True


def _across_payees(told: Explained, items: Mapping[str, OpenItem], amount: Money) -> tuple[Difference, ...]:
    """One payee's credit pays nobody else's claims: what a payer nets so is for a person."""
    netted = {items[each.claim_id].claimant for each in told.allocations if each.netted}
    return (Difference(line=0, code="netted_across_payees", said=amount, found=amount),) if len(netted) > 1 else ()


def _payable(item: OpenItem, found: _Found) -> bool:
    """The payer's claims that are paid on this account and in this currency."""
    ours = bank_account(item.account)
    right = not ours or not found.row["account"] or ours == bank_account(found.row["account"])
    return right and (item.payer, item.currency) == (found.spec["partner"], found.row["currency"])


def _post(unit: Unit, found: _Found, told: Explained, items: Mapping[str, OpenItem]) -> None:
    source = f"specification:{found.spec['id']}"
    row = found.row
    allocations.put(unit, row["id"], told.allocations, Ground(tier=TIER, source=source))
    for each in told.asides:
        facts = allocations.facts(unit, row)
        mine = f"{source}:{each.line}"
        money.post(unit, without_claim(facts, each.amount, at=unit.now, source=mine, reason=NoClaim(each.reason)))
    evidence = [["specification", found.told.name, ""]]
    claims = dict.fromkeys(each.claim_id for each in told.allocations)
    evidence += [["specified", items[each].invoice_number or items[each].ref, each] for each in claims]
    carried = nettings.carried_over(found.told)
    evidence += [["carried over", str(carried), ""]] if carried else []
    evidence += [[f"netted without a claim, {each.reason}", str(each.amount), ""] for each in told.asides]
    body = {"code": "specification", "evidence": evidence, "alternatives": []}
    money.mark_payment(unit, row["id"], "posted", TIER, body)
    payment_cases.answered(unit, row["id"], {"specification": found.spec["id"]})
    specifications.mark(unit, found.spec["id"], specifications.EXPLAINED, row["id"])
    tasks.done(unit, _unpaid_key(found.spec), {"payment": row["id"]})


def _hold(unit: Unit, found: _Found, differences: Sequence[Difference]) -> None:
    """Nothing is posted: a person is told where the two differ."""
    said = "; ".join(_sentence(each) for each in differences[:_NAMED])
    evidence = [[f"line {each.line}", f"{each.code}: {each.said}, here {each.found}", ""] for each in differences]
    body = {"code": "specification_differs", "evidence": evidence, "alternatives": []}
    money.mark_payment(unit, found.row["id"], "review", TIER, body)
    specifications.mark(unit, found.spec["id"], specifications.HELD, found.row["id"])
    tasks.done(unit, _unpaid_key(found.spec), {"payment": found.row["id"]})
    payment_cases.ask(unit, found.row, payment_cases.DIFFERS, name=found.told.name, reason=said, reopen=True)


def _sentence(each: Difference) -> str:
    where = f"line {each.line}: " if each.line else ""
    return f"{where}{each.code.replace('_', ' ')} ({each.said}, here {each.found})"
