"""Charging a registration: one live charge at a time, always of what is missing now."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row

from handlers.desk import Desk, Outcome
from handlers.facts import Organization
from handlers.payments import books, rules
from handlers.payments.refund import give_back_surplus
from handlers.ports import Charge, ChargeRequest
from storage import contracts, payments, registrations
from storage.base import new_id
from storage.unit_of_work import Tx

NOT_OPEN = Outcome("registration_closed")
_DESCRIPTION = 140


async def charge(desk: Desk) -> Outcome | None:
    """`charge_ready` if a live one exists, None while the bank is asked for one. With nothing to pay (a trial, or
    earlier payments that suffice) the registration is paid at once: `nothing_due`."""
    draft = await registrations.open_of(desk.tx, desk.contact.id)
    if draft is None or draft.pricing is None:
        return NOT_OPEN
    if draft.paid_at is not None:
        return Outcome("paid", {"pricing": draft.pricing})
    missing = books.due_of(draft) - (await books.read(desk.tx, draft.id)).held
    await registrations.advance_to_payment(desk.tx, draft.id, desk.now)
    if missing <= 0:
        await _nothing_left(desk, draft.id, -missing)
        return Outcome("nothing_due", {"registration_id": str(draft.id)})
    intents = await payments.intents_of(desk.tx, draft.id)
    live = await _keep_one(desk, intents, missing)
    if live is None:
        await _ask(desk, draft.id, missing, len(intents) + 1)
        return None
    return None if live.br_code is None else ready(live)


async def renew(desk: Desk) -> Outcome | None:
    """A fresh code: the former ones are taken back. They may still be paid on the way, which `settle` answers."""
    draft = await registrations.open_of(desk.tx, desk.contact.id)
    if draft is not None and draft.paid_at is None:
        await withdraw(desk, draft.id)
    return await charge(desk)


async def withdraw(desk: Desk, registration_id: uuid.UUID) -> None:
    """Take every unpaid charge back."""
    for intent in await payments.intents_of(desk.tx, registration_id):
        await retire(desk, intent)


def ready(intent: Row[Any]) -> Outcome:
    kept = {
        "intent_id": str(intent.id),
        "br_code": intent.br_code,
        "amount": intent.amount,
        "expires_at": intent.expires_at.isoformat(),
        "qr_document_id": None if intent.qr_document_id is None else str(intent.qr_document_id),
    }
    return Outcome("charge_ready", kept)


async def retire(desk: Desk, intent: Row[Any]) -> None:
    """An unpaid charge that is over in time expires; one that is not is cancelled at the bank too."""
    if intent.status != "pending":
        return
    if intent.expires_at is not None and intent.expires_at <= desk.now:
        await payments.move_intent(desk.tx, intent.id, "expired", desk.now)
    elif await payments.move_intent(desk.tx, intent.id, "canceled", desk.now):
        take_back(desk, intent)


def take_back(desk: Desk, intent: Row[Any]) -> None:
    desk.ask("pix.cancel", {"intent_id": str(intent.id), "txid": intent.provider_intent_id})


async def _keep_one(desk: Desk, intents: Sequence[Row[Any]], missing: int) -> Row[Any] | None:
    """The newest usable charge; every other live one is retired."""
    kept: Row[Any] | None = None
    for intent in intents:
        if kept is None and rules.is_usable(intent.status, intent.amount, intent.expires_at, missing, desk.now):
            kept = intent
        else:
            await retire(desk, intent)
    return kept


async def _nothing_left(desk: Desk, registration_id: uuid.UUID, surplus: int) -> None:
    await registrations.mark_paid(desk.tx, registration_id, desk.now)
    await withdraw(desk, registration_id)
    await give_back_surplus(desk, registration_id, surplus)


async def _ask(desk: Desk, registration_id: uuid.UUID, amount: int, sequence: int) -> None:
    """The row with our txid is written before the bank hears of it: a lost answer is asked for again by that txid."""
    intent_id, txid = new_id(), uuid.uuid4().hex
    row = {
        "id": intent_id,
        "contact_id": desk.contact.id,
        "registration_id": registration_id,
        "method": "pix",
        "provider": "pix",
        "provider_intent_id": txid,
        "amount": amount,
        "status": "pending",
        "sequence": sequence,
        "expires_at": desk.now + timedelta(minutes=desk.organization.pix_expires_minutes),
        "created_at": desk.now,
        "updated_at": desk.now,
    }
    await payments.add_intent(desk.tx, row)
    payload = {"intent_id": str(intent_id), "txid": txid, "amount": amount}
    desk.ask("pix.create", payload, dedupe_key=f"pix.create:{intent_id}")


async def charge_request(tx: Tx, organization: Organization, intent_id: uuid.UUID) -> ChargeRequest | None:
    """What to ask the bank for; None if the charge moved on, or has its code already."""
    intent = await payments.intent(tx, intent_id, lock=False)
    if intent is None or intent.status != "pending" or intent.br_code is not None:
        return None
    draft = await registrations.by_id(tx, intent.registration_id, lock=False)
    if draft is None or draft.cpf_sealed is None or draft.plan_id is None:
        return None
    plan = await contracts.plan(tx, draft.plan_id)
    return ChargeRequest(
        txid=intent.provider_intent_id,
        amount=intent.amount,
        expires_in=timedelta(minutes=organization.pix_expires_minutes),
        description=f"{organization.name}: adesão {'' if plan is None else plan.name}".strip()[:_DESCRIPTION],
        payer_name=draft.full_name,
        payer_cpf=organization.sealer.open(draft.cpf_sealed, "registration_sessions.cpf_sealed"),
    )


async def record_charge(
    tx: Tx, intent_id: uuid.UUID, charge: Charge, qr_document_id: uuid.UUID | None, now: datetime
) -> bool:
    """Enter the bank's answer; False when the charge moved on meanwhile (event `pix.created` then takes it back)."""
    return await payments.store_code(
        tx, intent_id, br_code=charge.br_code, expires_at=charge.expires_at, qr_document_id=qr_document_id, now=now
    )


async def created(desk: Desk, intent_id: uuid.UUID) -> Outcome | None:
    """The code is in. If the charge was given up while the bank made it, it is taken back there."""
    intent = await payments.intent(desk.tx, intent_id)
    if intent is None or intent.contact_id != desk.contact.id:
        return None
    if intent.status == "pending":
        return None if intent.br_code is None else ready(intent)
    if intent.status == "canceled":
        take_back(desk, intent)
    return None


async def failed(desk: Desk, intent_id: uuid.UUID, code: str) -> Outcome | None:
    """The bank will not make this charge. `code` is its own word for why."""
    intent = await payments.intent(desk.tx, intent_id)
    if intent is None or intent.contact_id != desk.contact.id:
        return None
    if not await payments.move_intent(desk.tx, intent_id, "failed", desk.now, error_message=code[:500]):
        return None
    desk.notice("pix_failed", f"pix_failed:{intent_id}", "warning", intent_id=str(intent_id), code=code[:100])
    return Outcome("charge_failed")
