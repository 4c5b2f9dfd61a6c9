"""The quarter at a glance: per practice and module the papers, the list, and where its money stands."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, or_, select

from hub.ledger.accounts import Account, Posting
from hub.ledger.balances import LineMoney, line_money
from hub.model.money import Money
from hub.model.quarter import Quarter, quarter
from hub.pipeline.context import ZONES
from hub.store import expectations, schema
from hub.store.unit import Row, Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardRow:
    """One practice in one module: in it or not, with which papers, its list, its money (None: nothing claimed yet)."""

    practice: str
    name: str
    module: str
    taking_part: bool
    agreement: date | None
    consent: date | None
    withdrawn: date | None
    list_came: datetime | None
    money: LineMoney | None
    before: LineMoney | None
    paid_out: Mapping[str, int]

    @property
    def change_minor(self) -> int | None:
        """Claimed this quarter less claimed the quarter before; None where there is nothing to compare."""
        if self.money is None or self.before is None:
            return None
        return self.money.claimed.minor - self.before.claimed.minor

    @property
    def papers_in_order(self) -> bool:
        """Whether its claims may go out."""
        return self.agreement is not None and self.consent is not None and self.withdrawn is None


def board(unit: Unit, period: Quarter, country: str) -> list[BoardRow]:
    """Every practice with every module it ever took part in, by code."""
    rows, came = expectations.participations(unit), expectations.received(unit)
    now, then = _money(unit, str(period)), _money(unit, str(period.plus(-1)))
    paid, names = _paid_out(unit, period, country), _names(unit)
    return [_row(row, period, came, now, then, paid, names) for row in rows]


def _row(
    row: Row,
    period: Quarter,
    came: Mapping[tuple[str, str, str], datetime],
    now: Mapping[tuple[str, str], LineMoney],
    then: Mapping[tuple[str, str], LineMoney],
    paid: Mapping[str, Mapping[str, int]],
    names: Mapping[str, str],
) -> BoardRow:
    key = (row["code"], row["module"])
    first, last = quarter(row["first_quarter"]), row["left_after"]
    inside = str(first) <= str(period) and (not last or str(period) <= str(quarter(last)))
    return BoardRow(
        practice=row["code"],
        name=names.get(row["code"], ""),
        module=row["module"],
        taking_part=inside,
        agreement=row["agreement_date"],
        consent=row["consent_date"],
        withdrawn=row["consent_withdrawn"],
        list_came=came.get((row["organisation_id"], row["module"], str(period))),
        money=now.get(key),
        before=then.get(key),
        paid_out=paid.get(row["code"], {}),
    )


def _names(unit: Unit) -> dict[str, str]:
    table = schema.organisation
    statement = select(table.c.code, table.c.name).where(table.c.tenant_id == unit.tenant)
    return {row["code"]: row["name"] for row in unit.rows(statement)}


def _money(unit: Unit, period: str) -> dict[tuple[str, str], LineMoney]:
    """Where the money of a quarter's claims stands, summed by the database and added up by the ledger's own rules."""
    claim, posting = schema.claim, schema.posting
    group = (claim.c.provider_code, claim.c.module, posting.c.debit, posting.c.credit, posting.c.currency)
    statement = (
        select(*group, func.sum(posting.c.amount_minor).label("minor"))
        .join(claim, claim.c.id == posting.c.claim_id)
        .where(posting.c.tenant_id == unit.tenant, claim.c.tenant_id == unit.tenant, claim.c.period == period)
        .group_by(*group)
    )
    sums = line_money(_summed(unit, row) for row in unit.rows(statement))
    return {(key.split("|")[0], key.split("|")[1]): value for key, value in sums.items()}


def _summed(unit: Unit, row: Row) -> Posting:
    return Posting(
        id="",
        key="",
        tenant=unit.tenant,
        at=unit.now,
        debit=Account(row["debit"]),
        credit=Account(row["credit"]),
        amount=Money(int(row["minor"]), row["currency"]),
        claim_line_id=f"{row['provider_code']}|{row['module']}|{row['currency']}",
    )


def _paid_out(unit: Unit, period: Quarter, country: str) -> dict[str, dict[str, int]]:
    """What each practice was paid by what left in this quarter, per currency: what the bank booked less what came back.

    That is the journal's to say: the bank may book another amount than was ordered, twice, or back.
    """
    table, zone = schema.payout, ZONES[country]
    rows = unit.rows(unit.mine(table, table.c.settled_at.is_not(None)))
    inside = {row["id"]: row for row in rows if _within(period, row["settled_at"].astimezone(zone).date())}
    found: dict[str, dict[str, int]] = {}
    for key, minor in _paid(unit) if inside else ():
        row = inside.get(key)
        if row is not None:
            sums = found.setdefault(row["practice"], {})
            sums[row["currency"]] = sums.get(row["currency"], 0) + minor
    return {code: {name: minor for name, minor in sums.items() if minor} for code, sums in found.items()}


def _within(period: Quarter, day: date) -> bool:
    return period.first_day <= day <= period.last_day


def _paid(unit: Unit) -> list[tuple[str, int]]:
    """What the journal has as paid out, row by row: of which pay-out, and how much (less than nothing: back)."""
    table, out = schema.posting, Account.PAID_OUT.value
    rows = unit.rows(unit.mine(table, or_(table.c.debit == out, table.c.credit == out)))
    return [
        (re.split("[:#]", row["key"])[1], row["amount_minor"] if row["debit"] == out else -row["amount_minor"])
        for row in rows
    ]
