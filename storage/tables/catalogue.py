"""What a business sells: plans with benefits and add-ons, contracts, partners."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Float,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from storage.base import Json, instant, key, metadata, organization, reference

plans = Table(
    "plans",
    metadata,
    key(),
    organization(),
    Column("slug", String(100), nullable=False),
    Column("name", String(255), nullable=False),
    Column("category", String(50), nullable=False),
    Column("description", Text, nullable=False, server_default=""),
    Column("price", BigInteger, nullable=False),
    Column("billing_cycle", String(20), nullable=False),
    Column("adhesion_fee", BigInteger, nullable=False),
    Column("trial_days", Integer, nullable=False),
    Column("average_savings", BigInteger),
    Column("max_dependents", Integer, nullable=False),
    Column("min_age", Integer, nullable=False),
    Column("max_age", Integer),
    Column("validity_months", Integer, nullable=False),
    Column("collects_health_data", Boolean, nullable=False),
    Column("is_highlight", Boolean, nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("sort_order", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    instant("created_at", nullable=False),
    instant("updated_at", nullable=False),
    UniqueConstraint("organization_id", "slug"),
    CheckConstraint("billing_cycle in ('monthly','quarterly','semester','yearly')", name="billing_cycle"),
    CheckConstraint("price >= 0 and adhesion_fee >= 0 and trial_days >= 0 and max_dependents >= 0", name="amounts"),
)

plan_benefits = Table(
    "plan_benefits",
    metadata,
    key(),
    organization(),
    reference("plan_id", "plans.id", nullable=False),
    Column("benefit_name", String(255), nullable=False),
    Column("benefit_description", Text, nullable=False, server_default=""),
    Column("discount_percentage", Integer),
    Column("sort_order", Integer, nullable=False),
    UniqueConstraint("plan_id", "benefit_name"),
)

plan_addons = Table(
    "plan_addons",
    metadata,
    key(),
    organization(),
    reference("plan_id", "plans.id", nullable=False),
    Column("slug", String(100), nullable=False),
    Column("name", String(255), nullable=False),
    Column("price", BigInteger, nullable=False),
    Column("sort_order", Integer, nullable=False),
    Column("is_active", Boolean, nullable=False),
    UniqueConstraint("plan_id", "slug"),
)

contracts = Table(
    "contracts",
    metadata,
    key(),
    organization(),
    Column("version", String(20), nullable=False),
    Column("title", String(255), nullable=False),
    Column("content", Text, nullable=False),
    Column("summary", Json, nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("effective_from", Date, nullable=False),
    instant("created_at", nullable=False),
    UniqueConstraint("organization_id", "version"),
)

partners = Table(
    "partners",
    metadata,
    key(),
    organization(),
    Column("slug", String(100), nullable=False),
    Column("name", String(255), nullable=False),
    Column("category", String(100), nullable=False),
    Column("description", Text, nullable=False, server_default=""),
    Column("phone", String(20)),
    Column("email", String(255)),
    Column("website", String(255)),
    Column("status", String(20), nullable=False),
    UniqueConstraint("organization_id", "slug"),
)

partner_locations = Table(
    "partner_locations",
    metadata,
    key(),
    organization(),
    reference("partner_id", "partners.id", nullable=False),
    Column("name", String(255), nullable=False),
    Column("cep", String(8), nullable=False),
    Column("street", String(255), nullable=False),
    Column("number", String(20), nullable=False),
    Column("neighborhood", String(100), nullable=False),
    Column("city", String(100), nullable=False),
    Column("state", String(2), nullable=False),
    Column("latitude", Float),
    Column("longitude", Float),
    Column("phone", String(20)),
    Column("opening_hours", Json, nullable=False),
    UniqueConstraint("partner_id", "name"),
)
