"""Money as stored: the journal (append-only), bank payments, allocations, decisions."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hub.ledger.accounts import Account, Posting
from hub.ledger.postings import fresh
from hub.model.money import Money
from hub.model.payment import BookingState, PaidDocument, Payment, ReferenceKind
from hub.store import schema
from hub.store.unit import Row, Unit, new_id

_BATCH = 500


def post(unit: Unit, postings: Iterable[Posting]) -> int:
    """Write journal rows whose group does not stand yet; gives how many were new."""
    rows = list(postings)
    table = schema.posting
    keys = [row.key for row in rows]
    known: set[str] = set()
    for start in range(0, len(keys), _BATCH):
        part = unit.rows(unit.mine(table, table.c.key.in_(keys[start : start + _BATCH])))
        known |= {row["key"] for row in part}
    new = fresh(known, rows)
    unit.insert(table, [posting_row(row) for row in new])
    return len(new)


def posting_row(posting: Posting) -> Row:
    """A journal row as it is stored."""
    return {
        "id": new_id(),
        "key": posting.key,
        "at": posting.at,
        "debit": posting.debit.value,
        "credit": posting.credit.value,
        "amount_minor": posting.amount.minor,
        "currency": posting.amount.currency,
        "claim_id": posting.claim_id,
        "claim_line_id": posting.claim_line_id,
        "payment_id": posting.payment_id,
        "practice": posting.practice,
        "payee": posting.payee,
        "payer": posting.payer,
        "reason": posting.reason,
        "source": posting.source,
    }


def postings(
    unit: Unit,
    *,
    line_ids: Sequence[str] | None = None,
    payment_id: str = "",
    payment_ids: Sequence[str] | None = None,
    group: str = "",
) -> list[Posting]:
    """Journal rows in order: all, those of some lines, of one payment or some, or of the groups that begin so."""
    table = schema.posting
    if group:
        rows = unit.rows(unit.mine(table, table.c.key.startswith(group, autoescape=True)).order_by(table.c.at))
    elif payment_id:
        rows = unit.rows(unit.mine(table, table.c.payment_id == payment_id).order_by(table.c.at, table.c.key))
    elif payment_ids is not None and not payment_ids:
        return []
    elif payment_ids is not None:
        where = table.c.payment_id.in_(payment_ids)
        rows = unit.rows(unit.mine(table, where).order_by(table.c.at, table.c.key))
    elif line_ids is None:
        rows = unit.rows(unit.mine(table).order_by(table.c.at, table.c.key))
    else:
        rows = []
        for start in range(0, len(line_ids), _BATCH):
            part = line_ids[start : start + _BATCH]
            where = table.c.claim_line_id.in_(part)
            rows += unit.rows(unit.mine(table, where).order_by(table.c.at, table.c.key))
    return [_posting(unit, row) for row in rows]


def _posting(unit: Unit, row: Row) -> Posting:
    names = ("id", "key", "at", "claim_line_id", "claim_id", "payment_id", "practice", "payee", "payer", "reason")
    return Posting(
        **{name: row[name] for name in names},
        tenant=unit.tenant,
        debit=Account(row["debit"]),
        credit=Account(row["credit"]),
        amount=Money(row["amount_minor"], row["currency"]),
        source=row["source"],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPayment:
    """A booking to store: its fingerprint with occurrence is what makes it unique."""

    id: str
    payment: Payment
    fingerprint: str
    occurrence: int
    country: str
    inbound_id: str


def add_payment(unit: Unit, new: NewPayment) -> None:
    """Store one booking; text and payer's name are sealed, because a payer may be a person."""
    payment = new.payment
    personal = {
        "id": payment.id,
        "text": payment.text,
        "payer_name": payment.payer_name,
        "end_to_end": payment.end_to_end,
        "position": payment.position,
        "source": payment.source,
        "reversal": payment.reversal,
        "reference_kind": payment.reference_kind.value if payment.reference_kind else "",
        "documents": [[each.reference, each.kind, each.amount.minor] for each in payment.documents],
    }
    row: Row = {
        "id": new.id,
        "inbound_id": new.inbound_id,
        "fingerprint": new.fingerprint,
        "occurrence": new.occurrence,
        "country": new.country,
        "account": payment.account,
        "booked": payment.booked,
        "amount_minor": payment.amount.minor,
        "currency": payment.amount.currency,
        "state": payment.state.value,
        "reference": payment.reference,
        "payer_account": payment.payer_account,
        "sealed": unit.seal_shared(json.dumps(personal).encode(), f"payment:{new.id}"),
        "matched": "new",
        "tier": "",
        "evidence": {},
    }
    unit.insert(schema.payment, [row])


def payments(unit: Unit, *where: Any) -> list[tuple[Row, Payment]]:
    """Stored bookings with their rows, by day."""
    table = schema.payment
    rows = unit.rows(unit.mine(table, *where).order_by(table.c.booked, table.c.id))
    return [(row, payment_of(unit, row)) for row in rows]


def _personal(unit: Unit, row: Row) -> dict[str, Any]:
    """What is sealed of a booking; nothing of it is left once its retention is over."""
    if not row["sealed"]:
        gone = dict.fromkeys(("id", "text", "payer_name", "end_to_end", "position", "source", "reference_kind"), "")
        return gone | {"documents": [], "reversal": False}
    body: dict[str, Any] = json.loads(unit.unseal_shared(row["sealed"], f"payment:{row['id']}"))
    return body


def payment_of(unit: Unit, row: Row) -> Payment:
    """A stored booking as it came, from its row."""
    body = _personal(unit, row)
    currency = row["currency"]
    return Payment(
        id=body["id"],
        account=row["account"],
        booked=row["booked"],
        amount=Money(row["amount_minor"], currency),
        state=BookingState(row["state"]),
        reference=row["reference"],
        reference_kind=ReferenceKind(body["reference_kind"]) if body["reference_kind"] else None,
        documents=tuple(
            PaidDocument(reference=reference, kind=kind, amount=Money(minor, currency))
            for reference, kind, minor in body["documents"]
        ),
        end_to_end=body["end_to_end"],
        text=body["text"],
        payer_account=row["payer_account"],
        payer_name=body["payer_name"],
        reversal=body["reversal"],
        position=body["position"],
        source=body["source"],
    )


def counters(unit: Unit, prefixes: Iterable[str]) -> dict[str, int]:
    """The stored counters of bookings whose keys begin with one of these fingerprints."""
    table = schema.booking_counter
    found: dict[str, int] = {}
    for prefix in prefixes:
        found |= {row["key"]: row["count"] for row in unit.rows(unit.mine(table, table.c.key.like(f"{prefix}%")))}
    return found


def set_counters(unit: Unit, counts: Mapping[str, int]) -> None:
    """Store counters; they only grow."""
    table = schema.booking_counter
    for key, count in counts.items():
        where = (table.c.tenant_id == unit.tenant, table.c.key == key)
        if unit.connection.execute(table.update().where(*where).values(count=count)).rowcount == 0:
            unit.insert(table, [{"key": key, "count": count}])


def mark_payment(unit: Unit, payment_id: str, matched: str, tier: str, evidence: Mapping[str, Any]) -> None:
    """Record what became of a payment: `posted`, `review` or `ignored` by itself, `by_hand`, `same` or `reversed`."""
    unit.update(schema.payment, payment_id, matched=matched, tier=tier, evidence=dict(evidence))


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAllocation:
    """Part of a payment on one line, and what was netted there with it."""

    payment_id: str
    claim_line_id: str
    amount: Money
    netted: Money
    tier: str
    by: str


def add_allocations(unit: Unit, new: Sequence[NewAllocation]) -> None:
    """Store allocations; one that takes another back, or a later one on the same line, gets the next number."""
    before = Counter((row["payment_id"], row["claim_line_id"]) for row in _allocations_of(unit, new))
    rows = []
    for each in new:
        before[each.payment_id, each.claim_line_id] += 1
        number = before[each.payment_id, each.claim_line_id]
        rows.append(_allocation_row(unit, each, number))
    unit.insert(schema.allocation, rows)


def _allocations_of(unit: Unit, new: Sequence[NewAllocation]) -> list[Row]:
    table = schema.allocation
    return unit.rows(unit.mine(table, table.c.payment_id.in_({each.payment_id for each in new})))


def _allocation_row(unit: Unit, each: NewAllocation, number: int) -> Row:
    return {
        "id": new_id(),
        "payment_id": each.payment_id,
        "claim_line_id": each.claim_line_id,
        "amount_minor": each.amount.minor,
        "netted_minor": each.netted.minor,
        "tier": each.tier,
        "by": each.by[:60],
        "at": unit.now,
        "number": number,
    }


def allocations(unit: Unit, payment_id: str = "") -> list[Row]:
    """Every allocation, or those of one payment, in order."""
    table = schema.allocation
    where = [table.c.payment_id == payment_id] if payment_id else []
    return unit.rows(unit.mine(table, *where).order_by(table.c.at, table.c.number, table.c.id))


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDecision:
    """A payer's verdict on one line, as applied. `source` names the message it came from."""

    claim_line_id: str
    verdict: str
    granted: Money
    patient: Money
    source: str
    codes: Sequence[Mapping[str, str]] = field(default_factory=tuple)
    text: str = ""
    payer_ref: str = ""
    inbound_id: str | None = None


def add_decision(unit: Unit, new: NewDecision) -> bool:
    """Store a verdict and set it on its line; False when this source has judged this line before."""
    table = schema.decision
    before = unit.rows(unit.mine(table, table.c.claim_line_id == new.claim_line_id))
    if any(row["source"] == new.source for row in before):
        return False
    row: Row = {
        "id": new_id(),
        "inbound_id": new.inbound_id,
        "claim_line_id": new.claim_line_id,
        "number": len(before) + 1,
        "verdict": new.verdict,
        "granted_minor": new.granted.minor,
        "patient_minor": new.patient.minor,
        "codes": [dict(code) for code in new.codes],
        "text": new.text,
        "payer_ref": new.payer_ref,
        "source": new.source,
        "at": unit.now,
    }
    unit.insert(table, [row])
    unit.update(
        schema.claim_line,
        new.claim_line_id,
        verdict=new.verdict,
        granted_minor=new.granted.minor,
        patient_minor=new.patient.minor,
        decided_at=unit.now,
    )
    return True


def decisions(unit: Unit, line_ids: Sequence[str] | None = None) -> list[Row]:
    """Verdicts by line, those of one line in the order they came (moments may be equal): all, or of some lines."""
    table = schema.decision
    where = [] if line_ids is None else [table.c.claim_line_id.in_(list(line_ids))]
    return unit.rows(unit.mine(table, *where).order_by(table.c.claim_line_id, table.c.number))
