"""What happened to people (events), what is to happen later (timers), what Balcão does to the world (outbox)."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    literal_column,
    text,
)

from storage.base import BigId, Json, instant, key, metadata, organization, reference

_PENDING = text("status = 'pending'")
_WAITING = text("status = 'pending' and contact_id is not null")
_QUEUED = text("status = 'queued'")
_HELD = text("status = 'held'")
_PARKED = text("status = 'parked'")
_PASSING = text("expires_at is not null")
_WORDED = text("content is not null or variables is not null")

# For conditions: written into the statement and not bound. A partial index serves only a statement that names its
# condition; with a bound value the way in would read every event there ever was.
PENDING = literal_column("'pending'", String)
QUEUED = literal_column("'queued'", String)
HELD = literal_column("'held'", String)
PARKED = literal_column("'parked'", String)

events = Table(
    "events",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("organization_id", Uuid, nullable=False),
    Column("contact_id", Uuid),
    Column("source", String(20), nullable=False),
    Column("external_id", String(255), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("payload", Json),
    Column("status", String(10), nullable=False, server_default="pending"),
    Column("error", Text),
    instant("occurred_at", nullable=False),
    instant("received_at", nullable=False),
    instant("done_at"),
    UniqueConstraint("organization_id", "source", "external_id"),
    CheckConstraint("status in ('pending','done','parked','ignored')", name="status"),
    Index("ix_events_pending", "contact_id", "id", sqlite_where=_PENDING, postgresql_where=_PENDING),
    # For who claims people, in the order of their letters, however many wait.
    Index("ix_events_waiting", "id", sqlite_where=_WAITING, postgresql_where=_WAITING),
    Index("ix_events_parked", "id", sqlite_where=_PARKED, postgresql_where=_PARKED),
    Index("ix_events_received_at", "received_at"),
    sqlite_autoincrement=True,
)

timers = Table(
    "timers",
    metadata,
    key(),
    organization(),
    reference("contact_id", "contacts.id", nullable=False),
    Column("name", String(40), nullable=False),
    Column("version", Integer),
    Column("payload", Json, nullable=False),
    instant("due_at", nullable=False),
    UniqueConstraint("contact_id", "name"),
    Index("ix_timers_due_at", "due_at"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    organization(),
    Column("contact_id", Uuid),
    Column("lane", String(60), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("payload", Json, nullable=False),
    Column("secret", LargeBinary),
    Column("communication_id", Uuid),
    Column("dedupe_key", String(120)),
    Column("status", String(10), nullable=False, server_default="queued"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("owner", String(60)),
    Column("error", Text),
    instant("due_at", nullable=False),
    instant("lease_until"),
    instant("expires_at"),
    instant("created_at", nullable=False),
    UniqueConstraint("organization_id", "dedupe_key"),
    CheckConstraint("status in ('queued','sending','uncertain','held','dead')", name="status"),
    Index("ix_outbox_due", "due_at", "id", sqlite_where=_QUEUED, postgresql_where=_QUEUED),
    Index("ix_outbox_lane", "lane", "id"),
    Index("ix_outbox_communication_id", "communication_id"),
    Index("ix_outbox_held", "contact_id", sqlite_where=_HELD, postgresql_where=_HELD),
    # Finished rows are deleted: SQLite must never give their numbers out again, for answers are known by them.
    sqlite_autoincrement=True,
)

communications = Table(
    "communications",
    metadata,
    key(),
    organization(),
    Column("contact_id", Uuid),
    Column("channel", String(20), nullable=False),
    Column("template", String(100), nullable=False),
    Column("recipient", String(255), nullable=False),
    Column("content", Text),
    Column("variables", Json),
    Column("status", String(20), nullable=False, server_default="queued"),
    Column("category", String(40)),
    Column("provider_message_id", String(255)),
    Column("error_code", String(40)),
    Column("error_message", String(500)),
    instant("created_at", nullable=False),
    instant("sent_at"),
    instant("delivered_at"),
    instant("read_at"),
    instant("failed_at"),
    CheckConstraint("channel in ('whatsapp','email','sms')", name="channel"),
    CheckConstraint("status in ('queued','held','sent','delivered','read','failed','dropped')", name="status"),
    Index("ix_communications_provider_message_id", "provider_message_id"),
    Index("ix_communications_contact_id_created_at", "contact_id", "created_at"),
    # For retention. What is in the order of time anyway costs next to nothing to index by blocks (BRIN).
    Index("ix_communications_worded", "created_at", sqlite_where=_WORDED, postgresql_where=_WORDED),
    Index("ix_communications_created_at", "created_at", postgresql_using="brin"),
    # Three statuses follow every message within seconds: with room in its page they touch no index.
    postgresql_with={"fillfactor": 70},
)

documents = Table(
    "documents",
    metadata,
    key(),
    organization(),
    Column("kind", String(40), nullable=False),
    Column("mime_type", String(100), nullable=False),
    Column("filename", String(200), nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("sha256", String(64), nullable=False),
    instant("created_at", nullable=False),
    instant("expires_at"),
    Index("ix_documents_expires_at", "expires_at", sqlite_where=_PASSING, postgresql_where=_PASSING),
)

media_uploads = Table(
    "media_uploads",
    metadata,
    key(),
    organization(),
    reference("document_id", "documents.id", nullable=False),
    Column("phone_number_id", String(64), nullable=False),
    Column("media_id", String(128), nullable=False),
    instant("expires_at", nullable=False),
    UniqueConstraint("document_id", "phone_number_id"),
)

leases = Table(
    "leases",
    metadata,
    Column("name", String(60), primary_key=True),
    Column("owner", String(60), nullable=False),
    instant("until", nullable=False),
    instant("last_run_at"),
)

staff_notices = Table(
    "staff_notices",
    metadata,
    key(),
    organization(),
    Column("contact_id", Uuid),
    Column("kind", String(60), nullable=False),
    Column("severity", String(10), nullable=False),
    Column("detail", Json, nullable=False),
    Column("dedupe_key", String(120), nullable=False),
    instant("created_at", nullable=False),
    instant("mailed_at"),
    instant("resolved_at"),
    UniqueConstraint("organization_id", "dedupe_key"),
    CheckConstraint("severity in ('info','warning','critical')", name="severity"),
)
