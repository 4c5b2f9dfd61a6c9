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
from hub.store.policies import isolate
from hub.store.schema import APPEND_ONLY, access_log

FOLDER = Path(__file__).parent / "migrations"
_PRUNED = "EXISTS (SELECT 1 FROM access_pruned p WHERE p.tenant_id = OLD.tenant_id AND p.month = OLD.month)"
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
            unless = f"WHEN NOT {_PRUNED}" if (table, action) == (access_log, "DELETE") else ""
            connection.execute(text(f"DROP TRIGGER IF EXISTS {name}"))
            connection.execute(
                text(
                    f"CREATE TRIGGER {name} BEFORE {action} ON {table.name} {unless} "
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
        actions = "UPDATE OR TRUNCATE" if table is access_log else "UPDATE OR DELETE OR TRUNCATE"
        connection.execute(text(f"DROP TRIGGER IF EXISTS {table.name}_append_only ON {table.name}"))
        connection.execute(
            text(
                f"CREATE TRIGGER {table.name}_append_only BEFORE {actions} ON {table.name} "
                "FOR EACH STATEMENT EXECUTE FUNCTION kvitt_append_only()"
            )
        )
    _let_pruned_months_go(connection)
    isolate(connection)
    _grant(connection)


def _let_pruned_months_go(connection: Connection) -> None:
    """The access log alone may lose lines: those of a month that is written down as pruned."""
    connection.execute(
        text(
            "CREATE OR REPLACE FUNCTION kvitt_keep_lines() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN IF {_PRUNED.replace('FROM access', 'FROM public.access')} THEN RETURN OLD; END IF; "
            "RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
        )
    )
    connection.execute(text("DROP TRIGGER IF EXISTS access_log_kept ON access_log"))
    connection.execute(
        text(
            "CREATE TRIGGER access_log_kept BEFORE DELETE ON access_log "
            "FOR EACH ROW EXECUTE FUNCTION kvitt_keep_lines()"
        )
    )


def _grant(connection: Connection) -> None:
    exists = connection.execute(text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": APP_ROLE}).scalar()
    if exists:
        connection.execute(text(f"GRANT USAGE ON SCHEMA public TO {APP_ROLE}"))
        connection.execute(text(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {APP_ROLE}"))
        connection.execute(text(f"REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {APP_ROLE}"))
