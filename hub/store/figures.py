"""What charts are made of: messages by week, open money by age, what payers grant; kept once made, with the moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, case, func, select

from hub.store import schema
from hub.store.unit import Row, Unit

_BALANCES = ("open", "due")
"""Accounts of the journal whose balance is money that is still to come (`hub.ledger.accounts`)."""


def kept(unit: Unit, name: str) -> Row | None:
    """A figure as it was made last, if ever."""
    return unit.one(unit.mine(schema.figure, schema.figure.c.name == name))


def keep(unit: Unit, name: str, body: Mapping[str, Any]) -> None:
    """Keep a figure in the place of the one before."""
    table = schema.figure
    where = (table.c.tenant_id == unit.tenant, table.c.name == name)
    changed = unit.connection.execute(table.update().where(*where).values(body=dict(body), made_at=unit.now))
    if changed.rowcount == 0:
        unit.insert(table, [{"name": name, "body": dict(body), "made_at": unit.now}])


def messages_between(unit: Unit, begin: datetime, end: datetime) -> tuple[int, int, int]:
    """How many messages were made in a time, how many of them arrived, how many of them were answered."""
    table = schema.exchange
    arrived = func.sum(case((table.c.state.in_(("sent", "delivered")), 1), else_=0)).cast(BigInteger)
    statement = select(func.count(), arrived, func.count(table.c.answered_at)).where(
        table.c.tenant_id == unit.tenant, table.c.prepared_at >= begin, table.c.prepared_at < end
    )
    made, there, answered = unit.connection.execute(statement).one()
    return int(made), int(there or 0), int(answered)


def open_money(unit: Unit, ages: Sequence[datetime]) -> list[Row]:
    """What is undecided or unpaid by the journal, by currency, account and how old its claim is.

    `ages` are moments, newest first; `age` is the place of the first that the claim is younger than, else their number.
    """
    posting, claim = schema.posting, schema.claim
    age = case(*((claim.c.created_at >= moment, place) for place, moment in enumerate(ages)), else_=len(ages))
    sums = []
    for account in _BALANCES:
        signed = case(
            (posting.c.debit == account, posting.c.amount_minor),
            (posting.c.credit == account, -posting.c.amount_minor),
            else_=0,
        )
        sums.append(func.sum(signed).cast(BigInteger).label(account))
    statement = (
        select(posting.c.currency, age.label("age"), *sums)
        .join(claim, claim.c.id == posting.c.claim_id)  # ids alone: told the tenant too, SQLite looks through all of it
        .where(posting.c.tenant_id == unit.tenant)
        .group_by(posting.c.currency, age)
    )
    return unit.rows(statement)


def granted(unit: Unit, since: datetime) -> list[Row]:
    """By payer and currency: how many lines were decided since, what they asked for, and what was granted."""
    line, claim = schema.claim_line, schema.claim
    statement = (
        select(
            claim.c.payer,
            claim.c.payer_name,
            claim.c.currency,
            func.count().label("lines"),
            func.sum(line.c.amount_minor).cast(BigInteger).label("asked"),
            func.sum(line.c.granted_minor).cast(BigInteger).label("granted"),
        )
        .join(claim, claim.c.id == line.c.claim_id)
        .where(
            line.c.tenant_id == unit.tenant,
            line.c.decided_at >= since,
            line.c.verdict.in_(("granted", "changed", "refused")),
            claim.c.kind == "debit",
        )
        .group_by(claim.c.payer, claim.c.payer_name, claim.c.currency)
    )
    return unit.rows(statement)
