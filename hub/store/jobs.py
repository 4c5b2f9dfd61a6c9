"""Runs of scheduled jobs: one per tenant, job and business key (a local date or an hour), whoever's clock ticked.

A run is won by writing it down first. One that has no end belongs to a process that is at it, or died at it: who holds
the run's effect lock may take it up again, because every step may be repeated.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.exc import IntegrityError

from hub.store import schema
from hub.store.unit import Row, Store, Unit

MISSED = "missed"


def start(store: Store, tenant: str, run: Row) -> bool:
    """Win a run by being the first to write it down; False when it was started before, here or on another node."""
    try:
        with store.unit(tenant) as unit:
            unit.insert(schema.job_run, [{"started_at": unit.now, "result": "", **run}])
    except IntegrityError:
        return False
    return True


def again(unit: Unit, job: str, key: str, node: str) -> None:
    """A run whose process died is taken up by another one."""
    row = get(unit, job, key)
    starts = (row["starts"] if row else 0) + 1
    _change(unit, job, key, started_at=unit.now, node=node, starts=starts, result="")


def finish(unit: Unit, job: str, key: str, result: str) -> None:
    """Write down how a run ended."""
    _change(unit, job, key, finished_at=unit.now, result=result)


def _change(unit: Unit, job: str, key: str, **values: object) -> None:
    table = schema.job_run
    where = (table.c.tenant_id == unit.tenant, table.c.job == job, table.c.business_key == key)
    unit.connection.execute(table.update().where(*where).values(**values))


def get(unit: Unit, job: str, key: str) -> Row | None:
    """One run."""
    table = schema.job_run
    return unit.one(unit.mine(table, table.c.job == job, table.c.business_key == key))


def last(unit: Unit, job: str) -> Row | None:
    """The newest run of a job that was really started."""
    table = schema.job_run
    ran = unit.mine(table, table.c.job == job, table.c.result != MISSED)
    return unit.one(ran.order_by(table.c.started_at.desc()).limit(1))


def known(unit: Unit) -> bool:
    """Whether any job ever ran here: what lies before the first run was not missed."""
    return unit.one(unit.mine(schema.job_run).limit(1)) is not None


def runs(unit: Unit, since: datetime | None = None) -> list[Row]:
    """Every run (since a moment), newest first."""
    table = schema.job_run
    where = (table.c.started_at >= since,) if since is not None else ()
    return unit.rows(unit.mine(table, *where).order_by(table.c.started_at.desc()))
