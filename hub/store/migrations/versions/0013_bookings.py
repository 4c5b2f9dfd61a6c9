"""Bookings are listed newest first by an index, however many there are.

Revision: 0013, after 0012.
"""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_index("ix_payment_booked", "payment", ["tenant_id", "booked"])


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_payment_booked", table_name="payment")
