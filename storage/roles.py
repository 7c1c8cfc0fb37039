"""Whether the database's second lock holds for the role we came in with."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

_ROLE = text("select rolsuper, rolbypassrls from pg_roles where rolname = current_user")


async def exempt(engine: AsyncEngine) -> str | None:
    """Why PostgreSQL's row security does not apply to this role; None when it does (or there is none, on SQLite)."""
    if engine.dialect.name != "postgresql":
        return None
    async with engine.connect() as connection:
        row = (await connection.execute(_ROLE)).first()
    if row is None or not (row.rolsuper or row.rolbypassrls):
        return None
    return f"the role {'is a superuser' if row.rolsuper else 'has BYPASSRLS'}: row security does not hold for it"
