"""Support staff share the work: who has a task, what was said, corrections that wait for their undo.

Tasks that stood before have no cause: they are grouped by what they are about until the same trouble comes again.

Revision: 0010, after 0009.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.schema import SchemaItem

from hub.store.types import Moment

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_NOTES = "kind in ('comment', 'assigned', 'resolved', 'reopened', 'told')"
_FIXES = "state in ('held', 'released', 'undone')"
_ITEMS = "state in ('held', 'released', 'undone', 'left', 'refused')"
_OPEN = "state = 'open'"
_HELD = "state = 'held'"


def _own(name: str) -> tuple[SchemaItem, ...]:
    return (
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f(f"fk_{name}_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
    )


def upgrade() -> None:
    """Apply."""
    op.add_column("task", sa.Column("cause", sa.String(length=160), nullable=False, server_default=""))
    op.add_column("task", sa.Column("assignee", sa.String(length=120), nullable=False, server_default=""))
    _partial("ix_task_open", "task", ["tenant_id", "kind"], _OPEN)
    _partial("ix_task_done", "task", ["tenant_id", "done_at"], "state = 'done'")
    op.create_index("ix_task_claim", "task", ["tenant_id", "claim_ref"])
    op.create_table(
        "task_note",
        *_own("task_note"),
        sa.Column("task_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("by", sa.String(length=120), nullable=False),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.CheckConstraint(_NOTES, name=op.f("ck_task_note_kind")),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name=op.f("fk_task_note_task_id")),
    )
    op.create_index(op.f("ix_task_note_task_id"), "task_note", ["task_id"])
    op.create_table(
        "bulk_fix",
        *_own("bulk_fix"),
        sa.Column("cause", sa.String(length=160), nullable=False),
        sa.Column("payer", sa.String(length=60), nullable=False),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("by", sa.String(length=120), nullable=False),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.Column("made_at", Moment(), nullable=False),
        sa.Column("until", Moment(), nullable=False),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.Column("ended_by", sa.String(length=120), nullable=False, server_default=""),
        sa.CheckConstraint(_FIXES, name=op.f("ck_bulk_fix_state")),
    )
    _partial("ix_bulk_fix_held", "bulk_fix", ["tenant_id", "until"], _HELD)
    _items()


def _items() -> None:
    op.create_table(
        "bulk_fix_item",
        *_own("bulk_fix_item"),
        sa.Column("fix_id", sa.String(length=36), nullable=False),
        sa.Column("claim_ref", sa.String(length=40), nullable=False),
        sa.Column("claim_id", sa.String(length=36), nullable=False),
        sa.Column("way", sa.String(length=24), nullable=False),
        sa.Column("made", sa.JSON(), nullable=False),
        sa.Column("former", sa.JSON(), nullable=False),
        sa.Column("tasks", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.CheckConstraint(_ITEMS, name=op.f("ck_bulk_fix_item_state")),
        sa.ForeignKeyConstraint(["fix_id"], ["bulk_fix.id"], name=op.f("fk_bulk_fix_item_fix_id")),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name=op.f("fk_bulk_fix_item_claim_id")),
        sa.UniqueConstraint(
            "tenant_id", "fix_id", "claim_ref", name=op.f("uq_bulk_fix_item_tenant_id_fix_id_claim_ref")
        ),
    )


def _partial(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def downgrade() -> None:
    """Take back."""
    for table in ("bulk_fix_item", "bulk_fix", "task_note"):
        op.drop_table(table)
    op.drop_index("ix_task_claim", "task")
    op.drop_index("ix_task_done", "task")
    op.drop_index("ix_task_open", "task")
    with op.batch_alter_table("task") as batch_op:
        batch_op.drop_column("assignee")
        batch_op.drop_column("cause")
