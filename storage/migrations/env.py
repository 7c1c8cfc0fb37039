"""Run by alembic for each of its commands, on the connection of `storage.migrate`: in its transaction if it
opened one, else with one for each migration.
"""

from __future__ import annotations

from alembic import context

import storage.tables.all
from storage.migrations import autogenerate

assert storage.tables.all.metadata is autogenerate.OPTIONS["target_metadata"]  # noqa: S101 - all tables are loaded

context.configure(
    connection=context.config.attributes["connection"],
    render_item=autogenerate.render_item,
    process_revision_directives=autogenerate.secure_new_tables,
    transaction_per_migration=True,
    **autogenerate.OPTIONS,
)
with context.begin_transaction():
    context.run_migrations()
