"""Every documented limit of POST /messages as a pure check, usable by any test of an outgoing message.

Where Meta's pages disagree the stricter value is taken (a list's body: 1024). Only what can be seen in the message
itself is checked here; what needs memory (window, media ids, templates, orders) is checked by `gate`.
Source: Cloud API documentation, "Send messages" and the page of each type (editions of 2025-11 to 2026-09).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from bot.simulator.meta.inspector import INVALID, MISSING, Inspector, Problem
from bot.simulator.meta.limits_interactive import inspect_interactive
from bot.simulator.meta.limits_media import inspect_media
from bot.simulator.meta.limits_template import inspect_template

TEXT = 4096
CONTACTS = 257
OPAQUE = 512
UNSUPPORTED_TYPE = 131051
_ENVELOPE = ("messaging_product", "recipient_type", "to", "recipient", "biz_opaque_callback_data")


def check(message: object, *, now: datetime | None = None) -> list[Problem]:
    """What Meta would refuse in `{"type": T, T: {...}}` (plus `context`); an empty list is a message within the limits.

    `now` serves the one limit that depends on time (the expiration of an order).
    """
    inspector = Inspector()
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        inspector.note("type", "required parameter is missing", MISSING)
        return inspector.problems
    kind = message["type"]
    inspect = _inspectors(now).get(kind)
    if inspect is None:
        inspector.note("type", f"{kind} is not supported", UNSUPPORTED_TYPE)
        return inspector.problems
    inspector.fields(message, "message", ("type", kind), ("context",))
    if kind in message:
        inspect(inspector, message[kind])
    _context(inspector, message)
    return inspector.problems


def check_request(body: object, *, now: datetime | None = None) -> list[Problem]:
    """`check` for a whole request body: the envelope around the message as well."""
    inspector = Inspector()
    if not isinstance(body, dict):
        inspector.note("body", "must be an object", INVALID)
        return inspector.problems
    if body.get("messaging_product") != "whatsapp":
        inspector.note("messaging_product", "must be whatsapp", 100)
    inspector.one_of(body.get("recipient_type"), "recipient_type", ("individual",), 100)
    _recipient(inspector, body)
    inspector.text(body.get("biz_opaque_callback_data"), "biz_opaque_callback_data", OPAQUE)
    message = {key: value for key, value in body.items() if key not in _ENVELOPE}
    return inspector.problems + check(message, now=now)


def _inspectors(now: datetime | None) -> dict[str, Callable[[Inspector, Any], None]]:
    return {
        "text": _text,
        "image": lambda inspector, value: inspect_media(inspector, value, "image"),
        "video": lambda inspector, value: inspect_media(inspector, value, "video"),
        "audio": lambda inspector, value: inspect_media(inspector, value, "audio"),
        "document": lambda inspector, value: inspect_media(inspector, value, "document"),
        "sticker": lambda inspector, value: inspect_media(inspector, value, "sticker"),
        "location": _location,
        "contacts": _contacts,
        "reaction": _reaction,
        "interactive": lambda inspector, value: inspect_interactive(inspector, value, now),
        "template": lambda inspector, value: inspect_template(inspector, value, now),
    }


def _recipient(inspector: Inspector, body: dict[str, Any]) -> None:
    to, recipient = body.get("to"), body.get("recipient")
    if to is None and recipient is None:
        inspector.note("to", "required parameter is missing", MISSING)
    if to is not None and (not isinstance(to, str) or not 8 <= sum(c.isdigit() for c in to) <= 15 or to[0] != "+"):
        inspector.note("to", "must be a phone number with plus and country code", 100)
    if recipient is not None and (not isinstance(recipient, str) or recipient[2:3] != "."):
        inspector.note("recipient", "must be a business-scoped user id", 100)


def _context(inspector: Inspector, message: dict[str, Any]) -> None:
    if "context" not in message:
        return
    if message["type"] == "reaction":
        inspector.note("context", "does not go with a reaction", 100)
    context = inspector.fields(message["context"], "context", ("message_id",))
    if context is not None:
        inspector.text(context.get("message_id"), "context.message_id", 512)


def _text(inspector: Inspector, value: Any) -> None:
    text = inspector.fields(value, "text", ("body",), ("preview_url",))
    if text is not None:
        inspector.text(text.get("body"), "text.body", TEXT)
        inspector.flag(text.get("preview_url"), "text.preview_url")


def _location(inspector: Inspector, value: Any) -> None:
    location = inspector.fields(value, "location", ("latitude", "longitude"), ("name", "address"))
    if location is None:
        return
    for key, most in (("latitude", 90.0), ("longitude", 180.0)):
        try:
            inside = abs(float(location.get(key) or 0)) <= most
        except (TypeError, ValueError):
            inside = False
        if not inside:
            inspector.note(f"location.{key}", f"must be a number from -{most} to {most}")
    if location.get("address") and not location.get("name"):
        inspector.note("location.address", "is shown only with a name")


def _contacts(inspector: Inspector, value: Any) -> None:
    optional = ("phones", "emails", "addresses", "org", "urls", "birthday")
    for index, entry in enumerate(inspector.items(value, "contacts", 1, CONTACTS)):
        where = f"contacts[{index}]"
        contact = inspector.fields(entry, where, ("name",), optional)
        name = contact.get("name") if contact is not None else None
        if name is not None and (not isinstance(name, dict) or not name.get("formatted_name")):
            inspector.note(f"{where}.name.formatted_name", "required parameter is missing", MISSING)


def _reaction(inspector: Inspector, value: Any) -> None:
    reaction = inspector.fields(value, "reaction", ("message_id", "emoji"))
    if reaction is None:
        return
    inspector.text(reaction.get("message_id"), "reaction.message_id", 512)
    emoji = reaction.get("emoji")
    if not isinstance(emoji, str) or len(emoji) > 16 or emoji.isalnum():
        inspector.note("reaction.emoji", "must be one emoji, or empty to take it back")
