"""What should come in: by which working day of a quarter lists are expected, and which ones came."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select

from hub.store import declarations, schema
from hub.store.unit import Row, Unit

_CAME = (declarations.CURRENT, declarations.HELD, declarations.REPLACED)
WORKING_DAY = 10
"""Lists are about the quarter's first day; two weeks is what practices are usually given (our choice)."""


def working_days(unit: Unit) -> dict[str, int]:
    """The agreed working day by module; '' is every other module."""
    rows = unit.rows(unit.mine(schema.expectation))
    return {"": WORKING_DAY} | {row["module"]: row["working_day"] for row in rows}


def set_working_day(unit: Unit, module: str, working_day: int) -> None:
    """Expect the lists of a module by another working day; '' for every module without its own."""
    table = schema.expectation
    mine = (table.c.tenant_id == unit.tenant, table.c.module == module)
    done = unit.connection.execute(table.update().where(*mine).values(working_day=working_day))
    if done.rowcount == 0:
        unit.insert(table, [{"module": module, "working_day": working_day}])


def participations(unit: Unit) -> list[Row]:
    """Every practice in every module, with its code and mail addresses."""
    part, org = schema.participation, schema.organisation
    statement = (
        select(part, org.c.code, org.c.email, org.c.invoice_email)
        .join(org, org.c.id == part.c.organisation_id)
        .where(part.c.tenant_id == unit.tenant, org.c.tenant_id == unit.tenant)
        .order_by(org.c.code, part.c.module)
    )
    return unit.rows(statement)


def received(unit: Unit) -> dict[tuple[str, str, str], datetime]:
    """When the first list that counts came in, by organisation, module and period."""
    table = schema.declaration
    key = (table.c.organisation_id, table.c.module, table.c.period)
    statement = (
        select(*key, func.min(table.c.received_at).label("first"))
        .where(table.c.tenant_id == unit.tenant, table.c.state.in_(_CAME))
        .group_by(*key)
    )
    return {(row["organisation_id"], row["module"], row["period"]): row["first"] for row in unit.rows(statement)}
