"""Giving money back."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import Row

from handlers.desk import Desk, Outcome
from handlers.payments import books
from storage import payments
from storage.base import new_id

MANUAL = "manual-"
"""Start of the end-to-end id of a payment that staff confirmed by hand: no bank of ours can send it back."""

_FAILED = ("NAO_REALIZADO", "failed")


async def refund(
    desk: Desk, payment_id: uuid.UUID, end_to_end_id: str, amount: int, reason: str, earlier: int = 0
) -> None:
    """`earlier`: how many refunds this payment has had; the id made of both lets the same one be entered only once."""
    refund_id = new_id()
    provider_refund_id = f"R{payment_id.hex}{earlier % 100:02d}"
    row = {
        "id": refund_id,
        "payment_id": payment_id,
        "provider_refund_id": provider_refund_id,
        "amount": amount,
        "reason": reason,
        "status": "requested",
        "created_at": desk.now,
        "updated_at": desk.now,
    }
    if not await payments.add_refund(desk.tx, row):
        return
    if end_to_end_id.startswith(MANUAL):
        detail = {"refund_id": str(refund_id), "payment_id": str(payment_id), "amount": amount}
        desk.notice("refund_by_hand", f"refund:{refund_id}", "warning", **detail)
        return
    payload = _errand(refund_id, end_to_end_id, provider_refund_id, amount, reason)
    desk.ask("pix.refund", payload, dedupe_key=f"pix.refund:{refund_id}")


async def follow_up(desk: Desk, registration_id: uuid.UUID) -> None:
    """Ask again after refunds that the bank accepted and has not brought to an end: the same id reads the same refund
    back, and a failed one is told nowhere else."""
    ledger = await books.read(desk.tx, registration_id)
    paid = {payment.id: payment.end_to_end_id for payment in ledger.payments}
    for row in ledger.refunds:
        if row.status == "processing":
            named = row.id, paid[row.payment_id], row.provider_refund_id, row.amount, row.reason
            desk.ask("pix.refund", _errand(*named))


def _errand(
    refund_id: uuid.UUID, end_to_end_id: str, provider_refund_id: str, amount: int, reason: str
) -> dict[str, Any]:
    return {
        "refund_id": str(refund_id),
        "end_to_end_id": end_to_end_id,
        "provider_refund_id": provider_refund_id,
        "amount": amount,
        "reason": reason,
    }


async def give_back(desk: Desk, registration_id: uuid.UUID, reason: str) -> int:
    """Return all that is still held of a registration; centavos."""
    ledger = await books.read(desk.tx, registration_id)
    total = 0
    for payment in ledger.payments:
        amount = payment.amount - ledger.returned(payment)
        if amount > 0:
            earlier = len(ledger.refunds_of(payment))
            await refund(desk, payment.id, payment.end_to_end_id, amount, reason, earlier)
            total += amount
    return total


async def give_back_surplus(desk: Desk, registration_id: uuid.UUID, surplus: int) -> None:
    """Return `surplus` centavos, newest payment first."""
    ledger = await books.read(desk.tx, registration_id)
    for payment in reversed(ledger.payments):
        amount = min(surplus, payment.amount - ledger.returned(payment))
        if amount > 0:
            earlier = len(ledger.refunds_of(payment))
            await refund(desk, payment.id, payment.end_to_end_id, amount, "Valor pago a mais", earlier)
            surplus -= amount


async def refund_answered(desk: Desk, refund_id: uuid.UUID, status: str) -> Outcome | None:
    """BCB's words: EM_PROCESSAMENTO, DEVOLVIDO, NAO_REALIZADO. Each counts once, in whatever order it comes."""
    row = await payments.refund(desk.tx, refund_id)
    if row is None or row.contact_id != desk.contact.id:
        return None
    if status == "DEVOLVIDO":
        return await complete(desk, row)
    if status in _FAILED:
        if await payments.move_refund(desk.tx, refund_id, "failed", desk.now, error_message=status):
            detail = {"refund_id": str(refund_id), "amount": row.amount}
            desk.notice("refund_failed", f"refund_failed:{refund_id}", "critical", **detail)
        return None
    await payments.move_refund(desk.tx, refund_id, "processing", desk.now)
    return None


async def complete(desk: Desk, row: Row[Any]) -> Outcome | None:
    """The money is back with the payer: told once."""
    if not await payments.move_refund(desk.tx, row.id, "refunded", desk.now):
        return None
    await payments.give(desk.tx, row.payment_id, row.amount)
    desk.notice("refund_done", f"refund_done:{row.id}", refund_id=str(row.id), amount=row.amount)
    return Outcome("refund_sent", note="refund-sent", values={"amount": row.amount})


async def reconcile(desk: Desk, ledger: books.Books, payment: Row[Any], bank_refunded: int) -> list[Outcome]:
    """What the bank says it has sent back of this payment: our refunds first; more than those was taken from us
    (MED, or staff in the bank's own app)."""
    told: list[Outcome] = []
    spare = bank_refunded - payment.refunded
    for row in ledger.refunds_of(payment):
        if payments.is_under_way(row) and row.amount <= spare:
            spare -= row.amount
            outcome = await complete(desk, row)
            told += [] if outcome is None else [outcome]
    if spare > 0 and await payments.give(desk.tx, payment.id, spare):
        detail = {"payment_id": str(payment.id), "amount": spare}
        desk.notice("pix_taken_back", f"taken:{payment.id}:{bank_refunded}", "critical", **detail)
    return told
