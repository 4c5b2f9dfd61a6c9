"""Every table. Each carries `tenant_id` from the first migration (decision 22); money is integer minor units.

Personal data stands only in `sealed` columns (AES-GCM, the subject's key) and blobs; searches use blind indexes.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from hub.store.types import Moment

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

ID = String(36)
TENANT = String(64)


def _key() -> Column[str]:
    return Column("id", ID, primary_key=True)


def _tenant() -> Column[str]:
    return Column("tenant_id", TENANT, ForeignKey("tenant.id"), nullable=False)


def _ref(name: str, table: str, *, nullable: bool = True, index: bool = False) -> Column[str]:
    return Column(name, ID, ForeignKey(f"{table}.id"), nullable=nullable, index=index)


tenant = Table(
    "tenant",
    metadata,
    Column("id", TENANT, primary_key=True),
    Column("name", Text, nullable=False),
    Column("country", String(2), nullable=False),
    Column("language", String(2), nullable=False),
    Column("created_at", Moment, nullable=False),
)

organisation = Table(
    "organisation",
    metadata,
    _key(),
    _tenant(),
    _ref("parent_id", "organisation"),
    Column("kind", String(20), nullable=False),
    Column("scheme", String(10), nullable=False),
    Column("code", String(20), nullable=False),
    Column("name", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("invoice_email", Text, nullable=False),
    Column("account", String(34), nullable=False),
    Column("system", String(60), nullable=False),
    Column("details", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("tenant_id", "scheme", "code"),
)

app_user = Table(
    "app_user",
    metadata,
    _key(),
    _tenant(),
    _ref("organisation_id", "organisation"),
    Column("login", String(120), nullable=False),
    Column("name", Text, nullable=False),
    Column("role", String(20), nullable=False),
    Column("language", String(2), nullable=False),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("tenant_id", "login"),
)

participation = Table(
    "participation",
    metadata,
    _key(),
    _tenant(),
    _ref("organisation_id", "organisation", nullable=False),
    Column("module", String(20), nullable=False),
    Column("first_quarter", String(6), nullable=False),
    Column("left_after", String(6), nullable=False),
    Column("agreement_date", Date),
    Column("consent_date", Date),
    Column("consent_withdrawn", Date),
    UniqueConstraint("tenant_id", "organisation_id", "module"),
)

agreement = Table(
    "agreement",
    metadata,
    _key(),
    _tenant(),
    Column("partner", String(60), nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date),
    Column("channel", String(40), nullable=False),
    Column("settings", JSON, nullable=False),
    Column("release", String(10), nullable=False),
    Column("payer_accounts", JSON, nullable=False),
    Column("kid_length", Integer, nullable=False),
    Column("kid_method", String(10), nullable=False),
    Column("accepted_unverified", Boolean, nullable=False),
    UniqueConstraint("tenant_id", "partner", "valid_from"),
)

reference = Table(
    "reference",
    metadata,
    _key(),
    _tenant(),
    Column("kind", String(20), nullable=False),
    Column("code", String(60), nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date),
    Column("sealed", LargeBinary, nullable=False),
    Column("source", Text, nullable=False),
    Column("imported_at", Moment, nullable=False),
    UniqueConstraint("tenant_id", "kind", "code", "valid_from"),
)

column_map = Table(
    "column_map",
    metadata,
    _key(),
    _tenant(),
    Column("header_key", String(64), nullable=False),
    Column("system", String(60), nullable=False),
    Column("columns", JSON, nullable=False),
    Column("confirmed_at", Moment, nullable=False),
    UniqueConstraint("tenant_id", "header_key"),
)

blob = Table(
    "blob",
    metadata,
    Column("address", String(64), primary_key=True),
    _tenant(),
    Column("key_name", String(80), nullable=False),
    Column("size", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("stored_at", Moment, nullable=False),
)

subject = Table(
    "subject",
    metadata,
    _key(),
    _tenant(),
    Column("kind", String(10), nullable=False),
    Column("blind", String(32), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("erased_at", Moment),
    UniqueConstraint("tenant_id", "kind", "blind"),
)

declaration = Table(
    "declaration",
    metadata,
    _key(),
    _tenant(),
    _ref("organisation_id", "organisation", nullable=False),
    Column("programme", String(40), nullable=False),
    Column("module", String(20), nullable=False),
    Column("period", String(10), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("blob_address", String(64), nullable=False),
    Column("state", String(20), nullable=False),
    _ref("replaces_id", "declaration"),
    Column("summary", JSON, nullable=False),
    Column("received_at", Moment, nullable=False),
)

declaration_row = Table(
    "declaration_row",
    metadata,
    _key(),
    _tenant(),
    _ref("declaration_id", "declaration", nullable=False, index=True),
    Column("line", Integer, nullable=False),
    Column("row_id", String(40), nullable=False),
    Column("outcome", String(30), nullable=False),
    Column("code", String(40), nullable=False),
    Column("message", JSON, nullable=False),
    _ref("subject_id", "subject"),
    Column("blind", String(32), nullable=False),
    Column("claim_id", ID),
    Column("sealed", LargeBinary, nullable=False),
    UniqueConstraint("tenant_id", "declaration_id", "line"),
)

party_version = Table(
    "party_version",
    metadata,
    Column("id", String(64), primary_key=True),
    _tenant(),
    Column("body", JSON, nullable=False),
)

claim = Table(
    "claim",
    metadata,
    _key(),
    _tenant(),
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
    _ref("subject_id", "subject", nullable=False),
    Column("blind", String(32), nullable=False, index=True),
    Column("case_ref", String(60), nullable=False),
    Column("kid", String(25), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("issue_date", Date),
    Column("due_date", Date),
    Column("corrects", String(40), nullable=False),
    Column("hold_code", String(40), nullable=False),
    _ref("declaration_id", "declaration"),
    _ref("exchange_id", "exchange", index=True),
    Column("created_at", Moment, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    UniqueConstraint("tenant_id", "business_key"),
    UniqueConstraint("tenant_id", "ref"),
)

claim_line = Table(
    "claim_line",
    metadata,
    _key(),
    _tenant(),
    _ref("claim_id", "claim", nullable=False, index=True),
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

exchange = Table(
    "exchange",
    metadata,
    _key(),
    _tenant(),
    Column("partner", String(60), nullable=False),
    _ref("agreement_id", "agreement", nullable=False),
    Column("channel", String(40), nullable=False),
    Column("kind", String(60), nullable=False),
    Column("business_key", String(160), nullable=False),
    Column("invoice_number", String(40), nullable=False, index=True),
    Column("remote_id", String(120), nullable=False),
    Column("name", String(120), nullable=False),
    Column("blob_address", String(64), nullable=False),
    Column("payload_sha256", String(64), nullable=False),
    Column("meta", JSON, nullable=False),
    Column("ruleset", String(60), nullable=False),
    Column("findings", JSON, nullable=False),
    Column("stage", String(12), nullable=False),
    Column("state", String(12), nullable=False),
    Column("released", Boolean, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("note", Text, nullable=False),
    Column("prepared_at", Moment, nullable=False),
    Column("next_try_at", Moment),
    Column("sent_at", Moment),
    Column("reply_due", Date),
    Column("answered_at", Moment),
    Column("received_at", Moment),
    UniqueConstraint("tenant_id", "business_key"),
)

exchange_event = Table(
    "exchange_event",
    metadata,
    _key(),
    _tenant(),
    _ref("exchange_id", "exchange", nullable=False, index=True),
    Column("at", Moment, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("text", Text, nullable=False),
    Column("codes", JSON, nullable=False),
    _ref("inbound_id", "inbound"),
    Column("seq", Integer, nullable=False, server_default="0"),
)

inbound = Table(
    "inbound",
    metadata,
    _key(),
    _tenant(),
    Column("source", String(80), nullable=False),
    Column("remote_id", String(200), nullable=False),
    Column("kind", String(60), nullable=False),
    Column("blob_address", String(64), nullable=False),
    Column("content_key", String(64), nullable=False, index=True),
    Column("trusted", Boolean, nullable=False),
    Column("meta", JSON, nullable=False),
    Column("state", String(12), nullable=False),
    Column("note", Text, nullable=False),
    Column("findings", JSON, nullable=False),
    Column("confirmed", Boolean, nullable=False),
    _ref("exchange_id", "exchange"),
    Column("received_at", Moment, nullable=False),
    Column("processed_at", Moment),
    UniqueConstraint("tenant_id", "source", "remote_id"),
)

decision = Table(
    "decision",
    metadata,
    _key(),
    _tenant(),
    _ref("inbound_id", "inbound"),
    _ref("claim_line_id", "claim_line", nullable=False, index=True),
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

payment = Table(
    "payment",
    metadata,
    _key(),
    _tenant(),
    _ref("inbound_id", "inbound", nullable=False),
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
    _key(),
    _tenant(),
    _ref("payment_id", "payment", nullable=False, index=True),
    _ref("claim_line_id", "claim_line", nullable=False, index=True),
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
    _key(),
    _tenant(),
    _ref("payment_id", "payment", index=True),
    _ref("claim_line_id", "claim_line", index=True),
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
    _key(),
    _tenant(),
    _ref("inbound_id", "inbound", nullable=False),
    Column("partner", String(60), nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("total_minor", BigInteger, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("state", String(10), nullable=False),
    _ref("payment_id", "payment"),
    Column("read_at", Moment, nullable=False),
    UniqueConstraint("tenant_id", "partner", "fingerprint"),
    CheckConstraint("state in ('waiting', 'held', 'explained')", name="state"),
)

posting = Table(
    "posting",
    metadata,
    _key(),
    _tenant(),
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

task = Table(
    "task",
    metadata,
    _key(),
    _tenant(),
    Column("key", String(160), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("text", JSON, nullable=False),
    Column("action", JSON, nullable=False),
    Column("claim_ref", String(40), nullable=False),
    _ref("exchange_id", "exchange"),
    _ref("inbound_id", "inbound"),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("due", Date),
    Column("state", String(10), nullable=False),
    Column("evidence", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("done_at", Moment),
    UniqueConstraint("tenant_id", "key"),
)

notification = Table(
    "notification",
    metadata,
    _key(),
    _tenant(),
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

series = Table(
    "series",
    metadata,
    Column("tenant_id", TENANT, ForeignKey("tenant.id"), primary_key=True),
    Column("name", String(60), primary_key=True),
    Column("next", BigInteger, nullable=False),
)

job_run = Table(
    "job_run",
    metadata,
    Column("tenant_id", TENANT, ForeignKey("tenant.id"), primary_key=True),
    Column("job", String(40), primary_key=True),
    Column("business_key", String(40), primary_key=True),
    Column("started_at", Moment, nullable=False),
    Column("finished_at", Moment),
    Column("result", Text, nullable=False),
    Column("planned_at", Moment),
    Column("node", String(80), nullable=False, server_default=""),
    Column("by", String(60), nullable=False, server_default=""),
    Column("starts", Integer, nullable=False, server_default="1"),
)

pause = Table(
    "pause",
    metadata,
    _key(),
    _tenant(),
    Column("kind", String(10), nullable=False),
    Column("target", String(160), nullable=False),
    Column("reason", Text, nullable=False),
    Column("since", Moment, nullable=False),
    Column("until", Moment),
    Column("by", String(60), nullable=False),
    Column("lifted_at", Moment),
    Column("lifted_by", String(60), nullable=False, server_default=""),
    CheckConstraint("kind in ('outbound', 'partner', 'practice', 'batch', 'job')", name="kind"),
)

circuit = Table(
    "circuit",
    metadata,
    Column("tenant_id", TENANT, ForeignKey("tenant.id"), primary_key=True),
    Column("place", String(64), primary_key=True),
    Column("partner", String(60), nullable=False),
    Column("reason", Text, nullable=False),
    Column("since", Moment, nullable=False),
    Column("open_until", Moment, nullable=False),
)

quota = Table(
    "quota",
    metadata,
    Column("place", String(64), primary_key=True),
    Column("window", Moment, primary_key=True),
    Column("used", Integer, nullable=False),
)
"""How often a place was called in a window: shared by all tenants and nodes, as the partner counts it."""

alert_target = Table(
    "alert_target",
    metadata,
    _key(),
    _tenant(),
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
    _key(),
    _tenant(),
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
    _key(),
    _tenant(),
    _ref("target_id", "alert_target", nullable=False),
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

expectation = Table(
    "expectation",
    metadata,
    Column("tenant_id", TENANT, ForeignKey("tenant.id"), primary_key=True),
    Column("module", String(20), primary_key=True),
    Column("working_day", Integer, nullable=False),
)
"""By which working day of a quarter a module's lists are expected; the module '' stands for every other one."""

account_change = Table(
    "account_change",
    metadata,
    _key(),
    _tenant(),
    _ref("organisation_id", "organisation", nullable=False),
    Column("account", String(34), nullable=False),
    Column("former", String(34), nullable=False),
    Column("source", Text, nullable=False),
    Column("state", String(10), nullable=False),
    Column("asked_by", String(60), nullable=False),
    Column("asked_at", Moment, nullable=False),
    Column("decided_by", String(60), nullable=False, server_default=""),
    Column("decided_at", Moment),
    CheckConstraint("state in ('asked', 'approved', 'rejected')", name="state"),
)
"""Another bank account of one of our organisations: asked for by one person, decided by another (S37)."""

payout_export = Table(
    "payout_export",
    metadata,
    _key(),
    _tenant(),
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
    _key(),
    _tenant(),
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
    _ref("export_id", "payout_export"),
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
    _key(),
    _tenant(),
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
    _key(),
    _tenant(),
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
    _ref("export_id", "journal_export", nullable=False, index=True),
)
"""Which journal rows went to bookkeeping in which export: each once."""

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
Index("ix_claim_open", claim.c.tenant_id, claim.c.exchange_id, claim.c.hold_code)
Index("ix_posting_line", posting.c.tenant_id, posting.c.claim_line_id)
_UNSETTLED = exchange.c.state.in_(("prepared", "sending", "in_doubt"))
Index(
    "ix_exchange_due",
    exchange.c.tenant_id,
    exchange.c.next_try_at,
    sqlite_where=_UNSETTLED,
    postgresql_where=_UNSETTLED,
)
Index("ix_exchange_newest", exchange.c.tenant_id, exchange.c.prepared_at)
Index("ix_exchange_number", exchange.c.tenant_id, exchange.c.invoice_number)
Index("ix_exchange_remote", exchange.c.tenant_id, exchange.c.remote_id)
Index("ix_exchange_state", exchange.c.tenant_id, exchange.c.state)
_UNANSWERED = exchange.c.answered_at.is_(None)
Index(
    "ix_exchange_unanswered",
    exchange.c.tenant_id,
    exchange.c.state,
    exchange.c.reply_due,
    sqlite_where=_UNANSWERED,
    postgresql_where=_UNANSWERED,
)
_IN_FORCE_PAUSE = pause.c.lifted_at.is_(None)
Index("ix_pause_in_force", pause.c.tenant_id, sqlite_where=_IN_FORCE_PAUSE, postgresql_where=_IN_FORCE_PAUSE)
Index("ix_payment_open", payment.c.tenant_id, payment.c.matched)
_OPEN_INCIDENT = incident.c.resolved_at.is_(None)
Index("ix_incident_open", incident.c.tenant_id, sqlite_where=_OPEN_INCIDENT, postgresql_where=_OPEN_INCIDENT)
_UNTOLD = alert_message.c.told_at.is_(None)
Index("ix_alert_message_untold", alert_message.c.tenant_id, sqlite_where=_UNTOLD, postgresql_where=_UNTOLD)

_ASKED_ACCOUNT = account_change.c.state == "asked"
Index(
    "uq_account_change_asked",
    account_change.c.tenant_id,
    account_change.c.organisation_id,
    account_change.c.account,
    unique=True,
    sqlite_where=_ASKED_ACCOUNT,
    postgresql_where=_ASKED_ACCOUNT,
)
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

APPEND_ONLY = (posting, allocation, resolution, access_log, access_head)
"""Tables whose rows may only be added; triggers refuse update and delete on both databases (decision 21)."""

TENANT_TABLES = tuple(table for table in metadata.sorted_tables if "tenant_id" in table.c)
"""Tables under row-level security on PostgreSQL."""
