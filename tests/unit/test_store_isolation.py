"""What PostgreSQL itself keeps apart, asked of its own catalogue and tried by hand, past every repository.

Whoever connects here is the hub's role with a bare connection: no filter, no unit. The tables come from the database, so
that one nobody thought of is tried too; every table holds rows of two practices of one tenant (`test_store_fences`).
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, Table, text
from sqlalchemy.exc import DBAPIError

from hub.store import fences, schema
from hub.store.fences import Own, Through
from hub.store.locks import effect_lock
from hub.store.migrate import APP_ROLE
from tests.databases import Server
from tests.unit.test_store_fences import NOW, OTHER, A, B, Filled, T, a_filled

pytestmark = pytest.mark.postgres

SHARED = frozenset({"alembic_version", "quota"})
"""What belongs to no tenant: the version of the database, and how often partners were called by all together."""
REFUSED = r"row-level security|append-only|permission denied|foreign key"


@pytest.fixture(scope="module")
def filled(postgres_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    """Tests change nothing that lasts, so that one database is enough."""
    name = f"kvitt_{uuid.uuid4().hex[:16]}"
    database = postgres_server.create(name, postgres_server.template)
    with a_filled(database, tmp_path_factory.mktemp("isolation") / "keys") as made:
        yield made
    postgres_server.drop(name)


@pytest.fixture
def engine(filled: Filled) -> Iterator[Engine]:
    made = filled.database.engine()
    yield made
    made.dispose()


@contextmanager
def as_hub(engine: Engine, tenant: str = "", within: str = "") -> Iterator[Connection]:
    """A bare transaction of the hub's role that is taken back at its end."""
    with engine.connect() as connection:
        transaction = connection.begin()
        if tenant:
            connection.execute(text("SELECT set_config('kvitt.tenant', :tenant, true)"), {"tenant": tenant})
        if within:
            connection.execute(text("SELECT set_config('kvitt.within', :within, true)"), {"within": within})
        yield connection
        transaction.rollback()


def asked(connection: Connection, statement: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in connection.execute(text(statement))]


def reached(connection: Connection, statement: Any) -> int:
    """How many rows a statement reached, taken back; none when the database refused it."""
    before = connection.begin_nested()
    try:
        return connection.execute(statement).rowcount
    except DBAPIError as refused:
        if not re.search(REFUSED, str(refused.orig)):
            raise
        return 0
    finally:
        before.rollback()


def tables(connection: Connection) -> list[Table]:
    """Every table there is, as the database has it."""
    names = [name for (name,) in asked(connection, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
    assert set(names) == {*schema.metadata.tables, "alembic_version"}
    return [schema.metadata.tables[name] for name in sorted(set(names) - SHARED)]


_RELATIONS = (
    "SELECT relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace "
    "WHERE nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND "
)
_FUNCTIONS = "SELECT proname FROM pg_proc JOIN pg_namespace n ON n.oid = pronamespace WHERE "


def test_every_table_is_under_row_level_security_that_holds_its_owner_too(filled: Filled, engine: Engine) -> None:
    found = _RELATIONS + "relkind IN ('r', 'p') AND NOT (relrowsecurity AND relforcerowsecurity)"
    with as_hub(engine) as connection:
        assert {name for (name,) in asked(connection, found)} == SHARED
        permissive = dict(
            asked(
                connection,
                "SELECT tablename, string_agg(qual || '|' || coalesce(with_check, ''), ';') FROM pg_policies "
                "WHERE permissive = 'PERMISSIVE' AND tablename <> 'tenant' GROUP BY tablename",
            )
        )
        fenced = asked(connection, "SELECT tablename, cmd FROM pg_policies WHERE permissive = 'RESTRICTIVE'")
        names = {one.name for one in tables(connection)}
    assert set(permissive) == names - {"tenant"}
    whose = "((tenant_id)::text = current_setting('kvitt.tenant'::text, true))"
    assert set(permissive.values()) == {f"{whose}|{whose}"}, "a second permissive policy would open the table"
    assert sorted(fenced) == sorted((name, c) for name in names for c in ("DELETE", "INSERT", "SELECT", "UPDATE"))
    assert filled.rows


def test_nothing_in_the_database_is_a_way_around_the_tables(engine: Engine) -> None:
    """Views, functions and rules may run as their owner; sequences and large objects belong to no tenant."""
    ways = {
        "view, sequence, foreign table": _RELATIONS + "relkind IN ('v', 'm', 'S', 'f')",
        "function as its owner": _FUNCTIONS + "prosecdef AND nspname NOT IN ('pg_catalog', 'information_schema')",
        "rule": "SELECT rulename FROM pg_rules WHERE schemaname <> 'pg_catalog'",
        "large object": "SELECT oid FROM pg_largeobject_metadata",
        "extension": "SELECT extname FROM pg_extension WHERE extname <> 'plpgsql'",
        "unqualified name in a function": _FUNCTIONS + "nspname = 'public' AND prosrc ~ 'FROM (?!public\\.)'",
    }
    with as_hub(engine) as connection:
        found = {way: asked(connection, statement.replace(":", r"\:")) for way, statement in ways.items()}
    assert {way: some for way, some in found.items() if some} == {}


def test_the_hub_may_do_nothing_that_row_level_security_does_not_judge(engine: Engine) -> None:
    """TRUNCATE and references look past policies; memberships would lend another role's rights."""
    with as_hub(engine) as connection:
        assert asked(connection, "SELECT current_user") == [(APP_ROLE,)]
        rights = asked(
            connection,
            "SELECT table_name, string_agg(privilege_type, ',' ORDER BY privilege_type) "
            "FROM information_schema.role_table_grants WHERE grantee = current_user GROUP BY table_name",
        )
        every = {one.name for one in tables(connection)} | {"quota"}
        assert dict(rights) == dict.fromkeys(every, "DELETE,INSERT,SELECT,UPDATE") | {"alembic_version": "SELECT"}
        lent = "SELECT roleid::regrole FROM pg_auth_members WHERE member = current_user::regrole"
        assert asked(connection, lent.replace(":", r"\:")) == []
        for statement in ("CREATE TABLE public.mine (id int)", "ALTER TABLE claim NO FORCE ROW LEVEL SECURITY"):
            with pytest.raises(DBAPIError, match=r"permission denied|must be owner"), connection.begin_nested():
                connection.execute(text(statement))


@pytest.mark.parametrize("tenant", ["", OTHER, "tenant", T + " ", "%"])
def test_another_tenant_reads_counts_changes_ends_and_adds_nothing(filled: Filled, engine: Engine, tenant: str) -> None:
    with as_hub(engine, tenant) as connection:
        every = tables(connection)
        for one in every:
            if one is schema.tenant:
                continue
            row = filled.rows[one.name, A]
            assert asked(connection, f"SELECT count(*) FROM {one.name}") == [(0,)], one.name  # noqa: S608 -- our names
            assert copied(connection, one) == [], one.name
            name = next(column.name for column in one.c if not column.primary_key)
            for statement in (one.update().values({name: row[name]}), one.delete()):
                assert reached(connection, statement) == 0, (one.name, statement)
            with pytest.raises(DBAPIError, match="row-level security"), connection.begin_nested():
                connection.execute(one.insert(), row)
        assert len(every) > 50


def copied(connection: Connection, one: Table) -> list[bytes]:
    """What COPY gives, which reads tables by a way of its own."""
    driver: Any = connection.connection.driver_connection
    with driver.cursor().copy(f"COPY public.{one.name} TO STDOUT") as copy:
        return [bytes(part) for part in copy]


def test_a_row_is_never_given_to_another_tenant(engine: Engine) -> None:
    with as_hub(engine, T) as connection:
        for one in tables(connection):
            if one is schema.tenant:
                continue
            assert asked(connection, f"SELECT count(*) FROM {one.name}") != [(0,)], one.name  # noqa: S608 -- our names
            with pytest.raises(DBAPIError, match=r"row-level security|append-only"), connection.begin_nested():
                connection.execute(one.update().values(tenant_id=OTHER))


def test_a_tenant_knows_of_no_other_and_changes_none(filled: Filled, engine: Engine) -> None:
    name = schema.tenant.c.name
    with as_hub(engine, T) as connection:
        assert asked(connection, "SELECT id FROM tenant") == [(T,)]
        assert reached(connection, schema.tenant.update().values(name="STOLEN")) == 1
        assert reached(connection, schema.tenant.delete()) == 0
        with pytest.raises(DBAPIError, match="row-level security"), connection.begin_nested():
            connection.execute(schema.tenant.insert(), {"id": "c", "name": "C", "country": "NL", "created_at": NOW})
    with as_hub(engine, T, within=f",{A},") as connection:
        assert asked(connection, "SELECT id FROM tenant") == [(T,)]
        assert reached(connection, schema.tenant.update().values({name: "STOLEN"})) == 0
    with as_hub(engine) as connection:
        assert len(asked(connection, "SELECT id FROM tenant")) == 2, "at the login nobody is a tenant yet"
        assert reached(connection, schema.tenant.update().values({name: "STOLEN"})) == 0
    assert filled.rows


def test_within_a_tenant_nothing_is_copied_out_given_away_or_taken(filled: Filled, engine: Engine) -> None:
    """COPY shows a practice its own rows only; no row of its own becomes another's, and none of another's its own."""
    with as_hub(engine, T, within=f",{A},") as connection:
        for one in tables(connection):
            rules = fences.fence_of(one.name)
            if one is schema.tenant or not any(isinstance(rule, Own | Through) for rule in rules):
                continue
            own, foreign = filled.rows[one.name, A], filled.rows[one.name, B]
            assert len(copied(connection, one)) == 1, one.name
            key = next(iter(one.primary_key))
            deciding = sorted(fences.deciding(one.name) - {"tenant_id", *one.primary_key.columns.keys()})
            for into in (own, foreign):
                given = one.update().where(key == own[key.name]).values({each: foreign[each] for each in deciding})
                taken = one.update().where(key == foreign[key.name]).values({each: into[each] for each in deciding})
                for change in (given, taken) if deciding else ():
                    assert reached(connection, change) == 0, (one.name, deciding)


def test_a_table_of_ones_own_never_stands_in_for_the_real_one(filled: Filled, engine: Engine) -> None:
    """A session may make temporary tables, which go before all others by name: the guards name the schema."""
    foreign = filled.rows["claim_line", B]
    with as_hub(engine, T, within=f",{A},") as connection:
        connection.execute(text("CREATE TEMPORARY TABLE claim (id varchar, provider_code varchar)"))
        connection.execute(text("INSERT INTO claim VALUES (:id, :code)"), {"id": foreign["claim_id"], "code": A})
        connection.execute(text("CREATE TEMPORARY TABLE access_pruned (tenant_id varchar, month varchar)"))
        assert len(asked(connection, "SELECT id FROM claim_line")) == 1
    with as_hub(engine, T) as connection:
        month = schema.access_log.c.month
        connection.execute(schema.access_log.insert(), filled.rows["access_log", A] | {"month": "2031-01"})
        connection.execute(text("CREATE TEMPORARY TABLE access_pruned AS SELECT tenant_id, month FROM access_log"))
        assert reached(connection, schema.access_log.delete().where(month == "2031-01")) == 0
        assert reached(connection, schema.access_log.delete().where(month != "2031-01")) == 2, "months truly pruned go"


SETTINGS = text(
    "SELECT coalesce(current_setting('kvitt.tenant', true), ''), coalesce(current_setting('kvitt.within', true), ''), "
    "pg_backend_pid(), (SELECT count(*) FROM claim)"
)


class _StopError(Exception):
    """What a handler may raise."""


def leave(filled: Filled, how: str) -> None:
    """One use of a fenced unit that ends in some way."""
    store, fence = filled.store, frozenset({A})
    with suppress(_StopError, DBAPIError):
        if how == "read":
            with store.reading(T, within=fence) as unit:
                assert len(unit.rows(unit.mine(schema.claim))) == 1
        elif how == "lifted":
            with store.unit(T, within=fence) as unit, unit.whole() as everything:
                assert len(everything.rows(everything.mine(schema.claim))) == 2
        elif how == "raised":
            with store.unit(T, within=fence):
                raise _StopError
        elif how == "raised while lifted":
            with store.unit(T, within=fence) as unit, unit.whole():
                raise _StopError
        elif how == "failed":
            with store.unit(T) as unit:
                unit.connection.execute(text("SELECT 1 / 0"))
        elif how == "failed while lifted":
            with store.unit(T, within=fence) as unit, unit.whole() as everything:
                everything.connection.execute(text("SELECT 1 / 0"))
        elif how == "savepoint":
            with store.unit(T, within=fence) as unit:
                with suppress(_StopError), unit.connection.begin_nested(), unit.whole():
                    raise _StopError
                assert len(unit.rows(unit.mine(schema.claim))) == 1
        else:
            with effect_lock(store.engine, Path(), "some effect") as mine, store.unit(T, within=fence):
                assert mine


@pytest.mark.parametrize(
    "how",
    ["read", "lifted", "raised", "raised while lifted", "failed", "failed while lifted", "savepoint", "locked"],
)
def test_a_connection_keeps_nothing_of_whom_it_served_before(filled: Filled, how: str) -> None:
    """The pool hands out the same sessions again: in a transaction and with autocommit they are nobody's."""
    engine = filled.store.engine
    served: set[int] = set()
    for _ in range(3):
        leave(filled, how)
        with engine.connect() as connection:
            tenant, within, session, seen = connection.execute(SETTINGS).one()
            assert (tenant, within, seen) == ("", "", 0), how
            served.add(session)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            assert tuple(connection.execute(SETTINGS).one())[:2] == ("", "")
            connection.execute(text("SELECT set_config('kvitt.tenant', :tenant, true)"), {"tenant": T})
            assert connection.execute(SETTINGS).one()[3] == 0, "outside a transaction a tenant is nobody's for long"
        with filled.store.reading(T, within=frozenset({A})) as unit:
            assert len(unit.rows(unit.mine(schema.claim))) == 1
    assert len(served) <= 2, "or the pool gave new sessions and nothing was tried"


def test_a_prepared_statement_follows_the_one_who_asks(filled: Filled) -> None:
    """The driver prepares what is asked often, and PostgreSQL keeps its plan: the plan reads the settings anew."""
    for _ in range(12):
        for within, expected in ((frozenset({A}), 1), (frozenset({A, B}), 2), (None, 2), (frozenset[str](), 0)):
            with filled.store.reading(T, within=within) as unit:
                assert len(unit.rows(unit.mine(schema.claim))) == expected
        with filled.store.reading(OTHER) as unit:
            assert unit.rows(unit.mine(schema.claim)) == []
