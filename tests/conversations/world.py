"""The world around a person on stage: what banks, printers and street directories may answer to each errand."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from bot.gateways.pix.brcode import dynamic_code
from handlers.contracts.prepare import record_contract
from handlers.contracts.sign import record_signed, signed_document_id
from handlers.memberships.card import record_card
from handlers.payments.charge import record_charge
from handlers.ports import Charge
from storage.base import new_id
from storage.unit_of_work import Tx
from tests.conversations.stage import Message, Shop
from tests.factories import NUMBERS

Payload = Mapping[str, Any]
BR_CODE = dynamic_code("bank.example.com/pix/v2/1", "CLUBE EXEMPLO", "SAO PAULO")
PLACE = {"street": "Praça da Sé", "neighborhood": "Sé", "city": "São Paulo", "state": "SP"}
TAKES = {
    "cep.lookup": ("found", "unknown", "down", "no_street"),
    "mail.message": ("undelivered",),
    "whatsapp.code": ("undelivered",),
    "pix.create": ("created", "failed"),
    "pix.check": ("paid", "unpaid", "short", "over", "unknown", "silent", "strange"),
    "document.contract": ("ready", "failed"),
    "document.signed": ("ready",),
    "document.card": ("ready", "failed"),
    "pix.refund": ("refunded", "refused"),
}
"""What may come back, the usual answer first."""


async def answer(shop: Shop, kind: str, asked: Payload, take: str) -> list[Message]:
    """Let the world answer an errand in one of its ways; the messages that follow."""
    return await _ANSWERS[kind](shop, asked, take)


async def settle(shop: Shop) -> list[Message]:
    """Answer every new errand in the usual way, but for codes that arrive and people who do not pay."""
    sent = list(shop.messages)
    while shop.fresh:
        row = shop.fresh.pop(0)
        if row["kind"] not in ("mail.message", "whatsapp.code", "pix.check") and row["kind"] in TAKES:
            sent += await answer(shop, row["kind"], row["payload"], TAKES[row["kind"]][0])
    return sent


async def pay(shop: Shop, asked: Payload, take: str = "paid") -> list[Message]:
    """The bank's word about a charge: `asked` is the errand that made it or that asks for it."""
    return await _checked(shop, asked, take)


async def _store(shop: Shop, work: Callable[[Tx], Awaitable[Any]]) -> None:
    await shop.database.run(work, org=shop.organization.id)


async def _cep(shop: Shop, asked: Payload, take: str) -> list[Message]:
    if take in ("unknown", "down"):
        return await shop.happens(f"cep.{take}", cep=asked["cep"])
    street = {} if take == "found" else {"street": "", "neighborhood": ""}
    return await shop.happens("cep.found", cep=asked["cep"], **{**PLACE, **street})


async def _undelivered(shop: Shop, asked: Payload, take: str) -> list[Message]:
    if "code_id" not in asked:
        return []
    return await shop.happens("code.undelivered", code_id=asked["code_id"])


async def _created(shop: Shop, asked: Payload, take: str) -> list[Message]:
    if take == "failed":
        return await shop.happens("pix.failed", intent_id=asked["intent_id"], code="down")
    now = shop.now
    charge = Charge(asked["txid"], BR_CODE, now, now + timedelta(hours=1))
    await _store(shop, lambda tx: record_charge(tx, uuid.UUID(asked["intent_id"]), charge, new_id(), now))
    return await shop.happens("pix.created", intent_id=asked["intent_id"])


async def _checked(shop: Shop, asked: Payload, take: str) -> list[Message]:
    known = {"intent_id": asked["intent_id"], "asked": bool(asked.get("asked")), "our_key": "pix@example.com"}
    if take == "silent":
        return await shop.happens("pix.silent", intent_id=asked["intent_id"])
    if take == "unknown":
        return await shop.happens("pix.state", **known, unknown=True)
    charge = next(row for row in shop.asked("pix.create") if row["intent_id"] == asked["intent_id"])
    amount = {"paid": charge["amount"], "short": 100, "over": charge["amount"] + 500, "strange": charge["amount"]}
    paid = [_pix(asked["intent_id"], take, amount[take], shop.now)] if take in amount else []
    key = "stranger@example.com" if take == "strange" else "pix@example.com"
    state = {"status": "CONCLUIDA" if paid else "ATIVA", "key": key, "amount": charge["amount"], "payments": paid}
    return await shop.happens("pix.state", **known, unknown=False, **state)


def _pix(intent_id: str, take: str, amount: int, at: datetime) -> dict[str, Any]:
    """One Pix a charge and way of paying: told twice it is the same one."""
    end_to_end_id = "E" + uuid.uuid5(uuid.UUID(intent_id), take).hex[:31]
    return {"end_to_end_id": end_to_end_id, "txid": None, "amount": amount, "paid_at": at.isoformat(),
            "key": "pix@example.com", "refunded": 0}  # fmt: skip


async def _contract(shop: Shop, asked: Payload, take: str) -> list[Message]:
    if take == "failed":
        return await shop.happens("document.failed", document_id=asked["document_id"])
    registration_id, document_id = uuid.UUID(asked["registration_id"]), uuid.UUID(asked["document_id"])
    await _store(shop, lambda tx: record_contract(tx, registration_id, document_id, document_id.bytes, shop.now))
    return await shop.happens("contract.ready", document_id=asked["document_id"])


async def _signed(shop: Shop, asked: Payload, take: str) -> list[Message]:
    signature_id = uuid.UUID(asked["signature_id"])
    await _store(shop, lambda tx: record_signed(tx, signature_id, b"signed", shop.now))
    return await shop.happens("contract.signed_copy", document_id=str(signed_document_id(signature_id)))


async def _card(shop: Shop, asked: Payload, take: str) -> list[Message]:
    customer_id = uuid.UUID(asked["customer_id"])
    if take == "failed":
        return await shop.happens("document.failed", customer_id=asked["customer_id"])
    await _store(shop, lambda tx: record_card(tx, customer_id, b"card %d" % next(NUMBERS), shop.now))
    return await shop.happens("card.ready", customer_id=asked["customer_id"])


async def _refunded(shop: Shop, asked: Payload, take: str) -> list[Message]:
    status = "DEVOLVIDO" if take == "refunded" else "NAO_REALIZADO"
    return await shop.happens("pix.refunded", refund_id=asked["refund_id"], status=status)


_ANSWERS: dict[str, Callable[[Shop, Payload, str], Awaitable[list[Message]]]] = {
    "cep.lookup": _cep,
    "mail.message": _undelivered,
    "whatsapp.code": _undelivered,
    "pix.create": _created,
    "pix.check": _checked,
    "document.contract": _contract,
    "document.signed": _signed,
    "document.card": _card,
    "pix.refund": _refunded,
}
