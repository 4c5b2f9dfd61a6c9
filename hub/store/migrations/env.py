"""Alembic's entry: runs the versions on the connection that `hub.store.migrate` hands over."""

from __future__ import annotations

from alembic import context

from hub.store.schema import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection, target_metadata=metadata, render_as_batch=True, transaction_per_migration=False
)
with context.begin_transaction():
    context.run_migrations()
