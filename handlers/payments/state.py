"""What the bank says of a charge, entered in the books. The only way by which a registration becomes paid."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from handlers.desk import Desk, Outcome
from handlers.payments import books, bubbles, charge, rules
from handlers.payments.callback import read_instant
from handlers.payments.refund import MANUAL, follow_up, give_back_surplus, reconcile, refund
from handlers.ports import ChargeState, PixPayment
from storage import payments, registrations
from storage.base import new_id
from storage.tables.members import audit_logs

_SEVERITY = {"settled": "info", "late": "warning", "partial": "warning", "excess": "warning", "duplicate": "warning"}
_REASON = {"late": "Pagamento fora do prazo", "excess": "Valor pago a mais", "duplicate": "Pagamento em dobro"}


NOTED = "payment-noted"
"""What is told of money where nobody waits for it."""


class AlreadyEntered(Exception):
    """This Pix came into the books of another registration while we judged it."""


@dataclass(slots=True)
class Received:
    """`settled` is the registration that these payments made paid."""

    outcomes: list[Outcome] = field(default_factory=list)
    settled: uuid.UUID | None = None
    amount: int = 0


async def check(desk: Desk) -> Outcome | None:
    """ "Já paguei": ask the bank about the newest charges. Only the newest one's answer is told when it is unpaid."""
    draft = await registrations.open_of(desk.tx, desk.contact.id)
    if draft is None:
        return charge.NOT_OPEN
    if draft.paid_at is not None:
        return Outcome("paid")
    intents = [row for row in await payments.intents_of(desk.tx, draft.id) if row.br_code is not None]
    if not intents:
        return Outcome("still_unpaid", {"expired": True})
    for place, intent in enumerate(intents[:3]):
        look(desk, intent, asked=place == 0)
    return None


def look(desk: Desk, intent: Row[Any], *, asked: bool) -> None:
    payload = {"intent_id": str(intent.id), "txid": intent.provider_intent_id, "asked": asked}
    desk.ask("pix.check", payload)


async def noticed(desk: Desk, intent_id: uuid.UUID) -> None:
    """A callback named this charge: a trigger only, so the bank is asked."""
    intent = await payments.intent(desk.tx, intent_id)
    if intent is not None and intent.contact_id == desk.contact.id:
        look(desk, intent, asked=False)


async def read(desk: Desk, payload: Mapping[str, Any]) -> Received:
    """Event `pix.state`. `confirms` False: nobody can tell, staff confirm by hand. `our_key`, when given, is the Pix
    key of the settings, against which the charge's own is checked."""
    intent = await payments.intent(desk.tx, uuid.UUID(payload["intent_id"]))
    if intent is None or intent.contact_id != desk.contact.id:
        desk.notice("pix_foreign", f"pix_foreign:{payload['intent_id']}", "critical", intent_id=payload["intent_id"])
        return Received()
    await payments.change_intent(desk.tx, intent.id, checked_at=desk.now)
    asked = bool(payload.get("asked"))
    if payload.get("confirms") is False:
        return _await_staff(desk, intent, asked)
    if payload.get("unknown"):
        desk.notice("pix_unknown", f"pix_unknown:{intent.id}", "warning", intent_id=str(intent.id))
        return Received([Outcome("pix_unknown")] if asked else [])
    state = _state(intent.provider_intent_id, payload)
    problem = rules.mismatch(intent.provider_intent_id, intent.amount, state, payload.get("our_key"))
    if problem is not None:
        return _suspicious(desk, intent, problem, asked)
    return await _take_in(desk, intent, state, asked)


async def confirm_by_hand(
    desk: Desk, intent_id: uuid.UUID, user_id: uuid.UUID | None, amount: int | None = None
) -> Received:
    """Staff saw the money of a static Pix (`amount` centavos, the charge's own by default). Once for each charge."""
    intent = await payments.intent(desk.tx, intent_id)
    if intent is None or intent.contact_id != desk.contact.id:
        return Received()
    payment = PixPayment(
        f"{MANUAL}{intent_id.hex}", intent.provider_intent_id, amount or intent.amount, paid_at=desk.now
    )
    received = await enter(desk, intent, [payment], confirmed_by=user_id)
    if received.amount:
        entry = {
            "id": new_id(),
            "user_id": user_id,
            "entity_type": "payment_intent",
            "entity_id": intent_id,
            "action": "confirmed_by_hand",
            "changes": {"amount": received.amount},
            "created_at": desk.now,
        }
        await desk.tx.add(audit_logs, entry)
    return received


def _await_staff(desk: Desk, intent: Row[Any], asked: bool) -> Received:
    if not asked:
        return Received()
    detail = {"intent_id": str(intent.id), "amount": intent.amount, "txid": intent.provider_intent_id}
    desk.notice("pix_awaiting_staff", f"pix_awaiting:{intent.id}", "warning", **detail)
    return Received([Outcome("awaiting_staff")])


def _suspicious(desk: Desk, intent: Row[Any], problem: str, asked: bool) -> Received:
    detail = {"intent_id": str(intent.id), "differs": problem}
    desk.notice("pix_mismatch", f"pix_mismatch:{intent.id}:{problem}", "critical", **detail)
    return Received([Outcome("still_unpaid", {"expired": False})] if asked else [])


async def _take_in(desk: Desk, intent: Row[Any], state: ChargeState, asked: bool) -> Received:
    ours = [payment for payment in state.payments if rules.is_ours(payment, state)]
    for payment in state.payments:
        if payment not in ours:
            detail = {"intent_id": str(intent.id), "end_to_end_id": payment.end_to_end_id, "amount": payment.amount}
            desk.notice("pix_not_ours", f"pix_not_ours:{payment.end_to_end_id}", "critical", **detail)
    received = await enter(desk, intent, ours)
    await follow_up(desk, intent.registration_id)
    if not ours:
        over = await _lapse(desk, intent, state.status)
        if asked:
            received.outcomes.append(Outcome("still_unpaid", {"expired": over}))
    elif asked and not received.outcomes and received.settled is None:
        received.outcomes += await _as_it_stands(desk, intent)
    return received


async def _as_it_stands(desk: Desk, intent: Row[Any]) -> list[Outcome]:
    """The person asked, and the bank had nothing new: say what is known."""
    draft = await registrations.by_id(desk.tx, intent.registration_id)
    if draft is None or not books.is_open(draft):
        return []
    if draft.paid_at is not None:
        return [Outcome("paid")]
    missing = books.due_of(draft, intent.amount) - (await books.read(desk.tx, draft.id)).held
    return [Outcome("short", {"missing": missing})]


async def _lapse(desk: Desk, intent: Row[Any], bank_status: str) -> bool:
    """BCB knows no "expired": that is reckoned here. Returns whether the charge can no longer be paid."""
    if bank_status.startswith("REMOVIDA"):
        await payments.move_intent(desk.tx, intent.id, "canceled", desk.now)
        return True
    over = intent.expires_at is not None and intent.expires_at <= desk.now
    if over:
        await payments.move_intent(desk.tx, intent.id, "expired", desk.now)
    return bool(over or intent.status != "pending")


async def enter(
    desk: Desk, intent: Row[Any], found: Sequence[PixPayment], confirmed_by: uuid.UUID | None = None
) -> Received:
    """Judge and write down what is new; the registration's row is locked, so two workers judge one after the other."""
    draft = await registrations.by_id(desk.tx, intent.registration_id)
    if draft is None or not found:
        return Received()
    ledger = await books.read(desk.tx, draft.id)
    received = Received(await _reconcile(desk, ledger, found))
    due = books.due_of(draft, intent.amount)
    bill = rules.Bill(due, draft.paid_at is not None, books.is_open(draft), intent.expires_at)
    decision = rules.settle(bill, await _unclaimed(desk, ledger, found), ledger.receipts)
    for entry in decision.entries:
        await _write(desk, intent, entry, confirmed_by)
        received.amount += entry.payment.amount
    if received.amount and intent.received + received.amount >= intent.amount:
        await payments.move_intent(desk.tx, intent.id, "succeeded", desk.now, paid_at=desk.now)
    if decision.settled and await registrations.mark_paid(desk.tx, draft.id, desk.now):
        received.settled = draft.id
        received.outcomes += await bubbles.paid(desk, intent.id, received.amount)
        await charge.withdraw(desk, draft.id)
        await give_back_surplus(desk, draft.id, (await books.read(desk.tx, draft.id)).held - due)
    elif decision.missing and received.amount:
        received.outcomes.append(Outcome("short", {"missing": decision.missing}, unheard=NOTED))
    return received


async def _unclaimed(desk: Desk, ledger: books.Books, found: Sequence[PixPayment]) -> list[PixPayment]:
    """Without those that paid another registration: one Pix never counts twice."""
    ours = {row.end_to_end_id for row in ledger.payments}
    taken = await payments.known(desk.tx, [payment.end_to_end_id for payment in found]) - ours
    for end_to_end_id in sorted(taken):
        desk.notice("pix_claimed_twice", f"pix_twice:{end_to_end_id}", "critical", end_to_end_id=end_to_end_id)
    return [payment for payment in found if payment.end_to_end_id not in taken]


async def _reconcile(desk: Desk, ledger: books.Books, found: Sequence[PixPayment]) -> list[Outcome]:
    by_id = {payment.end_to_end_id: payment for payment in found}
    told: list[Outcome] = []
    for row in ledger.payments:
        payment = by_id.get(row.end_to_end_id)
        if payment is not None and payment.refunded > row.refunded:
            told += await reconcile(desk, ledger, row, payment.refunded)
    return told


async def _write(desk: Desk, intent: Row[Any], entry: rules.Entry, confirmed_by: uuid.UUID | None) -> None:
    """Raises AlreadyEntered when another registration's transaction was faster; the turn is then taken again."""
    payment, payment_id = entry.payment, new_id()
    row = {
        "id": payment_id,
        "payment_intent_id": intent.id,
        "end_to_end_id": payment.end_to_end_id,
        "amount": payment.amount,
        "refunded": min(payment.amount, payment.refunded),
        "outcome": entry.outcome,
        "confirmed_by": confirmed_by,
        "paid_at": payment.paid_at,
        "created_at": desk.now,
    }
    if not await payments.add_payment(desk.tx, row):
        raise AlreadyEntered(payment.end_to_end_id)
    detail = {"intent_id": str(intent.id), "amount": payment.amount, "given_back": entry.give_back}
    desk.notice(f"pix_{entry.outcome}", f"pix:{payment.end_to_end_id}", _SEVERITY[entry.outcome], **detail)
    if entry.give_back:
        await refund(desk, payment_id, payment.end_to_end_id, entry.give_back, _REASON[entry.outcome])


def _state(txid: str, payload: Mapping[str, Any]) -> ChargeState:
    return ChargeState(
        txid=payload.get("txid") or txid,
        status=payload.get("status") or "",
        amount=int(payload.get("amount") or 0),
        key=payload.get("key") or "",
        payments=tuple(_payment(item) for item in payload.get("payments") or ()),
    )


def _payment(item: Mapping[str, Any]) -> PixPayment:
    return PixPayment(
        end_to_end_id=item["end_to_end_id"],
        txid=item.get("txid"),
        amount=int(item["amount"]),
        paid_at=_instant(item["paid_at"]),
        key=item.get("key"),
        refunded=int(item.get("refunded") or 0),
    )


def _instant(value: str) -> datetime:
    found = read_instant(value)
    if found is None:
        raise ValueError("paid_at")
    return found
