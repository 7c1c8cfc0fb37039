"""PostgreSQL expects the rows that row security lets pass, and a message changes in place."""

from __future__ import annotations

from alembic import op

from storage.migrations.row_security import say_anew

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_TABLES = (
    "addresses", "audit_logs", "channel_numbers", "communications", "consents", "contact_aliases", "contacts",
    "contract_signatures", "contracts", "conversations", "customer_contacts", "customers", "dependents", "documents",
    "events", "journey_steps", "media_uploads", "membership_counters", "outbox", "partner_locations", "partners",
    "payment_intents", "payments", "plan_addons", "plan_benefits", "plans", "refunds", "registration_sessions",
    "staff_notices", "timers", "users", "verification_codes",
)  # fmt: skip


def upgrade() -> None:
    say_anew("organizations", "id")
    for table in _TABLES:
        say_anew(table)
    _fill("70")


def downgrade() -> None:
    """The policies stay: both wordings let the same rows pass."""
    _fill("100")


def _fill(percent: str) -> None:
    """New pages of the log only: its old ones change no more."""
    if op.get_context().dialect.name == "postgresql":
        op.execute(f"ALTER TABLE communications SET (fillfactor = {percent})")
