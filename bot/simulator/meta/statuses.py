"""The statuses of a message, in the form of Graph v24 and later (no `conversation`).

Source: Cloud API documentation, "Webhooks: messages: status" and "Pricing".
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bot.simulator.meta.answers import status_error
from bot.simulator.meta.courier import Update
from bot.simulator.meta.people import Person
from bot.simulator.meta.state import Bubble

STEPS = ("sent", "delivered", "read")
_PRICED = frozenset({"sent", "delivered"})


def steps_for(person: Person, bubble: Bubble) -> list[str]:
    """How far it comes at once; a reaction is never more than sent."""
    if bubble.type == "reaction":
        return ["sent"]
    return list(STEPS[: STEPS.index(person.receipts) + 1])


def progress(person: Person, bubble: Bubble, step: str, now: datetime, category: str) -> Update:
    """A `sent`, `delivered` or `read` status. The price comes on sent and on one of the later two."""
    item = _item(person, bubble, step, now)
    if step in _PRICED:
        item["pricing"] = {"billable": True, "pricing_model": "PMP", "type": "regular", "category": category}
    return Update("statuses", item, person.contact())


def failure(person: Person, bubble: Bubble, code: int, details: str, now: datetime) -> Update:
    """A `failed` status: no contacts, no price, no user id when it was sent to a phone."""
    item = _item(person, bubble, "failed", now)
    if person.phone:
        item.pop("recipient_user_id")
    return Update("statuses", {**item, "errors": [status_error(code, details)]})


def _item(person: Person, bubble: Bubble, step: str, now: datetime) -> dict[str, Any]:
    item: dict[str, Any] = {"id": bubble.id, "status": step, "timestamp": str(int(now.timestamp()))}
    if person.phone:
        item["recipient_id"] = person.phone
    item["recipient_user_id"] = person.bsuid
    if bubble.opaque is not None:
        item["biz_opaque_callback_data"] = bubble.opaque
    return item
