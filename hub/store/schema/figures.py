"""Figures people look at, made now and then and kept: making them reads much, looking at them must not."""

from __future__ import annotations

from sqlalchemy import JSON, Column, ForeignKey, String, Table

from hub.store.schema.base import TENANT, metadata
from hub.store.types import Moment

figure = Table(
    "figure",
    metadata,
    Column("tenant_id", TENANT, ForeignKey("tenant.id"), primary_key=True),
    Column("name", String(40), primary_key=True),
    Column("made_at", Moment, nullable=False),
    Column("body", JSON, nullable=False),
)

"""Counts and sums of a whole tenant, so never shown to somebody who sees only a part of it."""
