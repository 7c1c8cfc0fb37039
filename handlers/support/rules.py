"""How staff reach a person. Pure."""

from __future__ import annotations

from datetime import datetime


def chat_link(wa_id: str | None) -> str:
    """Opens the chat with this person; empty where no phone is known (BSUID only)."""
    return f"https://wa.me/{wa_id}" if wa_id else ""


def call_key(contact_id: str, message_id: str | None, now: datetime) -> str:
    """One call for one message."""
    return f"human:{contact_id}:{message_id or now.isoformat()}"[:120]
