"""The database says which versions of the code may work with it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.migrations.online import leaves_behind

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "schema_floor",
        sa.Column("revision", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("revision", name=op.f("pk_schema_floor")),
    )
    leaves_behind("0001")


def downgrade() -> None:
    op.drop_table("schema_floor")
