"""What is decided about a person's data: holds, erasures with their certificate, and what was destroyed when."""

from __future__ import annotations

from sqlalchemy import JSON, CheckConstraint, Column, Index, Integer, String, Table, Text, UniqueConstraint

from hub.store.schema.access import access_log
from hub.store.schema.base import key, metadata, of_tenant, ref
from hub.store.schema.claims import claim, declaration_row
from hub.store.types import Moment

legal_hold = Table(
    "legal_hold",
    metadata,
    key(),
    of_tenant(),
    ref("subject_id", "subject", nullable=False, index=True),
    Column("reason", Text, nullable=False),
    Column("since", Moment, nullable=False),
    Column("by", String(60), nullable=False),
    Column("lifted_at", Moment),
    Column("lifted_by", String(60), nullable=False, server_default=""),
    Column("lift_reason", Text, nullable=False, server_default=""),
)

"""Nothing of this person is destroyed for as long as it is in force, whatever the retention says."""

erasure = Table(
    "erasure",
    metadata,
    key(),
    of_tenant(),
    Column("number", Integer, nullable=False),
    ref("subject_id", "subject", nullable=False),
    Column("reason", Text, nullable=False),
    Column("despite", Text, nullable=False),
    Column("state", String(10), nullable=False),
    Column("asked_by", String(60), nullable=False),
    Column("asked_at", Moment, nullable=False),
    Column("decided_by", String(60), nullable=False, server_default=""),
    Column("decided_at", Moment),
    Column("note", Text, nullable=False, server_default=""),
    Column("certificate", JSON),
    Column("signature", String(64), nullable=False, server_default=""),
    UniqueConstraint("tenant_id", "number"),
    CheckConstraint("state in ('asked', 'done', 'refused')", name="state"),
    CheckConstraint("state <> 'done' or decided_by <> asked_by", name="four_eyes"),
)

"""One person asks, another decides; `despite` is why open money does not stand in the way."""

disposal = Table(
    "disposal",
    metadata,
    key(),
    of_tenant(),
    Column("kind", String(20), nullable=False),
    Column("what", String(120), nullable=False),
    Column("count", Integer, nullable=False),
    Column("rule", Text, nullable=False),
    Column("by", String(60), nullable=False),
    Column("at", Moment, nullable=False),
)

"""What the retention has destroyed: never what was in it."""

_ASKED = erasure.c.state == "asked"

Index(
    "uq_erasure_asked",
    erasure.c.tenant_id,
    erasure.c.subject_id,
    unique=True,
    sqlite_where=_ASKED,
    postgresql_where=_ASKED,
)

Index("ix_claim_subject_id", claim.c.subject_id)

Index("ix_declaration_row_subject_id", declaration_row.c.subject_id)

Index("ix_access_log_subject", access_log.c.tenant_id, access_log.c.subject)

Index("ix_access_log_actor", access_log.c.tenant_id, access_log.c.actor, access_log.c.at)
