"""One-time codes. Tries, single use and consumption are conditional updates: two at once cannot both pass."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, delete, func, select, update

from storage.tables.members import verification_codes
from storage.unit_of_work import Tx

_T = verification_codes


async def newest(tx: Tx, contact_id: uuid.UUID, purpose: str, bound_to: str) -> Row[Any] | None:
    """The last code made for this purpose and thing, whatever became of it."""
    return await tx.first(
        select(_T)
        .where(_T.c.contact_id == contact_id, _T.c.purpose == purpose, _T.c.bound_to == bound_to)
        .order_by(_T.c.created_at.desc(), _T.c.id.desc())
        .limit(1)
        .with_for_update()
    )


async def sent_to(tx: Tx, recipient_hash: str, since: datetime) -> Sequence[datetime]:
    """When codes went to this recipient, whoever asked for them."""
    rows = await tx.all(select(_T.c.created_at).where(_T.c.recipient_hash == recipient_hash, _T.c.created_at > since))
    return [row.created_at for row in rows]


async def sent_for(tx: Tx, contact_id: uuid.UUID, since: datetime) -> int:
    """How many codes this contact had sent, to whatever recipients."""
    count = select(func.count()).select_from(_T).where(_T.c.contact_id == contact_id, _T.c.created_at > since)
    return int(await tx.scalar(count))


async def sent_by_all(tx: Tx, since: datetime) -> int:
    """How many codes this organisation sent."""
    return int(await tx.scalar(select(func.count()).select_from(_T).where(_T.c.created_at > since)))


async def add(tx: Tx, row: Mapping[str, Any]) -> None:
    await tx.add(_T, row)


async def void(tx: Tx, contact_id: uuid.UUID, purpose: str, now: datetime) -> None:
    """Burn every unused code of this purpose: a new one is about to take its place."""
    await tx.run(
        update(_T)
        .where(_T.c.contact_id == contact_id, _T.c.purpose == purpose, _T.c.burned_at.is_(None))
        .values(burned_at=now)
    )


async def count_try(tx: Tx, code_id: uuid.UUID, limit: int) -> int | None:
    """Use up one try and return how many are used; None when all were gone."""
    row = await tx.first(
        update(_T)
        .where(_T.c.id == code_id, _T.c.attempts < limit)
        .values(attempts=_T.c.attempts + 1)
        .returning(_T.c.attempts)
    )
    return None if row is None else int(row.attempts)


async def mark_verified(tx: Tx, code_id: uuid.UUID, now: datetime) -> bool:
    """True once only, and never for a code that is burned or over."""
    return bool(
        await tx.run(
            update(_T)
            .where(
                _T.c.id == code_id,
                _T.c.verified_at.is_(None),
                _T.c.burned_at.is_(None),
                _T.c.expires_at > now,
            )
            .values(verified_at=now)
        )
    )


async def burn(tx: Tx, code_id: uuid.UUID, now: datetime) -> None:
    await tx.run(update(_T).where(_T.c.id == code_id, _T.c.burned_at.is_(None)).values(burned_at=now))


async def consume(
    tx: Tx, contact_id: uuid.UUID, purpose: str, bound_to: str, *, since: datetime, now: datetime
) -> Row[Any] | None:
    """Take the verified code for the one act it was made for; None when there is none, or it was taken already."""
    return await tx.first(
        update(_T)
        .where(
            _T.c.contact_id == contact_id,
            _T.c.purpose == purpose,
            _T.c.bound_to == bound_to,
            _T.c.verified_at >= since,
            _T.c.burned_at.is_(None),
        )
        .values(burned_at=now)
        .returning(*_T.c)
    )


async def forget(tx: Tx, contact_id: uuid.UUID, code_id: uuid.UUID, now: datetime) -> bool:
    """Drop a code that never reached anybody, so that it does not count against the person. One that was guessed at is
    only void and counts on: else a mailbox that takes nothing could be guessed at without end. False: it is over."""
    one = and_(_T.c.id == code_id, _T.c.contact_id == contact_id, _T.c.verified_at.is_(None))
    if await tx.run(delete(_T).where(one, _T.c.attempts == 0)):
        return True
    return bool(await tx.run(update(_T).where(one, _T.c.burned_at.is_(None)).values(burned_at=now)))
