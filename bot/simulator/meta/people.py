"""The people at the other end, and how WhatsApp names them.

Source: Cloud API documentation, "Business-scoped user IDs" (2026); common observation for Brazil's ninth digit.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(eq=False, slots=True)
class Person:
    """A WhatsApp user. `wa_id` None or `hides_phone`: a user with a username, whose webhooks carry no phone."""

    wa_id: str | None
    name: str
    bsuid: str
    username: str | None = None
    hides_phone: bool = False
    receipts: Literal["sent", "delivered", "read"] = "read"
    """How far a message to this person comes: telephone off, receipts off, or read at once."""

    @property
    def key(self) -> str:
        """Their place in `FakeMeta.chats`: the wa_id, or the BSUID where there is none."""
        return self.wa_id or self.bsuid

    @property
    def phone(self) -> str | None:
        """What webhooks show of the number."""
        return None if self.hides_phone else self.wa_id

    def contact(self) -> dict[str, Any]:
        """Entry of `contacts[]` in a webhook."""
        profile = {"name": self.name, **({"username": self.username} if self.username else {})}
        return {"profile": profile, **({"wa_id": self.phone} if self.phone else {}), "user_id": self.bsuid}


def default_bsuid(seed: str) -> str:
    """A stable business-scoped id in Meta's form."""
    return f"BR.{int(hashlib.sha256(seed.encode()).hexdigest()[:14], 16):017d}"


def match_key(digits: str) -> str:
    """The same for both forms of a Brazilian mobile (with and without the ninth digit); other numbers as they are."""
    return digits[:4] + digits[-8:] if _is_brazilian_mobile(digits) else digits


def _is_brazilian_mobile(digits: str) -> bool:
    return digits.startswith("55") and len(digits) in (12, 13) and digits[-8] in "6789"
