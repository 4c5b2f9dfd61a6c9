"""Indexes by which people find things: one per business key, so that a search stays flat however much there is.

Each begins with the tenant, also where ids are unique by themselves: SQLite, which counts nothing beforehand, would
else take an index of the tenant alone for a handful of keys, and read everything. Keys are looked up whole; those that
may be typed half are compared byte by byte, on PostgreSQL by `text_pattern_ops`.
"""

from __future__ import annotations

from sqlalchemy import Index

from hub.store.schema.access import access_log
from hub.store.schema.claims import claim, claim_line, declaration_row
from hub.store.schema.exchanges import exchange, inbound
from hub.store.schema.money import allocation, payment, posting
from hub.store.schema.parties import organisation

_KID = claim.c.kid != ""
_CASE = claim.c.case_ref != ""
_NAMED = declaration_row.c.blind != ""
_HELD = declaration_row.c.outcome == "hold"
_CLAIMED = declaration_row.c.claim_id.is_not(None)
_REFERENCED = payment.c.reference != ""
_HELD_CLAIM = claim.c.hold_code != ""
_PAID = posting.c.payment_id.is_not(None)
_ANSWERING = inbound.c.exchange_id.is_not(None)

Index("ix_claim_kid", claim.c.tenant_id, claim.c.kid, sqlite_where=_KID, postgresql_where=_KID)

Index(
    "ix_claim_case",
    claim.c.tenant_id,
    claim.c.case_ref,
    sqlite_where=_CASE,
    postgresql_where=_CASE,
    postgresql_ops={"case_ref": "text_pattern_ops"},
)

Index(
    "ix_claim_number", claim.c.tenant_id, claim.c.invoice_number, postgresql_ops={"invoice_number": "text_pattern_ops"}
)

Index("ix_claim_total", claim.c.tenant_id, claim.c.total_minor)

Index("ix_claim_provider", claim.c.tenant_id, claim.c.provider)

Index("ix_claim_person", claim.c.tenant_id, claim.c.blind)

Index("ix_claim_practice", claim.c.tenant_id, claim.c.provider_code, claim.c.created_at, claim.c.id)

Index("ix_claim_corrects", claim.c.tenant_id, claim.c.corrects)

Index("ix_claim_line_ref", claim_line.c.tenant_id, claim_line.c.ref, postgresql_ops={"ref": "text_pattern_ops"})

Index("ix_claim_line_amount", claim_line.c.tenant_id, claim_line.c.amount_minor)

Index(
    "ix_declaration_row_blind",
    declaration_row.c.tenant_id,
    declaration_row.c.blind,
    sqlite_where=_NAMED,
    postgresql_where=_NAMED,
)

Index(
    "ix_declaration_row_claim",
    declaration_row.c.tenant_id,
    declaration_row.c.claim_id,
    sqlite_where=_CLAIMED,
    postgresql_where=_CLAIMED,
)

Index(
    "ix_declaration_row_held",
    declaration_row.c.tenant_id,
    declaration_row.c.declaration_id,
    sqlite_where=_HELD,
    postgresql_where=_HELD,
)

Index("ix_exchange_key", exchange.c.tenant_id, exchange.c.id)

Index("ix_inbound_remote", inbound.c.tenant_id, inbound.c.remote_id)

Index(
    "ix_inbound_answers",
    inbound.c.tenant_id,
    inbound.c.exchange_id,
    sqlite_where=_ANSWERING,
    postgresql_where=_ANSWERING,
)

Index(
    "ix_payment_reference",
    payment.c.tenant_id,
    payment.c.reference,
    sqlite_where=_REFERENCED,
    postgresql_where=_REFERENCED,
)

Index("ix_claim_held", claim.c.tenant_id, claim.c.hold_code, sqlite_where=_HELD_CLAIM, postgresql_where=_HELD_CLAIM)

Index("ix_posting_payment", posting.c.tenant_id, posting.c.payment_id, sqlite_where=_PAID, postgresql_where=_PAID)

Index("ix_payment_key", payment.c.tenant_id, payment.c.id)

Index("ix_allocation_line", allocation.c.tenant_id, allocation.c.claim_line_id)

Index("ix_payment_amount", payment.c.tenant_id, payment.c.amount_minor)

Index("ix_organisation_code", organisation.c.tenant_id, organisation.c.code)

Index(
    "ix_access_log_object", access_log.c.tenant_id, access_log.c.object, postgresql_ops={"object": "text_pattern_ops"}
)
