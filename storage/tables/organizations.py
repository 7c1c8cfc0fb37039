"""Who runs a front desk here, on which numbers, and who works there."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, LargeBinary, String, Table, UniqueConstraint

from storage.base import Json, instant, key, metadata, organization

organizations = Table(
    "organizations",
    metadata,
    key(),
    Column("slug", String(100), nullable=False, unique=True),
    Column("name", String(255), nullable=False),
    Column("timezone", String(64), nullable=False),
    Column("settings", Json, nullable=False),
    Column("data_key", LargeBinary, nullable=False),
    instant("created_at", nullable=False),
    instant("updated_at", nullable=False),
)

channel_numbers = Table(
    "channel_numbers",
    metadata,
    key(),
    organization(),
    Column("phone_number_id", String(64), nullable=False, unique=True),
    Column("business_account_id", String(64), nullable=False),
    Column("display_number", String(32), nullable=False, server_default=""),
    Column("status", String(20), nullable=False, server_default="active"),
    Column("stopped_reason", String(255)),
    instant("created_at", nullable=False),
    CheckConstraint("status in ('active','stopped')", name="status"),
)

users = Table(
    "users",
    metadata,
    key(),
    organization(),
    Column("email", String(255), nullable=False),
    Column("name", String(255), nullable=False),
    Column("password_hash", String(255), nullable=False),
    Column("role", String(20), nullable=False),
    instant("created_at", nullable=False),
    UniqueConstraint("organization_id", "email"),
    CheckConstraint("role in ('super_admin','org_admin','agent','viewer')", name="role"),
)
