"""Practices are asked for lists and hand them in; questions are asked and answered.

Revision: 0011, after 0010.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.schema import SchemaItem

from hub.store.types import Moment

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_STATES = "state in ('asked', 'answered', 'closed')"


def _own(name: str) -> tuple[SchemaItem, ...]:
    return (
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("organisation_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f(f"fk_{name}_tenant_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f(f"fk_{name}_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
    )


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "list_request",
        *_own("list_request"),
        sa.Column("module", sa.String(length=20), nullable=False),
        sa.Column("period", sa.String(length=10), nullable=False),
        sa.Column("asked_at", Moment(), nullable=True),
        sa.Column("reminded_at", Moment(), nullable=True),
        sa.Column("closed_at", Moment(), nullable=True),
        sa.Column("closed_by", sa.String(length=120), nullable=False, server_default=""),
        sa.Column("reason", sa.Text(), nullable=False, server_default=""),
        sa.UniqueConstraint(
            "tenant_id",
            "organisation_id",
            "module",
            "period",
            name=op.f("uq_list_request_tenant_id_organisation_id_module_period"),
        ),
    )
    op.create_table(
        "question",
        *_own("question"),
        sa.Column("declaration_id", sa.String(length=36), nullable=True),
        sa.Column("line", sa.Integer(), nullable=True),
        sa.Column("claim_ref", sa.String(length=40), nullable=False, server_default=""),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.String(length=120), nullable=False),
        sa.Column("asked_at", Moment(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False, server_default=""),
        sa.Column("answered_by", sa.String(length=120), nullable=False, server_default=""),
        sa.Column("answered_at", Moment(), nullable=True),
        sa.Column("closed_at", Moment(), nullable=True),
        sa.Column("closed_by", sa.String(length=120), nullable=False, server_default=""),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.CheckConstraint(_STATES, name=op.f("ck_question_state")),
        sa.ForeignKeyConstraint(["declaration_id"], ["declaration.id"], name=op.f("fk_question_declaration_id")),
    )
    op.create_index("ix_question_state", "question", ["tenant_id", "state", "asked_at"])


def downgrade() -> None:
    """Take back."""
    for table in ("question", "list_request"):
        op.drop_table(table)
