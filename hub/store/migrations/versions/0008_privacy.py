"""Rows of one organisation are fenced for its own users; legal holds and erasures are written down.

Revision: 0008, after 0007.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from hub.store.types import Moment

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


_INDEXES = (
    ("access_log", "ix_access_log_actor"),
    ("access_log", "ix_access_log_subject"),
    ("declaration_row", "ix_declaration_row_subject_id"),
    ("claim", "ix_claim_subject_id"),
    ("claim", "ix_claim_claimant"),
    ("claim", "ix_claim_whose"),
)
_ASKED = sa.text("state = 'asked'")


def _of_tenant(name: str) -> tuple[sa.schema.SchemaItem, ...]:
    return (
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f(f"fk_{name}_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
    )


def _of_person(name: str) -> tuple[sa.schema.SchemaItem, ...]:
    return (
        sa.Column("subject_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.id"], name=op.f(f"fk_{name}_subject_id")),
    )


def _of_persons() -> None:
    op.create_table(
        "legal_hold",
        *_of_tenant("legal_hold"),
        *_of_person("legal_hold"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", Moment(), nullable=False),
        sa.Column("by", sa.String(length=60), nullable=False),
        sa.Column("lifted_at", Moment(), nullable=True),
        sa.Column("lifted_by", sa.String(length=60), nullable=False, server_default=""),
        sa.Column("lift_reason", sa.Text(), nullable=False, server_default=""),
    )
    op.create_index("ix_legal_hold_subject_id", "legal_hold", ["subject_id"])
    op.create_table(
        "erasure",
        *_of_tenant("erasure"),
        sa.Column("number", sa.Integer(), nullable=False),
        *_of_person("erasure"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("despite", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("asked_by", sa.String(length=60), nullable=False),
        sa.Column("asked_at", Moment(), nullable=False),
        sa.Column("decided_by", sa.String(length=60), nullable=False, server_default=""),
        sa.Column("decided_at", Moment(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False, server_default=""),
        sa.Column("certificate", sa.JSON(), nullable=True),
        sa.Column("signature", sa.String(length=64), nullable=False, server_default=""),
        sa.UniqueConstraint("tenant_id", "number", name=op.f("uq_erasure_tenant_id_number")),
        sa.CheckConstraint("state in ('asked', 'done', 'refused')", name=op.f("ck_erasure_state")),
        sa.CheckConstraint("state <> 'done' or decided_by <> asked_by", name=op.f("ck_erasure_four_eyes")),
    )
    op.create_index(
        "uq_erasure_asked",
        "erasure",
        ["tenant_id", "subject_id"],
        unique=True,
        sqlite_where=_ASKED,
        postgresql_where=_ASKED,
    )


def _of_what_is_gone() -> None:
    op.create_table(
        "disposal",
        *_of_tenant("disposal"),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("what", sa.String(length=120), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("by", sa.String(length=60), nullable=False),
        sa.Column("at", Moment(), nullable=False),
    )
    op.create_table(
        "access_pruned",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("by", sa.String(length=60), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("signature", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_access_pruned_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "month", name=op.f("pk_access_pruned")),
    )


def upgrade() -> None:
    """Apply."""
    op.create_index("ix_claim_whose", "claim", ["tenant_id", "provider_code", "claimant_code"])
    op.create_index("ix_claim_claimant", "claim", ["tenant_id", "claimant_code"])
    op.create_index("ix_claim_subject_id", "claim", ["subject_id"])
    op.create_index("ix_declaration_row_subject_id", "declaration_row", ["subject_id"])
    op.create_index("ix_access_log_subject", "access_log", ["tenant_id", "subject"])
    op.create_index("ix_access_log_actor", "access_log", ["tenant_id", "actor", "at"])
    _of_persons()
    _of_what_is_gone()


def downgrade() -> None:
    """Take back."""
    if op.get_bind().dialect.name == "sqlite":  # or no table can be renamed while its trigger names one that is gone
        op.execute("DROP TRIGGER IF EXISTS access_log_no_delete")
        op.execute(
            "CREATE TRIGGER access_log_no_delete BEFORE DELETE ON access_log "
            "BEGIN SELECT RAISE(ABORT, 'access_log is append-only'); END"
        )
    for table in ("access_pruned", "disposal", "erasure", "legal_hold"):
        op.drop_table(table)
    for table, name in _INDEXES:
        op.drop_index(name, table_name=table)
