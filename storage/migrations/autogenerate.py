"""How a migration is written from the tables: our own types by name, and row security for every new table."""

from __future__ import annotations

from typing import Any, Literal

from alembic.autogenerate import renderers
from alembic.autogenerate.api import AutogenContext
from alembic.operations.ops import CreateTableOp, MigrateOperation
from sqlalchemy import JSON, BigInteger, Column

from storage.base import UtcDateTime, metadata

OPTIONS: dict[str, Any] = {
    "target_metadata": metadata,
    "compare_type": True,
    "compare_server_default": False,  # alembic misreads '' on SQLite; a test compares the whole schema
    "render_as_batch": True,  # SQLite alters a table by making it anew; PostgreSQL takes the same code as plain ALTERs
}
_SECURITY = "from storage.migrations.row_security import secure"


class SecureRows(MigrateOperation):
    """Row security for a table that belongs to organisations."""

    def __init__(self, table: str, column: str) -> None:
        self.table = table
        self.column = column


@renderers.dispatch_for(SecureRows)
def _render_secure_rows(context: AutogenContext, operation: SecureRows) -> str:
    context.imports.add(_SECURITY)
    named = "" if operation.column == "organization_id" else f', "{operation.column}"'
    return f'secure("{operation.table}"{named})'


def render_item(kind: str, item: Any, context: AutogenContext) -> str | Literal[False]:
    """`UtcDateTime()`, `Json` and `BigId` of storage.base; alembic's own rendering for all else."""
    name = _own_type(item) if kind == "type" else None
    if name is None:
        return False
    context.imports.add(f"from storage.base import {name.removesuffix('()')}")
    return name


def _own_type(item: Any) -> str | None:
    if isinstance(item, UtcDateTime):
        return "UtcDateTime()"
    if isinstance(item, JSON):
        return "Json"
    return "BigId" if isinstance(item, BigInteger) and item._variant_mapping else None


def secure_new_tables(_context: Any, _revision: Any, directives: list[Any]) -> None:
    """Alembic's `process_revision_directives`."""
    for script in directives:
        made = [step for step in script.upgrade_ops.ops if isinstance(step, CreateTableOp)]
        owners = {table.table_name: owner_column(table.table_name, table.columns) for table in made}
        script.upgrade_ops.ops.extend(SecureRows(table, owner) for table, owner in owners.items() if owner)


def owner_column(table: str, columns: Any) -> str | None:
    """The column that says whose a row is; None when rows belong to nobody."""
    if table == "organizations":
        return "id"
    names = {column.name for column in columns if isinstance(column, Column)}
    return "organization_id" if "organization_id" in names else None
