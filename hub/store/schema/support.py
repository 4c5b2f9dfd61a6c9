"""What support staff share: what was said about a task, and corrections of many claims that wait for their undo."""

from __future__ import annotations

from sqlalchemy import JSON, CheckConstraint, Column, Index, String, Table, Text, UniqueConstraint

from hub.store.schema.base import key, metadata, of_tenant, ref
from hub.store.types import Moment

task_note = Table(
    "task_note",
    metadata,
    key(),
    of_tenant(),
    ref("task_id", "task", nullable=False, index=True),
    Column("kind", String(10), nullable=False),
    Column("text", Text, nullable=False),
    Column("by", String(120), nullable=False),
    Column("role", String(40), nullable=False),
    Column("at", Moment, nullable=False),
    CheckConstraint("kind in ('comment', 'assigned', 'resolved', 'reopened', 'told')", name="kind"),
)

"""The history of a task: who took it, what was said, why it was closed. Numbers of persons are masked before."""

bulk_fix = Table(
    "bulk_fix",
    metadata,
    key(),
    of_tenant(),
    Column("cause", String(160), nullable=False),
    Column("payer", String(60), nullable=False),
    Column("changes", JSON, nullable=False),
    Column("state", String(10), nullable=False),
    Column("by", String(120), nullable=False),
    Column("role", String(40), nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("until", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("ended_by", String(120), nullable=False, server_default=""),
    CheckConstraint("state in ('held', 'released', 'undone')", name="state"),
)

"""One correction of many claims. What it made stays held back until `until`, or until somebody ends it."""

bulk_fix_item = Table(
    "bulk_fix_item",
    metadata,
    key(),
    of_tenant(),
    ref("fix_id", "bulk_fix", nullable=False),
    Column("claim_ref", String(40), nullable=False),
    ref("claim_id", "claim", nullable=False),
    Column("way", String(24), nullable=False),
    Column("made", JSON, nullable=False),
    Column("former", JSON, nullable=False),
    Column("tasks", JSON, nullable=False),
    Column("state", String(10), nullable=False),
    Column("note", Text, nullable=False),
    UniqueConstraint("tenant_id", "fix_id", "claim_ref"),
    CheckConstraint("state in ('held', 'released', 'undone', 'left', 'refused')", name="state"),
)

"""One claim of a fix: what it made (ids of claims), how the claim stood before, and which tasks it closed.

`refused` is a claim its state does not let be corrected, `left` one that somebody else had changed before the undo.
"""

_HELD = bulk_fix.c.state == "held"

Index("ix_bulk_fix_held", bulk_fix.c.tenant_id, bulk_fix.c.until, sqlite_where=_HELD, postgresql_where=_HELD)
