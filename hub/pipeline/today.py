"""What needs a person today: how much of which kind, the tasks in order, where each is solved, and how it goes.

Counting is the database's work. The charts read much, so that they are made once a day and kept (or when somebody asks
for it); who sees only a part of the tenant gets a part's figures, made anew each time and kept nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from types import MappingProxyType
from typing import Any

from hub.pipeline.context import ZONES, Hub
from hub.store import figures
from hub.store import today as counted
from hub.store.inbounds import ASKING
from hub.store.support import REFUSALS
from hub.store.today import Sum
from hub.store.unit import Row, Unit

KINDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "rejections": REFUSALS,
        "held": ("held",),
        "overdue": ("reply_overdue",),
        "deadlines": ("deadline", "filed_late"),
        "failed": ("gave_up", "configuration", "restored_answers", "restored_numbers"),
        "doubts": ("in_doubt",),
        "inputs": ("list_missing",),
        "payments": ("payment_review", "overpaid", "told_twice", "payment", "old_account"),
        "expiring": ("expires",),
        "second": ("approval_waits", "account_waits", "device", "payout_void", "payout_contradicted"),
        "unread": ASKING,
    }
)
"""The tiles that are filters of the list of tasks."""
SOON, CERTIFICATES = timedelta(days=14), timedelta(days=30)
_NEW = ("new", "review")
_WEEKS = 8
_AGES = (30, 60, 90, 180)
_DECIDED = timedelta(days=180)
_FRESH = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One kind of work: how much, worth what, until when."""

    name: str
    sum: Sum


def tiles(hub: Hub, unit: Unit, country: str, *, money: bool) -> list[Tile]:
    """Everything a person may be needed for, counted; bookings and pay-outs only with `money`."""
    today = hub.today(country)
    found = {
        "rejections": counted.tasks(unit, KINDS["rejections"], unassigned=True),
        "held": _added(counted.held_claims(unit), counted.held_rows(unit)),
        "deadlines": counted.tasks(unit, KINDS["deadlines"], until=today + SOON),
        "overdue": counted.overdue(unit, today),
        "failed": counted.exchanges(unit, ("failed",)),
        "doubts": counted.exchanges(unit, ("in_doubt",)),
        "release": counted.exchanges(unit, ("prepared",), released=False),
        "inputs": counted.tasks(unit, KINDS["inputs"]),
        "unread": counted.tasks(unit, KINDS["unread"]),
        "expiring": counted.tasks(unit, KINDS["expiring"], until=today + CERTIFICATES),
        "incidents": counted.incidents(unit),
    }
    if money:
        found["payments"] = counted.payments(unit, _NEW)
        found["second"] = _added(counted.payouts(unit), counted.tasks(unit, KINDS["second"]))
    return [Tile(name=name, sum=each) for name, each in found.items()]


def _added(one: Sum, other: Sum) -> Sum:
    amounts: dict[str, int] = {}
    for minor, currency in (*one.amounts, *other.amounts):
        amounts[currency] = amounts.get(currency, 0) + minor
    days = [each.due for each in (one, other) if each.due]
    return Sum(
        count=one.count + other.count,
        amounts=tuple((minor, currency) for currency, minor in sorted(amounts.items())),
        due=min(days, default=None),
    )


# --- where a task is solved -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Place:
    """Where a task is solved: a kind of page, and which one of them."""

    kind: str = ""
    ref: str = ""


_BY_KEY = MappingProxyType(
    {
        "payment": ("payment", 1),
        "approval": ("approval", 1),
        "account": ("accounts", 0),
        "payout": ("payouts", 0),
        "deadline": ("deadlines", 0),
        "filed-late": ("deadlines", 0),
        "calendar": ("partner", 2),
        "expected": ("inputs", 0),
        "device": ("users", 0),
        "declaration": ("held", 0),
        "collect": ("partners", 0),
        "notices": ("partner", 1),
    }
)
"""By how a task's key begins: the kind of place, and which part of the key names it."""


BY_HAND = frozenset(
    {
        *("account_in_message", "payout_void", "vanished_from_list", "persons_changed", "old_account", "filed_late"),
        *("credit_unfit", "debit_without_credit", "credit_accepted_late", "granted_after_correction"),
        *("answered_after_refusal", "specification_unpaid", "restored_answers", "restored_numbers", "notice"),
    }
)
"""Kinds of task that no page of what they are about closes: they are looked at and closed on their own."""


def place_of(task: Row) -> Place:
    """Straight to where the task is solved; what is solved nowhere else has a page of its own."""
    if task.get("kind") in BY_HAND:
        return Place("task", task["id"])
    parts = task["key"].split(":")
    kind, part = _BY_KEY.get(parts[0], ("", 0))
    if kind and not task["claim_ref"]:
        return Place(kind, parts[part] if 0 < part < len(parts) else "")
    if task["claim_ref"]:
        return Place("claim", task["claim_ref"])
    if task["exchange_id"]:
        return Place("exchange", task["exchange_id"])
    if task["inbound_id"]:
        return Place("unread", task["inbound_id"])
    return Place("task", task["id"]) if task.get("id") else Place()


# --- charts ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Charts:
    """The figures of a tenant, or of the part somebody sees; plain values, so that they can be kept."""

    made_at: datetime
    weeks: Sequence[Mapping[str, Any]] = field(default_factory=tuple)
    ages: Sequence[Mapping[str, Any]] = field(default_factory=tuple)
    granted: Sequence[Mapping[str, Any]] = field(default_factory=tuple)


_NAME = "today"


def charts(hub: Hub, tenant: str, country: str, within: frozenset[str] | None, *, anew: bool = False) -> Charts:
    """The flow of the last weeks, the age of open money, and what payers grant; at most a day old."""
    with hub.store.reading(tenant, within=within) as unit:
        known = None if within is not None or anew else figures.kept(unit, _NAME)
        if known is not None and unit.now - known["made_at"] < _FRESH:
            return Charts(made_at=known["made_at"], **known["body"])
        body = _made(hub, unit, country)
        now = unit.now
    if within is None:
        with hub.store.unit(tenant) as unit:
            figures.keep(unit, _NAME, body)
    return Charts(made_at=now, **body)


def _made(hub: Hub, unit: Unit, country: str) -> dict[str, Any]:
    return {
        "weeks": [_week(unit, begin, country) for begin in _mondays(hub.today(country))],
        "ages": _ages(hub, unit),
        "granted": _granted(hub, unit),
    }


def _mondays(today: date) -> list[date]:
    this = today - timedelta(days=today.weekday())
    return [this - timedelta(weeks=back) for back in range(_WEEKS - 1, -1, -1)]


def _week(unit: Unit, begin: date, country: str) -> dict[str, Any]:
    zone = ZONES[country]
    first, last = (
        datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC) for day in (begin, begin + timedelta(days=7))
    )
    made, arrived, answered = figures.messages_between(unit, first, last)
    return {"begin": begin.isoformat(), "made": made, "arrived": arrived, "answered": answered}


def _ages(hub: Hub, unit: Unit) -> list[dict[str, Any]]:
    now = hub.clock.now()
    rows = figures.open_money(unit, [now - timedelta(days=days) for days in _AGES])
    found = []
    for currency in sorted({row["currency"] for row in rows}):
        own = {row["age"]: row for row in rows if row["currency"] == currency}
        for place in range(len(_AGES) + 1):
            row = own.get(place, {"open": 0, "due": 0})
            edges = {"over": _AGES[place - 1] if place else 0, "until": _AGES[place] if place < len(_AGES) else 0}
            found.append(edges | {"currency": currency, "open": row["open"], "due": row["due"]})
    return found


def _granted(hub: Hub, unit: Unit) -> list[dict[str, Any]]:
    found = []
    for row in figures.granted(unit, hub.clock.now() - _DECIDED):
        partner = hub.registry.partners.get(row["payer"])
        title = partner.title if partner else row["payer_name"] or row["payer"]
        names = ("currency", "lines", "asked", "granted")
        found.append({"payer": title, **{name: row[name] for name in names}})
    return sorted(found, key=lambda each: (-each["asked"], each["payer"]))
