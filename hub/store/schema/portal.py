"""What the hub asks of practices: their lists, and questions about what they handed in."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Index, Integer, String, Table, Text, UniqueConstraint

from hub.store.schema.base import key, metadata, of_tenant, ref
from hub.store.types import Moment

list_request = Table(
    "list_request",
    metadata,
    key(),
    of_tenant(),
    ref("organisation_id", "organisation", nullable=False),
    Column("module", String(20), nullable=False),
    Column("period", String(10), nullable=False),
    Column("asked_at", Moment),
    Column("reminded_at", Moment),
    Column("closed_at", Moment),
    Column("closed_by", String(120), nullable=False, server_default=""),
    Column("reason", Text, nullable=False, server_default=""),
    UniqueConstraint("tenant_id", "organisation_id", "module", "period"),
)

"""When a practice was asked for a list, reminded of it, and when nobody expects it any more.

That it came is known from the list itself.
"""

question = Table(
    "question",
    metadata,
    key(),
    of_tenant(),
    ref("organisation_id", "organisation", nullable=False),
    ref("declaration_id", "declaration"),
    Column("line", Integer),
    Column("claim_ref", String(40), nullable=False, server_default=""),
    Column("words", Text, nullable=False),
    Column("asked_by", String(120), nullable=False),
    Column("asked_at", Moment, nullable=False),
    Column("answer", Text, nullable=False, server_default=""),
    Column("answered_by", String(120), nullable=False, server_default=""),
    Column("answered_at", Moment),
    Column("closed_at", Moment),
    Column("closed_by", String(120), nullable=False, server_default=""),
    Column("state", String(10), nullable=False),
    CheckConstraint("state in ('asked', 'answered', 'closed')", name="state"),
)

"""A question of support to a practice about a row of its list or a claim; numbers of persons are masked before."""

Index("ix_question_state", question.c.tenant_id, question.c.state, question.c.asked_at)
