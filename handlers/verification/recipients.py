"""Where a code may go: never to an address the person could choose when it is to prove who they are."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from handlers.desk import Desk
from handlers.masks import mask_email, mask_phone
from storage import memberships, registrations


@dataclass(frozen=True, slots=True)
class Recipient:
    channel: str
    address: str
    """E-mail, E.164 or, for WhatsApp, the wa_id."""

    @property
    def masked(self) -> str:
        return mask_email(self.address) if self.channel == "email" else mask_phone(self.address)


async def find(
    desk: Desk, purpose: str, bound_to: str, channel: str | None, email: str | None, phone: str | None
) -> Recipient | None:
    """None when this channel cannot be had. A recovery goes to what the member left on file, and not to WhatsApp:
    the chat that claims to be the member would only be talking to itself."""
    if purpose == "recovery":
        return await _on_file(desk, bound_to, channel or "email")
    channel = channel or next(iter(desk.organization.verification_channels), "email")
    if channel == "whatsapp":
        # Meta sends authentication templates to a telephone number only: a BSUID is no address for a code.
        return None if desk.organization.code_template is None else _maybe(channel, desk.contact.wa_id)
    given = {"email": email, "sms": phone}.get(channel)
    if given:
        return Recipient(channel, given)
    draft = await registrations.open_of(desk.tx, desk.contact.id)
    if channel == "email":
        return _maybe(channel, None if draft is None else draft.email)
    return _maybe(channel, (None if draft is None else draft.phone) or desk.contact.phone_e164)


async def _on_file(desk: Desk, bound_to: str, channel: str) -> Recipient | None:
    member = await memberships.by_id(desk.tx, uuid.UUID(bound_to))
    if member is None or channel == "whatsapp":
        return None
    return _maybe(channel, member.email if channel == "email" else member.phone)


def _maybe(channel: str, address: str | None) -> Recipient | None:
    return Recipient(channel, address) if address else None
