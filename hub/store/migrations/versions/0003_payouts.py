"""Pay-outs and statements: accounts that wait for a second person, payment files, what practices are told, exports.

Revision: 0003, after 0002.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from hub.store.types import Moment

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_ID = sa.String(length=36)
_TENANT = sa.String(length=64)
_STATES = "'proposed', 'approved', 'rejected', 'cancelled', 'void', 'exported', 'settled', 'failed'"
_ASKED = sa.text("state = 'asked'")
_WAITING = sa.text("state IN ('proposed', 'approved')")
_TABLES = (
    "exported_posting",
    "journal_export",
    "practice_statement",
    "payout",
    "payout_export",
    "account_change",
)


def upgrade() -> None:
    """Apply."""
    _accounts()
    _payouts()
    _statements()
    _exports()


def _head(table: str) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", _ID, nullable=False),
        sa.Column("tenant_id", _TENANT, nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f(f"fk_{table}_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    ]


def _refers(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}"))


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint("tenant_id", *columns, name=op.f("_".join(("uq", table, "tenant_id", *columns))))


def _accounts() -> None:
    op.create_table(
        "account_change",
        *_head("account_change"),
        sa.Column("organisation_id", _ID, nullable=False),
        sa.Column("account", sa.String(length=34), nullable=False),
        sa.Column("former", sa.String(length=34), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("asked_by", sa.String(length=60), nullable=False),
        sa.Column("asked_at", Moment(), nullable=False),
        sa.Column("decided_by", sa.String(length=60), nullable=False, server_default=""),
        sa.Column("decided_at", Moment(), nullable=True),
        sa.CheckConstraint("state in ('asked', 'approved', 'rejected')", name=op.f("ck_account_change_state")),
        _refers("account_change", "organisation_id", "organisation"),
    )
    op.create_index(
        "uq_account_change_asked",
        "account_change",
        ["tenant_id", "organisation_id", "account"],
        unique=True,
        sqlite_where=_ASKED,
        postgresql_where=_ASKED,
    )


def _payouts() -> None:
    op.create_table(
        "payout_export",
        *_head("payout_export"),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("payee", sa.String(length=20), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("message_id", sa.String(length=35), nullable=False),
        sa.Column("execution_date", sa.Date(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("blob_address", sa.String(length=64), nullable=False),
        sa.Column("made_by", sa.String(length=60), nullable=False),
        sa.Column("made_at", Moment(), nullable=False),
        _unique("payout_export", "number"),
        _unique("payout_export", "message_id"),
    )
    op.create_table(
        "payout",
        *_head("payout"),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("practice", sa.String(length=20), nullable=False),
        sa.Column("payee", sa.String(length=20), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("account", sa.String(length=34), nullable=False),
        sa.Column("end_to_end", sa.String(length=35), nullable=False),
        sa.Column("until", Moment(), nullable=False),
        sa.Column("basis", sa.JSON(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("proposed_by", sa.String(length=60), nullable=False),
        sa.Column("proposed_at", Moment(), nullable=False),
        sa.Column("decided_by", sa.String(length=60), nullable=False, server_default=""),
        sa.Column("decided_at", Moment(), nullable=True),
        sa.Column("approved_digest", sa.String(length=64), nullable=False, server_default=""),
        sa.Column("export_id", _ID, nullable=True),
        sa.Column("note", sa.Text(), nullable=False, server_default=""),
        sa.Column("settled_at", Moment(), nullable=True),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_payout_positive")),
        sa.CheckConstraint(f"state in ({_STATES})", name=op.f("ck_payout_state")),
        sa.CheckConstraint("state <> 'approved' or decided_by <> proposed_by", name=op.f("ck_payout_four_eyes")),
        _refers("payout", "export_id", "payout_export"),
        _unique("payout", "number"),
        _unique("payout", "end_to_end"),
    )
    op.create_index(
        "uq_payout_waiting",
        "payout",
        ["tenant_id", "practice", "payee", "currency"],
        unique=True,
        sqlite_where=_WAITING,
        postgresql_where=_WAITING,
    )


def _statements() -> None:
    op.create_table(
        "practice_statement",
        *_head("practice_statement"),
        sa.Column("practice", sa.String(length=20), nullable=False),
        sa.Column("period", sa.String(length=10), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("since", Moment(), nullable=True),
        sa.Column("until", Moment(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("made_by", sa.String(length=60), nullable=False),
        sa.Column("made_at", Moment(), nullable=False),
        sa.Column("delivered_by", sa.String(length=60), nullable=False, server_default=""),
        sa.Column("delivered_at", Moment(), nullable=True),
        _unique("practice_statement", "practice", "period", "currency", "version"),
    )


def _exports() -> None:
    op.create_table(
        "journal_export",
        *_head("journal_export"),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("period", sa.String(length=10), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("totals", sa.JSON(), nullable=False),
        sa.Column("blob_address", sa.String(length=64), nullable=False),
        sa.Column("made_by", sa.String(length=60), nullable=False),
        sa.Column("made_at", Moment(), nullable=False),
        _unique("journal_export", "number"),
    )
    op.create_table(
        "exported_posting",
        sa.Column("tenant_id", _TENANT, nullable=False),
        sa.Column("posting_id", _ID, nullable=False),
        sa.Column("export_id", _ID, nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_exported_posting_tenant_id")),
        _refers("exported_posting", "posting_id", "posting"),
        _refers("exported_posting", "export_id", "journal_export"),
        sa.PrimaryKeyConstraint("tenant_id", "posting_id", name=op.f("pk_exported_posting")),
    )
    op.create_index("ix_exported_posting_export_id", "exported_posting", ["export_id"])


def downgrade() -> None:
    """Take back."""
    for name in _TABLES:
        op.drop_table(name)
