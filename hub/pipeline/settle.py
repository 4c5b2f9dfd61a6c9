"""Money meets claims: certain matches are posted, everything else becomes a task with evidence; silence is judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from hub import log, texts
from hub.ledger.balances import LineMoney, line_money, no_money
from hub.ledger.postings import allocated, granted_by_payment, netted
from hub.matching.items import Action, Allocation, Match, MatchRules, OpenItem, OpenLine
from hub.matching.payments import match
from hub.model.claim import ClaimKind
from hub.model.money import Money
from hub.model.payment import Payment
from hub.pipeline.answers import ledger_line
from hub.pipeline.cases import About, raise_case
from hub.pipeline.context import Hub
from hub.store import claims, exchanges, inbounds, money, parties, schema, tasks
from hub.store.money import NewAllocation, NewDecision
from hub.store.unit import Row, Unit

_UNDECIDED = ("open", "presumed_ok")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What one run came to: matches by payment id, and claims that silence now counts as fine."""

    matches: Sequence[Match]
    presumed: Sequence[str]


def settle(hub: Hub, tenant: str) -> Settled:
    """Match every payment that nobody has dealt with; then judge silence. Running it again changes nothing."""
    with hub.store.unit(tenant) as unit:
        matches = _match_all(hub, unit)
    posted = sum(1 for one in matches if one.action is Action.POST)
    log.event("settled", tenant=tenant, posted=posted, looked_at=len(matches))
    return Settled(matches=matches, presumed=judge_silence(hub, tenant))


def _match_all(hub: Hub, unit: Unit) -> list[Match]:
    stored = money.payments(unit)
    waiting = [(row, _named(row, payment)) for row, payment in stored if row["matched"] in ("new", "review")]
    earlier = [_named(row, payment) for row, payment in stored if row["matched"] == "posted"]
    if not waiting:
        return []
    rules = _rules(hub)
    twice = _told_twice(unit, stored)
    items = open_items(unit)
    found = match([payment for _, payment in waiting], items, rules, earlier=earlier, settled=twice)
    for (row, payment), one in zip(waiting, found, strict=True):
        if row["id"] in twice:
            _suspect(unit, row, payment)
        else:
            _apply(unit, row, payment, one)
    return found


_DAYS_APART = 4


def _told_twice(unit: Unit, stored: Sequence[tuple[Row, Payment]]) -> frozenset[str]:
    """New payments that may be another kind of file telling again, with another day, what was booked before.

    Kinds of files may differ in the booking day by some days; without a bank-wide id nobody but a person can tell.
    """
    kinds = {row["id"]: row["kind"] for row in inbounds.find(unit)}
    seen: dict[tuple[str, str, int], list[Row]] = {}
    for row, _ in stored:
        if row["reference"] and row["booked"]:
            seen.setdefault((row["account"], row["reference"], row["amount_minor"]), []).append(row)
    return frozenset(
        row["id"]
        for group in seen.values()
        for row in group
        if row["matched"] in ("new", "review") and any(_may_be(row, other, kinds) for other in group)
    )


def _may_be(row: Row, other: Row, kinds: Mapping[str, str]) -> bool:
    apart = abs((row["booked"] - other["booked"]).days)
    kind, before = kinds.get(row["inbound_id"], ""), kinds.get(other["inbound_id"], "")
    return other["matched"] == "posted" and kind[:8] != before[:8] and 0 < apart <= _DAYS_APART


def _suspect(unit: Unit, row: Row, payment: Payment) -> None:
    money.mark_payment(unit, row["id"], "review", "T0", {"code": "told_twice"})
    _payment_task(unit, row, payment, "TOLD_TWICE")


def _named(row: Row, payment: Payment) -> Payment:
    """The payment under the hub's own id, which is unique where the bank's is not."""
    return replace(payment, id=row["id"])


def _rules(hub: Hub) -> MatchRules:
    partners = hub.registry.partners
    return MatchRules(
        modes={name: partner.matching for name, partner in partners.items()},
        remittance_patterns={name: partner.remittance_patterns for name, partner in partners.items()},
    )


def open_items(unit: Unit) -> list[OpenItem]:
    """Every claim that was ever sent, with what a payment may still settle on it."""
    rows = claims.find(unit, schema.claim.c.hold_code != "WITHDRAWN")
    lines = claims.lines(unit, [row["id"] for row in rows])
    standing = line_money(money.postings(unit))
    payer_refs = _payer_refs(unit)
    accounts = _payer_accounts(unit)
    ours = {each.code: each.party.account for each in parties.organisations(unit)}
    by_claim: dict[str, list[Row]] = {}
    for line in lines:
        by_claim.setdefault(line["claim_id"], []).append(line)
    return [_item(row, by_claim.get(row["id"], []), standing, payer_refs, accounts, ours) for row in rows]


def _payer_accounts(unit: Unit) -> dict[str, tuple[str, ...]]:
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
    standing: Mapping[str, LineMoney],
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
                outstanding=standing.get(line["id"], nothing).outstanding,
                undecided=_undecided(line, standing.get(line["id"], nothing), by_payment=by_payment),
                number=line["number"],
            )
            for line in lines
        ),
    )


def _undecided(line: Row, standing: LineMoney, *, by_payment: bool) -> Money:
    """Only in Norway does a payment grant by itself (decision 19); elsewhere money waits for the decision."""
    if by_payment and line["verdict"] in _UNDECIDED:
        return standing.open
    return Money(0, line["currency"])


def _apply(unit: Unit, row: Row, payment: Payment, one: Match) -> None:
    evidence: dict[str, Any] = {
        "code": one.code,
        "ruleset": one.ruleset,
        "evidence": [[each.field, each.value, each.claim_id] for each in one.evidence],
        "alternatives": [[each.claim_id, each.reason] for each in one.alternatives],
    }
    if one.action is Action.POST:
        _post(unit, one)
        money.mark_payment(unit, row["id"], "posted", one.tier.value, evidence)
        _close_review(unit, row, one)
    elif one.action is Action.IGNORE:
        money.mark_payment(unit, row["id"], "ignored", one.tier.value, evidence)
    else:
        money.mark_payment(unit, row["id"], "review", one.tier.value, evidence)
        _review(unit, row, payment, one)
    if one.action is Action.POST and one.remainder:
        _overpaid(unit, row, payment, one)


def _post(unit: Unit, one: Match) -> None:
    """Post a certain match: grants first (Norway), then what the payment pays, then what is netted, all or nothing."""
    rows = {row["id"]: row for row in claims.by_ids(unit, [each.claim_id for each in one.allocations])}
    for each in one.allocations:
        line = ledger_line(unit, rows[each.claim_id], each.line_id)
        if each.grants:
            _grant(unit, one.payment_id, each)
        if each.amount:
            money.post(unit, allocated(line, one.payment_id, each.amount, at=unit.now))
    _net(unit, rows, one)
    money.add_allocations(
        unit,
        [
            NewAllocation(
                payment_id=one.payment_id,
                claim_line_id=each.line_id,
                amount=each.amount,
                netted=each.netted,
                tier=one.tier.value,
                by="hub",
            )
            for each in one.allocations
        ],
    )


def _grant(unit: Unit, payment_id: str, each: Allocation) -> None:
    """The payment is the decision: what it pays of an undecided line is granted (decision 19)."""
    (row,) = claims.by_ids(unit, [each.claim_id])
    line = ledger_line(unit, row, each.line_id)
    before = line_money(money.postings(unit, line_ids=[each.line_id]))[each.line_id]
    money.post(unit, granted_by_payment(line, before, payment_id, each.grants, at=unit.now))
    granted = before.granted + each.grants
    verdict = "granted" if granted == line.claimed else "open"
    new = NewDecision(
        claim_line_id=each.line_id,
        verdict=verdict,
        granted=granted,
        patient=Money(0, granted.currency),
        source=f"payment:{payment_id}",
        text="granted by payment",
    )
    money.add_decision(unit, new)


def _net(unit: Unit, rows: Mapping[str, Row], one: Match) -> None:
    """Set credits off against what they were netted with; the sum over all lines is zero."""
    set_off = [each for each in one.allocations if each.netted]
    left = {each.line_id: each.netted.minor for each in set_off if each.netted.minor > 0}
    debits = {each.line_id: each for each in set_off if each.netted.minor > 0}
    for credit in (each for each in set_off if each.netted.minor < 0):
        line = ledger_line(unit, rows[credit.claim_id], credit.line_id)
        against = []
        for line_id, part in _shares(left, -credit.netted.minor):
            amount = Money(part, credit.netted.currency)
            against.append((ledger_line(unit, rows[debits[line_id].claim_id], line_id), amount))
        money.post(unit, netted(line, against, at=unit.now, source=one.payment_id, payment_id=one.payment_id))


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


def _review(unit: Unit, row: Row, payment: Payment, one: Match) -> None:
    refs = {each["id"]: each["ref"] for each in claims.by_ids(unit, [alt.claim_id for alt in one.alternatives])}
    suggestion = ", ".join(refs[alt.claim_id] for alt in one.alternatives if alt.claim_id in refs) or "-"
    _payment_task(unit, row, payment, "PAYMENT_REVIEW", reason=one.code.replace("_", " "), suggestion=suggestion)


def _overpaid(unit: Unit, row: Row, payment: Payment, one: Match) -> None:
    _payment_task(unit, row, payment, "OVERPAID", remainder=one.remainder)


def _payment_task(unit: Unit, row: Row, payment: Payment, code: str, **values: object) -> None:
    values |= {"amount": payment.amount, "day": payment.booked or "?"}
    about = About(inbound_id=row["inbound_id"], amount=payment.amount)
    raise_case(unit, code, values, key=f"payment:{row['id']}:{code}", about=about)


def _close_review(unit: Unit, row: Row, one: Match) -> None:
    tasks.done(unit, f"payment:{row['id']}:PAYMENT_REVIEW", {"tier": one.tier.value})


def judge_silence(hub: Hub, tenant: str) -> list[str]:
    """Exchanges whose reply day has passed: presumed fine where the partner works so, else overdue."""
    presumed: list[str] = []
    country = next((row["country"] for row in hub.store.tenants() if row["id"] == tenant), "NL")
    with hub.store.unit(tenant) as unit:
        for exchange in exchanges.silent_since(unit, hub.today(country)):
            partner = hub.registry.partners.get(exchange["partner"])
            within = partner.reply_within if partner else None
            if within is not None and within.silence == "presumed_ok":
                presumed += _presume(unit, exchange, within.working_days)
            elif partner is not None:
                _overdue(unit, exchange, partner.title)
    return presumed


def _presume(unit: Unit, exchange: Row, days: int) -> list[str]:
    refs: list[str] = []
    for row in claims.find(unit, schema.claim.c.exchange_id == exchange["id"]):
        waiting = [line for line in claims.lines(unit, [row["id"]]) if line["verdict"] == "open"]
        for line in waiting:
            claims.set_line(unit, line["id"], verdict="presumed_ok", decided_at=unit.now)
        if waiting:
            refs.append(row["ref"])
            words = texts.text("PRESUMED_OK", ref=row["ref"], days=days)
            exchanges.log(unit, exchange["id"], "presumed_ok", words["en"])
    return refs


def _overdue(unit: Unit, exchange: Row, title: str) -> None:
    values = {"partner": title, "name": exchange["name"], "day": exchange["reply_due"]}
    about = About(exchange_id=exchange["id"], due=exchange["reply_due"])
    raise_case(unit, "REPLY_OVERDUE", values, key=f"overdue:{exchange['business_key']}", about=about)
