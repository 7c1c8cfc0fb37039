"""Rendered contracts and the signatures on them."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update

from storage.tables.catalogue import contracts, plans
from storage.tables.members import contract_signatures
from storage.tables.queues import communications, documents
from storage.unit_of_work import Tx

_S = contract_signatures


async def contract(tx: Tx, contract_id: uuid.UUID) -> Row[Any] | None:
    return await tx.first(select(contracts).where(contracts.c.id == contract_id))


async def plan(tx: Tx, plan_id: uuid.UUID) -> Row[Any] | None:
    """A plan, even one that is no longer sold."""
    return await tx.first(select(plans).where(plans.c.id == plan_id))


async def document(tx: Tx, document_id: uuid.UUID) -> Row[Any] | None:
    """Without its bytes; None when there is none, or it was erased."""
    columns = [column for column in documents.c if column.name != "content"]
    return await tx.first(select(*columns).where(documents.c.id == document_id, documents.c.expires_at.is_(None)))


async def add_document(
    tx: Tx, document_id: uuid.UUID, kind: str, filename: str, mime_type: str, content: bytes, now: datetime
) -> None:
    """Keep these bytes for ever; the first ones under this id win."""
    row = {
        "id": document_id,
        "kind": kind,
        "mime_type": mime_type,
        "filename": filename,
        "content": content,
        "sha256": hashlib.sha256(content).hexdigest(),
        "created_at": now,
    }
    await tx.add_new(documents, [row], conflict=["id"])


async def expire_document(tx: Tx, document_id: uuid.UUID, at: datetime) -> None:
    """Of passing use: the retention job drops it after `at`."""
    await tx.run(update(documents).where(documents.c.id == document_id).values(expires_at=at))


async def signature_of(tx: Tx, registration_id: uuid.UUID) -> Row[Any] | None:
    return await tx.first(select(_S).where(_S.c.registration_id == registration_id))


async def signature(tx: Tx, signature_id: uuid.UUID) -> Row[Any] | None:
    return await tx.first(select(_S).where(_S.c.id == signature_id))


async def add_signature(tx: Tx, row: Mapping[str, Any]) -> None:
    await tx.add(_S, row)


async def set_signed_document(tx: Tx, signature_id: uuid.UUID, document_id: uuid.UUID) -> bool:
    """True for the first copy only."""
    return bool(
        await tx.run(
            update(_S)
            .where(_S.c.id == signature_id, _S.c.signed_document_id.is_(None))
            .values(signed_document_id=document_id)
        )
    )


async def link_customer(tx: Tx, registration_id: uuid.UUID, customer_id: uuid.UUID) -> None:
    await tx.run(update(_S).where(_S.c.registration_id == registration_id).values(customer_id=customer_id))


async def messages_since(tx: Tx, contact_id: uuid.UUID, since: datetime) -> Sequence[Row[Any]]:
    """Ids and times (no content) of what this person was sent since then."""
    c = communications.c
    times = (c.created_at, c.sent_at, c.delivered_at, c.read_at)
    return await tx.all(
        select(c.channel, c.template, c.status, c.provider_message_id, *times)
        .where(c.contact_id == contact_id, c.created_at >= since)
        .order_by(c.created_at, c.id)
    )
