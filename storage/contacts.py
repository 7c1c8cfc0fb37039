"""Statements about people's names and wishes."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import update

from storage.base import new_id
from storage.tables.contacts import contact_aliases, contacts
from storage.unit_of_work import Tx


async def stop(tx: Tx, contact_id: uuid.UUID, now: datetime) -> None:
    """Reminders and marketing."""
    stopped = {"reminders_stopped_at": now, "marketing_stopped_at": now}
    await tx.run(update(contacts).where(contacts.c.id == contact_id).values(stopped))


async def add_names(tx: Tx, contact_id: uuid.UUID, names: list[tuple[str, str]], now: datetime) -> None:
    """Further names of a contact; a name that is somebody else's stays theirs."""
    rows = [
        {"id": new_id(), "contact_id": contact_id, "kind": kind, "value": value, "created_at": now}
        for kind, value in names
    ]
    if rows:
        await tx.add_new(contact_aliases, rows, ["organization_id", "kind", "value"])
