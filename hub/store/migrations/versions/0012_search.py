"""Everything is found by its business key, among however many; figures are kept once made.

Revision: 0012, after 0011.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from hub.store.types import Moment

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_WHOLE = (
    ("ix_claim_total", "claim", ("total_minor",)),
    ("ix_claim_person", "claim", ("blind",)),
    ("ix_claim_practice", "claim", ("provider_code", "created_at", "id")),
    ("ix_claim_corrects", "claim", ("corrects",)),
    ("ix_claim_line_amount", "claim_line", ("amount_minor",)),
    ("ix_exchange_key", "exchange", ("id",)),
    ("ix_inbound_remote", "inbound", ("remote_id",)),
    ("ix_payment_key", "payment", ("id",)),
    ("ix_allocation_line", "allocation", ("claim_line_id",)),
    ("ix_payment_amount", "payment", ("amount_minor",)),
    ("ix_organisation_code", "organisation", ("code",)),
)
_TYPED_HALF = (
    ("ix_claim_number", "claim", "invoice_number"),
    ("ix_claim_line_ref", "claim_line", "ref"),
    ("ix_access_log_object", "access_log", "object"),
)
_PARTS = (
    ("ix_claim_kid", "claim", "kid", "kid != ''"),
    ("ix_declaration_row_blind", "declaration_row", "blind", "blind != ''"),
    ("ix_declaration_row_claim", "declaration_row", "claim_id", "claim_id IS NOT NULL"),
    ("ix_declaration_row_held", "declaration_row", "declaration_id", "outcome = 'hold'"),
    ("ix_inbound_answers", "inbound", "exchange_id", "exchange_id IS NOT NULL"),
    ("ix_payment_reference", "payment", "reference", "reference != ''"),
    ("ix_claim_held", "claim", "hold_code", "hold_code != ''"),
    ("ix_posting_payment", "posting", "payment_id", "payment_id IS NOT NULL"),
)
_SUMS = "UPDATE claim SET total_minor = (SELECT sum(amount_minor) FROM claim_line WHERE claim_line.claim_id = claim.id)"


def upgrade() -> None:
    """Apply."""
    op.add_column("claim", sa.Column("total_minor", sa.BigInteger(), nullable=True))
    _of_every_tenant(_SUMS)
    for name, table, columns in _WHOLE:
        op.create_index(name, table, ["tenant_id", *columns])
    for name, table, column in _TYPED_HALF:
        op.create_index(name, table, ["tenant_id", column], postgresql_ops={column: "text_pattern_ops"})
    op.create_index(
        "ix_claim_case",
        "claim",
        ["tenant_id", "case_ref"],
        sqlite_where=sa.text("case_ref != ''"),
        postgresql_where=sa.text("case_ref != ''"),
        postgresql_ops={"case_ref": "text_pattern_ops"},
    )
    for name, table, column, where in _PARTS:
        part = sa.text(where)
        op.create_index(name, table, ["tenant_id", column], sqlite_where=part, postgresql_where=part)
    op.create_table(
        "figure",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("made_at", Moment(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_figure_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "name", name=op.f("pk_figure")),
    )


def _of_every_tenant(statement: str) -> None:
    """Row-level security holds the owner, too, until the guard is set again at the end of every upgrade."""
    if op.get_bind().dialect.name == "postgresql":
        for table in ("claim", "claim_line"):
            op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    op.execute(statement)


def downgrade() -> None:
    """Take back."""
    op.drop_table("figure")
    for name, table, *_ in (*_WHOLE, *_TYPED_HALF, *_PARTS, ("ix_claim_case", "claim")):
        op.drop_index(name, table_name=table)
    with op.batch_alter_table("claim") as batch_op:
        batch_op.drop_column("total_minor")
