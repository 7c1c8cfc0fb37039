"""Steps of migrations that are taken beside running traffic. The policy is in docs/operations.md, Deploys.

A migration only adds what the former version of the code can do without, and never for long keeps anybody from a table.
One that takes something away says so with `leaves_behind`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

LOCK_TIMEOUT = "1s"
"""So long a migration waits for a table, and so long everybody else waits behind it. Then it steps back for a while."""


def create_index(name: str, table: str, columns: Sequence[str], **options: Any) -> None:
    """On PostgreSQL without keeping writers out. Alone in its migration: what stood before it is committed by it."""
    context = op.get_context()
    if context.dialect.name != "postgresql" or context.as_sql:
        op.create_index(name, table, columns, **options)
        return
    with context.autocommit_block():
        op.execute("SET lock_timeout = 0")  # It waits for old transactions, in nobody's way.
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")  # What a try that broke off leaves is of no use.
        op.create_index(name, table, columns, postgresql_concurrently=True, **options)
        op.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")


def drop_index(name: str, table: str) -> None:
    """As `create_index`: in nobody's way, and not again what a try that broke off had done."""
    context = op.get_context()
    if context.dialect.name != "postgresql" or context.as_sql:
        op.drop_index(name, table_name=table)
        return
    with context.autocommit_block():
        op.execute("SET lock_timeout = 0")
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
        op.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")


def leaves_behind(oldest: str) -> None:
    """After this migration, only code that knows revision `oldest` still works."""
    op.execute("DELETE FROM schema_floor")
    op.bulk_insert(sa.table("schema_floor", sa.column("revision", sa.String)), [{"revision": oldest}])
