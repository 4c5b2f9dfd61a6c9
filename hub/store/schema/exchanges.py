"""Messages on their way, what came in, and what stops or slows them."""

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
    String,
    Table,
    Text,
    UniqueConstraint,
)

from hub.store.schema.base import TENANT, key, metadata, of_tenant, ref
from hub.store.types import Moment

exchange = Table(
    "exchange",
    metadata,
    key(),
    of_tenant(),
    Column("partner", String(60), nullable=False),
    ref("agreement_id", "agreement", nullable=False),
    Column("channel", String(40), nullable=False),
    Column("kind", String(60), nullable=False),
    Column("business_key", String(160), nullable=False),
    Column("invoice_number", String(40), nullable=False, index=True),
    Column("remote_id", String(120), nullable=False),
    Column("name", String(120), nullable=False),
    Column("blob_address", String(64), nullable=False),
    Column("payload_sha256", String(64), nullable=False),
    Column("meta", JSON, nullable=False),
    Column("ruleset", String(60), nullable=False),
    Column("findings", JSON, nullable=False),
    Column("stage", String(12), nullable=False),
    Column("state", String(12), nullable=False),
    Column("released", Boolean, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("note", Text, nullable=False),
    Column("prepared_at", Moment, nullable=False),
    Column("next_try_at", Moment),
    Column("sent_at", Moment),
    Column("reply_due", Date),
    Column("answered_at", Moment),
    Column("received_at", Moment),
    UniqueConstraint("tenant_id", "business_key"),
)

exchange_event = Table(
    "exchange_event",
    metadata,
    key(),
    of_tenant(),
    ref("exchange_id", "exchange", nullable=False, index=True),
    Column("at", Moment, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("text", Text, nullable=False),
    Column("codes", JSON, nullable=False),
    ref("inbound_id", "inbound"),
    Column("seq", Integer, nullable=False, server_default="0"),
)

inbound = Table(
    "inbound",
    metadata,
    key(),
    of_tenant(),
    Column("source", String(80), nullable=False),
    Column("remote_id", String(200), nullable=False),
    Column("kind", String(60), nullable=False),
    Column("blob_address", String(64), nullable=False),
    Column("content_key", String(64), nullable=False, index=True),
    Column("trusted", Boolean, nullable=False),
    Column("meta", JSON, nullable=False),
    Column("state", String(12), nullable=False),
    Column("note", Text, nullable=False),
    Column("findings", JSON, nullable=False),
    Column("confirmed", Boolean, nullable=False),
    ref("exchange_id", "exchange"),
    Column("received_at", Moment, nullable=False),
    Column("processed_at", Moment),
    UniqueConstraint("tenant_id", "source", "remote_id"),
)

job_run = Table(
    "job_run",
    metadata,
    Column("tenant_id", TENANT, ForeignKey("tenant.id"), primary_key=True),
    Column("job", String(40), primary_key=True),
    Column("business_key", String(40), primary_key=True),
    Column("started_at", Moment, nullable=False),
    Column("finished_at", Moment),
    Column("result", Text, nullable=False),
    Column("planned_at", Moment),
    Column("node", String(80), nullable=False, server_default=""),
    Column("by", String(60), nullable=False, server_default=""),
    Column("starts", Integer, nullable=False, server_default="1"),
)

pause = Table(
    "pause",
    metadata,
    key(),
    of_tenant(),
    Column("kind", String(10), nullable=False),
    Column("target", String(160), nullable=False),
    Column("reason", Text, nullable=False),
    Column("since", Moment, nullable=False),
    Column("until", Moment),
    Column("by", String(60), nullable=False),
    Column("lifted_at", Moment),
    Column("lifted_by", String(60), nullable=False, server_default=""),
    CheckConstraint("kind in ('outbound', 'partner', 'practice', 'batch', 'job')", name="kind"),
)

circuit = Table(
    "circuit",
    metadata,
    Column("tenant_id", TENANT, ForeignKey("tenant.id"), primary_key=True),
    Column("place", String(64), primary_key=True),
    Column("partner", String(60), nullable=False),
    Column("reason", Text, nullable=False),
    Column("since", Moment, nullable=False),
    Column("open_until", Moment, nullable=False),
)

quota = Table(
    "quota",
    metadata,
    Column("place", String(64), primary_key=True),
    Column("window", Moment, primary_key=True),
    Column("used", Integer, nullable=False),
)

"""How often a place was called in a window: shared by all tenants and nodes, as the partner counts it."""

_UNSETTLED = exchange.c.state.in_(("prepared", "sending", "in_doubt"))

Index(
    "ix_exchange_due",
    exchange.c.tenant_id,
    exchange.c.next_try_at,
    sqlite_where=_UNSETTLED,
    postgresql_where=_UNSETTLED,
)

Index("ix_exchange_newest", exchange.c.tenant_id, exchange.c.prepared_at)

Index("ix_exchange_number", exchange.c.tenant_id, exchange.c.invoice_number)

Index("ix_exchange_remote", exchange.c.tenant_id, exchange.c.remote_id)

Index("ix_exchange_state", exchange.c.tenant_id, exchange.c.state)

_UNANSWERED = exchange.c.answered_at.is_(None)

Index(
    "ix_exchange_unanswered",
    exchange.c.tenant_id,
    exchange.c.state,
    exchange.c.reply_due,
    sqlite_where=_UNANSWERED,
    postgresql_where=_UNANSWERED,
)

_IN_FORCE_PAUSE = pause.c.lifted_at.is_(None)

Index("ix_pause_in_force", pause.c.tenant_id, sqlite_where=_IN_FORCE_PAUSE, postgresql_where=_IN_FORCE_PAUSE)
