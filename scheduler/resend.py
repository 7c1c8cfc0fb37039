"""The same message in another form: Meta took it, then told that the window had closed; a template passes."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from conversations.reply import STALE_AFTER
from handlers.facts import Organization
from scheduler.couriers.whatsapp import template_for
from storage import mailboxes, receipts
from storage.unit_of_work import Tx


async def as_template(tx: Tx, organization: Organization, row: Any, now: datetime) -> bool:
    """Queue the communication `row` once more as the template named for its intent. False when there is none, or when
    it is such a second attempt itself."""
    message = template_for(organization, row.template, row.variables or {})
    number = await receipts.number_of(tx, row.contact_id) if row.contact_id is not None else None
    if message is None or number is None or is_second(row.id):
        return False
    communication = {
        "id": second_id(row.id),
        "organization_id": row.organization_id,
        "contact_id": row.contact_id,
        "channel": row.channel,
        "template": row.template,
        "recipient": row.recipient,
        "content": row.content,
        "variables": row.variables,
        "created_at": now,
    }
    errand = _errand(row, number, message, now)
    nothing: list[dict[str, Any]] = []
    await mailboxes.flush(
        tx, messages=[communication], errands=[errand], later=nothing, dropped=[], notices=nothing, steps=nothing
    )
    return True


def _errand(row: Any, number: str, message: dict[str, Any], now: datetime) -> dict[str, Any]:
    by_phone = row.recipient.isdigit()
    return {
        "organization_id": row.organization_id,
        "contact_id": row.contact_id,
        "lane": f"person:{row.contact_id}",
        "kind": "whatsapp.message",
        "payload": {
            "number": number,
            "phone": row.recipient if by_phone else None,
            "bsuid": None if by_phone else row.recipient,
            "message": message,
            "intent": row.template,
            "values": row.variables,
        },
        "secret": None,
        "communication_id": second_id(row.id),
        "dedupe_key": None,
        "due_at": now,
        "expires_at": now + STALE_AFTER,
        "created_at": now,
    }


def second_id(communication_id: uuid.UUID) -> uuid.UUID:
    """The id of the second attempt of a communication: always the same, so there cannot be two."""
    return uuid.uuid5(communication_id, "template")


def is_second(communication_id: uuid.UUID) -> bool:
    """First attempts have ids made of time (version 7), second ones of the first's (version 5)."""
    return communication_id.version == 5
