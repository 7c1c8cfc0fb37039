"""Column types and the one metadata: the same models on SQLite and PostgreSQL."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

import uuid_utils.compat
from sqlalchemy import JSON, BigInteger, Column, DateTime, ForeignKey, Integer, MetaData, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcDateTime(TypeDecorator[datetime]):
    """An instant: refuses naive values, stores UTC, gives back aware UTC (SQLite would drop the zone)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime reached the database")
        return value.astimezone(UTC)

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        """PostgreSQL's driver gives aware UTC by itself."""
        return None if dialect.name == "postgresql" else super().result_processor(dialect, coltype)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
BigId = BigInteger().with_variant(Integer, "sqlite")
"""Keys of the queues: they give the order in which things arrived."""


def new_id() -> uuid.UUID:
    """UUIDv7: sorts by time, safe to show outside."""
    return uuid_utils.compat.uuid7()


def key() -> Column[uuid.UUID]:
    return Column("id", Uuid, primary_key=True, default=new_id)


def organization() -> Column[uuid.UUID]:
    return Column("organization_id", Uuid, ForeignKey("organizations.id"), nullable=False)


def reference(name: str, target: str, **options: Any) -> Column[uuid.UUID]:
    return Column(name, Uuid, ForeignKey(target), **options)


def instant(name: str, **options: Any) -> Column[datetime]:
    return Column(name, UtcDateTime, **options)
