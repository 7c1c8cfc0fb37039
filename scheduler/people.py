"""A person as a turn meets them: built from the locked rows, written back to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from conversations.conversation import Conversation
from handlers.channel.identity import to_e164
from handlers.channel.links import read as read_reference
from handlers.facts import Contact, Member


@dataclass(slots=True)
class Person:
    contact: Contact
    conversation: Conversation
    events: list[Any]
    username: str | None = None
    done: list[int] = field(default_factory=list)


def person_of(row: Any, events: list[Any], members: Mapping[UUID, list[Member]]) -> Person:
    contact = Contact(
        id=row.contact_id,
        phone_number_id=row.phone_number_id,
        profile_name=row.profile_name,
        wa_id=row.wa_id,
        bsuid=row.bsuid,
        phone_e164=row.phone_e164,
        last_inbound_at=row.last_inbound_at,
        last_message_id=row.last_message_id,
        marketing_stopped=row.marketing_stopped_at is not None,
        reminders_stopped=row.reminders_stopped_at is not None,
        referral=row.referral,
        utm=row.utm,
        members=members.get(row.contact_id, ()),
    )
    return Person(contact, Conversation.from_row(row), events)


def meet(person: Person, payload: dict[str, Any], at: datetime) -> dict[str, Any]:
    """What a message tells about the person: the names it came under, the open window, where they came from. Returns
    the message without what only a link wrote."""
    contact, names = person.contact, payload.get("_from") or {}
    # Replies leave from the number that was written to.
    contact.phone_number_id = names.get("phone_number_id") or contact.phone_number_id
    contact.profile_name = names.get("name") or contact.profile_name
    if names.get("wa_id"):
        contact.wa_id = names["wa_id"]
        contact.phone_e164 = to_e164(names["wa_id"])
    contact.bsuid = names.get("bsuid") or contact.bsuid
    person.username = names.get("username")
    contact.last_inbound_at = max(contact.last_inbound_at or at, at)
    contact.last_message_id = str(payload.get("id") or "") or contact.last_message_id
    contact.referral = contact.referral or payload.get("referral")
    text = payload.get("text")
    if not isinstance(text, dict) or not isinstance(text.get("body"), str):
        return payload
    words, utm = read_reference(text["body"])
    contact.utm = contact.utm or utm
    return {**payload, "text": {**text, "body": words}}


def talk_row(person: Person, now: datetime) -> dict[str, Any]:
    row = person.conversation.to_row()
    if person.done:
        row["attempts"] = 0
    return {**row, "contact_id": person.contact.id, "blocked_until": None, "updated_at": now}


def contact_row(person: Person) -> dict[str, Any]:
    contact = person.contact
    return {
        "id": contact.id,
        "phone_number_id": contact.phone_number_id,
        "profile_name": contact.profile_name,
        "wa_id": contact.wa_id,
        "bsuid": contact.bsuid,
        "phone_e164": contact.phone_e164,
        "username": person.username,
        "last_inbound_at": contact.last_inbound_at,
        "last_message_id": contact.last_message_id,
        "referral": contact.referral,
        "utm": contact.utm,
    }
