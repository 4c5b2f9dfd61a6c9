"""Programs come in: tokens, answers that are given again, webhooks and what they are told."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
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

from hub.store.schema.base import ID, TENANT, key, metadata, of_tenant, ref
from hub.store.schema.claims import claim, decision, declaration
from hub.store.schema.exchanges import exchange_event
from hub.store.schema.money import allocation
from hub.store.types import Moment

api_token = Table(
    "api_token",
    metadata,
    key(),
    of_tenant(),
    Column("name", String(60), nullable=False),
    Column("secret_hash", String(64), nullable=False),
    Column("ending", String(4), nullable=False),
    Column("live", Boolean, nullable=False),
    Column("scopes", JSON, nullable=False),
    ref("organisation_id", "organisation"),
    ref("user_id", "app_user", index=True),
    Column("created_at", Moment, nullable=False),
    Column("created_by", String(120), nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("used_at", Moment),
    Column("revoked_at", Moment),
    Column("revoked_by", String(120), nullable=False, server_default=""),
    UniqueConstraint("tenant_id", "secret_hash"),
)

"""What a program comes in with. Of the secret only a hash is kept, and its last signs, by which people tell two apart.

`user_id` is who made it, where that is a user: it ends when they leave. `live` tokens work in production only, and
others there never.
"""

api_repeat = Table(
    "api_repeat",
    metadata,
    Column("tenant_id", TENANT, ForeignKey("tenant.id"), primary_key=True),
    Column("token_id", ID, ForeignKey("api_token.id"), primary_key=True),
    Column("key", String(64), primary_key=True),
    Column("request", String(64), nullable=False),
    Column("begun_at", Moment, nullable=False),
    Column("status", Integer),
    Column("answer", LargeBinary),
)

"""One change under its idempotency key (a digest of it): of which request, and the sealed answer once there is one."""

webhook = Table(
    "webhook",
    metadata,
    key(),
    of_tenant(),
    ref("organisation_id", "organisation"),
    Column("url", Text, nullable=False),
    Column("events", JSON, nullable=False),
    Column("secret", LargeBinary, nullable=False),
    Column("former", LargeBinary),
    Column("former_until", Moment),
    Column("looked_at", Moment, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("created_by", String(120), nullable=False),
    Column("stopped_at", Moment),
    Column("stopped_by", String(120), nullable=False, server_default=""),
    Column("removed_at", Moment),
)

"""Who is called about what. `looked_at`: what happened until then was written down for it, or was no news to it."""

webhook_delivery = Table(
    "webhook_delivery",
    metadata,
    key(),
    of_tenant(),
    ref("webhook_id", "webhook", nullable=False),
    Column("key", String(120), nullable=False),
    Column("event", String(40), nullable=False),
    Column("data", JSON, nullable=False),
    Column("happened_at", Moment, nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("state", String(10), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_try_at", Moment),
    Column("told_at", Moment),
    Column("note", Text, nullable=False),
    UniqueConstraint("tenant_id", "webhook_id", "key"),
    CheckConstraint("state in ('waiting', 'told', 'given_up')", name="state"),
)

"""One piece of news for one webhook, written down before anybody is called; the key makes it one however often we look.

Nothing in it may say anything about a person.
"""

Index(
    "ix_webhook_delivery_newest",
    webhook_delivery.c.tenant_id,
    webhook_delivery.c.webhook_id,
    webhook_delivery.c.made_at,
)

_WAITING = webhook_delivery.c.state == "waiting"

Index(
    "ix_webhook_delivery_due",
    webhook_delivery.c.tenant_id,
    webhook_delivery.c.webhook_id,
    webhook_delivery.c.next_try_at,
    sqlite_where=_WAITING,
    postgresql_where=_WAITING,
)

# What is read page by page, oldest first, and looked through for news.
Index("ix_claim_made", claim.c.tenant_id, claim.c.created_at, claim.c.id)

Index("ix_declaration_received", declaration.c.tenant_id, declaration.c.received_at, declaration.c.id)

Index("ix_decision_at", decision.c.tenant_id, decision.c.at, decision.c.id)

Index("ix_exchange_event_at", exchange_event.c.tenant_id, exchange_event.c.at, exchange_event.c.id)

Index("ix_allocation_at", allocation.c.tenant_id, allocation.c.at, allocation.c.id)
