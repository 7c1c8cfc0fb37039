"""What a payment means. Pure, and the same answer however often and in whatever order the bank tells it.

| outcome | when | what follows |
|---|---|---|
| settled | the missing amount, in time | registration paid |
| late | the missing amount, after the code expired | registration paid; after it was closed: given back whole |
| partial | less than is missing | kept; a charge of the rest is offered |
| excess | more than is missing | registration paid; the difference is given back |
| duplicate | anything after the price was paid | given back whole |
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from handlers.ports import ChargeState, PixPayment

_STILL_PAYABLE = timedelta(minutes=2)
"""A code with less than this left is not handed out again."""


@dataclass(frozen=True, slots=True)
class Bill:
    """What a registration owes. `is_open`: it may still become paid. Centavos."""

    due: int
    is_paid: bool
    is_open: bool
    expires_at: datetime | None = None
    """Until when the charge that was paid could be paid in time."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """A payment in our books; `returned` is what was given back or is owed back."""

    end_to_end_id: str
    amount: int
    returned: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    payment: PixPayment
    outcome: str
    give_back: int = 0


@dataclass(frozen=True, slots=True)
class Decision:
    entries: tuple[Entry, ...]
    settled: bool
    """These payments made the bill whole; never true for a bill that was paid before."""
    missing: int
    """Centavos still owed; 0 when paid or closed."""


def held(receipts: Sequence[Receipt]) -> int:
    """Centavos that count towards the price."""
    return sum(receipt.amount - receipt.returned for receipt in receipts)


def settle(bill: Bill, payments: Sequence[PixPayment], already: Sequence[Receipt]) -> Decision:
    """Judge the payments that are not in the books yet, oldest first."""
    known = {receipt.end_to_end_id for receipt in already}
    missing = max(0, bill.due - held(already))
    entries: list[Entry] = []
    was_paid = bill.is_paid
    for payment in sorted(payments, key=lambda payment: (payment.paid_at, payment.end_to_end_id)):
        if payment.end_to_end_id in known or payment.amount <= 0:
            continue
        known.add(payment.end_to_end_id)
        entry = _judge(bill, missing, payment)
        entries.append(entry)
        if bill.is_paid or not bill.is_open:
            continue
        missing -= max(0, payment.amount - payment.refunded - entry.give_back)
        bill = replace(bill, is_paid=missing <= 0)
    owed = 0 if bill.is_paid or not bill.is_open else missing
    return Decision(tuple(entries), settled=bill.is_paid and not was_paid, missing=owed)


def _judge(bill: Bill, missing: int, payment: PixPayment) -> Entry:
    """`refunded` is what the bank has sent back before we knew of the payment."""
    left = max(0, payment.amount - payment.refunded)
    is_late = bill.expires_at is not None and payment.paid_at > bill.expires_at
    if bill.is_paid or left == 0:
        return Entry(payment, "duplicate", left)
    if not bill.is_open:
        return Entry(payment, "late", left)
    if left < missing:
        return Entry(payment, "partial")
    if left > missing:
        return Entry(payment, "excess", left - missing)
    return Entry(payment, "late" if is_late else "settled")


def mismatch(txid: str, amount: int, state: ChargeState, our_key: str | None = None) -> str | None:
    """Why the bank's answer cannot be about our charge: "txid", "amount" or "key". A charge of 0 tells no amount."""
    if state.txid != txid:
        return "txid"
    if state.amount not in (0, amount):
        return "amount"
    return "key" if our_key is not None and state.key != our_key else None


def is_ours(payment: PixPayment, state: ChargeState) -> bool:
    """A Pix listed under our charge, to the charge's own key."""
    return payment.txid in (None, state.txid) and payment.key in (None, state.key)


def is_usable(status: str, amount: int, expires_at: datetime | None, missing: int, now: datetime) -> bool:
    """May this charge be handed out (again) for what is missing now?"""
    in_time = expires_at is None or expires_at > now + _STILL_PAYABLE
    return status == "pending" and amount == missing and in_time
