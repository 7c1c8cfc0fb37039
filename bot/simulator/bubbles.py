"""A message of the fake Meta as the page draws it: flat, with only what is seen."""

from __future__ import annotations

import io
from functools import lru_cache
from typing import Any

from PIL import Image, UnidentifiedImageError

from bot.simulator.meta.app import FakeMeta
from bot.simulator.meta.orders import order_details_in
from bot.simulator.meta.people import Person
from bot.simulator.meta.state import MEDIA_KINDS, Bubble

View = dict[str, Any]
_QUOTE = 120
_NAMES = {"image": "Foto", "video": "Vídeo", "audio": "Áudio", "document": "Documento", "sticker": "Figurinha"}
_INTERACTIVE = {
    "button": "buttons",
    "location_request_message": "location_request",
    "request_contact_info": "request_contact",
}


def chat_view(meta: FakeMeta, person: Person, business_name: str) -> list[View]:
    """The chat on the person's phone: `direction` is that phone's, so "out" is what they wrote and "in" what they got.

    Reactions hang on the message they are about.
    """
    bubbles = meta.chats[person.key]
    tapped = {_context(bubble): _answer_id(bubble) for bubble in bubbles if bubble.direction == "in"}
    reactions = {
        bubble.message["reaction"]["message_id"]: bubble.message["reaction"].get("emoji") or ""
        for bubble in bubbles
        if bubble.type == "reaction"
    }
    views = [_bubble(meta, bubble, business_name) for bubble in bubbles if bubble.type != "reaction"]
    for view in views:
        view["reaction"] = reactions.get(view["id"])
        view["tapped"] = tapped.get(view["id"])
    return views


def _bubble(meta: FakeMeta, bubble: Bubble, business_name: str) -> View:
    view: View = {
        "id": bubble.id,
        "direction": "out" if bubble.direction == "in" else "in",
        "type": bubble.type,
        "at": bubble.at.isoformat(timespec="seconds"),
        "status": bubble.status,
        "text": bubble.text,
    }
    if bubble.errors:
        view["error"] = f"Não entregue (erro {bubble.errors[-1]})"
    view |= _content(meta, bubble)
    quoted = meta.state.bubble(_context(bubble) or "")
    if quoted is not None:
        view["quoted"] = _quote(quoted, business_name)
    return view


def _content(meta: FakeMeta, bubble: Bubble) -> View:
    """What depends on the type of the message."""
    if bubble.shown is not None:
        return _template(meta, bubble, bubble.shown)
    if bubble.type == "interactive":
        return _interactive(meta, bubble)
    value = bubble.message.get(bubble.type)
    if bubble.type in MEDIA_KINDS and isinstance(value, dict):
        return {"media": media_view(meta, value)}
    if bubble.type == "location":
        return {"location": value}
    if bubble.type == "contacts" and isinstance(value, list):
        return {"contacts": [_contact(contact) for contact in value]}
    return {}


def _interactive(meta: FakeMeta, bubble: Bubble) -> View:
    content = bubble.message["interactive"]
    kind = str(content["type"])
    if kind.endswith("_reply"):
        return {"type": "text", "text": bubble.text or "Resposta enviada"}
    view: View = {"type": _INTERACTIVE.get(kind, kind)}
    if content.get("footer"):
        view["footer"] = content["footer"]["text"]
    if content.get("header"):
        view["header"] = _header(meta, content["header"])
    return view | _action(meta, kind, content.get("action", {}), bubble)


def _action(meta: FakeMeta, kind: str, action: View, bubble: Bubble) -> View:
    if kind == "button":
        return {"buttons": [{"kind": "reply", **button["reply"]} for button in action["buttons"]]}
    if kind == "list":
        return {"list": {"button": action["button"], "sections": action["sections"]}}
    if kind == "cta_url":
        link = action["parameters"]
        return {"buttons": [{"kind": "url", "title": link["display_text"], "url": link["url"]}]}
    return _order(meta, bubble) if kind == "order_details" else {}


def _order(meta: FakeMeta, bubble: Bubble) -> View:
    details = order_details_in(bubble.message)
    if details is None:
        return {}
    known = meta.orders.get(details["reference_id"])
    codes = (setting.get("pix_dynamic_code", {}).get("code") for setting in details["payment_settings"])
    items = details.get("order", {}).get("items", [])
    status = "pending" if known is None else "captured" if known.payment == "captured" else known.status
    return {
        "order": {
            "reference_id": details["reference_id"],
            "total": details["total_amount"]["value"],
            "status": status,
            "pix_code": next((code for code in codes if code), None),
            "items": [
                {
                    "name": item["name"],
                    "amount": (item.get("sale_amount") or item["amount"])["value"],
                    "quantity": item["quantity"],
                }
                for item in items
            ],
        }
    }


def _template(meta: FakeMeta, bubble: Bubble, shown: View) -> View:
    view: View = {"type": "template", "text": shown["body"]}
    if shown["footer"]:
        view["footer"] = shown["footer"]
    if shown["header"]:
        view["header"] = _header(meta, shown["header"])
    if order_details_in(bubble.message) is not None:
        return view | {"type": "order_details"} | _order(meta, bubble)
    ids = {label: answer for answer, label in bubble.answers.items()}
    return view | {"buttons": [_template_button(button, ids) for button in shown["buttons"]]}


def _template_button(button: View, ids: dict[str, str]) -> View:
    """A URL button whose value is no address carries the code of an authentication template."""
    title = button["text"]
    value = next((str(given.get("text") or given.get("coupon_code") or "") for given in button["values"]), "")
    if button["kind"] == "quick_reply":
        return {"kind": "reply", "id": ids.get(title, title), "title": title}
    if button["kind"] == "url" and value.startswith(("http://", "https://")):
        return {"kind": "url", "title": title, "url": value}
    return {"kind": "copy", "title": title, "code": value}


def _header(meta: FakeMeta, header: View) -> View:
    if header["type"] == "text":
        return {"type": "text", "text": header["text"]}
    return {"type": header["type"], **media_view(meta, header.get(header["type"], {}))}


def media_view(meta: FakeMeta, value: View) -> View:
    """Address, name, size and, of a picture, its measures: the page keeps its place free before it is loaded."""
    media = meta.media.get(str(value.get("id")))
    if media is None:
        return {"url": value.get("link"), "filename": value.get("filename")}
    view: View = {
        "url": f"/media/{media.id}",
        "filename": value.get("filename") or media.filename,
        "size": len(media.content),
    }
    measures = _measures(media.content) if media.mime_type.startswith("image/") else None
    return view | ({"width": measures[0], "height": measures[1]} if measures else {})


@lru_cache(maxsize=256)
def _measures(content: bytes) -> tuple[int, int] | None:
    try:
        with Image.open(io.BytesIO(content)) as picture:
            return picture.size
    except (UnidentifiedImageError, OSError):
        return None


def _contact(contact: View) -> View:
    phones = contact.get("phones") or [{}]
    return {
        "name": contact.get("name", {}).get("formatted_name"),
        "phone": phones[0].get("wa_id") or phones[0].get("phone"),
    }


def _context(bubble: Bubble) -> str | None:
    """Which message it answers: `message_id` as the business sends it, `id` as it comes in."""
    context = bubble.message.get("context") or {}
    found = context.get("message_id") or context.get("id")
    return str(found) if found else None


def _answer_id(bubble: Bubble) -> str | None:
    content = bubble.message.get(bubble.type, {})
    if bubble.type == "button":
        return str(content.get("payload"))
    reply = content.get(str(content.get("type")), {}) if bubble.type == "interactive" else {}
    return reply.get("id")


def _quote(bubble: Bubble, business_name: str) -> View:
    text = bubble.text or _NAMES.get(bubble.type, "Mensagem")
    return {"mine": bubble.direction == "in", "name": business_name, "text": text[:_QUOTE]}
