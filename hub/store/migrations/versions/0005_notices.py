"""Notices to practices and clinics are mailed: how far each is. What was stored before stays unmailed, as it was.

Revision: 0005, after 0004.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from hub.store.types import Moment

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_STATES = "state in ('stored', 'waiting', 'sending', 'sent', 'in_doubt', 'failed')"


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("notification") as batch_op:
        batch_op.add_column(sa.Column("language", sa.String(length=2), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("state", sa.String(length=10), nullable=False, server_default="stored"))
        batch_op.add_column(sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("next_try_at", Moment(), nullable=True))
        batch_op.add_column(sa.Column("sent_at", Moment(), nullable=True))
        batch_op.add_column(sa.Column("note", sa.Text(), nullable=False, server_default=""))
        batch_op.create_check_constraint(op.f("ck_notification_state"), _STATES)


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table("notification") as batch_op:
        batch_op.drop_constraint(op.f("ck_notification_state"), type_="check")
        for column in ("note", "sent_at", "next_try_at", "attempts", "state", "language"):
            batch_op.drop_column(column)
