"""When a payer will probably pay: the median of days between sending and booking, from this tenant's own history.

No payer promises a day, so that nothing but the past is said; without a past nothing is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median_high
from typing import Any

from sqlalchemy import BigInteger, case, func, select
from sqlalchemy.sql.functions import coalesce

from hub.pipeline.context import ZONES, Hub
from hub.store import schema
from hub.store.unit import Row, Unit

_MEMORY = timedelta(days=730)
_OWED = ("open", "presumed_ok", "granted", "changed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Prognosis:
    """What a payer still owes for files that arrived, and when the oldest of them is probably paid."""

    payer: str
    currency: str
    outstanding_minor: int
    files: int
    oldest_sent: date
    median_days: int | None
    payments: int

    @property
    def expected_on(self) -> date | None:
        """The day the oldest file is probably paid; None without a history."""
        return None if self.median_days is None else self.oldest_sent + timedelta(days=self.median_days)

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        names = ("payer", "currency", "outstanding_minor", "files", "oldest_sent", "median_days", "payments")
        return {name: getattr(self, name) for name in names} | {"expected_on": self.expected_on}


def prognosis(hub: Hub, unit: Unit) -> list[Prognosis]:
    """For every payer that owes something: most money first."""
    days = payment_days(unit)
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in _unpaid(unit):
        groups.setdefault((row["payer"], row["currency"]), []).append(row)
    found = []
    for (payer, currency), rows in groups.items():
        partner = hub.registry.partners.get(payer)
        zone = ZONES.get(partner.country if partner else "NL", ZONES["NL"])
        found.append(
            Prognosis(
                payer=payer,
                currency=currency,
                outstanding_minor=sum(row["owed"] for row in rows),
                files=len(rows),
                oldest_sent=min(row["sent_at"] for row in rows).astimezone(zone).date(),
                median_days=median_high(days[payer]) if days.get(payer) else None,
                payments=len(days.get(payer, ())),
            )
        )
    return sorted(found, key=lambda each: (-each.outstanding_minor, each.payer))


def payment_days(unit: Unit) -> dict[str, list[int]]:
    """By payer, how many days each payment came after the file it pays for (each pair of file and payment once)."""
    claim, line, exchange = schema.claim, schema.claim_line, schema.exchange
    allocation, payment = schema.allocation, schema.payment
    statement = (
        select(claim.c.payer, exchange.c.id, payment.c.id.label("payment_id"), exchange.c.sent_at, payment.c.booked)
        .select_from(allocation)
        .join(payment, payment.c.id == allocation.c.payment_id)
        .join(line, line.c.id == allocation.c.claim_line_id)
        .join(claim, claim.c.id == line.c.claim_id)
        .join(exchange, exchange.c.id == claim.c.exchange_id)
        .where(
            allocation.c.tenant_id == unit.tenant,
            allocation.c.amount_minor > 0,
            payment.c.booked.is_not(None),
            exchange.c.sent_at >= unit.now - _MEMORY,
        )
        .distinct()
    )
    found: dict[str, list[int]] = {}
    for row in unit.rows(statement):
        days = (row["booked"] - row["sent_at"].date()).days
        if days >= 0:
            found.setdefault(row["payer"], []).append(days)
    return found


def _unpaid(unit: Unit) -> list[Row]:
    """What arrived and no payment has touched yet, by file: granted where decided, else claimed."""
    claim, line, exchange, allocation = schema.claim, schema.claim_line, schema.exchange, schema.allocation
    decided = line.c.verdict.in_(("granted", "changed"))
    owed = case((decided, line.c.granted_minor), else_=line.c.amount_minor)
    paid = select(allocation.c.id).where(allocation.c.tenant_id == unit.tenant, allocation.c.claim_line_id == line.c.id)
    statement = (
        select(
            claim.c.payer,
            claim.c.currency,
            exchange.c.id,
            exchange.c.sent_at,
            coalesce(func.sum(owed).cast(BigInteger), 0).label("owed"),
        )
        .select_from(line)
        .join(claim, claim.c.id == line.c.claim_id)
        .join(exchange, exchange.c.id == claim.c.exchange_id)
        .where(
            line.c.tenant_id == unit.tenant,
            claim.c.kind == "debit",
            claim.c.hold_code == "",
            exchange.c.state.in_(("sent", "delivered")),
            exchange.c.sent_at.is_not(None),
            line.c.verdict.in_(_OWED),
            line.c.withdrawn.is_(False),
            ~paid.exists(),
        )
        .group_by(claim.c.payer, claim.c.currency, exchange.c.id, exchange.c.sent_at)
    )
    return [row for row in unit.rows(statement) if row["owed"]]
