"""The journal for bookkeeping: exported per period, numbered, each row once, and the same bytes whenever asked again.

The account map says which account of the bookkeeping each of the journal's own is; `account-map.csv` in the hub's
folder (`account;code;name`) replaces the shipped one line by line.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from types import MappingProxyType

from hub.errors import ConfigurationError
from hub.ledger.accounts import Account, Posting
from hub.model.quarter import quarter
from hub.pipeline.context import ZONES, Actor, Hub
from hub.store import access, bookkeeping, money
from hub.store.bookkeeping import NewExport
from hub.store.unit import Row, Unit
from mappings import tables
from mappings.tables import Cell

MAP_FILE = "account-map.csv"
_A = Account
DEFAULT_MAP: Mapping[Account, tuple[str, str]] = MappingProxyType(
    {
        _A.BANK: ("1100", "Bank"),
        _A.IN_TRANSIT: ("1150", "Payments in transit"),
        _A.OPEN: ("1300", "Claims not decided"),
        _A.DUE: ("1310", "Receivable from payers"),
        _A.PATIENT: ("1320", "Receivable from patients"),
        _A.NETTED: ("1390", "Netting with payers"),
        _A.UNALLOCATED: ("2300", "Receipts not allocated"),
        _A.RETURNED: ("2310", "Receipts returned"),
        _A.NO_CLAIM: ("2320", "Receipts without a claim"),
        _A.PAID_OUT: ("2400", "Paid on to practices"),
        _A.CHARGED: ("2410", "Charged to practices"),
        _A.WRITTEN_OFF: ("4900", "Written off"),
        _A.CLAIMED: ("8000", "Claimed"),
        _A.REFUSED: ("8010", "Refused by payers"),
        _A.WITHDRAWN: ("8020", "Claims withdrawn"),
        _A.COSTS: ("8100", "Services to practices"),
    }
)
"""Numbers of nobody's: whoever keeps books puts their own in their place."""
_HEADER = (
    *("export", "row", "recorded", "key", "debit", "debit_name", "credit", "credit_name", "amount", "currency"),
    *("practice", "payee", "payer", "claim", "payment", "reason", "source"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """An export: its row, the name of its file and its bytes."""

    row: Row
    name: str
    content: bytes


def export(hub: Hub, tenant: str, period: str, actor: Actor) -> Exported | None:
    """Export what the journal recorded in a period and no export has yet; None when there is nothing."""
    country = next(row["country"] for row in hub.store.tenants() if row["id"] == tenant)
    first, last = days(period)
    accounts = account_map(hub.home)
    with hub.store.unit(tenant) as unit:
        gone = bookkeeping.exported(unit)
        rows = [
            row
            for row in money.postings(unit)
            if first <= row.at.astimezone(ZONES[country]).date() <= last and row.id not in gone
        ]
        if not rows:
            return None
        number = bookkeeping.next_number(unit)
        content = _csv(number, rows, accounts, country)
        new = NewExport(period=period, rows=rows, totals=totals(rows), content=content)
        stored = bookkeeping.add_export(unit, number, new, actor.name[:60])
        _log(unit, actor, number)
    return Exported(row=stored, name=file_name(stored), content=content)


def again(hub: Hub, tenant: str, number: int, actor: Actor) -> Exported:
    """An export as it was made, byte by byte."""
    with hub.store.unit(tenant) as unit:
        row, content = bookkeeping.export(unit, number)
        _log(unit, actor, number)
    return Exported(row=row, name=file_name(row), content=content)


def file_name(row: Row) -> str:
    """The name of an export's file."""
    return f"journal-{row['period']}-{row['number']:05d}.csv"


def totals(rows: Iterable[Posting]) -> dict[str, int]:
    """What rows add up to per currency, in minor units."""
    found: dict[str, int] = {}
    for row in rows:
        found[row.amount.currency] = found.get(row.amount.currency, 0) + row.amount.minor
    return dict(sorted(found.items()))


def days(period: str) -> tuple[date, date]:
    """First and last day of a quarter (`2024Q1`) or month (`2024-01`)."""
    try:
        if "Q" in period:
            found = quarter(period)
            return found.first_day, found.last_day
        first = datetime.strptime(period, "%Y-%m").date()  # noqa: DTZ007 -- a month has no zone
    except ValueError:
        raise ConfigurationError(f"no period: {period[:20]!r}", hint="write 2024Q1 or 2024-01") from None
    following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return first, date.fromordinal(following.toordinal() - 1)


def account_map(home: Path) -> dict[Account, tuple[str, str]]:
    """The account map: the shipped one with the lines of the hub's own."""
    found = dict(DEFAULT_MAP)
    file = home / MAP_FILE
    if not file.exists():
        return found
    for number, row in enumerate(csv.DictReader(io.StringIO(_text(file)), delimiter=";"), start=2):
        name, code = (row.get("account") or "").strip(), (row.get("code") or "").strip()
        if name not in set(Account) or not code:
            known = ", ".join(Account)
            raise ConfigurationError(f"no account {name!r} or no code", where=f"{MAP_FILE}, line {number}", hint=known)
        found[Account(name)] = (code, (row.get("name") or "").strip() or found[Account(name)][1])
    return found


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise ConfigurationError("cannot be read", where=MAP_FILE, hint="CSV in UTF-8: account;code;name") from None


def _csv(number: int, rows: Sequence[Posting], accounts: Mapping[Account, tuple[str, str]], country: str) -> bytes:
    lines = [_line(number, place, row, accounts, country) for place, row in enumerate(rows, start=1)]
    return tables.to_csv(_HEADER, lines, point=",")


def _line(
    number: int, place: int, row: Posting, accounts: Mapping[Account, tuple[str, str]], country: str
) -> list[Cell]:
    """A row of the journal with its accounts as bookkeeping knows them; what it is about stays an opaque id."""
    day = row.at.astimezone(ZONES[country]).date().isoformat()
    named: list[Cell] = [number, place, day, row.key, *accounts[row.debit], *accounts[row.credit]]
    about = (row.practice, row.payee, row.payer, row.claim_id, row.payment_id, row.reason, row.source)
    return [*named, row.amount.decimal(), row.amount.currency, *about]


def _log(unit: Unit, actor: Actor, number: int) -> None:
    access.record(unit, actor=actor.name, role=actor.role, action="export", object_=f"journal/{number}")
