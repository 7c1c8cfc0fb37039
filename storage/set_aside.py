"""What was given up and waits for a person of ours: events that failed (parked), deliveries that failed (dead)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update

from storage.tables.contacts import conversations
from storage.tables.queues import PARKED, communications, events, outbox
from storage.unit_of_work import Tx


async def parked(tx: Tx, most: int = 200) -> Sequence[Row[Any]]:
    """id, kind, done_at (when it was given up) and error, oldest first."""
    columns = (events.c.id, events.c.kind, events.c.done_at, events.c.error)
    return await tx.all(select(*columns).where(events.c.status == PARKED).order_by(events.c.id).limit(most))


async def replay(tx: Tx, event_id: int) -> bool:
    """Give the event another turn, before anything that came after it. False when it is not parked."""
    one = (events.c.id == event_id) & (events.c.status == "parked")
    found = await tx.first(
        update(events).where(one).values(status="pending", error=None, done_at=None).returning(events.c.contact_id)
    )
    if found is not None and found.contact_id is not None:
        theirs = update(conversations).where(conversations.c.contact_id == found.contact_id)
        await tx.run(theirs.values(attempts=0, blocked_until=None))
    return found is not None


async def dead(tx: Tx, most: int = 200) -> Sequence[Row[Any]]:
    """id, kind, created_at, attempts and error, oldest first."""
    columns = (outbox.c.id, outbox.c.kind, outbox.c.created_at, outbox.c.attempts, outbox.c.error)
    return await tx.all(select(*columns).where(outbox.c.status == "dead").order_by(outbox.c.id).limit(most))


async def retry(tx: Tx, outbox_id: int, now: datetime) -> bool:
    """Deliver it now, however old it is. False when it is not dead."""
    one = (outbox.c.id == outbox_id) & (outbox.c.status == "dead")
    again = {"status": "queued", "attempts": 0, "due_at": now, "expires_at": None, "error": None}
    found = await tx.first(update(outbox).where(one).values(again).returning(outbox.c.communication_id))
    if found is not None and found.communication_id is not None:
        # What Meta itself told to have failed has an instant; that stays.
        table = communications.c
        ours = (table.id == found.communication_id) & (table.status == "failed") & table.failed_at.is_(None)
        await tx.run(update(communications).where(ours).values(status="queued", error_code=None, error_message=None))
    return found is not None
