"""Statements of what runs by itself: due timers, leases of periodic jobs, counting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, and_, bindparam, delete, func, or_, select, update

from storage.deliveries import stopped_numbers
from storage.statuses import ALLOWED
from storage.tables.contacts import conversations
from storage.tables.members import payment_intents
from storage.tables.queues import PARKED, PENDING, events, leases, outbox, timers
from storage.unit_of_work import Tx

_due = (
    select(timers)
    .where(timers.c.due_at <= bindparam("now"))
    .order_by(timers.c.due_at)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)


async def fire_timers(tx: Tx, now: datetime, most: int = 500) -> int:
    """Due timers become events of their people; returns how many."""
    rows = await tx.all(_due, now=now, most=most)
    if rows:
        await tx.add_new(events, [_event(row, now) for row in rows], ["organization_id", "source", "external_id"])
        await tx.run(delete(timers).where(timers.c.id.in_([row.id for row in rows])))
    return len(rows)


def _event(row: Row[Any], now: datetime) -> dict[str, Any]:
    return {
        "organization_id": row.organization_id,
        "contact_id": row.contact_id,
        "source": "timer",
        "external_id": str(row.id),
        "kind": "timer",
        "payload": {**row.payload, "name": row.name, "version": row.version},
        "occurred_at": row.due_at,
        "received_at": now,
    }


async def take_lease(tx: Tx, name: str, owner: str, now: datetime, every: timedelta, holds: timedelta) -> bool:
    """Whether this process may run job `name` now: it is due and nobody else is at it."""
    await tx.add_new(leases, [{"name": name, "owner": "", "until": now - holds}], ["name"], returning="name")
    taken = await tx.run(
        update(leases)
        .where(
            leases.c.name == name,
            leases.c.until <= now,
            or_(leases.c.last_run_at.is_(None), leases.c.last_run_at <= now - every),
        )
        .values(owner=owner, until=now + holds)
    )
    return taken == 1


async def give_lease_back(tx: Tx, name: str, owner: str, now: datetime, finished: bool) -> None:
    """A job that is not `finished` is due again at once."""
    ran = {"last_run_at": now} if finished else {}
    await tx.run(update(leases).where(leases.c.name == name, leases.c.owner == owner).values(until=now, **ran))


async def add_events(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> int:
    return len(await tx.add_new(events, list(rows), ["organization_id", "source", "external_id"]))


_WAITING = ("pending", "requires_action")
_OVER = [state for state in ALLOWED["payment_intents"] if state not in _WAITING]
_LATELY = timedelta(days=1)


async def depths(tx: Tx, now: datetime) -> Mapping[str, Any]:
    """How much waits, and how long the oldest has waited; what was given up, by kind; numbers that are stopped; charges
    by state, of those that are over what was within a day (there are as many as people ever bought)."""
    pending = events.c.status == PENDING
    depth = await tx.scalar(select(func.count()).select_from(events).where(pending))
    oldest = await tx.scalar(select(func.min(events.c.received_at)).where(pending))
    parked = await tx.scalar(select(func.count()).select_from(events).where(events.c.status == PARKED))
    talks = await tx.scalar(select(func.count()).select_from(conversations).where(conversations.c.floor == PARKED))
    dead = await tx.all(select(outbox.c.kind, func.count()).where(outbox.c.status == "dead").group_by(outbox.c.kind))
    charge = payment_intents.c
    lately = and_(charge.status.in_(_OVER), charge.updated_at > now - _LATELY)
    states = select(charge.status, func.count()).where(or_(charge.status.in_(_WAITING), lately))
    paid = await tx.all(states.group_by(charge.status))
    return {
        "depth": int(depth or 0),
        "oldest": oldest,
        "parked": int(parked or 0) + int(talks or 0),
        "dead": dict(tuple(row) for row in dead),
        "stopped": len(await stopped_numbers(tx)),
        "payments": dict(tuple(row) for row in paid),
    }
