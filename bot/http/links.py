"""Public addresses that only this installation can make: a key and its tag, which is checked before any look-up."""

from __future__ import annotations

import hmac
import uuid
from urllib.parse import quote

from storage.vault import Vault

_LONGEST = 200


def card_url(public_url: str, vault: Vault, card_key: str) -> str:
    """The check page of a membership card."""
    return f"{public_url}/cards/{quote(card_key, safe='')}.{vault.token('card', card_key)}"


def media_url(public_url: str, vault: Vault, document_id: uuid.UUID) -> str:
    """Where Meta fetches the QR code of a charge."""
    return f"{public_url}/media/{document_id}.{vault.token('media', str(document_id))}"


def card_key_of(vault: Vault, token: str) -> str | None:
    """The key in a card's token, None for a forged one."""
    return _checked(vault, "card", token)


def document_id_of(vault: Vault, token: str) -> uuid.UUID | None:
    """The document in a media token, None for a forged one."""
    checked = _checked(vault, "media", token)
    try:
        return uuid.UUID(checked) if checked else None
    except ValueError:
        return None


def same(given: str, expected: str) -> bool:
    """Equal texts, compared in constant time."""
    return hmac.compare_digest(given.encode(errors="replace"), expected.encode(errors="replace"))


def _checked(vault: Vault, label: str, token: str) -> str | None:
    value, _, tag = token.rpartition(".")
    if not value or len(token) > _LONGEST or not token.isascii():
        return None
    return value if vault.is_token(label, value, tag) else None
