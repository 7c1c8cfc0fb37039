"""Who has mail, what was parked, and how many codes were sent is found without reading all there is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.migrations.online import create_index

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_WAITING = sa.text("status = 'pending' and contact_id is not null")
_PARKED = sa.text("status = 'parked'")
_BLOCKED = sa.text("blocked_until is not null")


def upgrade() -> None:
    create_index("ix_events_waiting", "events", ["id"], sqlite_where=_WAITING, postgresql_where=_WAITING)
    create_index("ix_events_parked", "events", ["id"], sqlite_where=_PARKED, postgresql_where=_PARKED)
    create_index(
        "ix_verification_codes_organization_id_created_at", "verification_codes", ["organization_id", "created_at"]
    )
    create_index(
        "ix_conversations_blocked", "conversations", ["blocked_until"], sqlite_where=_BLOCKED, postgresql_where=_BLOCKED
    )


def downgrade() -> None:
    op.drop_index("ix_conversations_blocked", table_name="conversations")
    op.drop_index("ix_verification_codes_organization_id_created_at", table_name="verification_codes")
    op.drop_index("ix_events_parked", table_name="events")
    op.drop_index("ix_events_waiting", table_name="events")
