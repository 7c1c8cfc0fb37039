"""Charges whose callback may never have come."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from storage import payments
from storage.unit_of_work import Tx

MOST = 300
"""Charges of one sweep, a minute: five questions a second to the bank."""


@dataclass(frozen=True, slots=True)
class DueCheck:
    organization_id: uuid.UUID
    contact_id: uuid.UUID
    intent_id: uuid.UUID
    txid: str


async def due_checks(tx: Tx, now: datetime, limit: int = MOST) -> Sequence[DueCheck]:
    """What to ask the bank now, least recently asked first. Give it the system's transaction.

    Live for over a minute or with a refund under way, and each claimed for five minutes by being returned; or lapsed or
    replaced within 24 hours (late money), and claimed for thirty.
    """
    rows = await payments.claim_checks(tx, now, limit)
    return [DueCheck(row.organization_id, row.contact_id, row.id, row.provider_intent_id) for row in rows]
