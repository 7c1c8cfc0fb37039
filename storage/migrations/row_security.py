"""The second lock on PostgreSQL: rows of another organisation do not exist for a transaction that did not ask for them.

The first lock is `Tx`, which filters every query. `unit_of_work.py` says for each transaction whose it is (`app.org`):
`*` is the system itself, nothing said means nothing seen. A superuser passes any policy, so the application's role must
not be one.
"""

from __future__ import annotations

from alembic import op

# Not `… OR …`: of that PostgreSQL expects one row in a hundred, and plans for so many. Of this it expects half.
_MINE = (
    "CASE WHEN current_setting('app.org', true) = '*' THEN true"
    " ELSE {column}::text = current_setting('app.org', true) END"
)


def secure(table: str, column: str = "organization_id") -> None:
    """Let only rows of the transaction's organisation be seen and written, by the owner of the table too."""
    if op.get_context().dialect.name != "postgresql":
        return
    mine = _MINE.format(column=column)
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY own_organization ON {table} USING ({mine}) WITH CHECK ({mine})")


def say_anew(table: str, column: str = "organization_id") -> None:
    """A policy of an older wording as it is written now; the same rows pass. Alone in its migration, as `create_index`:
    nobody is kept from one table while another is waited for."""
    context = op.get_context()
    if context.dialect.name != "postgresql":
        return
    mine = _MINE.format(column=column)
    with context.autocommit_block():
        op.execute(f"ALTER POLICY own_organization ON {table} USING ({mine}) WITH CHECK ({mine})")
