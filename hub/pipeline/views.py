"""Where everything stands, read from what is stored: claims on the three axes, money, and whether it is conserved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from hub.ledger.balances import AMOUNTS, LineMoney, expected_money, line_money, no_money, payment_money
from hub.ledger.checks import check
from hub.model.finding import Finding
from hub.model.money import Money
from hub.model.reply import Decision, Verdict
from hub.pipeline.replacements import TAKES_BACK
from hub.store import claims, exchanges, money, resolutions, schema
from hub.store.unit import Row, Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimView:
    """One claim on the three axes: transport, decision, money."""

    ref: str
    country: str
    payer: str
    payer_code: str
    provider: str
    claimant: str
    period: str
    case_ref: str
    invoice_number: str
    kind: str
    hold: str
    transport: str
    decision: str
    currency: str
    money: LineMoney
    reply_due: Any
    was_sent: bool

    @property
    def label(self) -> str:
        """The word people use, over the three axes and never a status of its own (decision 17)."""
        if self.transport == "refused":
            return "rejected_by_network" if self.was_sent else "undeliverable"
        if self.money.received.minor and (self.money.open.minor or self.money.outstanding.minor):
            return "partially_paid"
        if self.decision not in ("open", "presumed_ok"):
            return "answered"
        return "submitted" if self.transport in ("sent", "delivered") else self.transport

    def as_json(self) -> dict[str, Any]:
        """The demo's contract, with what helps beside it."""
        return {
            "ref": self.ref,
            "transport": self.transport,
            "decision": self.decision,
            "label": self.label,
            "claimed_minor": self.money.claimed.minor,
            "granted_minor": self.money.granted.minor,
            "refused_minor": self.money.refused.minor,
            "patient_minor": self.money.patient.minor,
            "withdrawn_minor": self.money.withdrawn.minor,
            "open_minor": self.money.open.minor,
            "received_minor": self.money.received.minor,
            "netted_minor": self.money.netted.minor,
            "written_off_minor": self.money.written_off.minor,
            "outstanding_minor": self.money.outstanding.minor,
            "currency": self.currency,
            "payer": self.payer,
            "payer_code": self.payer_code,
            "provider": self.provider,
            "claimant": self.claimant,
            "period": self.period,
            "case": self.case_ref,
            "invoice_number": self.invoice_number,
            "kind": self.kind,
            "hold": self.hold,
        }


def claim_views(unit: Unit, rows: Sequence[Row] | None = None) -> list[ClaimView]:
    """Every claim of a tenant, or those given."""
    chosen = claims.find(unit) if rows is None else list(rows)
    lines: dict[str, list[Row]] = {}
    for line in claims.lines(unit, [row["id"] for row in chosen]):
        lines.setdefault(line["claim_id"], []).append(line)
    ids = [line["id"] for group in lines.values() for line in group]
    standing = line_money(money.postings(unit, line_ids=ids if rows is not None else None))
    sent = exchanges.standing(
        unit, None if rows is None else sorted({row["exchange_id"] for row in chosen if row["exchange_id"]})
    )
    return [_view(row, lines.get(row["id"], []), standing, sent.get(row["exchange_id"])) for row in chosen]


_ON_ITS_WAY = MappingProxyType(
    {"prepared": "prepared", "sending": "prepared", "refused": "stopped", "failed": "stopped", "in_doubt": "in_doubt"}
)


def journeys(unit: Unit, claim_ids: Sequence[str]) -> dict[str, str]:
    """How far claims in a file have come, for whoever may see the claim: prepared, sent, stopped or in doubt, by id."""
    rows = [row for row in claims.by_ids(unit, claim_ids) if row["exchange_id"]]
    sent = exchanges.standing(unit, sorted({row["exchange_id"] for row in rows}))
    states = {row["id"]: str(sent[row["exchange_id"]]["state"]) for row in rows if row["exchange_id"] in sent}
    return {claim_id: _ON_ITS_WAY.get(state, "sent") for claim_id, state in states.items()}


def _view(row: Row, lines: Sequence[Row], standing: Mapping[str, LineMoney], exchange: Row | None) -> ClaimView:
    total = no_money(row["currency"])
    for line in lines:
        total += standing.get(line["id"], no_money(row["currency"]))
    names = ("ref", "country", "payer", "payer_code", "period", "case_ref", "invoice_number", "kind", "currency")
    return ClaimView(
        **{name: row[name] for name in names},
        provider=row["provider_code"],
        claimant=row["claimant_code"],
        hold=row["hold_code"],
        transport=_transport(row, exchange),
        decision=_decision(line["verdict"] for line in lines),
        money=total,
        reply_due=exchange["reply_due"] if exchange else None,
        was_sent=bool(exchange and exchange["sent_at"]),
    )


def _transport(row: Row, exchange: Row | None) -> str:
    if exchange is not None:
        return str(exchange["state"])
    if row["hold_code"] == "WITHDRAWN":
        return "withdrawn"
    return "held" if row["hold_code"] else "ready"


def _decision(verdicts: Iterable[str]) -> str:
    found = set(verdicts)
    return found.pop() if len(found) == 1 else "mixed"


def totals(views: Sequence[ClaimView]) -> dict[str, LineMoney]:
    """The money of claims added up per currency; never across."""
    found: dict[str, LineMoney] = {}
    for view in views:
        found[view.currency] = found.get(view.currency, no_money(view.currency)) + view.money
    return found


def money_json(unit: Unit, views: Sequence[ClaimView], currency: str) -> dict[str, int]:
    """The money table of one currency in minor units: both equations, and the bank side of the second."""
    lines = totals(views).get(currency, no_money(currency))
    paid = [each for each in payment_money(money.postings(unit)).values() if each.booked.currency == currency]
    body = {f"{name}_minor": getattr(lines, name).minor for name in AMOUNTS}
    body["booked_minor"] = sum(each.booked.minor for each in paid)
    body["allocated_minor"] = sum(each.allocated.minor for each in paid)
    body["unallocated_minor"] = sum(each.unallocated.minor for each in paid)
    body["returned_minor"] = sum(each.returned.minor for each in paid)
    body["no_claim_minor"] = sum(each.no_claim.minor for each in paid)
    return body


def conservation(unit: Unit) -> list[Finding]:
    """Both equations, recomputed: the journal against itself, the bank, and decisions with allocations."""
    postings = money.postings(unit)
    booked = {row["id"]: _counts(row, payment.amount) for row, payment in money.payments(unit)}
    return check(postings, booked, _expected(unit))


def _counts(row: Row, amount: Money) -> Money:
    """What a booking is worth: nothing where a person said that it is another one told again."""
    return Money(0, amount.currency) if row["matched"] == "same" else amount


def _expected(unit: Unit) -> dict[str, LineMoney]:
    """Each line's money from its decision in force and its allocations, without looking at the journal."""
    lines = unit.rows(unit.mine(schema.claim_line))
    decisions: dict[str, list[Row]] = {}
    for row in money.decisions(unit):
        decisions.setdefault(row["claim_line_id"], []).append(row)
    allocated: dict[str, list[Row]] = {}
    for row in money.allocations(unit):
        allocated.setdefault(row["claim_line_id"], []).append(row)
    lost = Counter[str]()
    for row in resolutions.of_kind(unit, "write_off"):
        lost[row["claim_line_id"]] += row["amount_minor"]
    return {
        id_: _expected_line(line, decisions.get(id_, ()), allocated.get(id_, ()), lost[id_])
        for id_, line in ((line["id"], line) for line in lines)
    }


def _expected_line(line: Row, decisions: Sequence[Row], allocated: Sequence[Row], lost: int) -> LineMoney:
    currency = line["currency"]
    claimed = Money(line["amount_minor"], currency)
    payers = [row for row in decisions if not row["source"].startswith(("payment:", TAKES_BACK))]
    by_payment = [row for row in decisions if row["source"].startswith("payment:")]
    undone = any(row["source"].startswith(TAKES_BACK) for row in decisions)
    mirrored = Decision(verdict=Verdict.REFUSED, granted=Money(0, currency)) if undone else None
    return expected_money(
        claimed,
        _stored_decision(payers[-1], currency) if payers else mirrored,
        granted_by_payment=Money(by_payment[-1]["granted_minor"], currency) if by_payment else None,
        received=Money(sum(row["amount_minor"] for row in allocated), currency),
        netted=Money(sum(row["netted_minor"] for row in allocated), currency),
        written_off=Money(lost, currency),
        withdrawn=claimed if line["withdrawn"] else None,
    )


def _stored_decision(row: Row, currency: str) -> Decision:
    return Decision(
        verdict=Verdict(row["verdict"]),
        granted=Money(row["granted_minor"], currency),
        patient=Money(row["patient_minor"], currency),
    )
