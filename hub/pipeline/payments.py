"""Bank files become stored payments: each booking once, held files never, money on the journal as unallocated."""

from __future__ import annotations

from uuid import UUID, uuid5

from hub.ledger.entry import PaymentFacts
from hub.ledger.postings import payment_booked
from hub.matching.duplicates import Booking, fingerprints, new_payments
from hub.model.payment import BookingState, Statement
from hub.pipeline import own_accounts, payout_news
from hub.pipeline.cases import About, raise_case
from hub.pipeline.context import Hub
from hub.store import inbounds, money, schema
from hub.store.money import NewPayment
from hub.store.unit import Row, Unit

_SPACE = UUID("0b6a3a54-8f1a-5a53-9c1f-0c6a3a1de001")


def book(hub: Hub, unit: Unit, inbound: Row, statement: Statement) -> str:
    """Store what a statement adds; a booking seen before, in this or another file, counts once (S15)."""
    seen = money.counters(unit, fingerprints(statement.payments))
    added = new_payments(seen, statement.payments, kind=statement.format)
    country = next((row["country"] for row in hub.store.tenants() if row["id"] == unit.tenant), "")
    for booking in added.new:
        _store(unit, inbound, booking, country)
    own_accounts.watch(unit, inbound, (booking.payment for booking in added.new))
    money.set_counters(unit, added.counts)
    if any(payment.state is BookingState.HELD for payment in statement.payments):
        _held(unit, inbound, statement)
    _note(unit, inbound, statement, repeated=len(added.repeated))
    if added.repeated and not added.new:
        return inbounds.DUPLICATE
    return inbounds.PROCESSED


def _store(unit: Unit, inbound: Row, booking: Booking, country: str) -> None:
    payment_id = str(uuid5(_SPACE, f"{unit.tenant}|{booking.payment.id}"))
    payment = booking.payment._replace(id=booking.bank_id)
    money.add_payment(
        unit,
        NewPayment(
            id=payment_id,
            payment=payment,
            fingerprint=booking.fingerprint,
            occurrence=booking.occurrence,
            country=country,
            inbound_id=inbound["id"],
        ),
    )
    facts = PaymentFacts(tenant=unit.tenant, id=payment_id, amount=payment.amount, payee=payment.account)
    money.post(unit, payment_booked(facts, at=unit.now, source=f"inbound:{inbound['id']}"))
    payout_news.booked(unit, payment_id, payment)


def _held(unit: Unit, inbound: Row, statement: Statement) -> None:
    values = {"source": inbound["meta"]["name"] or statement.id}
    about = About(inbound_id=inbound["id"])
    raise_case(unit, "HELD_FILE", values, key=f"held-file:{inbound['id']}", about=about, reopen=True)


def _note(unit: Unit, inbound: Row, statement: Statement, *, repeated: int) -> None:
    findings = [finding.as_json() for finding in statement.findings]
    before = inbounds.get(unit, inbound["id"])["findings"]
    unit.update(schema.inbound, inbound["id"], findings=[*before, *findings])
    if repeated:
        unit.update(schema.inbound, inbound["id"], note=f"{repeated} booked before")
