"""Bring a database to the newest version, all or nothing, and guard it: append-only triggers, row-level security."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from hub.errors import ConfigurationError
from hub.store.schema import APPEND_ONLY, TENANT_TABLES

FOLDER = Path(__file__).parent / "migrations"
APP_ROLE = "kvitt_app"
"""The PostgreSQL role the hub runs under; the owner of the tables is another one (decision 22)."""


def upgrade(engine: Engine) -> None:
    """Migrate to the newest version in one transaction; a database of a newer program is left alone."""
    with engine.begin() as connection:
        config = _config()
        _refuse_newer(MigrationContext.configure(connection).get_current_revision(), config)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        guard(connection)


def require_current(engine: Engine) -> None:
    """Stop when the database is older or newer than this program."""
    try:
        with engine.connect() as connection:
            found = MigrationContext.configure(connection).get_current_revision()
    except DBAPIError as error:
        reason = str(error.orig).splitlines()[0]
        hint = "check its permissions and disk, or restore it from a backup"
        raise ConfigurationError(f"the database cannot be opened: {reason}", hint=hint) from error
    _refuse_newer(found, _config())
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if found != head:
        raise ConfigurationError(
            f"the database is at version {found or 'none'}, this program needs {head}", hint="run: kvitt init --upgrade"
        )


def _refuse_newer(found: str | None, config: Config) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found is not None and found not in known:
        raise ConfigurationError(
            f"the database is at version {found}, which this program does not know", hint="use the newer program"
        )


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    return config


def guard(connection: Connection) -> None:
    """(Re)create what protects the rows; safe to repeat."""
    if connection.dialect.name == "postgresql":
        _guard_postgres(connection)
    else:
        _guard_sqlite(connection)


def _guard_sqlite(connection: Connection) -> None:
    for table in APPEND_ONLY:
        for action in ("UPDATE", "DELETE"):
            name = f"{table.name}_no_{action.lower()}"
            connection.execute(text(f"DROP TRIGGER IF EXISTS {name}"))
            connection.execute(
                text(
                    f"CREATE TRIGGER {name} BEFORE {action} ON {table.name} "
                    f"BEGIN SELECT RAISE(ABORT, '{table.name} is append-only'); END"
                )
            )


def _guard_postgres(connection: Connection) -> None:
    connection.execute(
        text(
            "CREATE OR REPLACE FUNCTION kvitt_append_only() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
        )
    )
    for table in APPEND_ONLY:
        connection.execute(text(f"DROP TRIGGER IF EXISTS {table.name}_append_only ON {table.name}"))
        connection.execute(
            text(
                f"CREATE TRIGGER {table.name}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table.name} "
                "FOR EACH STATEMENT EXECUTE FUNCTION kvitt_append_only()"
            )
        )
    for table in TENANT_TABLES:
        _isolate(connection, table.name)
    _grant(connection)


def _isolate(connection: Connection, table: str) -> None:
    mine = "tenant_id = current_setting('kvitt.tenant', true)"
    connection.execute(text(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"))
    connection.execute(text(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY"))
    connection.execute(text(f"DROP POLICY IF EXISTS tenant_only ON {table}"))
    connection.execute(text(f"CREATE POLICY tenant_only ON {table} USING ({mine}) WITH CHECK ({mine})"))


def _grant(connection: Connection) -> None:
    exists = connection.execute(text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": APP_ROLE}).scalar()
    if exists:
        connection.execute(text(f"GRANT USAGE ON SCHEMA public TO {APP_ROLE}"))
        connection.execute(text(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {APP_ROLE}"))
