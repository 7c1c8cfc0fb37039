"""Opening a registration and writing answers into it."""

from __future__ import annotations

from typing import Any

from handlers.desk import Desk, Outcome
from handlers.registrations.rules import DRAFT_LIFE
from storage import registrations
from storage.base import new_id
from storage.registrations import Draft

NOT_OPEN = Outcome("registration_closed")
"""There is no draft to write to: it expired, was given up, or is signed and no longer to be changed."""


async def begin(desk: Desk) -> Outcome:
    """Open this contact's registration, or take up the one under way."""
    draft = await registrations.open_of(desk.tx, desk.contact.id)
    if draft is None:
        draft = registrations.add(desk.tx, _new(desk))
    else:
        _revive(desk, draft)
    return Outcome("began", {"registration_id": str(draft.id)})


async def keep_alive(desk: Desk) -> None:
    """Who pays, says that they paid or asks for another code is there: their answers have a full life again."""
    draft = await registrations.open_of(desk.tx, desk.contact.id)
    if draft is not None:
        _revive(desk, draft)


def _revive(desk: Desk, draft: Draft) -> None:
    registrations.change(desk.tx, draft.id, expires_at=desk.now + DRAFT_LIFE, updated_at=desk.now)


def _new(desk: Desk) -> dict[str, Any]:
    contact = desk.contact
    return {
        "id": new_id(),
        "contact_id": contact.id,
        "status": "started",
        "current_step": "begin",
        "phone": contact.phone_e164,
        "utm": None if contact.utm is None else dict(contact.utm),
        "referral": None if contact.referral is None else dict(contact.referral),
        "expires_at": desk.now + DRAFT_LIFE,
        "created_at": desk.now,
        "updated_at": desk.now,
    }


async def editable(desk: Desk) -> Draft | None:
    """The open draft, unless it is signed: what was signed is not changed afterwards."""
    draft = await registrations.open_of(desk.tx, desk.contact.id)
    return None if draft is None or draft.signed_at is not None else draft


async def write(desk: Desk, draft: Draft, step: str, **values: Any) -> None:
    """Enter an answer; every answer gives the draft its full life again, and voids a contract shown before it."""
    if draft.contract_document_id is not None:
        await registrations.erase_document(desk.tx, draft.contract_document_id)
        values |= {"contract_id": None, "contract_document_id": None, "contract_sealed": None}
    registrations.change(
        desk.tx, draft.id, current_step=step, expires_at=desk.now + DRAFT_LIFE, updated_at=desk.now, **values
    )


async def answer(desk: Desk, step: str, **values: Any) -> Outcome:
    draft = await editable(desk)
    if draft is None:
        return NOT_OPEN
    await write(desk, draft, step, **values)
    return Outcome("saved")
