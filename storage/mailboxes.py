"""Statements of the turns: who has mail, what is in it, and the bulk writes that end a batch."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, and_, bindparam, delete, func, or_, select, update

from storage.once import is_one_of, once
from storage.tables.catalogue import plans
from storage.tables.contacts import contacts, conversations, journey_steps
from storage.tables.members import customer_contacts, customers
from storage.tables.queues import HELD, PARKED, PENDING, communications, events, outbox, staff_notices, timers
from storage.unit_of_work import Tx, among

WINDOW = 1000
"""Oldest pending events looked at when people are claimed: bounds the work of one claim."""

_open = and_(
    conversations.c.floor != "parked",
    or_(conversations.c.blocked_until.is_(None), conversations.c.blocked_until <= bindparam("now")),
)
_blocked = select(conversations.c.contact_id).where(conversations.c.blocked_until > bindparam("now"))
_parked = select(conversations.c.contact_id).where(conversations.c.floor == PARKED)
_waiting = once(
    select(events.c.contact_id, events.c.id)
    # Blocked people are left out here already: however much they wrote, it is in nobody's way. Not by a join: it would
    # be made for all that waits before the first thousand of it are taken.
    .where(events.c.status == PENDING, events.c.contact_id.is_not(None))
    .where(events.c.contact_id.not_in(_blocked), events.c.contact_id.not_in(_parked))
    .order_by(events.c.id)
    .limit(WINDOW)
)
_first_mail = once(
    select(_waiting.c.contact_id, func.min(_waiting.c.id).label("first")).group_by(_waiting.c.contact_id)
)
_person = select(
    conversations,
    contacts.c.phone_number_id,
    contacts.c.profile_name,
    contacts.c.wa_id,
    contacts.c.bsuid,
    contacts.c.phone_e164,
    contacts.c.last_inbound_at,
    contacts.c.last_message_id,
    contacts.c.marketing_stopped_at,
    contacts.c.reminders_stopped_at,
    contacts.c.referral,
    contacts.c.utm,
)
_LOCKED = (conversations, contacts)
"""Both: of a row that is not locked PostgreSQL may give the state before another process's turn. In the mode that
leaves references alone, so that a webhook call can add to a person whose turn is under way."""
_claim = (
    _person.select_from(
        conversations.join(_first_mail, _first_mail.c.contact_id == conversations.c.contact_id).join(
            contacts, contacts.c.id == conversations.c.contact_id
        )
    )
    .where(_open)
    .order_by(_first_mail.c.first)
    .limit(bindparam("people"))
    .with_for_update(of=_LOCKED, skip_locked=True, key_share=True)
)
_claim_one = (
    _person.select_from(conversations.join(contacts, contacts.c.id == conversations.c.contact_id))
    .where(conversations.c.contact_id == bindparam("contact"), _open)
    .with_for_update(of=_LOCKED, key_share=True)
)
_numbered = (
    select(
        events.c.id,
        func.row_number().over(partition_by=events.c.contact_id, order_by=events.c.id).label("place"),
    )
    .where(events.c.contact_id.in_(bindparam("people", expanding=True)), events.c.status == PENDING)
    .subquery()
)
"""Ids only, all in the index of pending events: however full a mailbox is, no more letters than asked for are read."""
_mail = (
    select(events)
    .where(is_one_of(events.c.id, select(_numbered.c.id).where(_numbered.c.place <= bindparam("most"))))
    .order_by(events.c.id)
)


async def claim_people(tx: Tx, now: datetime, people: int) -> Sequence[Row[Any]]:
    """Conversations (with their contact) of people who have mail, oldest mail first, locked; others skip them."""
    return await tx.all(_claim, now=now, people=people)


async def claim_person(tx: Tx, contact_id: uuid.UUID, now: datetime) -> Row[Any] | None:
    """One of them, waiting for who has the lock; None when they are blocked or parked."""
    rows = await tx.all(_claim_one, contact=contact_id, now=now)
    return rows[0] if rows else None


async def mail(tx: Tx, people: Sequence[uuid.UUID], most: int) -> Sequence[Row[Any]]:
    """Their oldest pending events, at most that many of each, in the order they arrived."""
    return await tx.all(_mail, people=among(people), most=most)


async def still_pending(tx: Tx, event_id: int) -> Row[Any] | None:
    """One event again; None when it is done or parked meanwhile."""
    return await tx.first(select(events).where(events.c.id == event_id, events.c.status == PENDING))


_members = (
    select(
        customer_contacts.c.contact_id,
        customers.c.id,
        customers.c.membership_number,
        customers.c.full_name,
        customers.c.status,
        customers.c.valid_until,
        customers.c.card_key,
        customers.c.card_document_id,
        plans.c.name.label("plan_name"),
    )
    .select_from(
        customer_contacts.join(customers, customers.c.id == customer_contacts.c.customer_id).join(
            plans, plans.c.id == customers.c.plan_id
        )
    )
    .where(customer_contacts.c.contact_id.in_(bindparam("people", expanding=True)))
    .order_by(customers.c.id)
)


async def members_of(tx: Tx, people: Sequence[uuid.UUID]) -> Sequence[Row[Any]]:
    """Customers behind these contacts, oldest first."""
    return await tx.all(_members, people=among(people))


_save_talk = (
    update(conversations)
    .where(conversations.c.contact_id == bindparam("b_contact_id"))
    .values(
        {
            name: bindparam(f"b_{name}")
            for name in (
                "dialogue",
                "state",
                "draft",
                "history",
                "stack",
                "version",
                "unclear",
                "floor",
                "attempts",
                "entered_at",
                "blocked_until",
                "updated_at",
            )
        }
    )
)
_CONTACT = (
    "phone_number_id",
    "profile_name",
    "wa_id",
    "bsuid",
    "phone_e164",
    "username",
    "last_inbound_at",
    "last_message_id",
    "referral",
    "utm",
)
_save_contact = (
    update(contacts)
    .where(contacts.c.id == bindparam("b_id"))
    .values({name: bindparam(f"b_{name}") for name in _CONTACT} | {"unreachable_at": None})
)


async def save_talks(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
    await tx.run_many(_save_talk, [{f"b_{name}": value for name, value in row.items()} for row in rows])


async def save_contacts(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
    """People who wrote: hence they can be reached."""
    await tx.run_many(_save_contact, [{f"b_{name}": value for name, value in row.items()} for row in rows])


_close = (
    update(events)
    .where(events.c.id.in_(bindparam("ids", expanding=True)))
    .values(status="done", done_at=bindparam("now"), payload=None)
)


async def close_events(tx: Tx, ids: Sequence[int], now: datetime) -> None:
    """Done: what was said is no longer needed and is erased (it may hold a CPF)."""
    if ids:
        await tx.run(_close, ids=among(ids), now=now)


async def ignore_event(tx: Tx, event_id: int, now: datetime) -> None:
    """Nothing here knows what it means: kept as it came until it is pruned, so that somebody can look."""
    await tx.run(update(events).where(events.c.id == event_id).values(status="ignored", done_at=now))


async def park_event(
    tx: Tx, event_id: int, error: str, now: datetime, payload: Mapping[str, Any] | None = None
) -> None:
    """Set aside for somebody to look at. `payload` takes the place of what was said: the same, sealed."""
    values: dict[str, Any] = {"status": "parked", "error": error, "done_at": now}
    if payload is not None:
        values["payload"] = dict(payload)
    await tx.run(update(events).where(events.c.id == event_id).values(values))


async def block(tx: Tx, contact_id: uuid.UUID, attempts: int, until: datetime | None) -> None:
    """Leave this person's mail alone until then (a turn failed and will be tried again)."""
    await tx.run(
        update(conversations)
        .where(conversations.c.contact_id == contact_id)
        .values(attempts=attempts, blocked_until=until)
    )


async def put_off(tx: Tx, people: Sequence[uuid.UUID], until: datetime) -> None:
    """Leave the mail of these people alone until then, through no fault of their own."""
    whose = conversations.c.contact_id.in_(people)
    await tx.run(update(conversations).where(whose).values(blocked_until=until))


async def heard_from(tx: Tx, contact_id: uuid.UUID, at: datetime) -> None:
    """They wrote then, whatever became of the turn: their 24-hour window is open."""
    earlier = or_(contacts.c.last_inbound_at.is_(None), contacts.c.last_inbound_at < at)
    await tx.run(update(contacts).where(contacts.c.id == contact_id, earlier).values(last_inbound_at=at))


_held = select(
    outbox.c.id,
    outbox.c.contact_id,
    outbox.c.payload,
    outbox.c.communication_id,
    outbox.c.created_at,
    outbox.c.expires_at,
).where(outbox.c.contact_id.in_(bindparam("people", expanding=True)), outbox.c.status == HELD)


async def release_held(tx: Tx, said: Mapping[uuid.UUID, Collection[str]], now: datetime, stale: timedelta) -> None:
    """The window of these people is open again: what waited for them may go. The wait is not held against what is good
    for the usual time (`stale`); what has an end of its own, as a Pix code, keeps it.

    `said` holds, for each of them, the intents of what is said to them now: the same held is not said twice.
    """
    held = await tx.all(_held, people=among(said))
    again = [row for row in held if row.payload.get("intent") in said[row.contact_id]]
    ids = [row.id for row in held if row not in again]
    usual = [row.id for row in held if row.id in ids and row.expires_at == row.created_at + stale]
    if ids:
        await tx.run(update(outbox).where(outbox.c.id.in_(ids)).values(status="queued", due_at=now))
    if usual:
        await tx.run(update(outbox).where(outbox.c.id.in_(usual)).values(expires_at=now + stale))
    if again:
        await tx.run(delete(outbox).where(outbox.c.id.in_([row.id for row in again])))
        await tx.run(
            update(communications)
            .where(communications.c.id.in_([row.communication_id for row in again]))
            .values(status="dropped", error_code="said again")
        )


async def flush(
    tx: Tx,
    *,
    messages: Sequence[Mapping[str, Any]],
    errands: Sequence[Mapping[str, Any]],
    later: Sequence[Mapping[str, Any]],
    dropped: Iterable[tuple[uuid.UUID, str]],
    notices: Sequence[Mapping[str, Any]],
    steps: Sequence[Mapping[str, Any]],
) -> None:
    """The rows of a batch, each table in one statement."""
    if messages:
        await tx.add(communications, messages)
    for group in (
        [row for row in errands if row["dedupe_key"] is None],
        [row for row in errands if row["dedupe_key"] is not None],
    ):
        if group and group[0]["dedupe_key"] is None:
            await tx.add(outbox, group)
        elif group:
            await tx.add_new(outbox, group, ["organization_id", "dedupe_key"])
    await _timers(tx, later, dropped)
    if notices:
        unique = {(row["organization_id"], row["dedupe_key"]): row for row in notices}
        await tx.add_new(staff_notices, list(unique.values()), ["organization_id", "dedupe_key"])
    if steps:
        await tx.add(journey_steps, steps)


async def _timers(tx: Tx, later: Sequence[Mapping[str, Any]], dropped: Iterable[tuple[uuid.UUID, str]]) -> None:
    newest = {(row["contact_id"], row["name"]): row for row in later}
    gone = [key for key in dict.fromkeys(dropped) if key not in newest]
    if gone:
        await tx.run(
            delete(timers).where(
                or_(*(and_(timers.c.contact_id == contact_id, timers.c.name == name) for contact_id, name in gone))
            )
        )
    if newest:
        await tx.put(timers, list(newest.values()), ["contact_id", "name"], ["due_at", "version", "payload"])
