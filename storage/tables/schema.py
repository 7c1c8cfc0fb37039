"""What the database says about its own schema, besides alembic's number."""

from __future__ import annotations

from sqlalchemy import Column, String, Table

from storage.base import metadata

schema_floor = Table(
    "schema_floor",
    metadata,
    # One row: the oldest schema whose version of the code still works with the present one.
    Column("revision", String(32), primary_key=True),
)
