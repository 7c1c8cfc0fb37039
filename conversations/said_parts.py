"""The parts of what a person said, and the reading of shared contacts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from handlers.channel.lenient import digits, record, records, string

_MOST_CONTACTS = 257
_MOST_PHONES = 20
_VCARD_PHONE = re.compile(r"^(?:item\d{1,3}\.)?TEL[^:\n]*:([+\d][\d ().-]{3,30})", re.MULTILINE | re.IGNORECASE)
_VCARD_NAME = re.compile(r"^FN[^:\n]*:([^\r\n]{1,200})", re.MULTILINE | re.IGNORECASE)


class Kind(StrEnum):
    TEXT = "text"
    CHOICE = "choice"
    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    STICKER = "sticker"
    DOCUMENT = "document"
    LOCATION = "location"
    CONTACTS = "contacts"
    REACTION = "reaction"
    ORDER = "order"
    FLOW = "flow"
    SYSTEM = "system"
    EDIT = "edit"
    REVOKE = "revoke"
    PAYMENT_METHOD = "payment_method"
    CALL_PERMISSION = "call_permission"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True, slots=True)
class Media:
    id: str | None
    """Lives 7 days at Meta; None when Meta could not fetch the file."""
    mime_type: str | None
    sha256: str | None
    """Base64, as Meta writes it."""
    filename: str | None = None
    voice: bool = False
    error: str | None = None
    """Meta's error code (131052: too large or not fetched): ask for it again."""


@dataclass(frozen=True, slots=True)
class Location:
    latitude: float
    longitude: float
    name: str | None = None
    address: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class SharedContact:
    name: str | None
    phones: tuple[str, ...]
    """As written; `+` and the wa_id where nothing was."""
    origin: str | None = None
    """`contact_request`: the answer to our request for the person's own phone."""


@dataclass(frozen=True, slots=True)
class Reaction:
    message_id: str
    emoji: str | None
    """None: the reaction was taken back."""


@dataclass(frozen=True, slots=True)
class OrderItem:
    retailer_id: str | None
    quantity: int
    price: int | None
    """Each, in hundredths of the currency (centavos)."""
    currency: str | None


@dataclass(frozen=True, slots=True)
class Order:
    catalog_id: str | None
    items: tuple[OrderItem, ...]


@dataclass(frozen=True, slots=True)
class SystemChange:
    type: str
    """user_changed_number, user_changed_user_id; older: customer_changed_number, customer_identity_changed."""
    wa_id: str | None
    """The new one."""
    bsuid: str | None
    """The new one."""
    parent_bsuid: str | None = None


@dataclass(frozen=True, slots=True)
class PaymentMethod:
    """The stored card a person chose in an order's bubble."""

    method: str | None
    reference_id: str | None
    last_four_digits: str | None
    credential_id: str | None
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Product:
    catalog_id: str | None
    retailer_id: str | None


@dataclass(frozen=True, slots=True)
class Referral:
    """The click-to-WhatsApp advertisement or post that brought the person. Status ads have no `ctwa_clid`."""

    source_url: str | None = None
    source_id: str | None = None
    source_type: str | None = None
    headline: str | None = None
    body: str | None = None
    media_type: str | None = None
    image_url: str | None = None
    video_url: str | None = None
    thumbnail_url: str | None = None
    ctwa_clid: str | None = None
    welcome_text: str | None = None


def shared_contacts(value: Any) -> tuple[SharedContact, ...]:
    """Contacts as listed; since 2026 some have no name, and some only a `vcard`."""
    return tuple(_contact(item) for item in records(value)[:_MOST_CONTACTS])


def _contact(item: dict[str, Any]) -> SharedContact:
    name, card = record(item.get("name")), item.get("vcard")
    card = card[:10_000] if isinstance(card, str) else ""
    shown = string(name.get("formatted_name"), 200) or string(name.get("first_name"), 200)
    written = [_phone(phone) for phone in records(item.get("phones"))[:_MOST_PHONES]]
    phones = tuple(phone for phone in written if phone) or tuple(_VCARD_PHONE.findall(card)[:_MOST_PHONES])
    named = _VCARD_NAME.search(card)
    origin = item.get("origin")
    return SharedContact(
        shown or (string(named[1], 200) if named else None),
        tuple(phone.strip() for phone in phones),
        string(origin.get("type") if isinstance(origin, dict) else origin, 64),
    )


def _phone(item: dict[str, Any]) -> str | None:
    wa_id = digits(item.get("wa_id"))
    return string(item.get("phone"), 64) or (f"+{wa_id}" if wa_id else None)
