"""What was handed in and what is claimed: declarations, claims, lines, decisions; sealed where a person is meant."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
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

from hub.store.schema.base import ID, TENANT, key, metadata, of_tenant, ref
from hub.store.types import Moment

blob = Table(
    "blob",
    metadata,
    Column("address", String(64), primary_key=True),
    of_tenant(),
    Column("key_name", String(80), nullable=False),
    Column("size", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("stored_at", Moment, nullable=False),
)

subject = Table(
    "subject",
    metadata,
    key(),
    of_tenant(),
    Column("kind", String(10), nullable=False),
    Column("blind", String(32), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("erased_at", Moment),
    UniqueConstraint("tenant_id", "kind", "blind"),
)

declaration = Table(
    "declaration",
    metadata,
    key(),
    of_tenant(),
    ref("organisation_id", "organisation", nullable=False),
    Column("programme", String(40), nullable=False),
    Column("module", String(20), nullable=False),
    Column("period", String(10), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("blob_address", String(64), nullable=False),
    Column("state", String(20), nullable=False),
    ref("replaces_id", "declaration"),
    Column("summary", JSON, nullable=False),
    Column("received_at", Moment, nullable=False),
)

declaration_row = Table(
    "declaration_row",
    metadata,
    key(),
    of_tenant(),
    ref("declaration_id", "declaration", nullable=False, index=True),
    Column("line", Integer, nullable=False),
    Column("row_id", String(40), nullable=False),
    Column("outcome", String(30), nullable=False),
    Column("code", String(40), nullable=False),
    Column("message", JSON, nullable=False),
    ref("subject_id", "subject"),
    Column("blind", String(32), nullable=False),
    Column("claim_id", ID),
    Column("sealed", LargeBinary, nullable=False),
    UniqueConstraint("tenant_id", "declaration_id", "line"),
)

party_version = Table(
    "party_version",
    metadata,
    Column("id", String(64), primary_key=True),
    of_tenant(),
    Column("body", JSON, nullable=False),
)

claim = Table(
    "claim",
    metadata,
    key(),
    of_tenant(),
    Column("business_key", String(160), nullable=False),
    Column("country", String(2), nullable=False),
    Column("kind", String(10), nullable=False),
    Column("ref", String(40), nullable=False),
    Column("invoice_number", String(40), nullable=False, index=True),
    Column("programme", String(40), nullable=False),
    Column("module", String(20), nullable=False),
    Column("period", String(10), nullable=False),
    Column("payer", String(60), nullable=False),
    Column("payer_code", String(20), nullable=False),
    Column("payer_name", Text, nullable=False),
    Column("provider_code", String(20), nullable=False),
    Column("claimant_code", String(20), nullable=False),
    Column("provider", String(64), ForeignKey("party_version.id"), nullable=False),
    Column("claimant", String(64), ForeignKey("party_version.id"), nullable=False),
    Column("submitter", String(64), ForeignKey("party_version.id"), nullable=False),
    ref("subject_id", "subject", nullable=False),
    Column("blind", String(32), nullable=False, index=True),
    Column("case_ref", String(60), nullable=False),
    Column("kid", String(25), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("issue_date", Date),
    Column("due_date", Date),
    Column("corrects", String(40), nullable=False),
    Column("total_minor", BigInteger),
    Column("hold_code", String(40), nullable=False),
    ref("declaration_id", "declaration"),
    ref("exchange_id", "exchange", index=True),
    Column("created_at", Moment, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    UniqueConstraint("tenant_id", "business_key"),
    UniqueConstraint("tenant_id", "ref"),
)

claim_line = Table(
    "claim_line",
    metadata,
    key(),
    of_tenant(),
    ref("claim_id", "claim", nullable=False, index=True),
    Column("number", Integer, nullable=False),
    Column("ref", String(40), nullable=False),
    Column("service_code", String(20), nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("verdict", String(12), nullable=False),
    Column("granted_minor", BigInteger, nullable=False),
    Column("patient_minor", BigInteger, nullable=False),
    Column("withdrawn", Boolean, nullable=False),
    Column("decided_at", Moment),
    UniqueConstraint("tenant_id", "claim_id", "ref"),
)

decision = Table(
    "decision",
    metadata,
    key(),
    of_tenant(),
    ref("inbound_id", "inbound"),
    ref("claim_line_id", "claim_line", nullable=False, index=True),
    Column("number", Integer, nullable=False),
    Column("verdict", String(12), nullable=False),
    Column("granted_minor", BigInteger, nullable=False),
    Column("patient_minor", BigInteger, nullable=False),
    Column("codes", JSON, nullable=False),
    Column("text", Text, nullable=False),
    Column("payer_ref", String(60), nullable=False),
    Column("source", String(100), nullable=False),
    Column("at", Moment, nullable=False),
    UniqueConstraint("tenant_id", "claim_line_id", "source"),
    UniqueConstraint("tenant_id", "claim_line_id", "number"),
)

series = Table(
    "series",
    metadata,
    Column("tenant_id", TENANT, ForeignKey("tenant.id"), primary_key=True),
    Column("name", String(60), primary_key=True),
    Column("next", BigInteger, nullable=False),
)

_IN_FORCE = declaration.c.state.in_(("current", "held"))

Index(
    "uq_declaration_same",
    declaration.c.tenant_id,
    declaration.c.organisation_id,
    declaration.c.programme,
    declaration.c.module,
    declaration.c.period,
    declaration.c.sha256,
    unique=True,
    sqlite_where=_IN_FORCE,
    postgresql_where=_IN_FORCE,
)

Index("ix_claim_key", claim.c.tenant_id, claim.c.id)  # or SQLite reads a whole tenant for 500 ids

Index("ix_claim_whose", claim.c.tenant_id, claim.c.provider_code, claim.c.claimant_code)  # a fence asks for both

Index("ix_claim_claimant", claim.c.tenant_id, claim.c.claimant_code)

Index("ix_claim_open", claim.c.tenant_id, claim.c.exchange_id, claim.c.hold_code)
