"""Statements for what belongs to no mailbox: delivery statuses, account notices, payment callbacks."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, delete, or_, select, update

from storage.base import new_id
from storage.tables.contacts import contact_aliases, contacts
from storage.tables.members import payment_intents
from storage.tables.queues import PENDING, communications, events, outbox
from storage.unit_of_work import Tx, among

_pending = (
    select(events)
    .where(events.c.status == PENDING, events.c.contact_id.is_(None))
    .order_by(events.c.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)


async def pending(tx: Tx, most: int) -> Sequence[Row[Any]]:
    return await tx.all(_pending, most=most)


async def still_pending(tx: Tx, event_id: int) -> Row[Any] | None:
    """One of them again, locked; None when another process has it or has done it."""
    statement = select(events).where(events.c.id == event_id, events.c.status == PENDING)
    return await tx.first(statement.with_for_update(skip_locked=True))


async def split(tx: Tx, row: Row[Any], payloads: Sequence[Mapping[str, Any]]) -> None:
    """The delivery statuses of one event as events of their own."""
    shared = {
        "organization_id": row.organization_id,
        "source": row.source,
        "kind": "status",
        "occurred_at": row.occurred_at,
        "received_at": row.received_at,
    }
    alone = [
        {**shared, "external_id": f"{row.external_id}:{place}", "payload": dict(payload)}
        for place, payload in enumerate(payloads)
    ]
    await tx.add_new(events, alone, ["organization_id", "source", "external_id"])


_table = communications.c
KEPT = (
    "status", "provider_message_id", "sent_at", "delivered_at", "read_at", "failed_at", "category", "error_code",
    "error_message",
)  # fmt: skip
"""What statuses tell of a communication."""
_told_of = (
    select(_table.id, _table.organization_id, _table.contact_id, _table.template, *(_table[name] for name in KEPT))
    .where(
        or_(
            _table.id.in_(bindparam("ids", expanding=True)),
            _table.provider_message_id.in_(bindparam("message_ids", expanding=True)),
        )
    )
    .order_by(_table.id)
    .with_for_update()
)


async def communications_for(tx: Tx, message_ids: Sequence[str], ids: Sequence[uuid.UUID]) -> Sequence[Row[Any]]:
    """Communications a batch of statuses speaks of, by the provider's id or by our own: whose they are, and KEPT.
    Locked in the order of ids, so that two processes never move one backwards."""
    return await tx.all(_told_of, message_ids=among(message_ids), ids=among(ids))


async def communication(tx: Tx, communication_id: uuid.UUID) -> Row[Any] | None:
    """With its words."""
    return await tx.first(select(communications).where(_table.id == communication_id))


async def taken(tx: Tx, contact_id: uuid.UUID, template: str, most: int) -> list[dict[str, Any]]:
    """Variables of the messages of this name that the provider took for this person, newest first."""
    gone = (_table.contact_id == contact_id, _table.template == template, _table.provider_message_id.is_not(None))
    rows = await tx.all(select(_table.variables).where(*gone).order_by(_table.created_at.desc()).limit(most))
    return [row.variables or {} for row in rows]


_advance = (
    update(communications)
    .where(communications.c.id == bindparam("b_id"))
    .values({name: bindparam(f"b_{name}") for name in KEPT})
)


async def advance(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
    await tx.run_many(_advance, [{f"b_{name}": value for name, value in row.items()} for row in rows])


async def outbox_status(tx: Tx, communication_id: uuid.UUID) -> str | None:
    """Where the delivery of this communication stands; None when it is done."""
    wanted = outbox.c.communication_id == communication_id
    status: str | None = await tx.scalar(select(outbox.c.status).where(wanted).limit(1))
    return status


_named = outbox.c.communication_id.in_(bindparam("ids", expanding=True))
_clear_failed = delete(outbox).where(_named, outbox.c.status == "uncertain")
_clear_left = delete(outbox).where(_named, outbox.c.status.in_(("uncertain", "queued", "sending")))


async def clear_up(tx: Tx, ids: Sequence[uuid.UUID], *, failed: bool) -> None:
    """A status named these: they did leave, whatever the answer to the request was (or that there is nobody left to
    hear it), and need not be sent again. One that failed takes nothing back that is going to be sent again anyway."""
    if ids:
        await tx.run(_clear_failed if failed else _clear_left, ids=among(ids))


async def number_of(tx: Tx, contact_id: uuid.UUID) -> str | None:
    """The number of ours (phone_number_id) that this person talks with."""
    number: str | None = await tx.scalar(select(contacts.c.phone_number_id).where(contacts.c.id == contact_id))
    return number


async def intents(tx: Tx, txids: Sequence[str]) -> Sequence[Row[Any]]:
    """Payment intents behind the txids of a callback."""
    table = payment_intents.c
    statement = select(
        table.id, table.organization_id, table.contact_id, table.provider_intent_id, table.checked_at
    ).where(table.provider == "pix", table.provider_intent_id.in_(list(txids)))  # The unique index begins with it.
    return await tx.all(statement)


async def claim_checks(tx: Tx, ids: Sequence[uuid.UUID], now: datetime, rested: datetime) -> set[uuid.UUID]:
    """Mark those charges as asked about that the bank was not asked about since `rested`; returns them."""
    table = payment_intents.c
    waits = or_(table.checked_at.is_(None), table.checked_at <= rested)
    claiming = update(payment_intents).where(table.id.in_(list(ids)), waits).values(checked_at=now)
    return {row.id for row in await tx.all(claiming.returning(table.id))}


async def find_contact(tx: Tx, org: uuid.UUID, names: Sequence[tuple[str, str]]) -> uuid.UUID | None:
    table = contact_aliases.c
    for kind, value in names:
        found: uuid.UUID | None = await tx.scalar(
            select(table.contact_id).where(table.organization_id == org, table.kind == kind, table.value == value)
        )
        if found is not None:
            return found
    return None


async def set_marketing(tx: Tx, contact_id: uuid.UUID, stopped_at: datetime | None) -> None:
    await tx.run(update(contacts).where(contacts.c.id == contact_id).values(marketing_stopped_at=stopped_at))


async def rename_bsuid(tx: Tx, contact_id: uuid.UUID, bsuid: str) -> None:
    await tx.run(update(contacts).where(contacts.c.id == contact_id).values(bsuid=bsuid))


async def add_alias(tx: Tx, org: uuid.UUID, contact_id: uuid.UUID, kind: str, value: str, now: datetime) -> None:
    row = {"id": new_id(), "organization_id": org, "contact_id": contact_id, "kind": kind, "value": value}
    await tx.add_new(contact_aliases, [{**row, "created_at": now}], ["organization_id", "kind", "value"])
