"""Is the hub alive and well: what monitoring asks, and what is counted for it. No personal data, no names of people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Table, func, select
from sqlalchemy.exc import SQLAlchemyError

from hub.errors import HubError
from hub.pipeline.context import Hub
from hub.store import circuits, pauses, schema
from hub.store.unit import Row, Unit
from scheduler.run import states

OK, WARNING, CRITICAL = 0, 1, 2
"""Levels as monitoring plug-ins return them."""
_WAITS_LONG = timedelta(hours=2)
_SILENT = timedelta(hours=2)
"""So long after the last run of any job the hub counts as dead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """One thing that is not as it should be."""

    level: int
    code: str
    tenant: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """What lies where for one tenant: exchanges and things that came in by state, tasks by kind, and what waits."""

    tenant: str
    exchanges: Counter[str] = field(default_factory=Counter)
    inbound: Counter[str] = field(default_factory=Counter)
    tasks: Counter[str] = field(default_factory=Counter)
    due: int = 0
    oldest_due_s: float = 0.0
    away: tuple[Row, ...] = ()
    paused: tuple[Row, ...] = ()
    last_run: datetime | None = None


def signs(hub: Hub) -> list[Sign]:
    """What is wrong, worst first; a hub that cannot be looked at is critical."""
    try:
        found = [*_dead(hub), *_of_jobs(hub)]
        for count in counts(hub):
            found += _of_counts(count, hub.clock.now())
    except (HubError, SQLAlchemyError) as error:
        return [Sign(level=CRITICAL, code="DATABASE", tenant="", text=f"cannot look: {type(error).__name__}")]
    return sorted(found, key=lambda sign: -sign.level)


def _dead(hub: Hub) -> Iterator[Sign]:
    """No job of any tenant ran for hours: nobody's clock ticks."""
    runs = [count.last_run for count in counts(hub)]
    last = max((run for run in runs if run is not None), default=None)
    if last is not None and hub.clock.now() - last > _SILENT:
        yield Sign(level=CRITICAL, code="SILENT", tenant="", text=f"no job has run since {last:%Y-%m-%d %H:%M} UTC")


def _of_jobs(hub: Hub) -> Iterator[Sign]:
    for state in states(hub):
        if state.overdue:
            yield Sign(level=WARNING, code="OVERDUE", tenant=state.tenant, text=f"{state.job.name}: {state.overdue}")


def _of_counts(count: Count, now: datetime) -> Iterator[Sign]:
    in_doubt, failed = count.exchanges["in_doubt"], count.exchanges["failed"]
    if in_doubt:
        yield Sign(level=WARNING, code="IN_DOUBT", tenant=count.tenant, text=f"{in_doubt} may or may not have arrived")
    if failed or count.inbound["unreadable"]:
        text = f"{failed} gave up, {count.inbound['unreadable']} cannot be read"
        yield Sign(level=WARNING, code="DEAD", tenant=count.tenant, text=text)
    if count.oldest_due_s > _WAITS_LONG.total_seconds() and not count.away and not count.paused:
        text = f"{count.due} are due, the oldest for {count.oldest_due_s / 3600:.0f} hours: nobody sends"
        yield Sign(level=CRITICAL, code="NOT_SENDING", tenant=count.tenant, text=text)
    for row in count.away:
        level = CRITICAL if now - row["since"] > timedelta(hours=24) else WARNING
        text = f"{row['partner']} does not answer since {row['since']:%Y-%m-%d %H:%M} UTC"
        yield Sign(level=level, code="AWAY", tenant=count.tenant, text=text)
    for row in count.paused:
        what = f"{row['kind']} {row['target']}".strip()
        yield Sign(level=WARNING, code="PAUSED", tenant=count.tenant, text=f"{what} is stopped: {row['reason']}")


def counts(hub: Hub) -> list[Count]:
    """What lies where, for every tenant."""
    found = []
    for tenant in hub.store.tenants():
        with hub.store.reading(tenant["id"]) as unit:
            found.append(_count(unit))
    return found


def _count(unit: Unit) -> Count:
    table = schema.exchange
    open_, due = table.c.state.in_(("prepared", "sending")), table.c.next_try_at
    late = select(func.count(), func.min(func.coalesce(due, table.c.prepared_at))).where(
        table.c.tenant_id == unit.tenant, open_, table.c.released, (due.is_(None)) | (due <= unit.now)
    )
    number, oldest = unit.connection.execute(late).one()
    last = select(func.max(schema.job_run.c.started_at)).where(schema.job_run.c.tenant_id == unit.tenant)
    return Count(
        tenant=unit.tenant,
        exchanges=_by(unit, table, "state"),
        inbound=_by(unit, schema.inbound, "state"),
        tasks=_by(unit, schema.task, "kind", schema.task.c.state == "open"),
        due=number,
        oldest_due_s=(unit.now - oldest).total_seconds() if oldest else 0.0,
        away=tuple((circuits.open_ones(unit) | circuits.half_open(unit)).values()),
        paused=pauses.in_force(unit).rows,
        last_run=unit.connection.execute(last).scalar_one(),
    )


def _by(unit: Unit, table: Table, column: str, *where: ColumnElement[bool]) -> Counter[str]:
    key = table.c[column]
    statement = select(key, func.count()).where(table.c.tenant_id == unit.tenant, *where).group_by(key)
    return Counter({str(name): int(number) for name, number in unit.connection.execute(statement)})
