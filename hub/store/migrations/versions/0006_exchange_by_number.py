"""An exchange is found by its invoice number among a million: answers name it.

Revision: 0006, after 0005.
"""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_index("ix_exchange_number", "exchange", ["tenant_id", "invoice_number"])


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_exchange_number", table_name="exchange")
