"""Statements of the way in: finding people by their names, adding people and events in bulk."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Select, and_, bindparam, delete, or_, select, update

from storage.tables.contacts import contact_aliases, contacts, conversations
from storage.tables.organizations import channel_numbers
from storage.tables.queues import events
from storage.unit_of_work import Tx, among

AliasKey = tuple[uuid.UUID, str, str]
"""(organisation, kind, value)"""


_numbers = select(
    channel_numbers.c.phone_number_id,
    channel_numbers.c.business_account_id,
    channel_numbers.c.organization_id,
    channel_numbers.c.display_number,
)


async def numbers(tx: Tx) -> tuple[Mapping[str, uuid.UUID], Mapping[str, uuid.UUID], Mapping[str, str]]:
    """Whose every phone_number_id and every WhatsApp business account of ours is; how each number is dialled."""
    rows = await tx.all(_numbers)
    numbers = {row.phone_number_id: row.organization_id for row in rows}
    accounts = {row.business_account_id: row.organization_id for row in rows}
    return numbers, accounts, {row.phone_number_id: row.display_number for row in rows}


async def show_number(tx: Tx, phone_number_id: str, display_number: str) -> None:
    table = channel_numbers.c
    await tx.run(
        update(channel_numbers).where(table.phone_number_id == phone_number_id).values(display_number=display_number)
    )


GROUPS = 8
"""Organisations and kinds of names that one statement asks for: of one organisation's people there are three."""


@cache
def _known_names(groups: int) -> Select[Any]:
    table = contact_aliases.c
    # Not as a list of triples: for that SQLite reads every name there is.
    named = [
        and_(
            table.organization_id == bindparam(f"org_{group}"),
            table.kind == bindparam(f"kind_{group}"),
            table.value.in_(bindparam(f"values_{group}", expanding=True)),
        )
        for group in range(groups)
    ]
    return select(table.organization_id, table.kind, table.value, table.contact_id).where(or_(*named))


async def find_aliases(tx: Tx, keys: Iterable[AliasKey]) -> dict[AliasKey, uuid.UUID]:
    """The contact behind each known name."""
    wanted: dict[tuple[uuid.UUID, str], list[str]] = {}
    for org, kind, value in keys:
        wanted.setdefault((org, kind), []).append(value)
    found: dict[AliasKey, uuid.UUID] = {}
    groups = list(wanted.items())
    for start in range(0, len(groups), GROUPS):
        asked = groups[start : start + GROUPS]
        values: dict[str, Any] = {}
        for place, ((org, kind), names) in enumerate(asked):
            values |= {f"org_{place}": org, f"kind_{place}": kind, f"values_{place}": among(names)}
        rows = await tx.all(_known_names(len(asked)), **values)
        found |= {(row.organization_id, row.kind, row.value): row.contact_id for row in rows}
    return found


async def add_people(
    tx: Tx, people: Sequence[dict[str, Any]], talks: Sequence[dict[str, Any]], names: Sequence[dict[str, Any]]
) -> None:
    """New contacts with their empty conversations; names that someone else just took are left alone."""
    if people:
        await tx.add(contacts, people)
        await tx.add(conversations, talks)
    if names:
        await tx.add_new(contact_aliases, names, ["organization_id", "kind", "value"])


async def with_bsuid(tx: Tx, contact_ids: Iterable[uuid.UUID]) -> set[uuid.UUID]:
    """Those of the contacts that are known under a BSUID."""
    wanted = list(contact_ids)
    if not wanted:
        return set()
    table = contact_aliases.c
    statement = select(table.contact_id).where(table.contact_id.in_(wanted), table.kind == "bsuid")
    return {row.contact_id for row in await tx.all(statement)}


async def drop_people(tx: Tx, contact_ids: Iterable[uuid.UUID]) -> None:
    """Take back contacts that were added a moment ago and belong to nobody."""
    wanted = list(contact_ids)
    await tx.run(delete(conversations).where(conversations.c.contact_id.in_(wanted)))
    await tx.run(delete(contact_aliases).where(contact_aliases.c.contact_id.in_(wanted)))
    await tx.run(delete(contacts).where(contacts.c.id.in_(wanted)))


async def point_alias(tx: Tx, key: AliasKey, contact_id: uuid.UUID) -> None:
    """A name changes hands (a phone number that was given to somebody else)."""
    table = contact_aliases.c
    await tx.run(
        update(contact_aliases)
        .where(table.organization_id == key[0], table.kind == key[1], table.value == key[2])
        .values(contact_id=contact_id)
    )


async def add_events(tx: Tx, rows: Sequence[dict[str, Any]]) -> None:
    """Insert what is new."""
    await tx.add_unless_there(events, rows, ["organization_id", "source", "external_id"])
