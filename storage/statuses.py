"""The one table of allowed moves. A status changes only by `move`, which asks the database itself."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import Table, update

from storage.unit_of_work import Tx

ALLOWED: dict[str, dict[str, frozenset[str]]] = {
    "registration_sessions": {
        "started": frozenset({"identity_verified", "expired", "canceled"}),
        "identity_verified": frozenset({"address_verified", "expired", "canceled"}),
        "address_verified": frozenset({"plan_selected", "expired", "canceled"}),
        "plan_selected": frozenset({"payment_pending", "address_verified", "expired", "canceled"}),
        # Free of charge today (trial, no fee): straight to signing. Paid and signed come in either order.
        "payment_pending": frozenset({"plan_selected", "paid", "signed", "expired", "canceled"}),
        # Who paid and gives up before signing gets the money back (CDC art. 49); who paid never expires.
        "paid": frozenset({"approved", "canceled"}),
        "signed": frozenset({"approved", "paid", "expired", "canceled"}),
        "approved": frozenset(),
        # Money that arrives after the draft was erased or given up finds the way back to staff, not to a member.
        "expired": frozenset(),
        "canceled": frozenset(),
    },
    "payment_intents": {
        "requires_action": frozenset({"pending", "failed", "canceled"}),
        "pending": frozenset({"succeeded", "expired", "canceled", "failed"}),
        "expired": frozenset({"succeeded"}),
        "canceled": frozenset({"succeeded"}),
        "failed": frozenset({"succeeded"}),
        "succeeded": frozenset(),
    },
    "refunds": {
        "requested": frozenset({"processing", "refunded", "failed"}),
        "processing": frozenset({"refunded", "failed"}),
        "refunded": frozenset(),
        "failed": frozenset({"requested"}),
    },
    "customers": {
        "active": frozenset({"inactive", "suspended", "canceled"}),
        "inactive": frozenset({"active", "canceled"}),
        "suspended": frozenset({"active", "canceled"}),
        "canceled": frozenset(),
    },
}


def sources(noun: str, target: str) -> list[str]:
    """The statuses from which `target` may be reached."""
    return [status for status, targets in ALLOWED[noun].items() if target in targets]


async def move(tx: Tx, table: Table, row_id: uuid.UUID, target: str, **changes: Any) -> bool:
    """Move a row to `target` if its present status allows it; False when it does not (or is there already)."""
    statement = (
        update(table)
        .where(table.c.id == row_id, table.c.status.in_(sources(table.name, target)))
        .values(status=target, **changes)
    )
    return await tx.run(statement) == 1
