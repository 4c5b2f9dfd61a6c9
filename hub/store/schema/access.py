"""The access log and its signed heads."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Integer, String, Table

from hub.store.schema.base import TENANT, metadata
from hub.store.types import Moment

access_log = Table(
    "access_log",
    metadata,
    Column("tenant_id", TENANT, ForeignKey("tenant.id"), primary_key=True),
    Column("month", String(7), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("actor", String(120), nullable=False),
    Column("role", String(20), nullable=False),
    Column("action", String(40), nullable=False),
    Column("object", String(200), nullable=False),
    Column("subject", String(60), nullable=False),
    Column("outcome", String(20), nullable=False),
    Column("hash", String(64), nullable=False),
)

access_head = Table(
    "access_head",
    metadata,
    Column("tenant_id", TENANT, ForeignKey("tenant.id"), primary_key=True),
    Column("month", String(7), primary_key=True),
    Column("events", Integer, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("signature", String(64), nullable=False),
    Column("closed_at", Moment, nullable=False),
)

access_pruned = Table(
    "access_pruned",
    metadata,
    Column("tenant_id", TENANT, ForeignKey("tenant.id"), primary_key=True),
    Column("month", String(7), primary_key=True),
    Column("events", Integer, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("by", String(60), nullable=False),
    Column("at", Moment, nullable=False),
    Column("signature", String(64), nullable=False),
)

"""Closed months whose lines the retention may take away: the only ones the triggers let go of."""
