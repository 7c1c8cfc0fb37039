"""Statements that forget: a bounded number of old rows each time, so that no run holds the database for long."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, delete, or_, select, update

from storage.once import is_one_of
from storage.tables.contacts import journey_steps
from storage.tables.members import verification_codes
from storage.tables.queues import HELD, PARKED, communications, documents, events, media_uploads, outbox, staff_notices
from storage.unit_of_work import Tx

MOST = 1000
"""Rows of one statement: a few milliseconds, for which the writers of an embedded database wait."""


async def _delete(tx: Tx, table: Table, where: ColumnElement[bool]) -> int:
    return await tx.run(delete(table).where(is_one_of(table.c.id, select(table.c.id).where(where).limit(MOST))))


async def closed_events(tx: Tx, before: datetime) -> int:
    closed = events.c.status.in_(("done", "ignored"))
    return await _delete(tx, events, closed & (events.c.received_at < before))


async def parked_events(tx: Tx, before: datetime) -> int:
    """Counted from when they were given up, not from when they came (which is told all the same: it has an index)."""
    given_up = (events.c.received_at < before) & (events.c.done_at < before)
    return await _delete(tx, events, (events.c.status == PARKED) & given_up)


async def passing_documents(tx: Tx, now: datetime) -> int:
    """Documents that were only of use for a while (QR codes of charges long gone)."""
    old = documents.c.expires_at.is_not(None), documents.c.expires_at <= now
    gone = [row.id for row in await tx.all(select(documents.c.id).where(*old).limit(MOST))]
    await tx.run(delete(media_uploads).where(media_uploads.c.document_id.in_(gone)))
    return await tx.run(delete(documents).where(documents.c.id.in_(gone)))


async def held_messages(tx: Tx, before: datetime) -> int:
    """Messages whose person never wrote again: they are not sent any more."""
    old = select(outbox.c.id).where(outbox.c.status == HELD, outbox.c.created_at < before).limit(MOST)
    # Whoever writes this very moment releases theirs: hence the status once more.
    waiting = delete(outbox).where(is_one_of(outbox.c.id, old), outbox.c.status == "held")
    rows = await tx.all(waiting.returning(outbox.c.communication_id))
    dropped = [row.communication_id for row in rows if row.communication_id is not None]
    if dropped:
        why: dict[str, Any] = {"status": "dropped", "error_code": "never_wrote_again"}
        await tx.run(update(communications).where(communications.c.id.in_(dropped)).values(why))
    return len(rows)


async def dead_letters(tx: Tx, before: datetime) -> int:
    return await _delete(tx, outbox, (outbox.c.status == "dead") & (outbox.c.created_at < before))


async def codes(tx: Tx, before: datetime) -> int:
    return await _delete(tx, verification_codes, verification_codes.c.created_at < before)


async def steps(tx: Tx, before: datetime) -> int:
    return await _delete(tx, journey_steps, journey_steps.c.left_at < before)


async def uploads(tx: Tx, now: datetime) -> int:
    """What Meta does not keep any more is uploaded anew when it is needed."""
    return await _delete(tx, media_uploads, media_uploads.c.expires_at <= now)


async def plain_notices(tx: Tx, before: datetime) -> int:
    """Of which there was nothing to deal with."""
    plain = staff_notices.c.resolved_at.is_(None) & (staff_notices.c.severity == "info")
    return await _delete(tx, staff_notices, plain & (staff_notices.c.created_at < before))


async def messages(tx: Tx, before: datetime) -> int:
    return await _delete(tx, communications, communications.c.created_at < before)


async def resolved_notices(tx: Tx, before: datetime) -> int:
    """Warnings and worse that nobody has dealt with stay."""
    return await _delete(tx, staff_notices, staff_notices.c.resolved_at < before)


async def wording(tx: Tx, before: datetime) -> int:
    """What we said is forgotten; that we said it, when, and whether it arrived is not yet."""
    table = communications.c
    told = or_(table.content.is_not(None), table.variables.is_not(None))
    old = select(table.id).where(table.created_at < before, told).limit(MOST)
    return await tx.run(update(communications).where(is_one_of(table.id, old)).values(content=None, variables=None))
