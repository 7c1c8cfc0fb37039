"""Charges, what was paid for them, and what was given back."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, FromClause, Row, or_, select, union_all, update

from storage.once import is_one_of
from storage.statuses import move
from storage.tables.members import PROCESSING, payment_intents, payments, refunds
from storage.unit_of_work import Tx

_I, _P, _R = payment_intents, payments, refunds
_UNDER_WAY = ("requested", "processing")


async def intent(tx: Tx, intent_id: uuid.UUID, *, lock: bool = True) -> Row[Any] | None:
    statement = select(_I).where(_I.c.id == intent_id)
    return await tx.first(statement.with_for_update() if lock else statement)


async def intents_of(tx: Tx, registration_id: uuid.UUID) -> Sequence[Row[Any]]:
    """Newest first."""
    return await tx.all(select(_I).where(_I.c.registration_id == registration_id).order_by(_I.c.sequence.desc()))


async def add_intent(tx: Tx, row: Mapping[str, Any]) -> None:
    await tx.add(_I, row)


async def change_intent(tx: Tx, intent_id: uuid.UUID, **values: Any) -> None:
    await tx.run(update(_I).where(_I.c.id == intent_id).values(**values))


async def move_intent(tx: Tx, intent_id: uuid.UUID, target: str, now: datetime, **values: Any) -> bool:
    return await move(tx, _I, intent_id, target, updated_at=now, **values)


async def store_code(
    tx: Tx, intent_id: uuid.UUID, *, br_code: str, expires_at: datetime, qr_document_id: uuid.UUID | None, now: datetime
) -> bool:
    """Enter the bank's answer; False when the charge moved on or has its code already."""
    return bool(
        await tx.run(
            update(_I)
            .where(_I.c.id == intent_id, _I.c.status == "pending", _I.c.br_code.is_(None))
            .values(br_code=br_code, expires_at=expires_at, qr_document_id=qr_document_id, updated_at=now)
        )
    )


async def add_payment(tx: Tx, row: Mapping[str, Any]) -> bool:
    """Insert and add to what the charge received; False when this Pix is in the books already."""
    if not await tx.add_new(_P, [row], conflict=["organization_id", "end_to_end_id"]):
        return False
    await tx.run(update(_I).where(_I.c.id == row["payment_intent_id"]).values(received=_I.c.received + row["amount"]))
    return True


async def known(tx: Tx, end_to_end_ids: Sequence[str]) -> set[str]:
    """Those that are in the organisation's books, whoever's they are."""
    rows = await tx.all(select(_P.c.end_to_end_id).where(_P.c.end_to_end_id.in_(end_to_end_ids)))
    return {row.end_to_end_id for row in rows}


async def payments_of(tx: Tx, registration_id: uuid.UUID) -> Sequence[Row[Any]]:
    """In the order in which they were paid."""
    return await tx.all(select(_P).where(_paid_for(registration_id)).order_by(_P.c.paid_at, _P.c.id))


async def refunds_of(tx: Tx, registration_id: uuid.UUID) -> Sequence[Row[Any]]:
    paid = select(_P.c.id).where(_paid_for(registration_id))
    return await tx.all(select(_R).where(_R.c.payment_id.in_(paid)).order_by(_R.c.created_at, _R.c.id))


def _paid_for(registration_id: uuid.UUID) -> ColumnElement[bool]:
    """Not by a join: SQLite would begin it with all payments of the business."""
    return _P.c.payment_intent_id.in_(select(_I.c.id).where(_I.c.registration_id == registration_id))


async def refund(tx: Tx, refund_id: uuid.UUID) -> Row[Any] | None:
    """With the contact and the charge it belongs to."""
    return await tx.first(
        select(_R, _I.c.contact_id, _I.c.id.label("intent_id"), _P.c.end_to_end_id)
        .join(_P, _P.c.id == _R.c.payment_id)
        .join(_I, _I.c.id == _P.c.payment_intent_id)
        .where(_R.c.id == refund_id)
    )


async def add_refund(tx: Tx, row: Mapping[str, Any]) -> bool:
    """False when this very refund was entered already."""
    return bool(await tx.add_new(_R, [row], conflict=["payment_id", "provider_refund_id"]))


async def move_refund(tx: Tx, refund_id: uuid.UUID, target: str, now: datetime, **values: Any) -> bool:
    return await move(tx, _R, refund_id, target, updated_at=now, **values)


async def give(tx: Tx, payment_id: uuid.UUID, amount: int) -> bool:
    """Enter centavos as given back; False when that would be more than was paid."""
    return bool(
        await tx.run(
            update(_P)
            .where(_P.c.id == payment_id, _P.c.refunded + amount <= _P.c.amount)
            .values(refunded=_P.c.refunded + amount)
        )
    )


async def claim_checks(tx: Tx, now: datetime, limit: int) -> Sequence[Row[Any]]:
    """Charges worth asking the bank about, marked as asked; those that were asked about least recently, for there may
    be more than can be asked about before the first are due again. Two sweeps at once never get the same one."""
    charge = _I.alias("charge")
    # Once more whether it rested: of what another sweep has claimed meanwhile only this is looked at again.
    wanted = (
        select(charge.c.id)
        .where(is_one_of(charge.c.id, _worth_asking(now)), charge.c.br_code.is_not(None), _rested(charge, now, 5))
        .order_by(charge.c.checked_at.asc().nulls_first(), charge.c.created_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return await tx.all(
        update(_I)
        .where(is_one_of(_I.c.id, wanted))
        .values(checked_at=now)
        .returning(_I.c.organization_id, _I.c.contact_id, _I.c.id, _I.c.provider_intent_id)
    )


def _worth_asking(now: datetime) -> CompoundSelect[Any]:
    """Live for a minute, lapsed or replaced within a day, or a refund under way; and not asked for five minutes, those
    that hardly anybody pays any more for thirty: on a busy day they are by far the most. Each is found by an index."""
    a_day_ago = now - timedelta(hours=24)
    rested, long_rested = _rested(_I, now, 5), _rested(_I, now, 30)
    live = select(_I.c.id).where(_I.c.status == "pending", _I.c.created_at < now - timedelta(seconds=60), rested)
    # Moved within a day: who lapses later than that does so after its code did.
    over = select(_I.c.id).where(_I.c.updated_at > a_day_ago, long_rested)
    lapsed = over.where(_I.c.status == "expired", _I.c.expires_at > a_day_ago)
    replaced = over.where(_I.c.status == "canceled")
    refunding = (
        select(_I.c.id)
        .join(_P, _P.c.payment_intent_id == _I.c.id)
        .join(_R, _R.c.payment_id == _P.c.id)
        .where(_R.c.status == PROCESSING, rested)
    )
    return union_all(live, lapsed, replaced, refunding)


def _rested(charge: FromClause, now: datetime, minutes: int) -> ColumnElement[bool]:
    asked = charge.c.checked_at
    return or_(asked.is_(None), asked < now - timedelta(minutes=minutes))


def is_under_way(row: Row[Any]) -> bool:
    """A refund whose end is not known yet."""
    return row.status in _UNDER_WAY
