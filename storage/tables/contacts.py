"""People as WhatsApp knows them, and how far the talk with each has come."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Index, Integer, String, Table, UniqueConstraint, text

from storage.base import Json, instant, key, metadata, organization, reference

_BLOCKED = text("blocked_until is not null")

contacts = Table(
    "contacts",
    metadata,
    key(),
    organization(),
    Column("phone_number_id", String(64), nullable=False),
    Column("profile_name", String(255)),
    Column("wa_id", String(32)),
    Column("bsuid", String(160)),
    Column("phone_e164", String(20)),
    Column("username", String(64)),
    instant("last_inbound_at"),
    Column("last_message_id", String(255)),
    instant("marketing_stopped_at"),
    instant("reminders_stopped_at"),
    instant("unreachable_at"),
    Column("referral", Json),
    Column("utm", Json),
    instant("created_at", nullable=False),
)

contact_aliases = Table(
    "contact_aliases",
    metadata,
    key(),
    organization(),
    reference("contact_id", "contacts.id", nullable=False),
    Column("kind", String(20), nullable=False),
    Column("value", String(160), nullable=False),
    instant("created_at", nullable=False),
    UniqueConstraint("organization_id", "kind", "value"),
    CheckConstraint("kind in ('bsuid','parent_bsuid','wa_id','match_key')", name="kind"),
    Index("ix_contact_aliases_contact_id", "contact_id"),
)

conversations = Table(
    "conversations",
    metadata,
    reference("contact_id", "contacts.id", primary_key=True),
    organization(),
    Column("dialogue", String(50), nullable=False),
    Column("state", String(50), nullable=False),
    Column("draft", Json, nullable=False),
    Column("stack", Json, nullable=False),
    Column("history", Json, nullable=False),
    Column("version", Integer, nullable=False, server_default="0"),
    Column("unclear", Integer, nullable=False, server_default="0"),
    Column("floor", String(10), nullable=False, server_default="bot"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    instant("blocked_until"),
    instant("entered_at", nullable=False),
    instant("updated_at", nullable=False),
    CheckConstraint("floor in ('bot','human','parked')", name="floor"),
    Index("ix_conversations_blocked", "blocked_until", sqlite_where=_BLOCKED, postgresql_where=_BLOCKED),
    Index(
        "ix_conversations_parked",
        "updated_at",
        sqlite_where=text("floor = 'parked'"),
        postgresql_where=text("floor = 'parked'"),
    ),
)

journey_steps = Table(
    "journey_steps",
    metadata,
    key(),
    organization(),
    Column("contact_id", contacts.c.id.type, nullable=False),
    Column("dialogue", String(50), nullable=False),
    Column("state", String(50), nullable=False),
    Column("outcome", String(50), nullable=False),
    instant("entered_at", nullable=False),
    instant("left_at", nullable=False),
    Index("ix_journey_steps_organization_id_dialogue_left_at", "organization_id", "dialogue", "left_at"),
    Index("ix_journey_steps_left_at", "left_at", postgresql_using="brin"),
)
