"""Statements of what people of the business are to know and to do: notices, charges seen by nobody, refunds by hand."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update

from storage.tables.members import payment_intents, payments, refunds, registration_sessions
from storage.tables.queues import staff_notices
from storage.unit_of_work import Tx

_I, _P, _R, _D, _N = payment_intents, payments, refunds, registration_sessions, staff_notices


# --- Notices ----------------------------------------------------------------------------------------------------------


async def notices(tx: Tx, *, resolved: bool, most: int = 200) -> Sequence[Row[Any]]:
    """The newest `most`, oldest of them first; without `resolved` only those that nobody has dealt with."""
    statement = select(_N).order_by(_N.c.created_at.desc(), _N.c.id.desc()).limit(most)
    rows = await tx.all(statement if resolved else statement.where(_N.c.resolved_at.is_(None)))
    return list(reversed(rows))


async def resolve(tx: Tx, notice_id: uuid.UUID, now: datetime) -> bool:
    """False when there is none, or it was resolved before."""
    open_ = (_N.c.id == notice_id) & _N.c.resolved_at.is_(None)
    return bool(await tx.run(update(_N).where(open_).values(resolved_at=now)))


async def resolve_by_key(tx: Tx, organization_id: uuid.UUID, dedupe_key: str, now: datetime) -> None:
    """What a notice asked for was done."""
    one = (_N.c.organization_id == organization_id) & (_N.c.dedupe_key == dedupe_key) & _N.c.resolved_at.is_(None)
    await tx.run(update(_N).where(one).values(resolved_at=now))


async def unmailed(tx: Tx, most: int) -> Sequence[Row[Any]]:
    """Warnings and worse of one organisation that were in no letter yet, oldest first."""
    waits = _N.c.mailed_at.is_(None) & _N.c.resolved_at.is_(None) & (_N.c.severity != "info")
    return await tx.all(select(_N).where(waits).order_by(_N.c.created_at, _N.c.id).limit(most))


async def mark_mailed(tx: Tx, ids: Sequence[uuid.UUID], now: datetime) -> None:
    await tx.run(update(_N).where(_N.c.id.in_(ids)).values(mailed_at=now))


async def with_unmailed(tx: Tx) -> Sequence[uuid.UUID]:
    """Organisations that have any."""
    waits = _N.c.mailed_at.is_(None) & _N.c.resolved_at.is_(None) & (_N.c.severity != "info")
    return [row.organization_id for row in await tx.all(select(_N.c.organization_id).where(waits).distinct())]


# --- Money by hand ----------------------------------------------------------------------------------------------------


async def charges_by_txid(tx: Tx, start: str) -> Sequence[Row[Any]]:
    """At most two charges whose txid begins so: more than one is one too many. `start` is letters and digits."""
    return await tx.all(select(_I).where(_I.c.provider_intent_id.startswith(start)).limit(2))


async def open_charges(tx: Tx, since: datetime, most: int = 200) -> Sequence[Row[Any]]:
    """Charges that somebody was shown and for which nothing came yet, lapsed ones from `since` on included (money may
    be late); with the payer's name. Oldest first."""
    shown = _I.c.br_code.is_not(None) & (_I.c.received == 0)
    waits = (_I.c.status == "pending") | (_I.c.status.in_(("expired", "canceled")) & (_I.c.created_at >= since))
    return await tx.all(
        select(_I, _D.c.full_name)
        .join(_D, _D.c.id == _I.c.registration_id)
        .where(shown, waits)
        .order_by(_I.c.created_at, _I.c.id)
        .limit(most)
    )


_by_hand = (
    select(_R, _I.c.contact_id, _P.c.paid_at, _D.c.full_name)
    .join(_P, _P.c.id == _R.c.payment_id)
    .join(_I, _I.c.id == _P.c.payment_intent_id)
    .join(_D, _D.c.id == _I.c.registration_id)
    .where(_R.c.status == "requested")
    .order_by(_R.c.created_at, _R.c.id)
)


async def refunds_by_hand(tx: Tx, manual: str) -> Sequence[Row[Any]]:
    """Refunds that wait for a person: of payments whose end-to-end id begins with `manual`."""
    return await tx.all(_by_hand.where(_P.c.end_to_end_id.startswith(manual)))


async def refunds_waiting(tx: Tx, payment_id: uuid.UUID, manual: str) -> Sequence[Row[Any]]:
    """Those of one payment."""
    return await tx.all(_by_hand.where(_P.c.end_to_end_id.startswith(manual), _R.c.payment_id == payment_id))
