"""Sign-ups and the dependants entered in them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, delete, func, or_, select, update
from sqlalchemy.exc import IntegrityError

from storage.statuses import move, sources
from storage.tables.members import IS_OPEN, dependents, registration_sessions
from storage.tables.queues import communications, documents, media_uploads, outbox
from storage.unit_of_work import Tx

PERSONAL = (
    "full_name",
    "cpf_sealed",
    "cpf_hash",
    "birth_date",
    "email",
    "phone",
    "address",
    "gender",
    "marital_status",
    "profession",
    "contract_sealed",
)
"""Columns emptied when a draft is given up or expires."""

_T = registration_sessions


async def open_of(tx: Tx, contact_id: uuid.UUID) -> Row[Any] | None:
    """The one registration of this contact that is still under way, locked until the transaction ends."""
    return await tx.first(select(_T).where(_T.c.contact_id == contact_id, IS_OPEN).with_for_update())


async def last_status(tx: Tx, contact_id: uuid.UUID) -> str | None:
    """Of this contact's newest registration."""
    row = await tx.first(select(_T.c.status).where(_T.c.contact_id == contact_id).order_by(_T.c.id.desc()).limit(1))
    return None if row is None else str(row.status)


async def by_id(tx: Tx, registration_id: uuid.UUID, *, lock: bool = True) -> Row[Any] | None:
    statement = select(_T).where(_T.c.id == registration_id)
    return await tx.first(statement.with_for_update() if lock else statement)


async def add(tx: Tx, row: Mapping[str, Any]) -> bool:
    """Insert; False when this contact has an open one already (another process was faster)."""
    try:
        async with tx.connection.begin_nested():
            await tx.add(_T, row)
    except IntegrityError:
        if await open_of(tx, row["contact_id"]) is None:
            raise
        return False
    return True


async def change(tx: Tx, registration_id: uuid.UUID, **values: Any) -> None:
    await tx.run(update(_T).where(_T.c.id == registration_id).values(**values))


async def advance(tx: Tx, registration_id: uuid.UUID, target: str, now: datetime, **values: Any) -> bool:
    return await move(tx, _T, registration_id, target, updated_at=now, **values)


async def mark_paid(tx: Tx, registration_id: uuid.UUID, now: datetime) -> bool:
    """True for the one call that makes the registration paid."""
    await advance_to_payment(tx, registration_id, now)
    return await advance(tx, registration_id, "paid", now, paid_at=now)


async def advance_to_payment(tx: Tx, registration_id: uuid.UUID, now: datetime) -> None:
    """From `plan_selected` to `payment_pending`; anything further on stays where it is."""
    await advance(tx, registration_id, "payment_pending", now)


async def mark_signed(tx: Tx, registration_id: uuid.UUID, now: datetime) -> None:
    """Enter the signature. One that is paid keeps its status: the next move is the approval."""
    await advance_to_payment(tx, registration_id, now)
    await advance(tx, registration_id, "signed", now)
    await change(tx, registration_id, signed_at=now)


async def close(tx: Tx, registration_id: uuid.UUID, target: str, now: datetime) -> bool:
    """Expire or cancel, and empty everything personal. False when the status does not allow it."""
    erased: dict[str, Any] = dict.fromkeys(PERSONAL)
    if not await advance(tx, registration_id, target, now, **erased):
        return False
    await tx.run(delete(dependents).where(dependents.c.registration_id == registration_id))
    return True


async def erase_talk(tx: Tx, contact_id: uuid.UUID, since: datetime) -> None:
    """What this person was sent since then repeats what they told us (summaries): the wording goes, the fact that
    there was a message stays. Those that have not left are not sent any more, dead ones not even by hand."""
    waiting = delete(outbox).where(
        outbox.c.contact_id == contact_id,
        outbox.c.status.in_(("queued", "held", "dead")),
        outbox.c.communication_id.is_not(None),
        outbox.c.created_at >= since,
    )
    dropped = [row.communication_id for row in await tx.all(waiting.returning(outbox.c.communication_id))]
    theirs = update(communications).where(communications.c.contact_id == contact_id)
    if dropped:
        why = {"status": "dropped", "error_code": "registration_closed"}
        waited = communications.c.status.in_(("queued", "held"))
        await tx.run(theirs.where(communications.c.id.in_(dropped), waited).values(why))
    await tx.run(theirs.where(communications.c.created_at >= since).values(content=None, variables=None))


async def erase_document(tx: Tx, document_id: uuid.UUID) -> None:
    """Drop a rendered contract that was never signed. A message that still points at it is not sent."""
    await tx.run(delete(media_uploads).where(media_uploads.c.document_id == document_id))
    await tx.run(delete(documents).where(documents.c.id == document_id))


async def due_to_expire(
    tx: Tx, now: datetime, after: tuple[datetime, uuid.UUID] | None = None, limit: int = 200
) -> Sequence[Row[Any]]:
    """(organization_id, contact_id, id, expires_at) of the drafts whose time is over, oldest first; those behind
    `after` (expires_at and id of the last one known) if that is given."""
    statement = (
        select(_T.c.organization_id, _T.c.contact_id, _T.c.id, _T.c.expires_at)
        .where(_T.c.expires_at <= now, IS_OPEN, _T.c.status.in_(sources(_T.name, "expired")))
        .order_by(_T.c.expires_at, _T.c.id)
        .limit(limit)
    )
    if after is not None:
        instant, last = after
        statement = statement.where(or_(_T.c.expires_at > instant, and_(_T.c.expires_at == instant, _T.c.id > last)))
    return await tx.all(statement)


async def dependents_of(tx: Tx, registration_id: uuid.UUID) -> Sequence[Row[Any]]:
    """In the order in which they were entered."""
    return await tx.all(
        select(dependents)
        .where(dependents.c.registration_id == registration_id)
        .order_by(dependents.c.created_at, dependents.c.id)
    )


async def count_dependents(tx: Tx, registration_id: uuid.UUID) -> int:
    statement = select(func.count()).select_from(dependents).where(dependents.c.registration_id == registration_id)
    return int(await tx.scalar(statement))


async def add_dependent(tx: Tx, row: Mapping[str, Any]) -> None:
    await tx.add(dependents, row)


async def remove_dependent(tx: Tx, dependent_id: uuid.UUID) -> None:
    await tx.run(delete(dependents).where(dependents.c.id == dependent_id))


async def clear_dependent_cpf(tx: Tx, registration_id: uuid.UUID, cpf_hash: str) -> None:
    """Take a CPF off this registration's dependants: it turned out to be the holder's."""
    await tx.run(
        update(dependents)
        .where(dependents.c.registration_id == registration_id, dependents.c.cpf_hash == cpf_hash)
        .values(cpf_sealed=None, cpf_hash=None)
    )
