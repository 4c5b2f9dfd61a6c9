"""Payments by hand: what a person decided, allocations told apart when made again, payers' specifications.

Revision: 0004, after 0003.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from hub.store.types import Moment

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_ID = sa.String(length=36)
_TENANT = sa.String(length=64)
_ONCE = ["tenant_id", "payment_id", "claim_line_id"]


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("allocation") as batch_op:
        batch_op.add_column(sa.Column("number", sa.Integer(), nullable=False, server_default="1"))
        batch_op.drop_constraint(_unique_name(_ONCE), type_="unique")
        batch_op.create_unique_constraint(_unique_name([*_ONCE, "number"]), [*_ONCE, "number"])
    _resolutions()
    _specifications()


def _unique_name(columns: list[str]) -> str:
    return op.f(f"uq_allocation_{'_'.join(columns)}")


def _resolutions() -> None:
    op.create_table(
        "resolution",
        sa.Column("id", _ID, nullable=False),
        sa.Column("tenant_id", _TENANT, nullable=False),
        sa.Column("payment_id", _ID, nullable=True),
        sa.Column("claim_line_id", _ID, nullable=True),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("by", sa.String(length=60), nullable=False),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_resolution_tenant_id")),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name=op.f("fk_resolution_payment_id")),
        sa.ForeignKeyConstraint(["claim_line_id"], ["claim_line.id"], name=op.f("fk_resolution_claim_line_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resolution")),
    )
    op.create_index("ix_resolution_payment_id", "resolution", ["payment_id"])
    op.create_index("ix_resolution_claim_line_id", "resolution", ["claim_line_id"])


def _specifications() -> None:
    op.create_table(
        "specification",
        sa.Column("id", _ID, nullable=False),
        sa.Column("tenant_id", _TENANT, nullable=False),
        sa.Column("inbound_id", _ID, nullable=False),
        sa.Column("partner", sa.String(length=60), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("payment_id", _ID, nullable=True),
        sa.Column("read_at", Moment(), nullable=False),
        sa.CheckConstraint("state in ('waiting', 'held', 'explained')", name=op.f("ck_specification_state")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_specification_tenant_id")),
        sa.ForeignKeyConstraint(["inbound_id"], ["inbound.id"], name=op.f("fk_specification_inbound_id")),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name=op.f("fk_specification_payment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_specification")),
        sa.UniqueConstraint(
            "tenant_id", "partner", "fingerprint", name=op.f("uq_specification_tenant_id_partner_fingerprint")
        ),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("specification")
    op.drop_table("resolution")
    with op.batch_alter_table("allocation") as batch_op:
        batch_op.drop_constraint(_unique_name([*_ONCE, "number"]), type_="unique")
        batch_op.create_unique_constraint(_unique_name(_ONCE), _ONCE)
        batch_op.drop_column("number")
