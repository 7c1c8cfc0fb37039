"""Giving up and running out of time: the draft is emptied of everything personal."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from handlers.desk import Desk
from storage import registrations
from storage.unit_of_work import Tx


@dataclass(frozen=True, slots=True)
class DueDraft:
    organization_id: uuid.UUID
    contact_id: uuid.UUID
    registration_id: uuid.UUID
    expires_at: datetime


async def open_registration(desk: Desk) -> uuid.UUID | None:
    draft = await registrations.open_of(desk.tx, desk.contact.id)
    return None if draft is None else draft.id


async def approved(desk: Desk) -> bool:
    """Whether this contact's last registration made a member."""
    return await registrations.last_status(desk.tx, desk.contact.id) == "approved"


async def cancel(desk: Desk, registration_id: uuid.UUID) -> bool:
    """False when it is too late for that (approved) or it was done before."""
    return await _close(desk, registration_id, "canceled")


async def expire(desk: Desk) -> uuid.UUID | None:
    """Expire this contact's draft if its time is over by now; who paid never expires."""
    draft = await registrations.open_of(desk.tx, desk.contact.id)
    if draft is None or draft.expires_at > desk.now:
        return None
    return draft.id if await _close(desk, draft.id, "expired") else None


async def _close(desk: Desk, registration_id: uuid.UUID, target: str) -> bool:
    draft = await registrations.by_id(desk.tx, registration_id)
    if draft is None or not await registrations.close(desk.tx, draft.id, target, desk.now):
        return False
    # What was signed is kept as evidence (LGPD art. 16, I); a contract merely shown is erased.
    if draft.contract_document_id is not None and draft.signed_at is None:
        await registrations.erase_document(desk.tx, draft.contract_document_id)
    await _erase_talk(desk, draft.created_at)
    return True


async def _erase_talk(desk: Desk, since: datetime) -> None:
    """What was said before this turn, and earlier in the same batch; what is told of the closing comes after."""
    await registrations.erase_talk(desk.tx, desk.contact.id, since)
    for row in desk.rows.communications:
        if row["contact_id"] == desk.contact.id:
            row["content"] = row["variables"] = None


async def due_drafts(tx: Tx, now: datetime, after: DueDraft | None = None) -> Sequence[DueDraft]:
    """Drafts for which the clock shall raise `registration.expired`, oldest first, a page of those behind `after`; an
    empty one is the end. Give it the system's transaction."""
    known = None if after is None else (after.expires_at, after.registration_id)
    rows = await registrations.due_to_expire(tx, now, known)
    return [DueDraft(row.organization_id, row.contact_id, row.id, row.expires_at) for row in rows]
