"""Open tasks and places that do not answer, grouped: one incident per partner and cause, however many cases it has.

Terms (filing days, things that expire) are one incident each, so that every step of each is said once. What a payer
does to claims every day (refusals, held rows, payments to look at) waits for the digest; what stops the exchange or
costs money soon is said at once; the last hours of a term are said whatever the hour.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select

from hub.store import circuits, schema, tasks
from hub.store.alerts import Seen
from hub.store.unit import Row, Unit

_CAUSE_OF: Mapping[str, str] = {
    "gave_up": "away",
    "refused_by_network": "network",
    "refused_unplaced": "network",
    "restored_answers": "restored",
    "restored_numbers": "restored",
    "payment_review": "payment",
    "overpaid": "payment",
    "told_twice": "payment",
    "unknown_answer": "unread",
    "unreadable": "unread",
    "triage": "unread",
    "held_file": "unread",
}
"""Kinds of tasks that have the same cause; every other kind is a cause of its own, if it is one of `CAUSES`."""
NOW = frozenset(
    {
        "away",
        "configuration",
        "in_doubt",
        "network",
        "job_missed",
        "deadline",
        "filed_late",
        "expires",
        "restored",
        "alert_failed",
        "old_account",
    }
)
"""Causes that are said at once, outside quiet hours."""
CAUSES = NOW | {"list_missing", "reply_overdue", "held", "rejection", "payment", "unread", "person_uploads", "notice"}
OTHER = "other"
_BLOCKED = frozenset({"away", "configuration"})
"""What an expired certificate looks like from the queue: the certificate is the cause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Concern:
    partner: str
    cause: str
    key: str = ""
    step: str = ""
    urgent: bool = False
    row: Row


def seen(unit: Unit) -> dict[str, Seen]:
    """Everything that is wrong now, by incident key."""
    concerns = [*_of_tasks(unit), *_of_places(unit)]
    expired = {each.partner for each in concerns if each.cause == "expires" and each.step == "expired"}
    groups: dict[str, list[_Concern]] = {}
    for each in concerns:
        if not (each.cause in _BLOCKED and each.partner in expired):
            groups.setdefault("|".join((each.partner, each.cause, *filter(None, [each.key]))), []).append(each)
    return {key: _seen(key, group) for key, group in groups.items()}


def _seen(key: str, group: Sequence[_Concern]) -> Seen:
    first = group[0]
    amounts: dict[str, int] = {}
    for each in group:
        if each.row.get("amount_minor"):
            amounts[each.row["currency"]] = amounts.get(each.row["currency"], 0) + abs(each.row["amount_minor"])
    cases = sum(1 for each in group if each.row)
    return Seen(
        key=key,
        partner=first.partner,
        cause=first.cause,
        urgent=any(each.urgent for each in group),
        step=first.step,
        count=max((int(each.row["evidence"].get("claims", 0)) for each in group if each.row), default=0) or cases,
        amounts=dict(sorted(amounts.items())),
        due=min((each.row["due"] for each in group if each.row.get("due")), default=None),
    )


def _of_tasks(unit: Unit) -> Iterable[_Concern]:
    rows = tasks.open_tasks(unit)
    partners = _partners(unit, rows)
    for row in rows:
        cause = "away" if _asked_again(row) else _CAUSE_OF.get(row["kind"], row["kind"])
        step = str(row["evidence"].get("step", ""))
        concern = _Concern(partner=partners[row["id"]], cause=cause if cause in CAUSES else OTHER, row=row)
        urgent = bool(row["evidence"].get("urgent"))
        yield replace(concern, key=row["key"], step=step, urgent=urgent) if step else concern


def _asked_again(row: Row) -> bool:
    """A doubt about everything for one place: the hub goes on asking by itself as soon as somebody answers there."""
    return bool(row["kind"] == "in_doubt" and row["key"].startswith("agreement:"))


def _of_places(unit: Unit) -> Iterable[_Concern]:
    """A place that does not answer, also before any message has used up its attempts."""
    for row in (circuits.open_ones(unit) | circuits.half_open(unit)).values():
        yield _Concern(partner=row["partner"], cause="away", row={})


def _partners(unit: Unit, rows: Sequence[Row]) -> dict[str, str]:
    """Whose matter each task is: as its evidence says, else its message's partner, else its claim's payer."""
    sent = _lookup(unit, schema.exchange, "id", "partner", [row["exchange_id"] for row in rows if row["exchange_id"]])
    payers = _lookup(unit, schema.claim, "ref", "payer", [row["claim_ref"] for row in rows if row["claim_ref"]])
    return {
        row["id"]: str(
            row["evidence"].get("partner") or sent.get(row["exchange_id"]) or payers.get(row["claim_ref"]) or ""
        )
        for row in rows
    }


def _lookup(unit: Unit, table: object, key: str, value: str, wanted: Sequence[str]) -> dict[str, str]:
    columns = table.c  # type: ignore[attr-defined]
    found: dict[str, str] = {}
    names = sorted(set(wanted))
    for start in range(0, len(names), 500):
        part = names[start : start + 500]
        statement = select(columns[key], columns[value]).where(columns.tenant_id == unit.tenant, columns[key].in_(part))
        found |= {row[key]: row[value] for row in unit.rows(statement)}
    return found
