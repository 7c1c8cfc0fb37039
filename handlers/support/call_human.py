"""Somebody wants to talk to a person."""

from __future__ import annotations

import orjson

from handlers.desk import Desk, Outcome
from handlers.masks import mask_email, mask_phone
from handlers.support import rules
from storage import registrations

_TEMPLATE = "human-called"


async def call_human(desk: Desk, reason: str = "asked") -> Outcome:
    """Staff are told by a notice and, where the organisation named them, by mail and WhatsApp. `reason` is a word
    (asked, unclear, parked…), nothing the person wrote."""
    key = rules.call_key(str(desk.contact.id), desk.heard.message_id, desk.now)
    desk.notice("human_called", key, "warning", reason=reason)
    name = await _name(desk)
    about = {"name": name, "link": rules.chat_link(desk.contact.wa_id)}
    if desk.organization.support_email:
        _mail(desk, desk.organization.support_email, about, reason)
    if desk.organization.support_phone:
        _whatsapp(desk, desk.organization.support_phone, about, reason)
    return Outcome("human_called")


async def _name(desk: Desk) -> str:
    draft = await registrations.open_of(desk.tx, desk.contact.id)
    return (None if draft is None else draft.full_name) or desk.contact.profile_name or ""


def _mail(desk: Desk, to: str, about: dict[str, str], reason: str) -> None:
    desk.ask(
        "mail.message",
        {"template": _TEMPLATE, "values": {"reason": reason}, "document_ids": []},
        secret=orjson.dumps({"to": to, **about}).decode(),
        communication_id=desk.log("email", _TEMPLATE, mask_email(to), None),
    )


def _whatsapp(desk: Desk, to: str, about: dict[str, str], reason: str) -> None:
    """Staff seldom have an open window with the business's own number: only an approved template reaches them."""
    template = desk.organization.templates.get("human_called")
    if template is None:
        return
    desk.ask(
        "whatsapp.staff",
        {"template": template.name, "language": template.language, "parameters": list(template.parameters),
         "values": {"reason": reason}, "number": desk.contact.phone_number_id},
        secret=orjson.dumps({"to": to, **about}).decode(),
        communication_id=desk.log("whatsapp", _TEMPLATE, mask_phone(to), None),
    )  # fmt: skip
