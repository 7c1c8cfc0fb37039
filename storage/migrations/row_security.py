"""The second lock on PostgreSQL: rows of another organisation do not exist for a transaction that did not ask for them.

The first lock is `Tx`, which filters every query. `unit_of_work.py` says for each transaction whose it is (`app.org`):
`*` is the system itself, nothing said means nothing seen. A superuser passes any policy, so the application's role must
not be one.
"""

from __future__ import annotations

from alembic import op

_MINE = "{column}::text = current_setting('app.org', true) OR current_setting('app.org', true) = '*'"


def secure(table: str, column: str = "organization_id") -> None:
    """Let only rows of the transaction's organisation be seen and written, by the owner of the table too."""
    if op.get_context().dialect.name != "postgresql":
        return
    mine = _MINE.format(column=column)
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY own_organization ON {table} USING ({mine}) WITH CHECK ({mine})")
