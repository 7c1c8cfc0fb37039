"""Members, their number, and who may speak for them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.exc import IntegrityError

from storage.tables.catalogue import plans
from storage.tables.members import (
    addresses,
    customer_contacts,
    customers,
    dependents,
    membership_counters,
)
from storage.tables.organizations import organizations
from storage.unit_of_work import Tx

_C = customers


async def by_cpf(tx: Tx, cpf_hash: str) -> Row[Any] | None:
    # Of members, whom nothing that was put off concerns: what others of this batch answered can wait.
    return await tx.first(select(_C).where(_C.c.cpf_hash == cpf_hash), settled=False)


async def by_id(tx: Tx, customer_id: uuid.UUID) -> Row[Any] | None:
    return await tx.first(select(_C).where(_C.c.id == customer_id))


async def is_linked(tx: Tx, customer_id: uuid.UUID, contact_id: uuid.UUID) -> bool:
    link = customer_contacts.c
    found = await tx.first(select(link.id).where(link.customer_id == customer_id, link.contact_id == contact_id))
    return found is not None


async def link(tx: Tx, customer_id: uuid.UUID, contact_id: uuid.UUID, now: datetime) -> bool:
    """True when the link is new."""
    row = {"customer_id": customer_id, "contact_id": contact_id, "created_at": now}
    return bool(await tx.add_new(customer_contacts, [row], conflict=["customer_id", "contact_id"]))


async def _open_counter(tx: Tx, organization_id: uuid.UUID) -> None:
    row = {"organization_id": organization_id, "last_number": 0}
    await tx.add_new(membership_counters, [row], conflict=["organization_id"], returning="organization_id")


async def next_number(tx: Tx, organization_id: uuid.UUID) -> int:
    """The next membership number; the row stays locked, so numbers have no holes but those of failed sign-ups."""
    counter = membership_counters
    await _open_counter(tx, organization_id)
    row = await tx.first(
        update(counter)
        .where(counter.c.organization_id == organization_id)
        .values(last_number=counter.c.last_number + 1)
        .returning(counter.c.last_number)
    )
    if row is None:
        raise LookupError("membership_counters")
    return int(row.last_number)


async def signature_head(tx: Tx, organization_id: uuid.UUID) -> str | None:
    """The newest evidence hash; locks the row, which is the same one that gives numbers (one lock, no deadlock)."""
    counter = membership_counters
    await _open_counter(tx, organization_id)
    row = await tx.first(
        update(counter)
        .where(counter.c.organization_id == organization_id)
        .values(last_number=counter.c.last_number)
        .returning(counter.c.signature_head)
    )
    return None if row is None else row.signature_head


async def set_signature_head(tx: Tx, organization_id: uuid.UUID, evidence_hash: str) -> None:
    await tx.run(
        update(membership_counters)
        .where(membership_counters.c.organization_id == organization_id)
        .values(signature_head=evidence_hash)
    )


async def add(tx: Tx, organization_id: uuid.UUID, row: Mapping[str, Any]) -> str | None:
    """Insert a member under the next number, which is returned; None when the CPF is a member's already."""
    if await by_cpf(tx, row["cpf_hash"]) is not None:
        return None
    try:
        async with tx.savepoint():
            number = f"CT-{await next_number(tx, organization_id):08d}"
            await tx.add(_C, {**row, "membership_number": number})
    except IntegrityError:
        if await by_cpf(tx, row["cpf_hash"]) is None:
            raise
        return None
    return number


async def add_address(tx: Tx, row: Mapping[str, Any]) -> None:
    await tx.add(addresses, row)


async def adopt_dependents(tx: Tx, registration_id: uuid.UUID, customer_id: uuid.UUID) -> None:
    await tx.run(
        update(dependents).where(dependents.c.registration_id == registration_id).values(customer_id=customer_id)
    )


async def dependents_of(tx: Tx, customer_id: uuid.UUID) -> Sequence[Row[Any]]:
    return await tx.all(
        select(dependents)
        .where(dependents.c.customer_id == customer_id, dependents.c.status == "active")
        .order_by(dependents.c.created_at, dependents.c.id)
    )


async def set_card(tx: Tx, customer_id: uuid.UUID, document_id: uuid.UUID, now: datetime) -> None:
    await tx.run(update(_C).where(_C.c.id == customer_id).values(card_document_id=document_id, updated_at=now))


async def card(tx: Tx, card_key: str) -> Row[Any] | None:
    """What the public check page needs, of whichever organisation the card is."""
    return await tx.first(
        select(
            _C.c.full_name,
            _C.c.status,
            _C.c.valid_until,
            plans.c.name.label("plan_name"),
            organizations.c.name.label("organization_name"),
            organizations.c.timezone,
        )
        .join(plans, plans.c.id == _C.c.plan_id)
        .join(organizations, organizations.c.id == _C.c.organization_id)
        .where(_C.c.card_key == card_key)
    )
