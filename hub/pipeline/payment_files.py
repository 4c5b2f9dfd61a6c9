"""A bank file before it is received: what it is, what it adds up to, what is odd about it, and what is new in it.

Looking stores nothing. Receiving it then goes the way of every file (`hub.pipeline.receive`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.errors import ContentError
from hub.matching.book import bank_account
from hub.matching.duplicates import fingerprints, new_payments
from hub.model.payment import BookingState, Statement
from hub.store import accounts, money, parties
from hub.store.unit import Unit
from schemas import banking
from schemas.banking.status import read_status, recognise_status


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What a bank file is: its format, bookings by state, sums of what is booked by currency, and findings."""

    format: str
    statements: int = 0
    states: Mapping[str, int]
    sums: Sequence[tuple[str, int, int]] = ()
    """Currency, what came in, what went out."""
    new: int = 0
    known: int = 0
    findings: Sequence[Mapping[str, Any]] = ()
    sample: Sequence[Mapping[str, Any]] = ()


def look(unit: Unit, data: bytes, language: str, *, within: Collection[str] | None = None, rows: int = 20) -> Looked:
    """Read a file to its end; FormatError when it is none of ours, ContentError for other people's accounts."""
    if recognise_status(data):
        said = list(read_status(data))
        return Looked(format="pain.002", states=dict(Counter(each.status for each in said)))
    found = list(banking.read(data))
    if within is not None:
        _own(unit, found, within)
    payments = [payment for each in found for payment in each.payments]
    new, known = _news(unit, found)
    return Looked(
        format=found[0].format if found else banking.recognise(data) or "",
        statements=len(found),
        states=dict(Counter(payment.state.value for payment in payments)),
        sums=_sums(found),
        new=new,
        known=known,
        findings=[finding.as_json(language) for each in found for finding in each.findings],
        sample=[
            {"booked": one.booked, "minor": one.amount.minor, "currency": one.amount.currency, "state": one.state.value}
            | {"reference": one.reference}
            for one in payments[:rows]
        ],
    )


def _news(unit: Unit, found: Sequence[Statement]) -> tuple[int, int]:
    """How many bookings are new, and how many were told before, in this file or an earlier one."""
    new = known = 0
    seen: dict[str, int] = {}
    for each in found:
        seen = money.counters(unit, fingerprints(each.payments)) | seen
        added = new_payments(seen, each.payments, kind=each.format)
        seen |= added.counts
        new += len(added.new)
        known += len(added.repeated)
    return new, known


def _sums(found: Sequence[Statement]) -> list[tuple[str, int, int]]:
    sums: dict[str, list[int]] = {}
    for each in found:
        for payment in each.payments:
            if payment.state is BookingState.BOOKED:
                pair = sums.setdefault(payment.amount.currency, [0, 0])
                pair[payment.amount.minor < 0] += abs(payment.amount.minor)
    return [(currency, came, went) for currency, (came, went) in sorted(sums.items())]


def _own(unit: Unit, found: Sequence[Statement], within: Collection[str]) -> None:
    """Who works for some organisations brings in the bookings of their accounts only."""
    mine = [one.party for one in parties.organisations(unit) if one.code in within]
    ours = {bank_account(party.account) for party in mine if party.account}
    ours |= {bank_account(account) for account, code in accounts.former(unit).items() if code in within}
    if any(bank_account(payment.account) not in ours for each in found for payment in each.payments):
        raise ContentError("this file has bookings of an account that is not yours")
