"""WhatsApp's own Pix bubbles: which of them shows a charge. WhatsApp does not know who paid; until it is told, the
bubble goes on asking for the money.
"""

from __future__ import annotations

import uuid
from hashlib import sha256

from handlers.desk import Desk, Outcome
from storage import receipts

INTENT = "checkout-paying-bubble"
"""Under which the communications log keeps them."""
_NEWEST = 20


def reference(intent_id: str, heard: str) -> str:
    """`reference_id`, up to 60 characters: Meta wants another one for every bubble, even for the same charge. `heard`
    is what the bubble answers."""
    return f"{_beginning(intent_id)}{sha256(heard.encode()).hexdigest()[:12]}"


def _beginning(intent_id: str) -> str:
    return f"{intent_id.replace('-', '')}-"


async def paid(desk: Desk, intent_id: uuid.UUID, amount: int) -> list[Outcome]:
    """Word for the last bubble that showed this charge, if WhatsApp took one and the organisation wants it told. The
    others stay as they are: each would be one message more to the person."""
    if not desk.organization.pix_bubble_paid:
        return []
    beginning = _beginning(str(intent_id))
    for words in await receipts.taken(desk.tx, desk.contact.id, INTENT, _NEWEST):
        shown = str(words.get("reference", ""))
        if shown.startswith(beginning):
            return [Outcome("bubble_paid", note="checkout-bubble-paid", values={"amount": amount, "order": shown})]
    return []
