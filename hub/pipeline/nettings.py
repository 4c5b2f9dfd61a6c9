"""A payer's specification that adds up to nothing or less: no booking comes, and what was set off is set off.

It gets an entry of nothing, a booking of no money that no bank made, so that what it nets can be seen, undone and
decided by a person like any other. Where the payer nets more than it pays, as much is netted as there is to net
with, in the order of the lines; the rest stays owed to the payer and comes with a later specification: payers carry it
over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID, uuid5

from hub.matching.items import OpenItem
from hub.matching.specifications import Explained, explain
from hub.model.money import Money
from hub.model.payment import BookingState, Payment
from hub.model.specification import PayerSpecification, SpecifiedLine
from hub.pipeline.context import Hub
from hub.store import money
from hub.store.money import NewPayment
from hub.store.unit import Row, Unit

_SPACE = UUID("0d1d1c1e-3a8b-5f5e-8a44-6b1a5d0c7e20")


def entry_id(spec: Row) -> str:
    """The entry of nothing of a specification."""
    return _id(spec["id"])


def _id(specification_id: str) -> str:
    return str(uuid5(_SPACE, specification_id))


def book(hub: Hub, unit: Unit, specification_id: str, inbound_id: str, told: PayerSpecification) -> None:
    """Make the entry; as it is no money it has no row in the journal."""
    country = next((row["country"] for row in hub.store.tenants() if row["id"] == unit.tenant), "")
    payment = Payment(
        id="",
        account="",
        booked=hub.today(country or "NL"),
        amount=Money(0, told.currency),
        state=BookingState.BOOKED,
        text=told.name,
        source="specification",
    )
    new = NewPayment(
        id=_id(specification_id),
        payment=payment,
        fingerprint=f"specification:{specification_id}",
        occurrence=1,
        country=country,
        inbound_id=inbound_id,
    )
    money.add_payment(unit, new)


def explained(
    told: PayerSpecification, items: Sequence[OpenItem], amount: Money, reasons: Sequence[tuple[str, str]]
) -> Explained:
    """A specification taken apart over the payer's claims: against its booking, or netted where it has none."""
    if told.total.minor > 0:
        return explain(told, items, amount, reasons)
    whole = replace(told, lines=tuple(_as_netting(line) for line in told.lines))
    found = explain(whole, items, whole.total, reasons)
    return found if found.differences else explain(_covered(whole), items, Money(0, told.currency), reasons)


def _as_netting(line: SpecifiedLine) -> SpecifiedLine:
    """A credit that stands among what is paid is netted like one that stands beside it."""
    if line.amount.minor >= 0 or line.netting:
        return line
    own, theirs = line.own_reference, line.payer_reference
    nothing = Money(0, line.amount.currency)
    return replace(line, amount=nothing, netting=line.amount, netted_own_reference=own, netted_payer_reference=theirs)


def _covered(told: PayerSpecification) -> PayerSpecification:
    """As much of the nettings, in their order, as there is to net with."""
    left = sum(line.amount.minor for line in told.lines)
    lines = []
    for line in told.lines:
        part = max(line.netting.minor, -left)
        left += part
        lines.append(replace(line, netting=Money(part, told.currency)))
    return replace(told, lines=tuple(lines))


def carried_over(told: PayerSpecification) -> Money:
    """What the payer could not net and carries over, as a negative amount."""
    return told.total if told.total.minor < 0 else Money(0, told.currency)
