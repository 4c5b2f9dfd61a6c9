"""Bookings, allocations, the journal, pay-outs, statements; integer minor units."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
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

from hub.store.schema.base import ID, TENANT, key, metadata, of_tenant, ref
from hub.store.types import Moment

payment = Table(
    "payment",
    metadata,
    key(),
    of_tenant(),
    ref("inbound_id", "inbound", nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("occurrence", Integer, nullable=False),
    Column("country", String(2), nullable=False),
    Column("account", String(34), nullable=False),
    Column("booked", Date),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("state", String(10), nullable=False),
    Column("reference", String(140), nullable=False),
    Column("payer_account", String(34), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("matched", String(10), nullable=False),
    Column("tier", String(10), nullable=False),
    Column("evidence", JSON, nullable=False),
    UniqueConstraint("tenant_id", "fingerprint", "occurrence"),
)

booking_counter = Table(
    "booking_counter",
    metadata,
    Column("tenant_id", TENANT, ForeignKey("tenant.id"), primary_key=True),
    Column("key", String(160), primary_key=True),
    Column("count", Integer, nullable=False),
)

allocation = Table(
    "allocation",
    metadata,
    key(),
    of_tenant(),
    ref("payment_id", "payment", nullable=False, index=True),
    ref("claim_line_id", "claim_line", nullable=False, index=True),
    Column("amount_minor", BigInteger, nullable=False),
    Column("netted_minor", BigInteger, nullable=False),
    Column("tier", String(10), nullable=False),
    Column("by", String(60), nullable=False),
    Column("at", Moment, nullable=False),
    Column("number", Integer, nullable=False, server_default="1"),
    UniqueConstraint("tenant_id", "payment_id", "claim_line_id", "number"),
)

resolution = Table(
    "resolution",
    metadata,
    key(),
    of_tenant(),
    ref("payment_id", "payment", index=True),
    ref("claim_line_id", "claim_line", index=True),
    Column("kind", String(12), nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("reason", Text, nullable=False),
    Column("detail", JSON, nullable=False),
    Column("by", String(60), nullable=False),
    Column("role", String(40), nullable=False),
    Column("at", Moment, nullable=False),
)

specification = Table(
    "specification",
    metadata,
    key(),
    of_tenant(),
    ref("inbound_id", "inbound", nullable=False),
    Column("partner", String(60), nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("total_minor", BigInteger, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("state", String(10), nullable=False),
    ref("payment_id", "payment"),
    Column("read_at", Moment, nullable=False),
    UniqueConstraint("tenant_id", "partner", "fingerprint"),
    CheckConstraint("state in ('waiting', 'held', 'explained')", name="state"),
)

posting = Table(
    "posting",
    metadata,
    key(),
    of_tenant(),
    Column("key", String(160), nullable=False),
    Column("at", Moment, nullable=False),
    Column("debit", String(20), nullable=False),
    Column("credit", String(20), nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("claim_id", ID, nullable=False),
    Column("claim_line_id", ID, nullable=False, index=True),
    Column("payment_id", ID, nullable=False),
    Column("practice", String(20), nullable=False, index=True),
    Column("payee", String(20), nullable=False),
    Column("payer", String(60), nullable=False),
    Column("reason", String(60), nullable=False),
    Column("source", String(80), nullable=False),
    UniqueConstraint("tenant_id", "key"),
    CheckConstraint("amount_minor > 0", name="positive"),
    CheckConstraint("debit <> credit", name="two_accounts"),
)

payout_export = Table(
    "payout_export",
    metadata,
    key(),
    of_tenant(),
    Column("number", Integer, nullable=False),
    Column("payee", String(20), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("message_id", String(35), nullable=False),
    Column("execution_date", Date, nullable=False),
    Column("count", Integer, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("blob_address", String(64), nullable=False),
    Column("made_by", String(60), nullable=False),
    Column("made_at", Moment, nullable=False),
    UniqueConstraint("tenant_id", "number"),
    UniqueConstraint("tenant_id", "message_id"),
)

"""A payment file as it was made, whole: asked for again it is the same file, byte by byte."""

payout = Table(
    "payout",
    metadata,
    key(),
    of_tenant(),
    Column("number", Integer, nullable=False),
    Column("practice", String(20), nullable=False),
    Column("payee", String(20), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("name", Text, nullable=False),
    Column("account", String(34), nullable=False),
    Column("end_to_end", String(35), nullable=False),
    Column("until", Moment, nullable=False),
    Column("basis", JSON, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("state", String(10), nullable=False),
    Column("proposed_by", String(60), nullable=False),
    Column("proposed_at", Moment, nullable=False),
    Column("decided_by", String(60), nullable=False, server_default=""),
    Column("decided_at", Moment),
    Column("approved_digest", String(64), nullable=False, server_default=""),
    ref("export_id", "payout_export"),
    Column("note", Text, nullable=False, server_default=""),
    Column("settled_at", Moment),
    UniqueConstraint("tenant_id", "number"),
    UniqueConstraint("tenant_id", "end_to_end"),
    CheckConstraint("amount_minor > 0", name="positive"),
    CheckConstraint(
        "state in ('proposed', 'approved', 'rejected', 'cancelled', 'void', 'exported', 'settled', 'failed')",
        name="state",
    ),
    CheckConstraint("state <> 'approved' or decided_by <> proposed_by", name="four_eyes"),
)

"""Money of a practice on its way to it: frozen when proposed, bound to one amount and one account."""

practice_statement = Table(
    "practice_statement",
    metadata,
    key(),
    of_tenant(),
    Column("practice", String(20), nullable=False),
    Column("period", String(10), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("version", Integer, nullable=False),
    Column("language", String(2), nullable=False),
    Column("since", Moment),
    Column("until", Moment, nullable=False),
    Column("body", JSON, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("made_by", String(60), nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("delivered_by", String(60), nullable=False, server_default=""),
    Column("delivered_at", Moment),
    UniqueConstraint("tenant_id", "practice", "period", "currency", "version"),
)

"""What a practice was told of a quarter, version by version; no personal data."""

journal_export = Table(
    "journal_export",
    metadata,
    key(),
    of_tenant(),
    Column("number", Integer, nullable=False),
    Column("period", String(10), nullable=False),
    Column("count", Integer, nullable=False),
    Column("totals", JSON, nullable=False),
    Column("blob_address", String(64), nullable=False),
    Column("made_by", String(60), nullable=False),
    Column("made_at", Moment, nullable=False),
    UniqueConstraint("tenant_id", "number"),
)

exported_posting = Table(
    "exported_posting",
    metadata,
    Column("tenant_id", TENANT, ForeignKey("tenant.id"), primary_key=True),
    Column("posting_id", ID, ForeignKey("posting.id"), primary_key=True),
    ref("export_id", "journal_export", nullable=False, index=True),
)

"""Which journal rows went to bookkeeping in which export: each once."""

Index("ix_posting_line", posting.c.tenant_id, posting.c.claim_line_id)

Index("ix_payment_booked", payment.c.tenant_id, payment.c.booked)

Index("ix_payment_open", payment.c.tenant_id, payment.c.matched)

_WAITING_PAYOUT = payout.c.state.in_(("proposed", "approved"))

Index(
    "uq_payout_waiting",
    payout.c.tenant_id,
    payout.c.practice,
    payout.c.payee,
    payout.c.currency,
    unique=True,
    sqlite_where=_WAITING_PAYOUT,
    postgresql_where=_WAITING_PAYOUT,
)
