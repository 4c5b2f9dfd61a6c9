"""Tenants, organisations, users, participations, agreements, reference lists."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    Date,
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

tenant = Table(
    "tenant",
    metadata,
    Column("id", TENANT, primary_key=True),
    Column("name", Text, nullable=False),
    Column("country", String(2), nullable=False),
    Column("language", String(2), nullable=False),
    Column("created_at", Moment, nullable=False),
)

organisation = Table(
    "organisation",
    metadata,
    key(),
    of_tenant(),
    ref("parent_id", "organisation"),
    Column("kind", String(20), nullable=False),
    Column("scheme", String(10), nullable=False),
    Column("code", String(20), nullable=False),
    Column("name", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("invoice_email", Text, nullable=False),
    Column("account", String(34), nullable=False),
    Column("system", String(60), nullable=False),
    Column("details", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("tenant_id", "scheme", "code"),
)

app_user = Table(
    "app_user",
    metadata,
    key(),
    of_tenant(),
    ref("organisation_id", "organisation"),
    Column("login", String(120), nullable=False),
    Column("name", Text, nullable=False),
    Column("role", String(20), nullable=False),
    Column("language", String(2), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("ended_at", Moment),
    UniqueConstraint("tenant_id", "login"),
)

participation = Table(
    "participation",
    metadata,
    key(),
    of_tenant(),
    ref("organisation_id", "organisation", nullable=False),
    Column("module", String(20), nullable=False),
    Column("first_quarter", String(6), nullable=False),
    Column("left_after", String(6), nullable=False),
    Column("agreement_date", Date),
    Column("consent_date", Date),
    Column("consent_withdrawn", Date),
    UniqueConstraint("tenant_id", "organisation_id", "module"),
)

agreement = Table(
    "agreement",
    metadata,
    key(),
    of_tenant(),
    Column("partner", String(60), nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date),
    Column("channel", String(40), nullable=False),
    Column("settings", JSON, nullable=False),
    Column("release", String(10), nullable=False),
    Column("payer_accounts", JSON, nullable=False),
    Column("kid_length", Integer, nullable=False),
    Column("kid_method", String(10), nullable=False),
    Column("accepted_unverified", Boolean, nullable=False),
    UniqueConstraint("tenant_id", "partner", "valid_from"),
)

reference = Table(
    "reference",
    metadata,
    key(),
    of_tenant(),
    Column("kind", String(20), nullable=False),
    Column("code", String(60), nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date),
    Column("sealed", LargeBinary, nullable=False),
    Column("source", Text, nullable=False),
    Column("imported_at", Moment, nullable=False),
    UniqueConstraint("tenant_id", "kind", "code", "valid_from"),
)

column_map = Table(
    "column_map",
    metadata,
    key(),
    of_tenant(),
    Column("header_key", String(64), nullable=False),
    Column("system", String(60), nullable=False),
    Column("columns", JSON, nullable=False),
    Column("confirmed_at", Moment, nullable=False),
    UniqueConstraint("tenant_id", "header_key"),
)

expectation = Table(
    "expectation",
    metadata,
    Column("tenant_id", TENANT, ForeignKey("tenant.id"), primary_key=True),
    Column("module", String(20), primary_key=True),
    Column("working_day", Integer, nullable=False),
)

"""By which working day of a quarter a module's lists are expected; the module '' stands for every other one."""

account_change = Table(
    "account_change",
    metadata,
    key(),
    of_tenant(),
    ref("organisation_id", "organisation", nullable=False),
    Column("account", String(34), nullable=False),
    Column("former", String(34), nullable=False),
    Column("source", Text, nullable=False),
    Column("state", String(10), nullable=False),
    Column("asked_by", String(60), nullable=False),
    Column("asked_at", Moment, nullable=False),
    Column("decided_by", String(60), nullable=False, server_default=""),
    Column("decided_at", Moment),
    CheckConstraint("state in ('asked', 'approved', 'rejected')", name="state"),
)

"""Another bank account of one of our organisations: asked for by one person, decided by another (S37)."""

_ASKED_ACCOUNT = account_change.c.state == "asked"

Index(
    "uq_account_change_asked",
    account_change.c.tenant_id,
    account_change.c.organisation_id,
    account_change.c.account,
    unique=True,
    sqlite_where=_ASKED_ACCOUNT,
    postgresql_where=_ASKED_ACCOUNT,
)
