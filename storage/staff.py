"""Statements of what people of the business are to know and to do: notices, charges seen by nobody, refunds by hand."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, case, func, select, update

from storage.tables.contacts import contacts
from storage.tables.members import payment_intents, payments, refunds, registration_sessions
from storage.tables.queues import staff_notices
from storage.unit_of_work import Tx

_I, _P, _R, _D, _N = payment_intents, payments, refunds, registration_sessions, staff_notices


# --- Notices ----------------------------------------------------------------------------------------------------------


_IN_ALL = func.count().over().label("in_all")
_GRAVE = case((_N.c.severity == "critical", 0), else_=1)


async def notices(tx: Tx, most: int) -> Sequence[Row[Any]]:
    """Warnings and worse that nobody has dealt with: the gravest first, then the oldest. `in_all`: how many there
    are."""
    waits = _N.c.resolved_at.is_(None) & (_N.c.severity != "info")
    statement = select(_N, _IN_ALL).where(waits).order_by(_GRAVE, _N.c.created_at, _N.c.id)
    return await tx.all(statement.limit(most))


async def all_notices(tx: Tx, most: int) -> Sequence[Row[Any]]:
    """With those for information and those that are resolved, newest first. `in_all`: how many there are."""
    return await tx.all(select(_N, _IN_ALL).order_by(_N.c.created_at.desc(), _N.c.id.desc()).limit(most))


_name = (
    select(_D.c.full_name)
    .where(_D.c.contact_id == contacts.c.id, _D.c.full_name.is_not(None))
    .order_by(_D.c.created_at.desc(), _D.c.id.desc())
    .limit(1)
    .scalar_subquery()
)


async def who(tx: Tx, notice_id: uuid.UUID) -> Row[Any] | None:
    """Whom a notice is about: contact_id, name, wa_id and username, each None where there is none."""
    named = func.coalesce(_name, contacts.c.profile_name).label("name")
    return await tx.first(
        select(_N.c.contact_id, contacts.c.id.label("known"), named, contacts.c.wa_id, contacts.c.username)
        .join_from(_N, contacts, contacts.c.id == _N.c.contact_id, isouter=True)
        .where(_N.c.id == notice_id)
    )


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


async def open_charges(tx: Tx, since: datetime, most: int) -> Sequence[Row[Any]]:
    """Charges that somebody was shown and for which nothing came yet, with the payer's name: those that wait, oldest
    first, then lapsed ones from `since` on (money may be late), newest first. `in_all`: how many there are."""
    shown = _I.c.br_code.is_not(None) & (_I.c.received == 0)
    waits = _I.c.status == "pending"
    lapsed = _I.c.status.in_(("expired", "canceled")) & (_I.c.created_at >= since)
    return await tx.all(
        select(_I, _D.c.full_name, _IN_ALL)
        .join(_D, _D.c.id == _I.c.registration_id)
        .where(shown, waits | lapsed)
        .order_by(case((waits, 0), else_=1), case((waits, _I.c.created_at)), _I.c.created_at.desc(), _I.c.id)
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
