"""Runs of scheduled jobs: one per tenant, job and business key (a local date or hour), whoever's clock ticked."""

from __future__ import annotations

from sqlalchemy.exc import IntegrityError

from hub.store import schema
from hub.store.unit import Row, Store, Unit


def start(store: Store, tenant: str, job: str, business_key: str) -> bool:
    """Win a run by being the first to write it down; False when it was started before, here or on another node."""
    try:
        with store.unit(tenant) as unit:
            row: Row = {"job": job, "business_key": business_key, "started_at": unit.now, "result": ""}
            unit.insert(schema.job_run, [row])
    except IntegrityError:
        return False
    return True


def finish(unit: Unit, job: str, business_key: str, result: str) -> None:
    """Write down how a run ended."""
    table = schema.job_run
    where = (table.c.tenant_id == unit.tenant, table.c.job == job, table.c.business_key == business_key)
    unit.connection.execute(table.update().where(*where).values(finished_at=unit.now, result=result))


def runs(unit: Unit) -> list[Row]:
    """Every run, newest first."""
    table = schema.job_run
    return unit.rows(unit.mine(table).order_by(table.c.started_at.desc()))
