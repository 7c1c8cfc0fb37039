"""What people agreed to, one row for each answer."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update

from storage.tables.members import consents
from storage.unit_of_work import Tx


async def answers(
    tx: Tx, contact_id: uuid.UUID, registration_id: uuid.UUID | None, kinds: Sequence[str]
) -> dict[tuple[str, str], Row[Any]]:
    """The newest answer by (kind, version), of this registration or, without one, of the contact itself."""
    rows = await tx.all(
        select(consents)
        .where(
            consents.c.contact_id == contact_id,
            consents.c.registration_id == registration_id,
            consents.c.consent_type.in_(kinds),
        )
        .order_by(consents.c.created_at, consents.c.id)
    )
    return {(row.consent_type, row.version): row for row in rows}


async def of_registration(tx: Tx, registration_id: uuid.UUID) -> Sequence[Row[Any]]:
    return await tx.all(
        select(consents)
        .where(consents.c.registration_id == registration_id)
        .order_by(consents.c.created_at, consents.c.id)
    )


async def add(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        await tx.add(consents, rows)


async def revoke(tx: Tx, consent_id: uuid.UUID, now: datetime) -> None:
    await tx.run(
        update(consents)
        .where(consents.c.id == consent_id, consents.c.granted.is_(True), consents.c.revoked_at.is_(None))
        .values(revoked_at=now)
    )


async def link_customer(tx: Tx, registration_id: uuid.UUID, customer_id: uuid.UUID) -> None:
    await tx.run(update(consents).where(consents.c.registration_id == registration_id).values(customer_id=customer_id))
