"""The console on PostgreSQL is a console on PostgreSQL: its role is held by row-level security, and what is named exists."""

from __future__ import annotations

import re
from pathlib import Path

from sqlalchemy import func, select, text

from hub.store import schema
from hub.store.migrate import APP_ROLE
from tests.web.conftest import ON_BOTH
from tests.web.consoles import NL, NO, TENANT, Console


def test_what_is_tried_on_both_databases_is_there() -> None:
    for module, names in ON_BOTH.items():
        source = (Path(__file__).parent / f"{module}.py").read_text(encoding="utf-8")
        defined = set(re.findall(r"^def (test_\w+)\(", source, re.MULTILINE))
        assert set(names) <= defined, module


def test_the_console_works_as_a_role_that_the_database_holds(console: Console, kind: str) -> None:
    """As nobody's it sees nothing on PostgreSQL, and as a tenant this tenant's claims only."""
    engine = console.hub.store.engine
    with engine.connect() as connection:
        assert engine.dialect.name == {"sqlite": "sqlite", "postgres": "postgresql"}[kind]
        if kind == "postgres":
            rights = text("SELECT rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
            assert tuple(connection.execute(rights).one()) == (APP_ROLE, False, False)
            assert connection.execute(select(func.count()).select_from(schema.claim)).scalar() == 0
    for tenant in (NL, NO):
        with console.hub.store.reading(tenant) as unit:
            seen = set(unit.connection.execute(select(schema.claim.c.tenant_id)).scalars())
        assert seen == ({tenant} if kind == "postgres" else set(TENANT.values()))
    assert console.login("support").see("/today")
