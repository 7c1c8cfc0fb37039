"""Retention finds the steps of years ago."""

from __future__ import annotations

from alembic import op

from storage.migrations.online import create_index

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_index("ix_journey_steps_left_at", "journey_steps", ["left_at"], postgresql_using="brin")


def downgrade() -> None:
    op.drop_index("ix_journey_steps_left_at", table_name="journey_steps")
