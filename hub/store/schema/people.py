"""What people are told and asked: tasks, notices, alerts, incidents."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from hub.store.schema.base import key, metadata, of_tenant, ref
from hub.store.types import Moment

task = Table(
    "task",
    metadata,
    key(),
    of_tenant(),
    Column("key", String(160), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("text", JSON, nullable=False),
    Column("action", JSON, nullable=False),
    Column("claim_ref", String(40), nullable=False),
    ref("exchange_id", "exchange"),
    ref("inbound_id", "inbound"),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("due", Date),
    Column("state", String(10), nullable=False),
    Column("evidence", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("done_at", Moment),
    Column("cause", String(160), nullable=False, server_default=""),
    Column("assignee", String(120), nullable=False, server_default=""),
    UniqueConstraint("tenant_id", "key"),
)

notification = Table(
    "notification",
    metadata,
    key(),
    of_tenant(),
    Column("key", String(160), nullable=False),
    Column("recipient", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("language", String(2), nullable=False, server_default=""),
    Column("state", String(10), nullable=False, server_default="stored"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("next_try_at", Moment),
    Column("sent_at", Moment),
    Column("note", Text, nullable=False, server_default=""),
    UniqueConstraint("tenant_id", "key"),
    CheckConstraint("state in ('stored', 'waiting', 'sending', 'sent', 'in_doubt', 'failed')", name="state"),
)

alert_target = Table(
    "alert_target",
    metadata,
    key(),
    of_tenant(),
    Column("name", String(60), nullable=False),
    Column("kind", String(10), nullable=False),
    Column("address", Text, nullable=False),
    Column("settings", JSON, nullable=False),
    Column("language", String(2), nullable=False),
    Column("zone", String(40), nullable=False),
    Column("quiet_from", String(5), nullable=False),
    Column("quiet_to", String(5), nullable=False),
    Column("digest_at", String(5), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("removed_at", Moment),
    UniqueConstraint("tenant_id", "name"),
    CheckConstraint("kind in ('mail', 'webhook')", name="kind"),
)

incident = Table(
    "incident",
    metadata,
    key(),
    of_tenant(),
    Column("key", String(240), nullable=False),
    Column("episode", Integer, nullable=False),
    Column("partner", String(60), nullable=False),
    Column("cause", String(40), nullable=False),
    Column("urgent", Boolean, nullable=False),
    Column("step", String(10), nullable=False),
    Column("count", Integer, nullable=False),
    Column("amounts", JSON, nullable=False),
    Column("due", Date),
    Column("opened_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("resolved_at", Moment),
    UniqueConstraint("tenant_id", "key", "episode"),
)

"""What is wrong, one row per tenant, partner and cause for as long as it lasts; never a word about a person."""

alert_message = Table(
    "alert_message",
    metadata,
    key(),
    of_tenant(),
    ref("target_id", "alert_target", nullable=False),
    Column("key", String(240), nullable=False),
    Column("subject", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("data", JSON, nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("note", Text, nullable=False),
    Column("told_at", Moment),
    UniqueConstraint("tenant_id", "target_id", "key"),
)

"""What is told to whom: written down before it leaves, so that the same key is told once whoever's clock ticks."""

_OPEN_INCIDENT = incident.c.resolved_at.is_(None)

Index("ix_incident_open", incident.c.tenant_id, sqlite_where=_OPEN_INCIDENT, postgresql_where=_OPEN_INCIDENT)

_UNTOLD = alert_message.c.told_at.is_(None)

Index("ix_alert_message_untold", alert_message.c.tenant_id, sqlite_where=_UNTOLD, postgresql_where=_UNTOLD)

_OPEN_TASK = task.c.state == "open"

Index("ix_task_open", task.c.tenant_id, task.c.kind, sqlite_where=_OPEN_TASK, postgresql_where=_OPEN_TASK)

Index("ix_task_claim", task.c.tenant_id, task.c.claim_ref)

_DONE_TASK = task.c.state == "done"

Index("ix_task_done", task.c.tenant_id, task.c.done_at, sqlite_where=_DONE_TASK, postgresql_where=_DONE_TASK)
