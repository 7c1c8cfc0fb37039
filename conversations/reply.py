"""What a turn says: notes and the next question become one message wherever WhatsApp's formats allow it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from conversations.render import Bubble, Message, Tag, messages
from handlers.desk import Desk
from storage.base import new_id

STALE_AFTER = timedelta(hours=23)
"""A reply that could not leave for so long is not sent late; the next thing the person writes gets a fresh one."""


@dataclass(slots=True)
class Reply:
    """Collects what is to be said in one turn, in order."""

    notes: list[str] = field(default_factory=list)
    bubbles: list[Bubble] = field(default_factory=list)
    intent: str = ""
    values: dict[str, Any] = field(default_factory=dict)

    def note(self, text: str, intent: str, **values: Any) -> None:
        self.notes.append(text)
        self.intent = self.intent or intent
        self.values.update(values)

    def say(self, bubble: Bubble) -> None:
        """Add a message; the notes so far are told at its head."""
        text = "\n\n".join([*self.notes, bubble.text] if bubble.text else self.notes)
        values = {**self.values, **bubble.values}
        self.bubbles.append(replace(bubble, text=text, intent=self.intent or bubble.intent, values=values))
        self.notes, self.intent, self.values = [], "", {}

    def close(self) -> list[Bubble]:
        """Everything said; notes without a question after them are a message of their own."""
        if self.notes:
            self.say(Bubble(text=""))
        return self.bubbles


def enqueue(
    desk: Desk, bubbles: list[Bubble], tag: Tag, *, expires_at: datetime | None = None, read: str | None = None
) -> None:
    """Messages as rows of the outbox and of the communications log, in this person's lane. `read`: the id of the
    message they answer, marked as read when the first of them leaves."""
    for bubble in bubbles:
        for message in messages(bubble, tag):
            _enqueue_one(desk, bubble, message, expires_at, read)
            read = None


def _enqueue_one(desk: Desk, bubble: Bubble, message: Message, expires_at: datetime | None, read: str | None) -> None:
    contact = desk.contact
    communication_id = new_id()
    address = contact.address
    values = {name: str(value) for name, value in bubble.values.items()}
    unseen = {"unseen": bubble.unseen} if bubble.unseen else {}
    ends = [expires_at or desk.now + STALE_AFTER, *([bubble.until] if bubble.until else [])]
    desk.rows.communications.append(
        {
            "id": communication_id,
            "organization_id": desk.organization.id,
            "contact_id": contact.id,
            "channel": "whatsapp",
            "template": bubble.intent or "reply",
            "recipient": address.phone or address.bsuid or "",
            "content": bubble.text,
            "variables": values,
            "created_at": desk.now,
        }
    )
    desk.rows.outbox.append(
        {
            "organization_id": desk.organization.id,
            "contact_id": contact.id,
            "lane": f"person:{contact.id}",
            "kind": "whatsapp.message",
            "payload": {
                "number": contact.phone_number_id,
                "phone": address.phone,
                "bsuid": address.bsuid,
                "message": message,
                "intent": bubble.intent,
                "values": values,
                **({"read": read} if read else {}),
                **unseen,
            },
            "secret": None,
            "communication_id": communication_id,
            "dedupe_key": None,
            "due_at": desk.now,
            "expires_at": min(ends),
            "created_at": desk.now,
        }
    )
