"""Payments, consents, codes and charges that wait are found without reading all there are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.migrations.online import create_index, drop_index

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_PROCESSING = sa.text("status = 'processing'")
_PASSING = sa.text("expires_at is not null")


def upgrade() -> None:
    create_index("ix_payments_organization_id_payment_intent_id", "payments", ["organization_id", "payment_intent_id"])
    create_index(
        "ix_refunds_processing", "refunds", ["payment_id"], sqlite_where=_PROCESSING, postgresql_where=_PROCESSING
    )
    create_index("ix_payment_intents_status_updated_at", "payment_intents", ["status", "updated_at"])
    create_index("ix_consents_organization_id_registration_id", "consents", ["organization_id", "registration_id"])
    create_index(
        "ix_documents_expires_at", "documents", ["expires_at"], sqlite_where=_PASSING, postgresql_where=_PASSING
    )
    create_index(
        "ix_verification_codes_contact_id_organization_id_created_at",
        "verification_codes",
        ["contact_id", "organization_id", "created_at"],
    )
    drop_index("ix_verification_codes_contact_id_created_at", "verification_codes")


def downgrade() -> None:
    op.create_index("ix_verification_codes_contact_id_created_at", "verification_codes", ["contact_id", "created_at"])
    op.drop_index("ix_verification_codes_contact_id_organization_id_created_at", table_name="verification_codes")
    op.drop_index("ix_documents_expires_at", table_name="documents")
    op.drop_index("ix_consents_organization_id_registration_id", table_name="consents")
    op.drop_index("ix_payment_intents_status_updated_at", table_name="payment_intents")
    op.drop_index("ix_refunds_processing", table_name="refunds")
    op.drop_index("ix_payments_organization_id_payment_intent_id", table_name="payments")
