"""The register of what should come in: lists by practice, module and quarter, and what partners still owe an answer.

A list is expected by a working day of the quarter it is about (the tenth, or as set per module), for every quarter of a
practice's window. One that is not there the day after makes a task and reminds the practice once; a late one closes it.
Replies have their own date on the exchange (`reply_due`), jobs theirs in the scheduler: this shows them, they judge.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from hub import texts
from hub.errors import ConfigurationError
from hub.model.quarter import Quarter, quarter, quarter_of
from hub.pipeline.context import ZONES, Hub
from hub.policy import workdays
from hub.policy.quarters import MAX_QUARTERS, window
from hub.programmes.module_context import module
from hub.store import expectations, portal, schema, standing, tasks
from hub.store.tasks import NewTask
from hub.store.unit import Row, Unit

_REMEMBERED = 8
"""So many of the last quarters are shown of a module that goes on for ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """One list that should come, or came: by when, and when."""

    practice: str
    email: str
    module: str
    period: str
    by: date
    received: date | None
    late: bool

    @property
    def state(self) -> str:
        """In one word."""
        if self.received is not None:
            return "late" if self.late else "received"
        return "missing" if self.late else "expected"

    @property
    def key(self) -> str:
        """The one task about it."""
        return f"expected:{self.practice}:{self.module}:{self.period}"

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        names = ("practice", "module", "period", "by", "received", "state")
        return {name: getattr(self, name) for name in names}


def expected(hub: Hub, unit: Unit, country: str) -> list[Expected]:
    """Every list of every practice's window up to this quarter; oldest first."""
    today, days, came = hub.today(country), expectations.working_days(unit), expectations.received(unit)
    zone = ZONES[country]
    found = []
    for row in expectations.participations(unit):
        for period in _periods(row, today):
            day = days.get(row["module"], days[""])
            by = due_day(period, day, country)
            moment = came.get((row["organisation_id"], row["module"], str(period)))
            received = moment.astimezone(zone).date() if moment else None
            found.append(
                Expected(
                    practice=row["code"],
                    email=row["invoice_email"] or row["email"],
                    module=row["module"],
                    period=str(period),
                    by=by,
                    received=received,
                    late=(received or today) > by,
                )
            )
    return sorted(found, key=lambda each: (each.by, each.practice, each.module))


def due_day(period: Quarter, working_day: int, country: str) -> date:
    """The n-th working day of a quarter."""
    return workdays.due(period.first_day - timedelta(days=1), working_day, country)


def _periods(row: Row, today: date) -> Sequence[Quarter]:
    """The quarters a practice's list is asked for: its window up to now, less what lies after consent was withdrawn."""
    now, longest = quarter_of(today), _longest(row["module"])
    last = min(quarter(row["left_after"]), now) if row["left_after"] else now
    withdrawn = row["consent_withdrawn"]
    found = window(quarter(row["first_quarter"]), last, longest)
    asked = found if longest is not None else found[-_REMEMBERED:]
    return [each for each in asked if withdrawn is None or each.first_day < withdrawn]


def _longest(name: str) -> int | None:
    """How many quarters a module lasts; None where it goes on."""
    try:
        return module(name).max_quarters
    except ConfigurationError:
        return MAX_QUARTERS


def watch_expected(hub: Hub, tenant: str) -> list[Expected]:
    """A task and one reminder for every list that did not come since the hub knows this tenant; late ones close it."""
    row = next(each for each in hub.store.tenants() if each["id"] == tenant)
    began = row["created_at"].astimezone(ZONES[row["country"]]).date()
    with hub.store.unit(tenant) as unit:
        asked = portal.requests(unit)
        dropped = {key for key, known in asked.items() if known["closed_at"] is not None}
        reminded = {key for key, known in asked.items() if known["reminded_at"] is not None}
        due = [each for each in expected(hub, unit, row["country"]) if each.state == "missing" and each.by >= began]
        missing = [each for each in due if (each.practice, each.module, each.period) not in dropped]
        for each in missing:
            standing.keep(unit, _task(each))
            if (each.practice, each.module, each.period) not in reminded:  # nor once the proof of the mail is gone
                _remind(hub, unit, each, row["language"])
        standing.only(unit, "expected:", {each.key for each in missing}, {"received": True})
    return missing


def _values(each: Expected) -> dict[str, object]:
    return {"practice": each.practice, "module": each.module, "period": each.period, "day": each.by}


def _task(each: Expected) -> NewTask:
    values = _values(each)
    return NewTask(
        key=each.key,
        kind="list_missing",
        text=texts.text("LIST_MISSING", **values),
        action=texts.action("LIST_MISSING", **values),
        due=each.by,
        evidence={"module": each.module, "period": each.period},
    )


def _remind(hub: Hub, unit: Unit, each: Expected, language: str) -> None:
    """Ask the practice itself, once."""
    if each.email:
        values = _values(each) | {"link": upload_link(hub)}
        subject, body = texts.text("LIST_REMINDER", **values), texts.action("LIST_REMINDER", **values)
        tasks.notify(unit, each.key, each.email, texts.pick(subject, language), texts.pick(body, language), language)


def upload_link(hub: Hub) -> str:
    """Where a practice hands its list in, for a mail: the same for everybody, so that it tells of nobody."""
    return link(hub, "practice/upload")


def link(hub: Hub, path: str) -> str:
    """The address of a page of the console for a mail; its path alone where the console's address is not set."""
    return f"{hub.address}/{path}" if hub.address else f"Kvitt: /{path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Replies:
    """Answers a partner still owes: how many files wait, how many of them too long, and since when."""

    partner: str
    waiting: int
    overdue: int
    oldest_due: date
    oldest_sent: datetime | None

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        names = ("partner", "waiting", "overdue", "oldest_due", "oldest_sent")
        return {name: getattr(self, name) for name in names}


def replies(hub: Hub, unit: Unit, country: str) -> list[Replies]:
    """What partners still owe an answer to, by partner; whether silence is bad is judged where money is settled."""
    table, today = schema.exchange, hub.today(country)
    rows = unit.rows(
        unit.mine(
            table,
            table.c.state.in_(("sent", "delivered")),
            table.c.reply_due.is_not(None),
            table.c.answered_at.is_(None),
        ).order_by(table.c.partner, table.c.reply_due)
    )
    by_partner: dict[str, list[Row]] = {}
    for row in rows:
        by_partner.setdefault(row["partner"], []).append(row)
    return [
        Replies(
            partner=name,
            waiting=len(group),
            overdue=sum(1 for row in group if row["reply_due"] < today),
            oldest_due=group[0]["reply_due"],
            oldest_sent=min((row["sent_at"] for row in group if row["sent_at"]), default=None),
        )
        for name, group in by_partner.items()
    ]
