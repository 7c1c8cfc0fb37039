"""Whether the database's second lock holds for the role we came in with."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

_ROLE = text("select rolsuper, rolbypassrls from pg_roles where rolname = current_user")

_LACKING = text(
    """
    select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = current_schema() and c.relname not in ('alembic_version', 'schema_floor') and case c.relkind
        when 'r' then not (has_table_privilege(c.oid, 'SELECT') and has_table_privilege(c.oid, 'INSERT')
            and has_table_privilege(c.oid, 'UPDATE') and has_table_privilege(c.oid, 'DELETE'))
        when 'S' then not has_sequence_privilege(c.oid, 'USAGE')
        else false end
    order by c.relname limit 1
    """
)


async def lacking(engine: AsyncEngine) -> str | None:
    """A table of PostgreSQL in which this role may not do all that Balcão does, in a few words; None when it may."""
    async with engine.connect() as connection:
        table: str | None = await connection.scalar(_LACKING)
    return f"the role may not read and write {table}" if table is not None else None


async def exempt(engine: AsyncEngine) -> str | None:
    """Why PostgreSQL's row security does not apply to this role; None when it does (or there is none, on SQLite)."""
    if engine.dialect.name != "postgresql":
        return None
    async with engine.connect() as connection:
        row = (await connection.execute(_ROLE)).first()
    if row is None or not (row.rolsuper or row.rolbypassrls):
        return None
    return f"the role {'is a superuser' if row.rolsuper else 'has BYPASSRLS'}: row security does not hold for it"
