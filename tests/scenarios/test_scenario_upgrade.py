"""Upgrading a hub with data: a database as an older program left it, brought to this program's version, loses nothing.

The data is real: both example tenants have claimed, sent and been answered. The older shape is made by the migrations'
own way back, which leaves what the older program knew and drops what it did not.
"""

from __future__ import annotations

from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData, create_engine, select, text

from hub.errors import ConfigurationError
from hub.store import migrate, schema
from hub.store.schema import APPEND_ONLY, TENANT_TABLES
from tests.scenarios.world import NL, NO, SPRING_2026, World, nl_list, no_log

Rows = dict[str, list[str]]


def configured(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(migrate.FOLDER))
    config.attributes["connection"] = connection
    return config


def taken_back(world: World, revision: str) -> None:
    """The database as the program of an earlier version would have it."""
    world.hub.store.close()
    engine = create_engine(world.database.owner_url)  # SQLite's own default: tables may be rebuilt under references
    try:
        with engine.begin() as connection:
            command.downgrade(configured(connection), revision)
    finally:
        engine.dispose()


def rows(world: World, known: Rows | None = None) -> Rows:
    """Every row of every table, in the columns that `known` has (all of them without it)."""
    engine = world.database.engine(owner=True)
    found: Rows = {}
    try:
        with engine.begin() as connection:
            if world.database.kind == "postgres":
                for table in TENANT_TABLES:  # the owner is held to one tenant too
                    connection.execute(text(f"ALTER TABLE IF EXISTS {table.name} NO FORCE ROW LEVEL SECURITY"))
            there = MetaData()
            there.reflect(connection)
            for name, table in there.tables.items():
                if name == "alembic_version" or (known is not None and name not in known):
                    continue
                columns = _columns(known, name) or sorted(table.c.keys())
                lines = connection.execute(select(*(table.c[column] for column in columns))).all()
                found[name] = [",".join(columns), *sorted(repr([_plain(value) for value in line]) for line in lines)]
    finally:
        engine.dispose()
    return found


def _columns(known: Rows | None, table: str) -> list[str]:
    return known[table][0].split(",") if known is not None else []


def _plain(value: Any) -> Any:
    return bytes(value) if isinstance(value, memoryview) else value


@pytest.fixture
def played(world: World) -> World:
    """Both countries have claimed and sent; one clinic was told something."""
    world.hand_in(nl_list())
    world.submit(NL)
    world.at(SPRING_2026)
    world.log_in(no_log())
    world.submit(NO)
    return world


@pytest.mark.parametrize("revision", ["0001", "0002"])
def test_a_database_of_an_older_version_is_upgraded_whole_and_the_hub_goes_on(played: World, revision: str) -> None:
    sent = {tenant: len(played.exchanges(tenant)) for tenant in (NL, NO)}
    taken_back(played, revision)
    engine = played.database.engine(owner=True)
    try:
        with pytest.raises(ConfigurationError, match=r"at version 000\d, this program needs"):
            migrate.require_current(engine)
        before = rows(played)
        assert sum(len(lines) - 1 for lines in before.values()) > 100
        migrate.upgrade(engine)
        migrate.require_current(engine)
        with engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            assert compare_metadata(context, schema.metadata) == []
    finally:
        engine.dispose()
    assert rows(played, before) == before, "every row the older program knew, unchanged"
    _guarded(played)

    played.restart()
    assert {tenant: played.conservation(tenant) for tenant in (NL, NO)} == {NL: [], NO: []}
    for tenant in (NL, NO):
        played.submit(tenant)
        assert len(played.exchanges(tenant)) == sent[tenant], "nothing is sent again"


def _guarded(world: World) -> None:
    """After an upgrade the append-only tables still refuse changes, and tenants are still apart."""
    engine = world.database.engine(owner=True)
    try:
        with engine.begin() as connection:
            migrate.guard(connection)
        for table in APPEND_ONLY:
            if table.name in {"posting", "decision"}:
                with pytest.raises(Exception, match="append-only"), engine.begin() as connection:
                    connection.execute(table.delete())
    finally:
        engine.dispose()


def test_a_database_of_a_newer_program_is_left_alone(world: World) -> None:
    engine = world.database.engine(owner=True)
    try:
        with engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        with pytest.raises(ConfigurationError, match="does not know"):
            migrate.upgrade(engine)
        with engine.begin() as connection:
            assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == "9999"
    finally:
        engine.dispose()
