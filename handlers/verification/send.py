"""Making a code and having it sent. The code itself is only in the outbox row's sealed secret."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import orjson

from handlers.desk import Desk, Outcome
from handlers.verification import recipients, rules
from handlers.verification.recipients import Recipient
from storage import verification
from storage.base import new_id

_CHANNELS = {"email": "mail.message", "sms": "sms.message", "whatsapp": "whatsapp.code"}


async def send(
    desk: Desk,
    purpose: str,
    bound_to: str,
    channel: str | None = None,
    email: str | None = None,
    phone: str | None = None,
) -> Outcome:
    """`bound_to`: the registration's id (identity), the document's SHA-256 (signature), the member's id (recovery)."""
    recipient = await recipients.find(desk, purpose, bound_to, channel, email, phone)
    if recipient is None or recipient.channel not in _CHANNELS:
        return Outcome("channel_down")
    recipient_hash = desk.organization.sealer.index(recipient.address, "code_recipient")
    if await _exhausted(desk):
        return Outcome("too_many")
    permit = await _permit(desk, purpose, bound_to, recipient_hash)
    if permit.name == "wait":
        return Outcome("wait", {"seconds": permit.wait})
    if permit.name is not None:
        return Outcome(permit.name)
    code_id = await _issue(desk, purpose, bound_to, recipient, recipient_hash, permit.sends)
    kept = {
        "code_id": str(code_id),
        "channel": recipient.channel,
        "recipient_masked": recipient.masked,
        "resends_left": permit.resends_left,
        "good_until": (desk.now + rules.LIFE).isoformat(),
    }
    return Outcome("code_sent", kept)


async def _exhausted(desk: Desk) -> bool:
    """Whether this business sent all the codes of a day. Staff are told, for either it grew or somebody is at work."""
    a_day = desk.organization.codes_a_day
    if await verification.sent_by_all(desk.tx, desk.now - timedelta(days=1)) < a_day:
        return False
    desk.notice("codes_exhausted", f"codes_exhausted:{desk.now.date()}", "critical", a_day=a_day)
    return True


async def _permit(desk: Desk, purpose: str, bound_to: str, recipient_hash: str) -> rules.Permit:
    row = await verification.newest(desk.tx, desk.contact.id, purpose, bound_to)
    last = None
    if row is not None:
        same = row.recipient_hash == recipient_hash
        last = rules.LastCode(row.sends, row.sent_at, row.verified_at is not None, same)
    since = desk.now - timedelta(days=1)
    sent = await verification.sent_to(desk.tx, recipient_hash, since)
    asked_for = await verification.sent_for(desk.tx, desk.contact.id, since)
    return rules.may_send(last, sent, desk.now, asked_for=asked_for)


async def _issue(
    desk: Desk, purpose: str, bound_to: str, recipient: Recipient, recipient_hash: str, sends: int
) -> uuid.UUID:
    """The code row and its outbox row; every older code of the purpose is void from here on."""
    code, code_id = rules.new_code(), new_id()
    template = f"code-{purpose}"
    communication_id = desk.log(recipient.channel, template, recipient.masked, None)
    await verification.void(desk.tx, desk.contact.id, purpose, desk.now)
    row = {
        "id": code_id,
        "contact_id": desk.contact.id,
        "channel": recipient.channel,
        "purpose": purpose,
        "bound_to": bound_to,
        "recipient_hash": recipient_hash,
        "code_hash": rules.seal_code(code, purpose, bound_to, lambda text: _keyed(desk, text)),
        "attempts": 0,
        "sends": sends,
        "sent_at": desk.now,
        "expires_at": desk.now + rules.LIFE,
        "communication_id": communication_id,
        "created_at": desk.now,
    }
    await verification.add(desk.tx, row)
    _dispatch(desk, recipient, template, code, code_id, bound_to, communication_id)
    return code_id


def _dispatch(
    desk: Desk,
    recipient: Recipient,
    template: str,
    code: str,
    code_id: uuid.UUID,
    bound_to: str,
    communication_id: uuid.UUID,
) -> None:
    payload: dict[str, Any] = {"template": template, "code_id": str(code_id)}
    secret = {"code": code}
    if recipient.channel == "whatsapp":
        authentication = desk.organization.code_template
        if authentication is not None:
            payload |= {"template": authentication.name, "language": authentication.language}
        payload |= {"number": desk.contact.phone_number_id, "phone": desk.contact.wa_id}
    else:
        secret["to"] = recipient.address
        values: dict[str, Any] = {"minutes": rules.LIFE // timedelta(minutes=1)}
        if template == "code-signature":
            # The reader can compare these eight characters with the contract in the chat.
            values["fingerprint"] = bound_to[:8]
        payload |= {"values": values, "document_ids": []}
    desk.ask(
        _CHANNELS[recipient.channel],
        payload,
        dedupe_key=f"code:{code_id}",
        secret=orjson.dumps(secret).decode(),
        expires_in=rules.LIFE,
        communication_id=communication_id,
    )


def _keyed(desk: Desk, text: str) -> str:
    return desk.organization.sealer.index(text, "code")


async def undelivered(desk: Desk, code_id: uuid.UUID) -> Outcome | None:
    """The channel refused the message: forget the code, so that another channel can be tried at once."""
    void = await verification.forget(desk.tx, desk.contact.id, code_id, desk.now)
    return Outcome("channel_down") if void else None
