"""What a person said: one type for text, tap, media, location and all else a WhatsApp message can be.

`from_message` takes the message object of the webhook and never raises. A message that lacks what its type promises, or
of a type not known here, is `Kind.UNSUPPORTED` with the reason, so that a dialogue can always answer it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import orjson

from conversations.said_parts import (
    Kind,
    Location,
    Media,
    Order,
    OrderItem,
    PaymentMethod,
    Product,
    Reaction,
    Referral,
    SharedContact,
    SystemChange,
    shared_contacts,
)
from handlers.channel.lenient import clean, digits, identifier, instant, integer, number, plain, record, records, string

__all__ = [
    "Kind",
    "Location",
    "Media",
    "Order",
    "OrderItem",
    "PaymentMethod",
    "Product",
    "Reaction",
    "Referral",
    "Said",
    "SharedContact",
    "SystemChange",
    "from_message",
]

LONGEST_TEXT = 4096


@dataclass(frozen=True, slots=True)
class Said:
    kind: Kind
    text: str = ""
    """Body, caption or title of the tapped option: NFC, trimmed, no control characters, at most 4096. Else empty."""
    choice: str | None = None
    """Id of the tapped button or row, or the payload of a template's button."""
    message_id: str | None = None
    reply_to: str | None = None
    """Our message this one quotes or answers. Forwarded messages have none; a tap may lack it too."""
    media: Media | None = None
    location: Location | None = None
    contacts: tuple[SharedContact, ...] = ()
    reaction: Reaction | None = None
    order: Order | None = None
    flow_reply: dict[str, Any] | None = None
    """The flow's answer; None when Meta's string was no JSON object."""
    system: SystemChange | None = None
    payment: PaymentMethod | None = None
    call_permission: bool | None = None
    referral: Referral | None = None
    product: Product | None = None
    """The catalogue product the person asks about."""
    forwarded: bool = False
    target: str | None = None
    """The earlier message that an edit or a revoke is about; an edit carries the new text or media."""
    group_id: str | None = None
    unsupported: str | None = None
    """Why nothing could be understood: WhatsApp's own type name (poll, edit…) or the type whose content is missing."""

    @property
    def word(self) -> str:
        """The text for matching: lower case, no accents, single spaces."""
        apart = unicodedata.normalize("NFKD", self.text.casefold())
        return " ".join("".join(char for char in apart if not unicodedata.combining(char)).split())


def from_message(payload: dict[str, Any]) -> Said:
    """The typed form of one `messages[]` object of the webhook."""
    context, group = record(payload.get("context")), string(payload.get("group_id"))
    product = record(context.get("referred_product"))
    return replace(
        _content(payload),
        message_id=string(payload.get("id")),
        reply_to=string(context.get("id")),
        referral=_referral(record(payload.get("referral"))),
        product=_product(product) if product else None,
        forwarded=context.get("forwarded") is True or context.get("frequently_forwarded") is True,
        group_id=group,
    )


def _content(payload: dict[str, Any]) -> Said:
    kind = payload.get("type")
    reader = _READERS.get(kind) if isinstance(kind, str) else None
    said = reader(payload) if reader else None
    return said or Said(Kind.UNSUPPORTED, unsupported=_reason(payload))


def _reason(payload: dict[str, Any]) -> str:
    kind = string(payload.get("type"), 64)
    told = string(record(payload.get("unsupported")).get("type"), 64)
    return told or (kind if kind not in (None, "unsupported") else None) or "unknown"


def _text(payload: dict[str, Any]) -> Said | None:
    body = record(payload.get("text")).get("body")
    return Said(Kind.TEXT, plain(body, LONGEST_TEXT)) if isinstance(body, str) else None


def _media(payload: dict[str, Any]) -> Said | None:
    """Media that Meta could not fetch come with `errors` (131052) and perhaps without an id."""
    kind = Kind(payload["type"])
    found = record(payload.get(kind))
    errors = records(payload.get("errors"))
    error = (identifier(errors[0].get("code")) or "unknown") if errors else None
    if not found and not error:
        return None
    media = Media(
        identifier(found.get("id")),
        string(found.get("mime_type")),
        string(found.get("sha256")),
        string(found.get("filename"), 255),
        found.get("voice") is True,
        error,
    )
    return Said(kind, plain(found.get("caption"), LONGEST_TEXT), media=media)


def _location(payload: dict[str, Any]) -> Said | None:
    found = record(payload.get("location"))
    latitude, longitude = number(found.get("latitude")), number(found.get("longitude"))
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:
        return None
    name, address = string(found.get("name")), string(found.get("address"), 1024)
    return Said(Kind.LOCATION, location=Location(latitude, longitude, name, address, string(found.get("url"), 2048)))


def _contacts(payload: dict[str, Any]) -> Said | None:
    found = shared_contacts(payload.get("contacts"))
    return Said(Kind.CONTACTS, contacts=found) if found else None


def _reaction(payload: dict[str, Any]) -> Said | None:
    """A removed reaction has no emoji or an empty one."""
    found = record(payload.get("reaction"))
    target = string(found.get("message_id"))
    return Said(Kind.REACTION, reaction=Reaction(target, string(found.get("emoji"), 64))) if target else None


def _button(payload: dict[str, Any]) -> Said | None:
    found = record(payload.get("button"))
    text, choice = plain(found.get("text"), LONGEST_TEXT), string(found.get("payload"))
    return Said(Kind.CHOICE, text, choice) if text or choice else None


def _interactive(payload: dict[str, Any]) -> Said | None:
    """Meta may send `interactive` without its object when it cannot serialise the reply (131000)."""
    found = record(payload.get("interactive"))
    kind = found.get("type")
    if not isinstance(kind, str):
        return None
    answer = record(found.get(kind))
    if kind in ("button_reply", "list_reply"):
        choice = string(answer.get("id"))
        return Said(Kind.CHOICE, plain(answer.get("title"), LONGEST_TEXT), choice) if choice else None
    if kind == "nfm_reply":
        return Said(Kind.FLOW, flow_reply=_flow(answer.get("response_json")))
    if kind == "call_permission_reply":
        return Said(Kind.CALL_PERMISSION, call_permission=answer.get("response") == "accept")
    if kind == "payment_method":
        return Said(Kind.PAYMENT_METHOD, payment=_payment(answer))
    return Said(Kind.UNSUPPORTED, unsupported=string(kind, 64))


def _flow(answer: Any) -> dict[str, Any] | None:
    if isinstance(answer, str):
        try:
            answer = orjson.loads(answer)
        except ValueError:
            return None
    return clean(answer) if isinstance(answer, dict) else None


def _payment(answer: dict[str, Any]) -> PaymentMethod:
    return PaymentMethod(
        string(answer.get("payment_method")),
        identifier(answer.get("reference_id")),
        identifier(answer.get("last_four_digits")),
        identifier(answer.get("credential_id")),
        instant(answer.get("payment_timestamp")),
    )


def _order(payload: dict[str, Any]) -> Said | None:
    found = record(payload.get("order"))
    items = tuple(_order_item(item) for item in records(found.get("product_items")))
    if not found:
        return None
    order = Order(identifier(found.get("catalog_id")), items)
    return Said(Kind.ORDER, plain(found.get("text"), LONGEST_TEXT), order=order)


def _order_item(item: dict[str, Any]) -> OrderItem:
    """Prices come as a decimal number of the currency's unit."""
    price = number(item.get("item_price"))
    sane = price is not None and abs(price) < 10**12
    return OrderItem(
        identifier(item.get("product_retailer_id")),
        integer(item.get("quantity")) or 0,
        round(Decimal(str(price)) * 100) if sane else None,
        string(item.get("currency"), 3),
    )


def _system(payload: dict[str, Any]) -> Said | None:
    found = record(payload.get("system"))
    kind = string(found.get("type"))
    if kind is None:
        return None
    wa_id = digits(found.get("wa_id")) or digits(found.get("new_wa_id"))
    change = SystemChange(kind, wa_id, string(found.get("user_id")), string(found.get("parent_user_id")))
    return Said(Kind.SYSTEM, system=change)


def _edit(payload: dict[str, Any]) -> Said | None:
    """The new content under the kind `edit`. An edit within an edit does not exist and is not followed."""
    found = record(payload.get("edit"))
    target, message = string(found.get("original_message_id")), record(found.get("message"))
    if target is None:
        return None
    inner = Said(Kind.EDIT) if message.get("type") in ("edit", "revoke") else _content(message)
    return replace(inner, kind=Kind.EDIT, target=target)


def _revoke(payload: dict[str, Any]) -> Said | None:
    target = string(record(payload.get("revoke")).get("original_message_id"))
    return Said(Kind.REVOKE, target=target) if target else None


def _referral(found: dict[str, Any]) -> Referral | None:
    """The advertisement the person came from; also on media messages."""
    if not found:
        return None
    names = (
        "source_url",
        "source_id",
        "source_type",
        "headline",
        "body",
        "media_type",
        "image_url",
        "video_url",
        "thumbnail_url",
        "ctwa_clid",
    )
    values = {name: string(found.get(name), 2048) for name in names}
    return Referral(**values, welcome_text=string(record(found.get("welcome_message")).get("text"), 2048))


def _product(found: dict[str, Any]) -> Product:
    return Product(identifier(found.get("catalog_id")), identifier(found.get("product_retailer_id")))


_READERS: dict[str, Callable[[dict[str, Any]], Said | None]] = {
    "text": _text,
    "image": _media,
    "video": _media,
    "audio": _media,
    "sticker": _media,
    "document": _media,
    "location": _location,
    "contacts": _contacts,
    "reaction": _reaction,
    "button": _button,
    "interactive": _interactive,
    "order": _order,
    "system": _system,
    "edit": _edit,
    "revoke": _revoke,
}
