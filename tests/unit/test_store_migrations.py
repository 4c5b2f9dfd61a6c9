"""The store's tables on both databases: from empty to the newest version, and nothing the models do not know."""

from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from hub.errors import ConfigurationError
from hub.store import migrate, schema
from tests.databases import Database


def test_empty_database_is_refused_then_migrated_then_accepted(empty_database: Database) -> None:
    engine = empty_database.engine(owner=True)
    try:
        with pytest.raises(ConfigurationError, match="version none"):
            migrate.require_current(engine)
        migrate.upgrade(engine)
        migrate.require_current(engine)
        assert set(schema.metadata.tables) <= set(inspect(engine).get_table_names())
    finally:
        engine.dispose()


def test_migrating_twice_changes_nothing(database: Database) -> None:
    engine = database.engine(owner=True)
    try:
        before = sorted(inspect(engine).get_table_names())
        migrate.upgrade(engine)
        assert sorted(inspect(engine).get_table_names()) == before
    finally:
        engine.dispose()


def test_migrations_make_exactly_what_the_tables_say(database: Database) -> None:
    engine = database.engine(owner=True)
    try:
        with engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            assert compare_metadata(context, schema.metadata) == []
    finally:
        engine.dispose()
