"""People log in: passwords, second factors, invitations, sessions.

Revision: 0007, after 0006.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.schema import SchemaItem

from hub.store.types import Moment

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_KINDS = "kind in ('invitation', 'reset', 'device')"
_NEW = ("login_throttle", "outside_identity", "web_session", "login_link", "credential")


def _of_user(name: str) -> tuple[SchemaItem, ...]:
    return (
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f(f"fk_{name}_tenant_id")),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f(f"fk_{name}_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
    )


def upgrade() -> None:
    """Apply."""
    op.add_column("app_user", sa.Column("ended_at", Moment(), nullable=True))
    op.create_table(
        "credential",
        *_of_user("credential"),
        sa.Column("password", sa.Text(), nullable=False, server_default=""),
        sa.Column("password_at", Moment(), nullable=True),
        sa.Column("totp", sa.LargeBinary(), nullable=True),
        sa.Column("totp_at", Moment(), nullable=True),
        sa.Column("totp_new", sa.LargeBinary(), nullable=True),
        sa.Column("totp_step", sa.BigInteger(), nullable=False, server_default="0"),
        sa.UniqueConstraint("tenant_id", "user_id", name=op.f("uq_credential_tenant_id_user_id")),
    )
    op.create_table(
        "login_link",
        *_of_user("login_link"),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("asked_by", sa.String(length=120), nullable=False),
        sa.Column("asked_at", Moment(), nullable=False),
        sa.Column("approved_by", sa.String(length=120), nullable=False, server_default=""),
        sa.Column("approved_at", Moment(), nullable=True),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.Column("used_at", Moment(), nullable=True),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.UniqueConstraint("tenant_id", "secret_hash", name=op.f("uq_login_link_tenant_id_secret_hash")),
        sa.CheckConstraint(_KINDS, name=op.f("ck_login_link_kind")),
    )
    op.create_table(
        "web_session",
        *_of_user("web_session"),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("factor", sa.Boolean(), nullable=False),
        sa.Column("how", sa.String(length=10), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("seen_at", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.Column("address", sa.String(length=60), nullable=False),
        sa.Column("agent", sa.String(length=200), nullable=False),
        sa.UniqueConstraint("tenant_id", "secret_hash", name=op.f("uq_web_session_tenant_id_secret_hash")),
        sa.CheckConstraint("how in ('password', 'oidc')", name=op.f("ck_web_session_how")),
    )
    op.create_table(
        "outside_identity",
        *_of_user("outside_identity"),
        sa.Column("issuer", sa.String(length=200), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("linked_at", Moment(), nullable=False),
        sa.UniqueConstraint(
            "tenant_id", "issuer", "subject", name=op.f("uq_outside_identity_tenant_id_issuer_subject")
        ),
    )
    op.create_table(
        "login_throttle",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", Moment(), nullable=False),
        sa.Column("blocked_until", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_login_throttle_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "key", name=op.f("pk_login_throttle")),
    )
    for table in ("login_link", "web_session", "outside_identity"):
        op.create_index(op.f(f"ix_{table}_user_id"), table, ["user_id"])
    live = sa.text("ended_at IS NULL")
    op.create_index(
        "ix_web_session_live", "web_session", ["tenant_id", "user_id"], sqlite_where=live, postgresql_where=live
    )


def downgrade() -> None:
    """Take back."""
    for table in _NEW:
        op.drop_table(table)
    with op.batch_alter_table("app_user") as batch_op:
        batch_op.drop_column("ended_at")
