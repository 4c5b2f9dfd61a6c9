"""Programs come in: tokens, repeated requests, webhooks and their deliveries.

Revision: 0009, after 0008.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from hub.store.types import Moment

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_INDEXES = (
    ("ix_claim_made", "claim", "created_at"),
    ("ix_declaration_received", "declaration", "received_at"),
    ("ix_decision_at", "decision", "at"),
    ("ix_exchange_event_at", "exchange_event", "at"),
    ("ix_allocation_at", "allocation", "at"),
)
_WAITING = sa.text("state = 'waiting'")


def _of_tenant(name: str) -> tuple[sa.schema.SchemaItem, ...]:
    return (
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f(f"fk_{name}_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
    )


def _ref(table: str, column: str, parent: str, *, nullable: bool = True) -> tuple[sa.schema.SchemaItem, ...]:
    return (
        sa.Column(column, sa.String(length=36), nullable=nullable),
        sa.ForeignKeyConstraint([column], [f"{parent}.id"], name=op.f(f"fk_{table}_{column}")),
    )


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "api_token",
        *_of_tenant("api_token"),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("ending", sa.String(length=4), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        *_ref("api_token", "organisation_id", "organisation"),
        *_ref("api_token", "user_id", "app_user"),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("created_by", sa.String(length=120), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.Column("used_at", Moment(), nullable=True),
        sa.Column("revoked_at", Moment(), nullable=True),
        sa.Column("revoked_by", sa.String(length=120), nullable=False, server_default=""),
        sa.UniqueConstraint("tenant_id", "secret_hash", name=op.f("uq_api_token_tenant_id_secret_hash")),
    )
    op.create_index(op.f("ix_api_token_user_id"), "api_token", ["user_id"])
    op.create_table(
        "api_repeat",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("token_id", sa.String(length=36), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("request", sa.String(length=64), nullable=False),
        sa.Column("begun_at", Moment(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_api_repeat_tenant_id")),
        sa.ForeignKeyConstraint(["token_id"], ["api_token.id"], name=op.f("fk_api_repeat_token_id")),
        sa.PrimaryKeyConstraint("tenant_id", "token_id", "key", name=op.f("pk_api_repeat")),
    )
    _webhooks()
    for name, table, column in _INDEXES:
        op.create_index(name, table, ["tenant_id", column, "id"])


def _webhooks() -> None:
    op.create_table(
        "webhook",
        *_of_tenant("webhook"),
        *_ref("webhook", "organisation_id", "organisation"),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("events", sa.JSON(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("former", sa.LargeBinary(), nullable=True),
        sa.Column("former_until", Moment(), nullable=True),
        sa.Column("looked_at", Moment(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("created_by", sa.String(length=120), nullable=False),
        sa.Column("stopped_at", Moment(), nullable=True),
        sa.Column("stopped_by", sa.String(length=120), nullable=False, server_default=""),
        sa.Column("removed_at", Moment(), nullable=True),
    )
    op.create_table(
        "webhook_delivery",
        *_of_tenant("webhook_delivery"),
        *_ref("webhook_delivery", "webhook_id", "webhook", nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("event", sa.String(length=40), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("happened_at", Moment(), nullable=False),
        sa.Column("made_at", Moment(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_try_at", Moment(), nullable=True),
        sa.Column("told_at", Moment(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.UniqueConstraint(
            "tenant_id", "webhook_id", "key", name=op.f("uq_webhook_delivery_tenant_id_webhook_id_key")
        ),
        sa.CheckConstraint("state in ('waiting', 'told', 'given_up')", name=op.f("ck_webhook_delivery_state")),
    )
    op.create_index("ix_webhook_delivery_newest", "webhook_delivery", ["tenant_id", "webhook_id", "made_at"])
    op.create_index(
        "ix_webhook_delivery_due",
        "webhook_delivery",
        ["tenant_id", "webhook_id", "next_try_at"],
        sqlite_where=_WAITING,
        postgresql_where=_WAITING,
    )


def downgrade() -> None:
    """Take back."""
    for name, table, _ in _INDEXES:
        op.drop_index(name, table_name=table)
    for table in ("webhook_delivery", "webhook", "api_repeat", "api_token"):
        op.drop_table(table)
