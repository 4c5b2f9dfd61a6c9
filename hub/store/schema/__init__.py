"""Every table. Each carries `tenant_id` from the first migration (decision 22); money is integer minor units.

Personal data stands only in `sealed` columns (AES-GCM, the subject's key) and blobs; searches use blind indexes.
A new table goes into the module of its kind, is named here, and comes with a migration.
"""

from __future__ import annotations

from hub.store.schema import lookups as _lookups  # noqa: F401 -- indexes
from hub.store.schema.access import access_head, access_log, access_pruned
from hub.store.schema.api import api_repeat, api_token, webhook, webhook_delivery
from hub.store.schema.base import metadata
from hub.store.schema.claims import (
    blob,
    claim,
    claim_line,
    decision,
    declaration,
    declaration_row,
    party_version,
    series,
    subject,
)
from hub.store.schema.console import credential, login_link, login_throttle, outside_identity, web_session
from hub.store.schema.exchanges import circuit, exchange, exchange_event, inbound, job_run, pause, quota
from hub.store.schema.figures import figure
from hub.store.schema.money import (
    allocation,
    booking_counter,
    exported_posting,
    journal_export,
    payment,
    payout,
    payout_export,
    posting,
    practice_statement,
    resolution,
    specification,
)
from hub.store.schema.parties import (
    account_change,
    agreement,
    app_user,
    column_map,
    expectation,
    organisation,
    participation,
    reference,
    tenant,
)
from hub.store.schema.people import alert_message, alert_target, incident, notification, task
from hub.store.schema.portal import list_request, question
from hub.store.schema.privacy import disposal, erasure, legal_hold
from hub.store.schema.support import bulk_fix, bulk_fix_item, task_note

__all__ = [
    "APPEND_ONLY",
    "TENANT_TABLES",
    "access_head",
    "access_log",
    "access_pruned",
    "account_change",
    "agreement",
    "alert_message",
    "alert_target",
    "allocation",
    "api_repeat",
    "api_token",
    "app_user",
    "blob",
    "booking_counter",
    "bulk_fix",
    "bulk_fix_item",
    "circuit",
    "claim",
    "claim_line",
    "column_map",
    "credential",
    "decision",
    "declaration",
    "declaration_row",
    "disposal",
    "erasure",
    "exchange",
    "exchange_event",
    "expectation",
    "exported_posting",
    "figure",
    "inbound",
    "incident",
    "job_run",
    "journal_export",
    "legal_hold",
    "list_request",
    "login_link",
    "login_throttle",
    "metadata",
    "notification",
    "organisation",
    "outside_identity",
    "participation",
    "party_version",
    "pause",
    "payment",
    "payout",
    "payout_export",
    "posting",
    "practice_statement",
    "question",
    "quota",
    "reference",
    "resolution",
    "series",
    "specification",
    "subject",
    "task",
    "task_note",
    "tenant",
    "web_session",
    "webhook",
    "webhook_delivery",
]

APPEND_ONLY = (posting, allocation, resolution, access_log, access_head, access_pruned, disposal)
"""Tables whose rows may only be added; triggers refuse update and delete on both databases (decision 21)."""

TENANT_TABLES = tuple(table for table in metadata.sorted_tables if "tenant_id" in table.c)
"""Tables under row-level security on PostgreSQL."""
