"""People who log in: what proves who they are, links sent to them, their sessions, and how often somebody tried."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from hub.store.schema.base import TENANT, key, metadata, of_tenant, ref
from hub.store.types import Moment

credential = Table(
    "credential",
    metadata,
    key(),
    of_tenant(),
    ref("user_id", "app_user", nullable=False),
    Column("password", Text, nullable=False, server_default=""),
    Column("password_at", Moment),
    Column("totp", LargeBinary),
    Column("totp_at", Moment),
    Column("totp_new", LargeBinary),
    Column("totp_step", BigInteger, nullable=False, server_default="0"),
    UniqueConstraint("tenant_id", "user_id"),
)

"""What proves who a user is: an argon2 hash, the sealed secret of their device, the last time step that was used.

`totp_new` is a device that was shown to its owner and not confirmed yet; until then the old one counts.
"""

login_link = Table(
    "login_link",
    metadata,
    key(),
    of_tenant(),
    ref("user_id", "app_user", nullable=False, index=True),
    Column("kind", String(12), nullable=False),
    Column("secret_hash", String(64), nullable=False),
    Column("asked_by", String(120), nullable=False),
    Column("asked_at", Moment, nullable=False),
    Column("approved_by", String(120), nullable=False, server_default=""),
    Column("approved_at", Moment),
    Column("expires_at", Moment, nullable=False),
    Column("used_at", Moment),
    Column("ended_at", Moment),
    UniqueConstraint("tenant_id", "secret_hash"),
    CheckConstraint("kind in ('invitation', 'reset', 'device')", name="kind"),
)

"""A link that works once. The secret in it is derived from the key store and stands nowhere; here is only its hash."""

web_session = Table(
    "web_session",
    metadata,
    key(),
    of_tenant(),
    ref("user_id", "app_user", nullable=False, index=True),
    Column("secret_hash", String(64), nullable=False),
    Column("factor", Boolean, nullable=False),
    Column("how", String(10), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("address", String(60), nullable=False),
    Column("agent", String(200), nullable=False),
    UniqueConstraint("tenant_id", "secret_hash"),
    CheckConstraint("how in ('password', 'oidc')", name="how"),
)

"""Who is logged in where. Of the cookie's secret only a hash is kept; the form secret is derived from the cookie's."""

outside_identity = Table(
    "outside_identity",
    metadata,
    key(),
    of_tenant(),
    ref("user_id", "app_user", nullable=False, index=True),
    Column("issuer", String(200), nullable=False),
    Column("subject", String(255), nullable=False),
    Column("linked_at", Moment, nullable=False),
    UniqueConstraint("tenant_id", "issuer", "subject"),
)

"""Which account at an identity provider is which of our users."""

login_throttle = Table(
    "login_throttle",
    metadata,
    Column("tenant_id", TENANT, ForeignKey("tenant.id"), primary_key=True),
    Column("key", String(64), primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last_at", Moment, nullable=False),
    Column("blocked_until", Moment),
)

"""How often somebody tried a login, or from an address; keyed hashes only, the same whether the login exists or not."""

_LIVE = web_session.c.ended_at.is_(None)

Index("ix_web_session_live", web_session.c.tenant_id, web_session.c.user_id, sqlite_where=_LIVE, postgresql_where=_LIVE)
