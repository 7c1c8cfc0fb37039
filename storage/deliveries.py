"""Statements of the way out: claiming what is due, and writing down what came of it."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, case, delete, exists, func, null, or_, select, update

from storage.once import is_one_of
from storage.tables.contacts import contacts
from storage.tables.organizations import channel_numbers
from storage.tables.queues import (
    PENDING,
    QUEUED,
    communications,
    documents,
    events,
    media_uploads,
    outbox,
    staff_notices,
)
from storage.unit_of_work import Tx, among

_before = outbox.alias("before")
_due = (
    select(outbox.c.id)
    .where(
        outbox.c.status == QUEUED,
        outbox.c.due_at <= bindparam("now"),
        ~exists(
            select(_before.c.id)
            .where(
                _before.c.lane == outbox.c.lane,
                _before.c.id + 0 < outbox.c.id,
                _before.c.status.in_(("queued", "sending", "uncertain")),
            )
            # While PostgreSQL believes that nothing waits, it would compare all that does with all that does: by a join
            # (not with an offset), or by the key (not with a sum). By the lane there is little to compare.
            .offset(0)
        ),
    )
    .order_by(outbox.c.due_at, outbox.c.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_number = outbox.c.payload["number"].as_string()
_messages = outbox.c.kind.like("whatsapp.%")
_of_others = or_(_number.is_(None), _number.not_in(bindparam("numbers", expanding=True)))
_claims = {
    (messages_only, sparing): (
        update(outbox)
        .where(is_one_of(outbox.c.id, _due.where(*([_messages] * messages_only), *([_of_others] * sparing))))
        .values(status="sending", owner=bindparam("by"), lease_until=bindparam("until"), attempts=outbox.c.attempts + 1)
        .returning(outbox)
    )
    for messages_only in (False, True)
    for sparing in (False, True)
}
"""By what they leave out. Numbers are looked for in the payload, and only while one has too many: to be indexed, they
would cost every message something."""


async def claim(
    tx: Tx,
    *,
    now: datetime,
    until: datetime,
    by: str,
    most: int,
    messages_only: bool = False,
    but_of: Collection[str] = (),
) -> Sequence[Row[Any]]:
    """The head of every lane that is due, marked as being sent by `by` until the lease ends; `but_of`: numbers of ours
    whose messages stay where they are."""
    values: dict[str, Any] = {"now": now, "until": until, "by": by, "most": most}
    if but_of:
        values["numbers"] = among(but_of)
    rows = await tx.all(_claims[messages_only, bool(but_of)], **values)
    return sorted(rows, key=lambda row: row.id)


async def unclaim(tx: Tx, *, by: str, since: datetime, until: datetime) -> int:
    """Claims of `by` whose leases end within this span were never heard of: as if they had not been made."""
    lost = (outbox.c.status == "sending", outbox.c.owner == by, outbox.c.lease_until.between(since, until))
    values = {"status": QUEUED, "owner": None, "lease_until": None, "attempts": outbox.c.attempts - 1}
    return await tx.run(update(outbox).where(*lost).values(values))


_windows = select(contacts.c.id, contacts.c.last_inbound_at, contacts.c.unreachable_at).where(
    contacts.c.id.in_(bindparam("people", expanding=True))
)


async def windows(tx: Tx, people: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, Row[Any]]:
    """When each of them last wrote, and whether they can be reached."""
    if not people:
        return {}
    return {row.id: row for row in await tx.all(_windows, people=among(people))}


_stopped = select(channel_numbers.c.phone_number_id).where(channel_numbers.c.status == "stopped")


async def stopped_numbers(tx: Tx) -> set[str]:
    """Numbers on which nothing passes until a person acts."""
    return {row.phone_number_id for row in await tx.all(_stopped)}


async def stop_number(tx: Tx, phone_number_id: str, reason: str) -> bool:
    """Nothing passes on this number until a person acts. False when it was stopped already."""
    number = channel_numbers.c
    stopping = (
        update(channel_numbers)
        .where(number.phone_number_id == phone_number_id, number.status != "stopped")
        .values(status="stopped", stopped_reason=reason[:255])
    )
    return await tx.run(stopping) > 0


async def start_numbers(tx: Tx) -> int:
    """Numbers that stopped get another chance (a new token at start-up): what waited goes on. Returns how many."""
    starting = update(channel_numbers).where(channel_numbers.c.status == "stopped")
    return await tx.run(starting.values(status="active", stopped_reason=None))


async def reasons_of_stopped(tx: Tx) -> Sequence[Row[Any]]:
    """phone_number_id and stopped_reason of every number that is stopped."""
    number = channel_numbers.c
    statement = select(number.phone_number_id, number.stopped_reason).where(number.status == "stopped")
    return await tx.all(statement.order_by(number.phone_number_id))


_finish = delete(outbox).where(outbox.c.id.in_(bindparam("ids", expanding=True)))


async def finish(tx: Tx, ids: Sequence[int]) -> None:
    """Done and gone: the queue stays small, the communications log keeps the story."""
    if ids:
        await tx.run(_finish, ids=among(ids))


async def put_back(tx: Tx, row_id: int, *, due_at: datetime, error: str | None, attempts: int) -> None:
    await tx.run(
        update(outbox)
        .where(outbox.c.id == row_id)
        .values(status="queued", due_at=due_at, error=error, attempts=attempts, owner=None, lease_until=None)
    )


async def postpone(tx: Tx, row_id: int, until: datetime) -> None:
    """Of a row whose sender died, or of unknown outcome: not looked at again before then."""
    await tx.run(update(outbox).where(outbox.c.id == row_id).values(lease_until=until, due_at=until))


async def set_aside(tx: Tx, row_id: int, status: str, *, error: str, due_at: datetime | None = None) -> None:
    """uncertain, held or dead, with the reason kept."""
    changes: dict[str, Any] = {"status": status, "error": error, "owner": None, "lease_until": None}
    if due_at is not None:
        changes["due_at"] = due_at
    await tx.run(update(outbox).where(outbox.c.id == row_id).values(**changes))


# Not `in_`: it cannot be executed for many rows in one go.
_not_gone = or_(communications.c.status == "queued", communications.c.status == "held")
_sent = (
    update(communications)
    .where(communications.c.id == bindparam("b_id"))
    .values(
        provider_message_id=bindparam("b_message_id"),
        sent_at=func.coalesce(communications.c.sent_at, bindparam("b_at", type_=communications.c.sent_at.type)),
        status=case((_not_gone, "sent"), else_=communications.c.status),
        error_code=case((_not_gone, null()), else_=communications.c.error_code),
        error_message=case((_not_gone, null()), else_=communications.c.error_message),
    )
)


_to_mark = (
    select(
        *(communications.c.id, communications.c.provider_message_id, communications.c.failed_at),
        *(communications.c.error_code, communications.c.error_message),
    )
    .where(communications.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(communications.c.id)
    .with_for_update()
)


async def mark_sent(tx: Tx, rows: Sequence[tuple[uuid.UUID, str | None, datetime]]) -> list[Row[Any]]:
    """(communication, provider's id, instant). A status that was quicker than the answer is never taken back. Locked
    in the order of ids, as by whoever else locks several of them; the update alone would go by its plan.

    Returns those of which a failure was told before this: of this very message, not of a try before it."""
    if not rows:
        return []
    sent = {row[0]: row[1] for row in rows}
    before = await tx.all(_to_mark, ids=among(list(sent)))
    await tx.run_many(_sent, [{"b_id": row[0], "b_message_id": row[1], "b_at": row[2]} for row in rows])
    return [row for row in before if row.failed_at is not None and row.provider_message_id == sent[row.id]]


async def mark(tx: Tx, communication_id: uuid.UUID, status: str, *, code: str | None, message: str | None) -> None:
    """held, failed or dropped, from a state in which nothing had left yet."""
    await tx.run(
        update(communications)
        .where(communications.c.id == communication_id, communications.c.status.in_(("queued", "held")))
        .values(status=status, error_code=code, error_message=message)
    )


async def communication_status(tx: Tx, communication_id: uuid.UUID) -> str | None:
    status: str | None = await tx.scalar(select(communications.c.status).where(communications.c.id == communication_id))
    return status


async def overdue_leases(tx: Tx, now: datetime, most: int) -> Sequence[Row[Any]]:
    """Rows whose sender died on the way, and sends of unknown outcome that no status has cleared up in time."""
    statement = (
        select(outbox)
        .where(
            or_(
                (outbox.c.status == "sending") & (outbox.c.lease_until < now),
                (outbox.c.status == "uncertain") & (outbox.c.due_at < now),
            )
        )
        .order_by(outbox.c.id)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    return await tx.all(statement)


_unread = (
    select(events.c.received_at)
    .where(events.c.status == PENDING, events.c.contact_id.is_(None), events.c.kind.in_(("status", "statuses")))
    .order_by(events.c.id)
    .limit(1)
)


async def oldest_unread_status(tx: Tx) -> datetime | None:
    """When the oldest delivery status came in that nobody has looked at yet."""
    found: datetime | None = await tx.scalar(_unread)
    return found


async def end_leases(tx: Tx, now: datetime) -> int:
    """Whoever was sending is gone (the one process of an embedded installation starts anew). Returns how many rows."""
    sending = update(outbox).where(outbox.c.status == "sending", outbox.c.lease_until > now)
    return await tx.run(sending.values(lease_until=now))


async def add_answers(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
    """Answers of the outside world, as events of the people who wait for them."""
    await tx.add_new(events, list(rows), ["organization_id", "source", "external_id"])


async def document(tx: Tx, document_id: uuid.UUID) -> Row[Any] | None:
    return await tx.first(select(documents).where(documents.c.id == document_id))


async def add_document(tx: Tx, row: Mapping[str, Any]) -> None:
    await tx.add_new(documents, [row], ["id"])


async def upload_of(tx: Tx, document_id: uuid.UUID, number: str, now: datetime) -> str | None:
    """Media id under which Meta still keeps this document."""
    media_id: str | None = await tx.scalar(
        select(media_uploads.c.media_id).where(
            media_uploads.c.document_id == document_id,
            media_uploads.c.phone_number_id == number,
            media_uploads.c.expires_at > now,
        )
    )
    return media_id


async def save_upload(tx: Tx, row: Mapping[str, Any]) -> None:
    await tx.put(media_uploads, [row], ["document_id", "phone_number_id"], ["media_id", "expires_at"])


async def forget_uploads(tx: Tx, document_ids: Sequence[uuid.UUID], number: str) -> None:
    await tx.run(
        delete(media_uploads).where(
            media_uploads.c.document_id.in_(list(document_ids)), media_uploads.c.phone_number_id == number
        )
    )


async def unreachable(tx: Tx, contact_id: uuid.UUID, now: datetime) -> None:
    await tx.run(update(contacts).where(contacts.c.id == contact_id).values(unreachable_at=now))


async def add_notice(tx: Tx, row: Mapping[str, Any]) -> None:
    await tx.add_new(staff_notices, [row], ["organization_id", "dedupe_key"])


async def add_outbox_once(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
    """Rows with a dedupe key; what waits under the same key already is enough."""
    await tx.add_new(outbox, list(rows), ["organization_id", "dedupe_key"])


async def add_outbox(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        await tx.add(outbox, list(rows))
