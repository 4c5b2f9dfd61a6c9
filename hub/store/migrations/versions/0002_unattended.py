"""Unattended exchange: runs that say who and when, pauses, quotas, history in order, and what is due found by index.

Revision: 0002, after 0001.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from hub.store.types import Moment

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_UNSETTLED = sa.text("state IN ('prepared', 'sending', 'in_doubt')")
_UNANSWERED = sa.text("answered_at IS NULL")
_IN_FORCE = sa.text("lifted_at IS NULL")
_BY_COLUMN = {
    "ix_exchange_newest": "prepared_at",
    "ix_exchange_remote": "remote_id",
    "ix_exchange_state": "state",
}


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("job_run") as batch_op:
        batch_op.add_column(sa.Column("planned_at", Moment(), nullable=True))
        batch_op.add_column(sa.Column("node", sa.String(length=80), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("by", sa.String(length=60), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("starts", sa.Integer(), nullable=False, server_default="1"))
    with op.batch_alter_table("exchange_event") as batch_op:
        batch_op.add_column(sa.Column("seq", sa.Integer(), nullable=False, server_default="0"))
    with op.batch_alter_table("exchange") as batch_op:
        batch_op.add_column(sa.Column("received_at", Moment(), nullable=True))
    _tables()
    _alert_tables()
    _index("ix_exchange_due", "exchange", ["tenant_id", "next_try_at"], _UNSETTLED)
    for name, column in _BY_COLUMN.items():
        op.create_index(name, "exchange", ["tenant_id", column])
    _index("ix_exchange_unanswered", "exchange", ["tenant_id", "state", "reply_due"], _UNANSWERED)
    _index("ix_pause_in_force", "pause", ["tenant_id"], _IN_FORCE)
    _index("ix_incident_open", "incident", ["tenant_id"], sa.text("resolved_at IS NULL"))
    _index("ix_alert_message_untold", "alert_message", ["tenant_id"], sa.text("told_at IS NULL"))


def _tables() -> None:
    op.create_table(
        "pause",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("target", sa.String(length=160), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", Moment(), nullable=False),
        sa.Column("until", Moment(), nullable=True),
        sa.Column("by", sa.String(length=60), nullable=False),
        sa.Column("lifted_at", Moment(), nullable=True),
        sa.Column("lifted_by", sa.String(length=60), nullable=False, server_default=""),
        sa.CheckConstraint("kind in ('outbound', 'partner', 'practice', 'batch', 'job')", name=op.f("ck_pause_kind")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_pause_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pause")),
    )
    op.create_table(
        "circuit",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("place", sa.String(length=64), nullable=False),
        sa.Column("partner", sa.String(length=60), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", Moment(), nullable=False),
        sa.Column("open_until", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_circuit_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "place", name=op.f("pk_circuit")),
    )
    op.create_table(
        "quota",
        sa.Column("place", sa.String(length=64), nullable=False),
        sa.Column("window", Moment(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("place", "window", name=op.f("pk_quota")),
    )


def _alert_tables() -> None:
    op.create_table(
        "alert_target",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("zone", sa.String(length=40), nullable=False),
        sa.Column("quiet_from", sa.String(length=5), nullable=False),
        sa.Column("quiet_to", sa.String(length=5), nullable=False),
        sa.Column("digest_at", sa.String(length=5), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("removed_at", Moment(), nullable=True),
        sa.CheckConstraint("kind in ('mail', 'webhook')", name=op.f("ck_alert_target_kind")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_alert_target_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_target")),
        sa.UniqueConstraint("tenant_id", "name", name=op.f("uq_alert_target_tenant_id_name")),
    )
    op.create_table(
        "incident",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=240), nullable=False),
        sa.Column("episode", sa.Integer(), nullable=False),
        sa.Column("partner", sa.String(length=60), nullable=False),
        sa.Column("cause", sa.String(length=40), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("step", sa.String(length=10), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("amounts", sa.JSON(), nullable=False),
        sa.Column("due", sa.Date(), nullable=True),
        sa.Column("opened_at", Moment(), nullable=False),
        sa.Column("seen_at", Moment(), nullable=False),
        sa.Column("resolved_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_incident_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident")),
        sa.UniqueConstraint("tenant_id", "key", "episode", name=op.f("uq_incident_tenant_id_key_episode")),
    )
    op.create_table(
        "alert_message",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("target_id", sa.String(length=36), nullable=False),
        sa.Column("key", sa.String(length=240), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("made_at", Moment(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("told_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["target_id"], ["alert_target.id"], name=op.f("fk_alert_message_target_id")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_alert_message_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_message")),
        sa.UniqueConstraint("tenant_id", "target_id", "key", name=op.f("uq_alert_message_tenant_id_target_id_key")),
    )
    op.create_table(
        "expectation",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("module", sa.String(length=20), nullable=False),
        sa.Column("working_day", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_expectation_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "module", name=op.f("pk_expectation")),
    )


def _index(name: str, table: str, columns: list[str], where: sa.TextClause) -> None:
    op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_exchange_unanswered", "exchange")
    for name in _BY_COLUMN:
        op.drop_index(name, "exchange")
    op.drop_index("ix_exchange_due", "exchange")
    for name in ("expectation", "alert_message", "incident", "alert_target"):
        op.drop_table(name)
    with op.batch_alter_table("exchange") as batch_op:
        batch_op.drop_column("received_at")
    op.drop_table("quota")
    op.drop_table("circuit")
    op.drop_table("pause")
    with op.batch_alter_table("exchange_event") as batch_op:
        batch_op.drop_column("seq")
    with op.batch_alter_table("job_run") as batch_op:
        for name in ("starts", "by", "node", "planned_at"):
            batch_op.drop_column(name)
