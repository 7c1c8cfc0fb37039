"""Retention finds the words that are old without reading all that was ever said."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.migrations.online import create_index

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_WORDED = sa.text("content is not null or variables is not null")


def upgrade() -> None:
    create_index(
        "ix_communications_worded", "communications", ["created_at"], sqlite_where=_WORDED, postgresql_where=_WORDED
    )


def downgrade() -> None:
    op.drop_index("ix_communications_worded", table_name="communications")
