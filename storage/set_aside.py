"""What was given up and waits for a person of ours: events that failed (parked), deliveries that failed (dead)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select, update

from storage.tables.contacts import conversations
from storage.tables.queues import PARKED, communications, events, outbox
from storage.unit_of_work import Tx


async def parked(tx: Tx, most: int) -> Sequence[Row[Any]]:
    """id, kind, done_at (when it was given up) and error, oldest first; `in_all`: how many there are."""
    columns = (events.c.id, events.c.kind, events.c.done_at, events.c.error, func.count().over().label("in_all"))
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


async def dead(tx: Tx, most: int) -> Sequence[Row[Any]]:
    """What tells of them without their content, oldest first; `in_all`: how many there are."""
    columns = (*_ABOUT, outbox.c.created_at, outbox.c.attempts, outbox.c.error, func.count().over().label("in_all"))
    return await tx.all(select(*columns).where(outbox.c.status == "dead").order_by(outbox.c.id).limit(most))


_said = outbox.c.payload
_ABOUT = (
    outbox.c.id,
    outbox.c.kind,
    func.coalesce(_said["template"].as_string(), _said["intent"].as_string()).label("template"),
    _said["code_id"].as_string().label("code_id"),
    outbox.c.expires_at,
)


def no_second_try(row: Any, now: datetime) -> str | None:
    """Why a dead delivery (`kind`, `code_id`, `expires_at`) must not go out any more; None when it may."""
    if row.kind == "pix.refund":
        # It was entered as failed when it was given up, and staff were told to look at the bank.
        return "refund"
    if row.code_id is not None:
        return "code"
    return "expired" if row.expires_at is not None and row.expires_at <= now else None


async def retry(tx: Tx, outbox_id: int, now: datetime) -> str | None:
    """Deliver it now. None when it is queued, "absent" when it is not dead, else the reason of `no_second_try`."""
    one = (outbox.c.id == outbox_id) & (outbox.c.status == "dead")
    found = await tx.first(select(*_ABOUT, outbox.c.communication_id).where(one).with_for_update())
    if found is None:
        return "absent"
    if reason := no_second_try(found, now):
        return reason
    await tx.run(update(outbox).where(one).values(status="queued", attempts=0, due_at=now, error=None))
    if found.communication_id is not None:
        # What Meta itself told to have failed has an instant; that stays.
        table = communications.c
        ours = (table.id == found.communication_id) & (table.status == "failed") & table.failed_at.is_(None)
        await tx.run(update(communications).where(ours).values(status="queued", error_code=None, error_message=None))
    return None
