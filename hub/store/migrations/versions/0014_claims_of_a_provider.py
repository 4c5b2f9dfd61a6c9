"""Whose a version of a party is, is known from one claim it provided, however many there are.

Revision: 0014, after 0013.
"""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_index("ix_claim_provider", "claim", ["tenant_id", "provider"])


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_claim_provider", table_name="claim")
