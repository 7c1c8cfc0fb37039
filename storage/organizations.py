"""Organisations and what they sell, in an organisation's own transaction (`Tx.within`) save where it says otherwise."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Table, delete, select, update

from storage.base import new_id
from storage.tables.catalogue import contracts, partner_locations, partners, plan_addons, plan_benefits, plans
from storage.tables.organizations import channel_numbers, organizations
from storage.unit_of_work import Tx
from storage.vault import Vault

Values = Mapping[str, Any]


async def first(tx: Tx) -> uuid.UUID | None:
    """The organisation that was here first (the system's transaction)."""
    found: uuid.UUID | None = await tx.scalar(
        select(organizations.c.id).order_by(organizations.c.created_at, organizations.c.id).limit(1)
    )
    return found


async def by_slug(tx: Tx, slug: str) -> Row[Any] | None:
    """Locked until the transaction ends (the system's transaction)."""
    return await tx.first(select(organizations).where(organizations.c.slug == slug).with_for_update())


async def by_id(tx: Tx, organization_id: uuid.UUID) -> Row[Any] | None:
    return await tx.first(select(organizations).where(organizations.c.id == organization_id))


@dataclass(frozen=True, slots=True)
class SealedAway:
    """Organisations whose data key none of our secret keys opens. They cannot be read: nobody of theirs is answered."""

    closed: int
    all: int

    @property
    def is_all(self) -> bool:
        return self.closed == self.all

    def __str__(self) -> str:
        return f"{self.closed} of {self.all} cannot be read: set up with another BALCAO_SECRET_KEY"


async def sealed_away(tx: Tx, vault: Vault) -> SealedAway | None:
    """None when all can be read (the system's transaction)."""
    rows = await tx.all(select(organizations.c.id, organizations.c.data_key))
    closed = sum(not vault.opens(row.id, row.data_key) for row in rows)
    return SealedAway(closed, len(rows)) if closed else None


async def changed_at(tx: Tx, organization_id: uuid.UUID) -> datetime | None:
    """When anything about the organisation or its shop last changed."""
    found: datetime | None = await tx.scalar(
        select(organizations.c.updated_at).where(organizations.c.id == organization_id)
    )
    return found


async def add(tx: Tx, row: Values) -> None:
    await tx.add(organizations, row)


async def change(tx: Tx, organization_id: uuid.UUID, values: Values) -> None:
    await tx.run(update(organizations).where(organizations.c.id == organization_id).values(**values))


async def number(tx: Tx, phone_number_id: str) -> Row[Any] | None:
    """A WhatsApp number, whosever it is (the system's transaction)."""
    return await tx.first(select(channel_numbers).where(channel_numbers.c.phone_number_id == phone_number_id))


async def add_number(tx: Tx, row: Values) -> None:
    await tx.add(channel_numbers, row)


async def change_number(tx: Tx, phone_number_id: str, values: Values) -> None:
    await tx.run(update(channel_numbers).where(channel_numbers.c.phone_number_id == phone_number_id).values(**values))


# --- The shop ---------------------------------------------------------------------------------------------------------
# `of` is the organisation: the directory reads with the system's transaction too.


async def plans_of(tx: Tx, of: uuid.UUID) -> Sequence[Row[Any]]:
    """All plans, those no longer sold included, in their order."""
    return await tx.all(select(plans).where(plans.c.organization_id == of).order_by(plans.c.sort_order, plans.c.id))


async def benefits_of(tx: Tx, of: uuid.UUID) -> Sequence[Row[Any]]:
    table = plan_benefits.c
    return await tx.all(select(plan_benefits).where(table.organization_id == of).order_by(table.sort_order, table.id))


async def addons_of(tx: Tx, of: uuid.UUID) -> Sequence[Row[Any]]:
    table = plan_addons.c
    return await tx.all(select(plan_addons).where(table.organization_id == of).order_by(table.sort_order, table.id))


async def contracts_of(tx: Tx, of: uuid.UUID) -> Sequence[Row[Any]]:
    """The one that came into force last comes first."""
    table = contracts.c
    latest_first = (table.effective_from.desc(), table.created_at.desc(), table.id.desc())
    return await tx.all(select(contracts).where(table.organization_id == of).order_by(*latest_first))


async def partners_of(tx: Tx, of: uuid.UUID) -> Sequence[Row[Any]]:
    return await tx.all(select(partners).where(partners.c.organization_id == of).order_by(partners.c.name))


async def locations_of(tx: Tx, of: uuid.UUID) -> Sequence[Row[Any]]:
    table = partner_locations.c
    return await tx.all(select(partner_locations).where(table.organization_id == of).order_by(table.name))


async def add_row(tx: Tx, table: Table, values: Values) -> uuid.UUID:
    row_id = new_id()
    await tx.add(table, {"id": row_id, **values})
    return row_id


async def change_row(tx: Tx, table: Table, row_id: uuid.UUID, values: Values) -> None:
    await tx.run(update(table).where(table.c.id == row_id).values(**values))


async def put_children(tx: Tx, table: Table, rows: Sequence[Values], conflict: Sequence[str]) -> None:
    """Insert or overwrite; a row that exists keeps its id."""
    if rows:
        changes = [name for name in rows[0] if name not in conflict]
        await tx.put(table, [{"id": new_id(), **row} for row in rows], conflict, changes)


async def drop_rows(tx: Tx, table: Table, ids: Iterable[uuid.UUID]) -> None:
    gone = list(ids)
    if gone:
        await tx.run(delete(table).where(table.c.id.in_(gone)))
