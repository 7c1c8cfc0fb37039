"""Retention finds what was said years ago."""

from __future__ import annotations

from alembic import op

from storage.migrations.online import create_index

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_index("ix_communications_created_at", "communications", ["created_at"], postgresql_using="brin")


def downgrade() -> None:
    op.drop_index("ix_communications_created_at", table_name="communications")
